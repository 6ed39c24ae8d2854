// Pickles and files of torch.save made by hand, and their errors.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "io/zip_file.h"
#include "voxloom/checkpoint.h"

namespace voxloom::test {

using namespace checkpoint;

// Opcodes in the order that they are written; what needs an argument has a function.
class Pickle {
 public:
  explicit Pickle(std::uint8_t protocol = 2) { op("\x80").put(protocol); }

  Pickle& op(std::string_view bytes) {
    bytes_.text(bytes);
    return *this;
  }
  template <typename T>
  Pickle& put(T value) {
    bytes_.put(value);
    return *this;
  }
  Pickle& text(std::string_view value) {
    return op("X").put(static_cast<std::uint32_t>(value.size())).op(value);
  }
  Pickle& integer(std::int32_t value) { return op("J").put(value); }
  Pickle& global(std::string_view module, std::string_view name) {
    return op("c").op(module).op("\n").op(name).op("\n");
  }
  Pickle& tuple(std::initializer_list<std::int32_t> values) {
    op("(");
    for (const std::int32_t value : values) integer(value);
    return op("t");
  }
  Pickle& storage(std::string_view type, std::string_view key, std::int32_t elements) {
    op("(").text("storage").global("torch", type).text(key).text("cpu").integer(elements);
    return op("tQ");
  }
  struct View {
    std::string_view type = "FloatStorage";
    std::string_view key = "0";
    std::int32_t elements = 0, offset = 0;
    std::initializer_list<std::int32_t> shape, stride;
  };
  Pickle& tensor(const View& view) {
    global("torch._utils", "_rebuild_tensor_v2").op("(");
    storage(view.type, view.key, view.elements).integer(view.offset);
    return tuple(view.shape).tuple(view.stride).op("\x89").op("NtR");
  }
  [[nodiscard]] std::string stop() {
    op(".");
    return std::string(reinterpret_cast<const char*>(bytes_.bytes().data()), bytes_.size());
  }

 private:
  FileBytes bytes_;
};

inline std::string float_text(std::initializer_list<float> numbers) {
  FileBytes file;
  for (const float number : numbers) file.put(number);
  return {reinterpret_cast<const char*>(file.bytes().data()), file.size()};
}

// {"x": tensor} in a zip archive with one storage.
inline std::string table_of(const Pickle::View& view) {
  return Pickle().op("}").text("x").tensor(view).op("s").stop();
}

inline FileBytes torch_zip(std::string_view pickle, const std::string& storage = "",
                           const ZipOptions& options = {}) {
  return zip_file({{"net/data.pkl", std::string(pickle)}, {"net/data/0", storage}}, options);
}

inline Checkpoint parse_file(const FileBytes& file, const CheckpointOptions& options = {}) {
  return parse_checkpoint(file.bytes(), "net.pth", options);
}

// The reason, which must be one line that begins with the file's name.
inline std::string checkpoint_error(const FileBytes& file, const CheckpointOptions& options = {}) {
  try {
    static_cast<void>(parse_file(file, options));
  } catch (const FormatError& error) {
    const std::string message = error.what();
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    EXPECT_EQ(message.rfind("[read_checkpoint] net.pth", 0), 0U) << message;
    return message;
  }
  return "no error";
}

template <typename T>
std::vector<T> elements(const Checkpoint& checkpoint, const std::string& name) {
  const auto found = checkpoint.tensors.find(name);
  if (found == checkpoint.tensors.end()) {
    ADD_FAILURE() << "no tensor " << name;
    return {};
  }
  const auto span = found->second.span<T>();
  return {span.begin(), span.end()};
}

}  // namespace voxloom::test
