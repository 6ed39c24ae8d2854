// Device memory and the order of work on it, for the host side of src/cuda: a thin cover over the CUDA
// runtime, or over plain memory in the emulation. Pointers are to device memory unless they say so.
//
// Errors: ResourceError when the device has not enough memory; std::runtime_error, with the runtime's own
// words, when anything else fails.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace voxloom::cuda {

struct Stream {
  void* handle = nullptr;  // a cudaStream_t; nullptr: the default stream
};

// What is behind this library: "emulation", or the card's name.
[[nodiscard]] std::string device_name();
[[nodiscard]] bool is_emulated();

[[nodiscard]] void* allocate(std::size_t bytes, Stream stream);
void release(void* memory, Stream stream) noexcept;

void copy_to_device(void* to, const void* from_host, std::size_t bytes, Stream stream);
void copy_to_host(void* to_host, const void* from, std::size_t bytes, Stream stream);  // waits
void copy(void* to, const void* from, std::size_t bytes, Stream stream);
void fill_bytes(void* to, int value, std::size_t bytes, Stream stream);
void synchronize(Stream stream);

// Time between two points of a stream, by the device's clock; the host's in the emulation.
class Stopwatch {
 public:
  Stopwatch();
  ~Stopwatch();
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;
  void start(Stream stream);
  [[nodiscard]] double stop(Stream stream);  // microseconds since start; waits

 private:
  void* begin_ = nullptr;
  void* end_ = nullptr;
};

// How often the host has waited for a number since the program started.
[[nodiscard]] std::int64_t host_waits();

// For device.h.
void require_blocks(std::int64_t blocks);
void require_started();

// An array of device memory that dies with its owner, in stream order.
template <typename T>
class Array {
 public:
  Array() = default;
  Array(std::int64_t size, Stream stream)
      : data_(static_cast<T*>(allocate(static_cast<std::size_t>(size) * sizeof(T), stream))),
        size_(size),
        stream_(stream) {}
  ~Array() { reset(); }
  Array(Array&& other) noexcept { swap(other); }
  Array& operator=(Array&& other) noexcept {
    Array(std::move(other)).swap(*this);
    return *this;
  }

  [[nodiscard]] T* data() { return data_; }
  [[nodiscard]] const T* data() const { return data_; }
  [[nodiscard]] std::int64_t size() const { return size_; }
  [[nodiscard]] std::size_t bytes() const { return static_cast<std::size_t>(size_) * sizeof(T); }

  void fill_bytes(int value) { cuda::fill_bytes(data_, value, bytes(), stream_); }
  void upload(const T* from_host) { copy_to_device(data_, from_host, bytes(), stream_); }
  void download(T* to_host) const { copy_to_host(to_host, data_, bytes(), stream_); }

  void swap(Array& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(stream_, other.stream_);
  }

 private:
  void reset() noexcept {
    if (data_ != nullptr) release(data_, stream_);
    data_ = nullptr;
  }

  T* data_ = nullptr;
  std::int64_t size_ = 0;
  Stream stream_;
};

}  // namespace voxloom::cuda
