#include "io/support.h"

namespace voxloom::test {
namespace {

TEST(Pts, ReadsColumnsByTheirNumber) {
  const Scan scan = parse_text("2\n1 2 3 -5 10 20 30\n4 5 6 9 40 50 60\n", "a.pts");
  EXPECT_EQ(scan.positions, (Positions{{1, 2, 3}, {4, 5, 6}}));
  EXPECT_EQ(values<std::int32_t>(scan, "intensity"), (std::vector<std::int32_t>{-5, 9}));
  EXPECT_EQ(values<std::uint8_t>(scan, "red"), (std::vector<std::uint8_t>{10, 40}));
  EXPECT_EQ(values<std::uint8_t>(scan, "blue"), (std::vector<std::uint8_t>{30, 60}));
  using Names = std::vector<std::string>;
  EXPECT_EQ(names(parse_text("1\n1 2 3\n", "a.pts")), Names{});
  EXPECT_EQ(names(parse_text("1\n1 2 3 4\n", "a.pts")), Names{"intensity"});
  EXPECT_EQ(names(parse_text("1\n1 2 3 4 5 6\n", "a.pts")), (Names{"red", "green", "blue"}));
  EXPECT_EQ(parse_text("0\n", "a.pts").size(), 0);
}

TEST(Pts, ReadsSeveralParts) {
  const std::string text = "1\n1 2 3 4\n2\n5 6 7 8\n9 10 11 12\n";
  const Scan scan = parse_text(text, "a.pts");
  EXPECT_EQ(scan.positions, (Positions{{1, 2, 3}, {5, 6, 7}, {9, 10, 11}}));
  ScanReader reader(std::as_bytes(std::span(text)), "a.pts");
  Scan pieces = reader.read(2);
  append(pieces, reader.read(2));
  EXPECT_EQ(pieces, scan);
}

TEST(Pts, WritesTheExpectedBytes) {
  Scan scan = parse_text("2\n1 2 3 -5 10 20 30\n4 5 6 9 40 50 60\n", "a.pts");
  scan.set("label", std::vector<std::uint8_t>{1, 2});
  std::vector<std::string> notes;
  const auto bytes =
      format_scan(scan, {.format = ScanFormat::pts,
                         .on_note = [&](const std::string& note) { notes.push_back(note); }});
  EXPECT_EQ(as_text(bytes), "2\n1 2 3 -5 10 20 30\n4 5 6 9 40 50 60\n");
  EXPECT_EQ(notes, std::vector<std::string>{"PTS has no place for 'label': left out"});
}

// Colours that 8 bits do not hold, and what is no single number.
TEST(Pts, SaysWhatItLeavesOut) {
  Scan scan;
  scan.positions = {{1, 2, 3}};
  scan.set("intensity", std::vector<float>{1, 2}, 2);
  for (const char* name : {"red", "green", "blue"}) {
    scan.set(name, std::vector<std::int32_t>{300000});
  }
  for (const ScanFormat format : {ScanFormat::pts, ScanFormat::ptx}) {
    std::vector<std::string> notes;
    static_cast<void>(format_scan(scan, {.format = format, .on_note = [&](const std::string& note) {
                                           notes.push_back(note);
                                         }}));
    const bool is_ptx = format == ScanFormat::ptx;
    ASSERT_EQ(notes.size(), is_ptx ? 2U : 1U);
    EXPECT_REASON(notes[0], "has no place for 'intensity, red, green, blue': left out");
    EXPECT_EQ(notes.back() == "there is no intensity: written as 0.5", is_ptx);
  }
}

TEST(Pts, Refuses) {
  const auto reason = [](std::string_view text) { return format_error(FileBytes(text), "a.pts"); };
  EXPECT_REASON(reason("1 2 3\n"), "line 1: the number of points is expected in the first line");
  EXPECT_REASON(reason("2\n1 2 3\n"), "2 points are promised, 1 rows follow");
  EXPECT_REASON(reason("1\n1 2 3\n4 5 6\n"), "line 3: more rows than the 1 that are promised");
  EXPECT_REASON(reason("1\n1 2 3 4 5\n"), "5 numbers in a row: PTS has 3, 4, 6 or 7");
  EXPECT_REASON(reason("99999999\n1 2 3\n"),
                "line 1: 99999999 points are promised in a file of 15 bytes");
  EXPECT_REASON(reason("1\n1 2\n"), "line 2: 2 columns: at least x, y and z are expected");
}

}  // namespace
}  // namespace voxloom::test
