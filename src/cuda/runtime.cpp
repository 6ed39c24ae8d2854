// stream.h over the CUDA runtime. Memory comes from the device's stream-ordered pool, which keeps what it
// has: a second scan of the same size asks the driver for nothing.

#include <cuda_runtime.h>

#include <atomic>
#include <cstdint>
#include <limits>
#include <mutex>
#include <stdexcept>

#include "cuda/stream.h"
#include "voxloom/error.h"

namespace voxloom::cuda {
namespace {

std::atomic<std::int64_t> waits = 0;

void require_success(cudaError_t status, const char* what) {
  if (status == cudaSuccess) return;
  cudaGetLastError();  // errors that are not sticky are ours now
  const std::string message = std::string("[cuda] ") + what + ": " + cudaGetErrorString(status);
  if (status == cudaErrorMemoryAllocation) throw ResourceError(message);
  throw std::runtime_error(message);
}

void keep_memory_of_current_device() {
  static std::once_flag once;
  std::call_once(once, [] {
    int device = 0;
    require_success(cudaGetDevice(&device), "no device");
    cudaMemPool_t pool = nullptr;
    require_success(cudaDeviceGetDefaultMemPool(&pool, device), "memory pool");
    std::uint64_t all = std::numeric_limits<std::uint64_t>::max();
    require_success(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &all),
                    "memory pool");
  });
}

cudaStream_t of(Stream stream) { return static_cast<cudaStream_t>(stream.handle); }

}  // namespace

std::string device_name() {
  int device = 0;
  require_success(cudaGetDevice(&device), "no device");
  cudaDeviceProp properties{};
  require_success(cudaGetDeviceProperties(&properties, device), "device properties");
  return properties.name;
}
bool is_emulated() { return false; }

void* allocate(std::size_t bytes, Stream stream) {
  if (bytes == 0) return nullptr;
  keep_memory_of_current_device();
  void* memory = nullptr;
  require_success(cudaMallocAsync(&memory, bytes, of(stream)), "allocating device memory");
  return memory;
}
void release(void* memory, Stream stream) noexcept { cudaFreeAsync(memory, of(stream)); }

void copy_to_device(void* to, const void* from_host, std::size_t bytes, Stream stream) {
  if (bytes == 0) return;
  require_success(cudaMemcpyAsync(to, from_host, bytes, cudaMemcpyHostToDevice, of(stream)),
                  "copying to the device");
}
void copy_to_host(void* to_host, const void* from, std::size_t bytes, Stream stream) {
  if (bytes > 0) {
    require_success(cudaMemcpyAsync(to_host, from, bytes, cudaMemcpyDeviceToHost, of(stream)),
                    "copying to the host");
  }
  synchronize(stream);
}
void copy(void* to, const void* from, std::size_t bytes, Stream stream) {
  if (bytes == 0) return;
  require_success(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, of(stream)),
                  "copying on the device");
}
void fill_bytes(void* to, int value, std::size_t bytes, Stream stream) {
  if (bytes == 0) return;
  require_success(cudaMemsetAsync(to, value, bytes, of(stream)), "filling device memory");
}
void synchronize(Stream stream) {
  ++waits;
  require_success(cudaStreamSynchronize(of(stream)), "waiting for the device");
}
std::int64_t host_waits() { return waits; }

Stopwatch::Stopwatch() {
  cudaEvent_t begin = nullptr, end = nullptr;
  require_success(cudaEventCreate(&begin), "making an event");
  begin_ = begin;
  require_success(cudaEventCreate(&end), "making an event");
  end_ = end;
}
Stopwatch::~Stopwatch() {
  cudaEventDestroy(static_cast<cudaEvent_t>(begin_));
  cudaEventDestroy(static_cast<cudaEvent_t>(end_));
}
void Stopwatch::start(Stream stream) {
  require_success(cudaEventRecord(static_cast<cudaEvent_t>(begin_), of(stream)), "timing");
}
double Stopwatch::stop(Stream stream) {
  const auto begin = static_cast<cudaEvent_t>(begin_), end = static_cast<cudaEvent_t>(end_);
  require_success(cudaEventRecord(end, of(stream)), "timing");
  require_success(cudaEventSynchronize(end), "timing");
  float milliseconds = 0;
  require_success(cudaEventElapsedTime(&milliseconds, begin, end), "timing");
  return 1000.0 * static_cast<double>(milliseconds);
}

void require_blocks(std::int64_t blocks) {
  constexpr std::int64_t kMost = (std::int64_t{1} << 31) - 1;
  if (blocks < 0 || blocks > kMost) {
    throw ResourceError("[cuda] " + std::to_string(blocks) + " blocks; at most " +
                        std::to_string(kMost) + " fit a grid");
  }
}
void require_started() { require_success(cudaGetLastError(), "starting a kernel"); }

}  // namespace voxloom::cuda
