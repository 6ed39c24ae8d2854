#include "voxloom/safetensors.h"

#include <fstream>

#include "artifact/helpers.h"

namespace voxloom::test {
namespace {

std::vector<std::byte> file_of(const std::string& json, std::size_t data_bytes,
                               std::uint64_t announced) {
  std::vector<std::byte> bytes;
  for (int i = 0; i < 8; ++i) bytes.push_back(static_cast<std::byte>(announced >> (8 * i)));
  for (const char c : json) bytes.push_back(static_cast<std::byte>(c));
  bytes.resize(bytes.size() + data_bytes);
  return bytes;
}

std::vector<std::byte> file_of(const std::string& json, std::size_t data_bytes) {
  return file_of(json, data_bytes, json.size());
}

struct Refusal {
  std::string name, json;
  std::size_t data_bytes;
  std::string fragment;
};

class SafetensorsRefusals : public testing::TestWithParam<Refusal> {};

TEST_P(SafetensorsRefusals, NameTheArrayAndTheReason) {
  const Refusal& c = GetParam();
  const std::string message = message_of<FormatError>(
      [&] { (void)parse_safetensors(file_of(c.json, c.data_bytes), "w.safetensors"); });
  EXPECT_NE(message.find(c.fragment), std::string::npos) << message;
  EXPECT_NE(message.find("w.safetensors"), std::string::npos) << message;
}

const std::string kEntry = R"("a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]})";

INSTANTIATE_TEST_SUITE_P(
    , SafetensorsRefusals,
    testing::Values(
        Refusal{"NotJson", "{", 0, "the header is not JSON"},
        Refusal{"NotUtf8", "{\"\xff\":1}", 0, "the header is not JSON"},
        Refusal{"NotAnObject", "[]", 0, "the header is not an object"},
        Refusal{"Nested", "[[[[[[[[[[[[[[]]]]]]]]]]]]]]", 0, "nests too deeply"},
        Refusal{"TwiceTheSameName", "{" + kEntry + "," + kEntry + "}", 8, "the key 'a' twice"},
        Refusal{"TwiceTheSameKey",
                R"({"a":{"dtype":"F32","dtype":"F16","shape":[2],"data_offsets":[0,8]}})", 8,
                "the key 'dtype' twice"},
        Refusal{"EntryNotAnObject", R"({"a":1})", 0, "'a' is not an object"},
        Refusal{"UnknownKey",
                R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"order":"C"}})", 8,
                "'a' has an unknown key 'order'"},
        Refusal{"NoShape", R"({"a":{"dtype":"F32","data_offsets":[0,8]}})", 8, "has no 'shape'"},
        Refusal{"NoDtype", R"({"a":{"shape":[2],"data_offsets":[0,8]}})", 8, "has no 'dtype'"},
        Refusal{"DtypeNotAString", R"({"a":{"dtype":1,"shape":[2],"data_offsets":[0,8]}})", 8,
                "a 'dtype' that is not a string"},
        Refusal{"NegativeSize", R"({"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})", 8,
                "a dimension that is not a non-negative integer"},
        Refusal{"FractionalSize", R"({"a":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}})", 8,
                "a dimension that is not a non-negative integer"},
        Refusal{"HugeSize",
                R"({"a":{"dtype":"F32","shape":[18446744073709551615],"data_offsets":[0,8]}})", 8,
                "does not fit 63 bits"},
        Refusal{"OverflowingShape",
                R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}})", 8,
                "size does not fit 64 bits"},
        Refusal{
            "TooManyDimensions",
            R"({"a":{"dtype":"U8","shape":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,)"
            R"(1,1,1,1,1,1,1],"data_offsets":[0,1]}})",
            1, "33 dimensions"},
        Refusal{"WrongByteCount", R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})", 8,
                "takes 12 bytes, but has 8"},
        Refusal{"OneOffset", R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0]}})", 8,
                "needs two 'data_offsets'"},
        Refusal{"OffsetsBackwards", R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})", 8,
                "lies at [8, 0)"},
        Refusal{"OffsetsBeyondTheEnd", R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}})",
                8, "outside the 8 bytes of data"},
        Refusal{"Gap", R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", 8,
                "'a' starts at offset 4"},
        Refusal{"Overlap",
                R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
                R"("b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})",
                12, "'b' starts at offset 4, inside another one"},
        Refusal{"BytesLeftOver", "{" + kEntry + "}", 12, "end at offset 8, but there are 12 bytes"},
        Refusal{"MetadataNotAnObject", R"({"__metadata__":[]})", 0, "is not an object"},
        Refusal{"MetadataNotAString", R"({"__metadata__":{"a":1}})", 0,
                "metadata 'a' is not a string"}),
    [](const auto& test) { return test.param.name; });

// As MLX writes it where there is none.
TEST(Safetensors, NullMetadataIsNone) {
  EXPECT_TRUE(parse_safetensors(file_of(R"({"__metadata__":null})", 0)).metadata.empty());
}

TEST(Safetensors, RefusesLyingHeaderLengths) {
  for (const std::uint64_t length : {std::uint64_t{3}, ~std::uint64_t{0}, std::uint64_t{1} << 40}) {
    const std::string message =
        message_of<FormatError>([&] { (void)parse_safetensors(file_of("{}", 0, length)); });
    EXPECT_NE(message.find("announces a header of"), std::string::npos) << message;
  }
  const std::vector<std::byte> bytes(7);
  EXPECT_NE(message_of<FormatError>([&] { (void)parse_safetensors(bytes); }).find("too short"),
            std::string::npos);
}

TEST(Safetensors, AMissingFileIsNamed) {
  const std::string message =
      message_of<FormatError>([] { (void)read_safetensors("/nowhere/at/all.safetensors"); });
  EXPECT_NE(message.find("/nowhere/at/all.safetensors"), std::string::npos) << message;
}

TensorMap every_dtype() {
  return {{"f32", Tensor::from(std::vector<float>{1, -2, 0.5F}, {3})},
          {"f16", Tensor::from(std::vector{float16(1.5F), float16(-3.F)}, {2, 1})},
          {"bf16", Tensor::from(std::vector{bfloat16(2.F)}, {1, 1, 1})},
          {"f64", Tensor::from(std::vector<double>{3.25}, {})},
          {"i32", Tensor::from(std::vector<std::int32_t>{-1, 7}, {2})},
          {"i64", Tensor::from(std::vector<std::int64_t>{1LL << 40}, {1})},
          {"u32", Tensor::from(std::vector<std::uint32_t>{0xffffffffU}, {1})},
          {"u8", Tensor::from(std::vector<std::uint8_t>{1, 2, 3, 4, 5}, {5})},
          {"empty \"quoted\"", Tensor::empty({0, 4}, DType::i32)}};
}

TEST(Safetensors, EveryDtypeComesBackToTheBit) {
  const MetadataMap metadata = {{"producer", "test"}, {"note", "a \"b\"\n"}};
  const std::vector<std::byte> bytes = format_safetensors(every_dtype(), metadata);
  const Safetensors back = parse_safetensors(bytes);
  expect_identical(back.tensors, every_dtype());
  EXPECT_EQ(back.metadata, metadata);
  EXPECT_EQ(format_safetensors(back.tensors, back.metadata), bytes);

  const TemporaryFolder folder;
  write_safetensors(folder / "x.safetensors", every_dtype(), metadata);
  const Safetensors read = read_safetensors(folder / "x.safetensors");
  expect_identical(read.tensors, every_dtype());
  EXPECT_EQ(read.metadata, metadata);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), {}), 1) << "nothing else remains";
}

TEST(Safetensors, UnreadableTypesAreRefusedOnlyWhenAskedFor) {
  const std::string json = R"({"a":{"dtype":"BOOL","shape":[2],"data_offsets":[0,2]},)"
                           R"("b":{"dtype":"F4_NEW","shape":[3],"data_offsets":[2,4]},)"
                           R"("c":{"dtype":"U8","shape":[1],"data_offsets":[4,5]}})";
  const Safetensors file = parse_safetensors(file_of(json, 5));
  EXPECT_EQ(file.tensors.size(), 1U);
  EXPECT_EQ(file.at("c").dtype(), DType::u8);
  EXPECT_NE(
      message_of<FormatError>([&] { (void)file.at("a"); }).find("'a' has elements of type BOOL"),
      std::string::npos);
  EXPECT_NE(message_of<FormatError>([&] { (void)file.at("b"); }).find("F4_NEW"), std::string::npos);
  EXPECT_NE(message_of<FormatError>([&] { (void)file.at("d"); }).find("no array 'd'"),
            std::string::npos);
}

TEST(Safetensors, AFailedWriteLeavesNothing) {
  const TemporaryFolder folder;
  EXPECT_THROW(write_safetensors(folder / "no/such/folder/x", every_dtype()), std::system_error);
  EXPECT_THROW(write_safetensors(folder / "x", {{"a", Tensor{}}}), std::invalid_argument);
  EXPECT_THROW(write_safetensors(folder / "x", {{"__metadata__", every_dtype().at("u8")}}),
               std::invalid_argument);
  EXPECT_THROW(write_safetensors(folder / "x", {{"\xff", every_dtype().at("u8")}}),
               std::invalid_argument);
  fs::create_directory(folder / "taken");
  std::ofstream(folder / "taken/file") << "x";
  EXPECT_THROW(write_safetensors(folder / "taken", every_dtype()), std::system_error);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), {}), 1) << "no temporary file";
}

TEST(Safetensors, WritingReplacesAFile) {
  const TemporaryFolder folder;
  std::ofstream(folder / "x") << "something else";
  write_safetensors(folder / "x", every_dtype());
  expect_identical(read_safetensors(folder / "x").tensors, every_dtype());
}

}  // namespace
}  // namespace voxloom::test
