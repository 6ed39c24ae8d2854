// Files that torch wrote: make_checkpoints.py made them, and says what is in them.
#include <cstdlib>
#include <numeric>

#include "checkpoint/support.h"

namespace voxloom::test {
namespace {

namespace fs = std::filesystem;

class TorchFiles : public testing::Test {
 protected:
  void SetUp() override {
    if (std::getenv("VOXLOOM_SOURCE_DIR") == nullptr) GTEST_SKIP() << "no VOXLOOM_SOURCE_DIR";
  }
  static fs::path file(std::string_view name) {
    return fs::path(std::getenv("VOXLOOM_SOURCE_DIR")) / "tests/checkpoint/data" / name;
  }
  static std::string error(std::string_view name) {
    try {
      static_cast<void>(read_checkpoint(file(name)));
    } catch (const FormatError& e) {
      return e.what();
    }
    return "no error";
  }
};

// -2, -1, 0 ... as T.
template <typename T>
std::vector<T> from_minus_two(std::size_t count) {
  std::vector<T> numbers;
  for (std::size_t i = 0; i < count; ++i) {
    numbers.push_back(static_cast<T>(static_cast<float>(i) - 2));
  }
  return numbers;
}

template <typename T>
void expect_bits(const Checkpoint& checkpoint, const std::string& name) {
  const Tensor& tensor = checkpoint.tensors.at(name);
  EXPECT_EQ(tensor.shape(), (Shape{2, 3})) << name;
  const auto expected = from_minus_two<T>(6);
  const auto actual = elements<T>(checkpoint, name);
  EXPECT_EQ(std::memcmp(expected.data(), actual.data(), sizeof(T) * 6), 0) << name;
}

TEST_F(TorchFiles, EveryKindOfTensor) {
  for (const char* name : {"kinds.pth", "kinds_protocol4.pth", "kinds_stream.pth"}) {
    SCOPED_TRACE(name);
    const Checkpoint c = read_checkpoint(file(name));
    EXPECT_EQ(c.unwrapped, std::vector<std::string>{});
    EXPECT_EQ(c.tensors.size(), 17U);
    expect_bits<float>(c, "float32");
    expect_bits<float16>(c, "float16");
    expect_bits<bfloat16>(c, "bfloat16");
    expect_bits<double>(c, "float64");
    expect_bits<std::int64_t>(c, "int64");
    expect_bits<std::int32_t>(c, "int32");
    expect_bits<std::int32_t>(c, "int16");
    expect_bits<std::int32_t>(c, "int8");
    EXPECT_EQ(elements<std::uint8_t>(c, "uint8"), (std::vector<std::uint8_t>{0, 1, 2, 3, 4, 5}));
    EXPECT_EQ(elements<std::uint8_t>(c, "bool"), (std::vector<std::uint8_t>{1, 0, 1}));
    EXPECT_EQ(c.tensors.at("scalar").shape(), Shape{});
    EXPECT_EQ(elements<std::int64_t>(c, "scalar"), std::vector<std::int64_t>{7});
    EXPECT_EQ(c.tensors.at("empty").shape(), (Shape{0, 4}));
    EXPECT_EQ(elements<float>(c, "parameter"), from_minus_two<float>(3));
    EXPECT_EQ(c.others,
              (std::map<std::string, std::string>{{"complex64", "a tensor of complex64"}}));
  }
}

TEST_F(TorchFiles, ViewsAndStrides) {
  for (const char* name : {"kinds.pth", "kinds_stream.pth"}) {
    SCOPED_TRACE(name);
    const Checkpoint c = read_checkpoint(file(name));
    EXPECT_EQ(elements<float>(c, "tied"), from_minus_two<float>(20));
    EXPECT_EQ(c.tensors.at("transposed").shape(), (Shape{5, 4}));
    EXPECT_EQ(
        elements<float>(c, "transposed"),
        (std::vector<float>{-2, 3, 8, 13, -1, 4, 9, 14, 0, 5, 10, 15, 1, 6, 11, 16, 2, 7, 12, 17}));
    EXPECT_EQ(c.tensors.at("part").shape(), (Shape{2, 3}));
    EXPECT_EQ(elements<float>(c, "part"), (std::vector<float>{3, 5, 7, 8, 10, 12}));
    EXPECT_EQ(c.tensors.at("permuted").shape(), (Shape{4, 2, 3}));
    const auto permuted = elements<float>(c, "permuted");
    for (std::size_t k = 0; k < 4; ++k) {
      for (std::size_t ij = 0; ij < 6; ++ij) {
        EXPECT_EQ(permuted[k * 6 + ij], static_cast<float>(ij * 4 + k) - 2);
      }
    }
  }
}

TEST_F(TorchFiles, AStateAmongWhatTrainingKeeps) {
  for (const char* name : {"training.pth", "training_stream.pth"}) {
    SCOPED_TRACE(name);
    const Checkpoint c = read_checkpoint(file(name));
    EXPECT_EQ(c.unwrapped, (std::vector<std::string>{"model_state", "module."}));
    std::vector<std::string> names;
    for (const auto& [key, tensor] : c.tensors) names.push_back(key);
    EXPECT_EQ(names,
              (std::vector<std::string>{"0.bias", "0.weight", "1.bias", "1.num_batches_tracked",
                                        "1.running_mean", "1.running_var", "1.weight"}));
    EXPECT_EQ(elements<float>(c, "1.running_mean"), (std::vector<float>{4, 4}));
    EXPECT_EQ(elements<std::int64_t>(c, "1.num_batches_tracked"), std::vector<std::int64_t>{6});
  }
}

TEST_F(TorchFiles, ProgramsAreRefused) {
  EXPECT_REASON(
      error("whole_module.pth"),
      "the file asks for 'Linear' of the Python module 'torch.nn.modules.linear', which no state "
      "dictionary needs; nothing was run.");
  EXPECT_REASON(error("torchscript.pth"), "is a TorchScript archive, a program");
}

}  // namespace
}  // namespace voxloom::test
