#include "io/support.h"

namespace voxloom::test {
namespace {

std::string header(std::string_view fields, std::string_view shape, std::string_view data) {
  return "# .PCD v0.7 - Point Cloud Data file format\nVERSION 0.7\n" + std::string(fields) +
         std::string(shape) + "DATA " + std::string(data) + "\n";
}

constexpr std::string_view kFields =
    "FIELDS x y z rgb normal _\nSIZE 4 4 4 4 8 1\nTYPE F F F F F U\nCOUNT 1 1 1 1 2 3\n";
constexpr std::string_view kShape = "WIDTH 1\nHEIGHT 2\nVIEWPOINT 0 0 0 1 0 0 0\nPOINTS 2\n";
constexpr float kOrange = std::bit_cast<float>(0x00ff8010U);

void expect_two_points(const Scan& scan) {
  EXPECT_EQ(scan.positions, (Positions{{1, 2, 3}, {4, 5, 6.5}}));
  EXPECT_EQ(names(scan), (std::vector<std::string>{"red", "green", "blue", "normal"}));
  EXPECT_EQ(values<std::uint8_t>(scan, "red"), (std::vector<std::uint8_t>{255, 0}));
  EXPECT_EQ(values<std::uint8_t>(scan, "green"), (std::vector<std::uint8_t>{128, 0}));
  EXPECT_EQ(values<std::uint8_t>(scan, "blue"), (std::vector<std::uint8_t>{16, 0}));
  EXPECT_EQ(values<double>(scan, "normal"), (std::vector<double>{0.5, 0.25, -1, 0}));
  EXPECT_EQ(scan.find("normal")->components, 2);
}

TEST(Pcd, ReadsBinary) {
  FileBytes file(header(kFields, kShape, "binary"));
  file.put(1.F).put(2.F).put(3.F).put(kOrange).put(0.5).put(0.25).text("abc");
  file.put(4.F).put(5.F).put(6.5F).put(0.F).put(-1.0).put(0.0).text("def");
  expect_two_points(parse(file, "a.pcd"));
  expect_two_points(parse(file, "wrong_name.bin"));
}

TEST(Pcd, ReadsAscii) {
  std::string rows = header(kFields, kShape, "ascii");
  rows += "1 2 3 2.3466159e-38 0.5 0.25 1 2 3\n4 5 6.5 0 -1 0 9 9 9\n";
  const Scan scan = parse_text(rows, "a.pcd");
  EXPECT_EQ(scan.positions, (Positions{{1, 2, 3}, {4, 5, 6.5}}));
  EXPECT_EQ(values<double>(scan, "normal"), (std::vector<double>{0.5, 0.25, -1, 0}));
  EXPECT_EQ(values<std::uint8_t>(scan, "red"), (std::vector<std::uint8_t>{255, 0}));
}

// A line with '#' is a comment in the header alone.
TEST(Pcd, RefusesCommentsAmongTheRows) {
  const std::string rows =
      header("FIELDS x y z\nSIZE 4 4 4\nTYPE F F F\n", "WIDTH 2\nHEIGHT 1\n", "ascii");
  EXPECT_REASON(format_error(FileBytes(rows + "1 2 3\n# 5 6\n4 5 6\n"), "a.pcd"),
                "line 10: '#' is no float32");
  EXPECT_REASON(format_error(FileBytes(rows + "1 2 3\n// 5 6\n4 5 6\n"), "a.pcd"),
                "line 10: '//' is no float32");
}

// Columns one behind the other, packed as literals and one overlapping copy.
FileBytes compressed() {
  FileBytes columns;
  columns.put(1.F).put(4.F).put(2.F).put(5.F).put(3.F).put(6.5F).put(kOrange).put(0.F);
  columns.put(0.5).put(0.25).put(-1.0).put(0.0).text("aaaaaa");
  const auto raw = columns.bytes();
  FileBytes packed;
  std::size_t at = 0;
  while (at + 5 < raw.size()) {
    const std::size_t count = std::min<std::size_t>(32, raw.size() - 5 - at);
    packed.put(static_cast<std::uint8_t>(count - 1));
    packed.text({reinterpret_cast<const char*>(raw.data()) + at, count});
    at += count;
  }
  packed.put<std::uint8_t>(3 << 5).put<std::uint8_t>(0);  // five bytes from one back
  FileBytes file(header(kFields, kShape, "binary_compressed"));
  file.put(static_cast<std::uint32_t>(packed.size())).put(static_cast<std::uint32_t>(raw.size()));
  return file.text({reinterpret_cast<const char*>(packed.bytes().data()), packed.size()});
}

TEST(Pcd, ReadsCompressed) { expect_two_points(parse(compressed(), "a.pcd")); }

// One column of zeros and a stream given byte by byte.
FileBytes small_stream(std::uint32_t unpacked, const std::vector<int>& stream) {
  FileBytes file(
      header("FIELDS x y z\nSIZE 1 1 1\nTYPE U U U\n", "WIDTH 4\nHEIGHT 1\n", "binary_compressed"));
  file.put(static_cast<std::uint32_t>(stream.size())).put(unpacked);
  for (const int byte : stream) file.put(static_cast<std::uint8_t>(byte));
  return file;
}

TEST(Pcd, UnpacksLongCopies) {
  const Scan scan = parse(small_stream(12, {0, 9, 7 << 5, 2, 0}), "a.pcd");  // 1 + (7 + 2 + 2)
  EXPECT_EQ(scan.positions, (Positions{{9, 9, 9}, {9, 9, 9}, {9, 9, 9}, {9, 9, 9}}));
}

TEST(Pcd, RefusesBadStreams) {
  const auto reason = [](std::uint32_t unpacked, const std::vector<int>& stream) {
    return format_error(small_stream(unpacked, stream), "a.pcd");
  };
  EXPECT_REASON(reason(13, {0, 0}), "4 points take 12 bytes, the packed data hold 13");
  EXPECT_REASON(reason(12, {0, 0}), "unpack to 1 bytes, 12 were promised");
  EXPECT_REASON(reason(12, {20, 0, 0}), "end inside of literal bytes");
  EXPECT_REASON(reason(12, {0, 0, 1 << 5}), "end inside of a copy");
  EXPECT_REASON(reason(12, {0, 0, 7 << 5}), "end inside of a copy");
  EXPECT_REASON(reason(12, {0, 0, 1 << 5, 1}), "copy from 1 bytes before the start");
  EXPECT_REASON(reason(12, {0, 0, 7 << 5, 200, 0}), "more than the promised 12 bytes");
  FileBytes cut = small_stream(12, {0, 9, 7 << 5, 2, 0});
  cut.pad(cut.size() - 1);
  EXPECT_REASON(format_error(cut, "a.pcd"), "5 packed bytes are promised, but 4 follow");
  EXPECT_REASON(
      format_error(small_stream(12, {0, 9, 7 << 5, 2, 0}), "a.pcd", {.max_unpacked_bytes = 11}),
      "cannot unpack to 12 (limit 11)");
}

TEST(Pcd, RefusesBadHeaders) {
  const auto reason = [](std::string_view fields, std::string_view shape,
                         std::string_view data = "binary") {
    return format_error(FileBytes(header(fields, shape, data)), "a.pcd");
  };
  constexpr std::string_view kXyz = "FIELDS x y z\nSIZE 4 4 4\nTYPE F F F\n";
  EXPECT_REASON(reason(kXyz, "WIDTH 1\nHEIGHT 1\n", "zipped"), "DATA must be ascii");
  EXPECT_REASON(reason(kXyz, ""), "the header has no 'WIDTH'");
  EXPECT_REASON(reason("SIZE 4\n", "WIDTH 1\n"), "the header has no 'FIELDS'");
  EXPECT_REASON(reason("FIELDS x y\nSIZE 4\nTYPE F F\n", "WIDTH 1\n"),
                "FIELDS, SIZE, TYPE and COUNT have 2, 1, 2 and 2 values");
  EXPECT_REASON(reason("FIELDS x\nSIZE 3\nTYPE F\n", "WIDTH 1\n"), "TYPE 'F' and SIZE '3'");
  EXPECT_REASON(reason("FIELDS x\nSIZE 4\nTYPE F\nCOUNT 0\n", "WIDTH 1\n"), "has COUNT 0");
  EXPECT_REASON(reason("FIELDS x\nSIZE 4\nTYPE F\nCOUNT 99999999\n", "WIDTH 1\n"),
                "has COUNT 99999999");
  EXPECT_REASON(reason("FIELDS x y\nSIZE 4 4\nTYPE F F\nCOUNT 40000 40000\n", "WIDTH 1\n"),
                "COUNT 40000");
  EXPECT_REASON(reason("FIELDS x y\nSIZE 4 4\nTYPE F F\n", "WIDTH 0\n"), "has no column 'z'");
  EXPECT_REASON(reason(kXyz, "WIDTH 2\nHEIGHT 3\nPOINTS 5\n"),
                "POINTS is 5, WIDTH 2 x HEIGHT 3 is 6");
  EXPECT_REASON(reason(kXyz, "WIDTH 4294967296\nHEIGHT 4294967296\n"), "does not fit 64 bits");
  EXPECT_REASON(reason(kXyz, "WIDTH two\n"), "'two' is not a count");
  EXPECT_REASON(reason(kXyz, "WIDTH 1\nWIDTH 1\n"), "'WIDTH' stands twice");
  EXPECT_REASON(reason(kXyz, "WIDTH 1000000000000\n"),
                "promises 1000000000000 points of 12 bytes, but 0 bytes follow");
  EXPECT_REASON(reason(kXyz, "WIDTH 1000000000000\n", "ascii"), "promises 1000000000000 points");
  EXPECT_REASON(reason(kXyz, "WIDTH 1000000000000\n", "binary_compressed"),
                "are more than packed data hold");
  EXPECT_REASON(format_error(FileBytes("VERSION 0.7\n"), "a.pcd"), "the header has no 'DATA'");
  EXPECT_REASON(format_error(FileBytes("x y z\n"), "a.pcd"), "does not start like one");
}

TEST(Pcd, ReadsOtherSpellings) {
  const Positions expected = {{1, 2, 3}};
  for (const char* text :
       {"# .PCD v.5\nVERSION .5\nCOLUMNS x y z\nPOINTS 1\nDATA ascii\n1 2 3\n",
        "VERSION 0.7\nFIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nWIDTH 1\nHEIGHT 1\nDATA ASCII\n1 2 3\n",
        "# made by hand\n# twice\nVERSION 0.7\nFIELDS x y z\nPOINTS 1\nDATA ascii\n1 2 3\n",
        "\xef\xbb\xbfVERSION 0.7\nFIELDS x y z\nPOINTS 1\nDATA ascii\n1 2 3\n",
        "VERSION 0.7\nFIELDS x __12 y z\nPOINTS 1\nDATA ascii\n1 9 2 3\n"}) {
    const Scan scan = parse_text(text, "unknown");
    EXPECT_EQ(scan.positions, expected) << text;
    EXPECT_TRUE(scan.attributes.empty()) << text;
  }
  EXPECT_EQ(
      parse_text("VERSION 0.7\nFIELDS x y z\nWIDTH 0\nHEIGHT 1\nPOINTS 0\nDATA binary_compressed\n",
                 "a.pcd")
          .size(),
      0);
}

TEST(Pcd, KeepsTheViewpoint) {
  const std::string head = "VERSION 0.7\nFIELDS x y z\nWIDTH 1\nHEIGHT 1\n";
  const Scan scan =
      parse_text(head + "VIEWPOINT 1 2 3 0 0 0 2\nPOINTS 1\nDATA ascii\n4 5 6\n", "a.pcd");
  const Pose turned = {{{{-1, 0, 0, 1}}, {{0, -1, 0, 2}}, {{0, 0, 1, 3}}, {{0, 0, 0, 1}}}};
  EXPECT_EQ(scan.viewpoint, turned);
  const auto bytes = format_scan(scan, {.format = ScanFormat::pcd});
  EXPECT_NE(as_text(bytes).find("VIEWPOINT 1 2 3 0 0 0 1\n"), std::string::npos) << as_text(bytes);
  EXPECT_EQ(parse_scan(bytes, "a.pcd").viewpoint, turned);
  EXPECT_REASON(format_error(FileBytes(head + "VIEWPOINT 1 2\nDATA ascii\n4 5 6\n"), "a.pcd"),
                "VIEWPOINT should be seven numbers");
}

// Where w is 0 it tells no signs.
TEST(Pcd, KeepsViewpointsOfHalfTurns) {
  const std::string head =
      "FIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nWIDTH 1\nHEIGHT 1\nVIEWPOINT 1 2 3 ";
  for (const char* turn :
       {"0 1 0 0", "0 0.6 -0.8 0", "0 -0.6 0 0.8", "0 0 0.6 -0.8", "0 0.6 0.48 -0.64",
        "1e-9 0.6 -0.8 0", "-0.1 0.7 -0.1 0.7", "0.5 0.5 -0.5 0.5", "1 0 0 0"}) {
    const Scan scan = parse_text(head + turn + "\nPOINTS 1\nDATA ascii\n4 5 6\n", "a.pcd");
    const Scan back = parse_scan(format_scan(scan, {.format = ScanFormat::pcd}), "a.pcd");
    ASSERT_TRUE(scan.viewpoint && back.viewpoint) << turn;
    for (std::size_t i = 0; i < 16; ++i) {
      EXPECT_NEAR(back.viewpoint->at(i / 4).at(i % 4), scan.viewpoint->at(i / 4).at(i % 4), 1e-12)
          << turn;
    }
  }
}

TEST(Pcd, WritesWhatPclReads) {
  Scan scan;
  scan.positions = {{1, 2, 3}};
  scan.set("intensity", std::vector<std::uint16_t>{65535});
  scan.set("nx", std::vector<double>{0.5});
  scan.set("label", std::vector<std::int32_t>{7});
  scan.set("red", std::vector<std::uint16_t>{65280});
  scan.set("green", std::vector<std::uint16_t>{256});
  scan.set("blue", std::vector<std::uint16_t>{0});
  const std::string text =
      as_text(format_scan(scan, {.format = ScanFormat::pcd, .encoding = Encoding::ascii}));
  EXPECT_NE(text.find("FIELDS x y z rgb intensity normal_x label\nSIZE 4 4 4 4 4 4 4\n"
                      "TYPE F F F F F F U\n"),
            std::string::npos)
      << text;
  const Scan back = parse_text(text, "a.pcd");
  EXPECT_EQ(values<float>(back, "nx"), std::vector<float>{0.5F});
  EXPECT_EQ(values<std::uint8_t>(back, "red"), std::vector<std::uint8_t>{255});
  EXPECT_EQ(values<std::uint8_t>(back, "green"), std::vector<std::uint8_t>{1});
  // What does not fit PCL's type keeps its own.
  scan.set("label", std::vector<std::int32_t>{-1});
  scan.set("intensity", std::vector<std::uint32_t>{(1U << 24U) + 1});
  const Scan own = parse_scan(format_scan(scan, {.format = ScanFormat::pcd}), "a.pcd");
  EXPECT_EQ(values<std::int32_t>(own, "label"), std::vector<std::int32_t>{-1});
  EXPECT_EQ(values<std::uint32_t>(own, "intensity"), std::vector<std::uint32_t>{(1U << 24U) + 1});
}

TEST(Pcd, WritesColoursPacked) {
  const Scan scan = labelled_scan(2);
  const std::string text =
      as_text(format_scan(scan, {.format = ScanFormat::pcd, .encoding = Encoding::ascii}));
  EXPECT_NE(text.find("FIELDS x y z rgb intensity label confidence\nSIZE 4 4 4 4 4 4 4\n"
                      "TYPE F F F F F U F\nCOUNT 1 1 1 1 1 1 1\nWIDTH 2\n"),
            std::string::npos)
      << text;
  EXPECT_THROW(static_cast<void>(format_scan(
                   scan, {.format = ScanFormat::pcd, .encoding = Encoding::big_endian})),
               std::invalid_argument);
}

TEST(Pcd, WideFilesKeepFloat64) {
  Scan scan;
  scan.positions = {{0.1, 0.2, 0.3}};
  scan.set("nx", std::vector<double>{1.0 / 3});
  scan.set("curvature", std::vector<double>{1.0 / 7});
  scan.set("intensity", std::vector<float>{0.5F});
  const Scan wide =
      parse_scan(format_scan(scan, {.format = ScanFormat::pcd, .wide = true}), "a.pcd");
  EXPECT_EQ(values<double>(wide, "nx"), std::vector<double>{1.0 / 3});
  EXPECT_EQ(values<double>(wide, "curvature"), std::vector<double>{1.0 / 7});
  EXPECT_EQ(values<float>(wide, "intensity"), std::vector<float>{0.5F});
  const Scan narrow = parse_scan(format_scan(scan, {.format = ScanFormat::pcd}), "a.pcd");
  EXPECT_EQ(values<float>(narrow, "nx"), std::vector<float>{1.0F / 3});
}

TEST(Pcd, PacksAnAlphaOfAnyTypeWithTheColours) {
  Scan scan;
  scan.positions = {{1, 2, 3}, {4, 5, 6}};
  for (const char* name : {"red", "green", "blue"}) {
    scan.set(name, std::vector<std::uint8_t>{10, 20});
  }
  scan.set("alpha", std::vector<float>{0.5F, 1});
  const auto bytes = format_scan(scan, {.format = ScanFormat::pcd});
  EXPECT_NE(as_text(bytes).find("FIELDS x y z rgba\n"), std::string::npos) << as_text(bytes);
  EXPECT_EQ(values<std::uint8_t>(parse_scan(bytes, "a.pcd"), "alpha"),
            (std::vector<std::uint8_t>{128, 255}));
  // What is no alpha stays a column of its own.
  scan.set("alpha", std::vector<float>{-2, 1});
  const Scan odd = parse_scan(format_scan(scan, {.format = ScanFormat::pcd}), "a.pcd");
  EXPECT_EQ(values<float>(odd, "alpha"), (std::vector<float>{-2, 1}));
  EXPECT_EQ(values<std::uint8_t>(odd, "red"), (std::vector<std::uint8_t>{10, 20}));
}

// Opaque colours are no numbers as float32, and as text all of them are "nan".
TEST(Pcd, ColoursThatTextHasLostAreBlackAndSaid) {
  const std::string head =
      "VERSION 0.7\nFIELDS x y z rgb\nSIZE 4 4 4 4\nTYPE F F F F\nCOUNT 1 1 1 1\n"
      "WIDTH 3\nHEIGHT 1\nPOINTS 3\n";
  std::vector<std::string> notes;
  const ReadOptions options{.on_note = [&](const std::string& note) { notes.push_back(note); }};
  const Scan scan =
      parse_text(head + "DATA ascii\n1 2 3 nan\n4 5 6 1e-39\n7 8 9 nan\n", "a.pcd", options);
  EXPECT_EQ(values<std::uint8_t>(scan, "red")[0], 0);
  EXPECT_NE(values<std::uint8_t>(scan, "red")[1], 0);
  EXPECT_EQ(notes, std::vector<std::string>{"colours that are nan in the text are read as black"});
  // Bytes keep them.
  FileBytes file(head + "DATA binary\n");
  for (int i = 0; i < 3; ++i) file.put(1.F).put(2.F).put(3.F).put<std::uint32_t>(0xffc08040);
  EXPECT_EQ(values<std::uint8_t>(parse(file, "a.pcd", options), "green")[2], 0x80);
  EXPECT_EQ(notes.size(), 1U);
}

}  // namespace
}  // namespace voxloom::test
