#include "io/support.h"

namespace voxloom::test {
namespace {

// The scanner stands at (500, 900, 10), turned a quarter to the left.
constexpr std::string_view kHead =
    "500 900 10\n0 1 0\n-1 0 0\n0 0 1\n0 1 0 0\n-1 0 0 0\n0 0 1 0\n500 900 10 1\n";
const Pose kPose = {{{{0, -1, 0, 500}}, {{1, 0, 0, 900}}, {{0, 0, 1, 10}}, {{0, 0, 0, 1}}}};

std::string one_scan() {
  return "2\n2\n" + std::string(kHead) +
         "1.5 -2 0.25 0.5 9 8 7\n0 0 0 0.5 0 0 0\n4 5 6 1 255 0 1\n0 0 0 0.5 0 0 0\n";
}

TEST(Ptx, ReadsAScanWithItsPose) {
  std::vector<std::string> notes;
  const Scan scan = parse_text(
      one_scan(), "a.ptx", {.on_note = [&](const std::string& note) { notes.push_back(note); }});
  EXPECT_EQ(scan.positions, (Positions{{1.5, -2, 0.25}, {4, 5, 6}}));
  EXPECT_EQ(scan.pose, kPose);
  EXPECT_EQ(scan.viewpoint, kIdentityPose);
  EXPECT_EQ(values<float>(scan, "intensity"), (std::vector<float>{0.5F, 1}));
  EXPECT_EQ(values<std::uint8_t>(scan, "red"), (std::vector<std::uint8_t>{9, 255}));
  EXPECT_EQ(values<std::uint8_t>(scan, "blue"), (std::vector<std::uint8_t>{7, 1}));
  EXPECT_EQ(notes, std::vector<std::string>{"2 cells of the grid have no return: left out"});
}

TEST(Ptx, PutsSeveralScansWhereTheirPosesTakeThem) {
  const std::string text = "1\n1\n" + std::string(kHead) +
                           "1 2 3 0.5\n\n1\n2\n0 0 0\n1 0 0\n0 1 0\n0 0 1\n" +
                           "1 0 0 0\n0 1 0 0\n0 0 1 0\n0 0 0 1\n0 0 0 0.5\n4 5 6 0.25\n";
  const Scan scan = parse_text(text, "a.ptx");
  EXPECT_EQ(scan.positions, (Positions{{498, 901, 13}, {4, 5, 6}}));
  EXPECT_EQ(scan.pose, std::nullopt);
  EXPECT_EQ(values<std::int32_t>(scan, "scan"), (std::vector<std::int32_t>{0, 1}));
  ScanReader reader(std::as_bytes(std::span(text)), "a.ptx");
  Scan pieces = reader.read(1);
  append(pieces, reader.read(1));
  EXPECT_EQ(pieces, scan);
}

TEST(Ptx, WritesTheExpectedBytes) {
  Scan scan = parse_text(one_scan(), "a.ptx");
  scan.set("label", std::vector<std::uint8_t>{1, 2});
  std::vector<std::string> notes;
  const auto bytes =
      format_scan(scan, {.format = ScanFormat::ptx,
                         .on_note = [&](const std::string& note) { notes.push_back(note); }});
  EXPECT_EQ(as_text(bytes),
            "2\n1\n" + std::string(kHead) + "1.5 -2 0.25 0.5 9 8 7\n4 5 6 1 255 0 1\n");
  EXPECT_EQ(notes, std::vector<std::string>{"PTX has no place for 'label': left out"});
  // The origin goes into the pose, and no digit of a position is lost.
  scan.pose.reset();
  scan.viewpoint.reset();
  scan.origin = {500000, 0, 0};
  const Scan back =
      parse_scan(format_scan(scan, {.format = ScanFormat::ptx}), "a", {.format = ScanFormat::ptx});
  EXPECT_EQ(back.positions, scan.positions);
  EXPECT_EQ(transform(*back.pose, back.at(0)), scan.at(0));
}

// The sensor of a file that says where it stood is the scanner.
TEST(Ptx, KeepsThePlaceOfTheSensor) {
  Scan scan;
  scan.positions = {{1, 2, 3}, {-4, 5, 6}};
  scan.origin = {500000, 0, 0};
  scan.viewpoint = kIdentityPose;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    scan.viewpoint->at(axis)[3] = scan.origin.at(axis) + 10 * static_cast<double>(axis + 1);
  }
  const Scan back =
      parse_scan(format_scan(scan, {.format = ScanFormat::ptx}), "a", {.format = ScanFormat::ptx});
  EXPECT_EQ(back.positions, (Positions{{-9, -18, -27}, {-14, -15, -24}}));
  EXPECT_EQ(transform(*back.pose, sensor_place(back)), sensor_place(scan));
  EXPECT_EQ(transform(*back.pose, back.at(1)), scan.at(1));
}

TEST(Ptx, IsWrittenElsewhereInTheSharedCoordinates) {
  const Scan scan = parse_text(one_scan(), "a.ptx");
  const Scan ply = parse_scan(format_scan(scan, {.format = ScanFormat::ply}), "a.ply");
  EXPECT_EQ(ply.positions, (Positions{{502, 901.5, 10.25}, {495, 904, 16}}));
  const Scan pcd = parse_scan(format_scan(scan, {.format = ScanFormat::pcd}), "a.pcd");
  EXPECT_EQ(pcd.positions, ply.positions);
  ASSERT_TRUE(pcd.viewpoint.has_value());
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t k = 0; k < 4; ++k) EXPECT_NEAR((*pcd.viewpoint)[i][k], kPose[i][k], 1e-12);
  }
}

TEST(Ptx, Refuses) {
  const auto reason = [](const std::string& text) {
    return format_error(FileBytes(text), "a.ptx");
  };
  const std::string head(kHead);
  EXPECT_REASON(reason("\n\n"), "holds no scan");
  EXPECT_REASON(reason("x\n"), "line 1: 'x' is no number of the grid's columns");
  EXPECT_REASON(reason("1.5\n"), "line 1: 1.5 is no count of the grid's columns");
  EXPECT_REASON(reason("1\n-1\n"), "line 2: -1 is no count of the grid's rows");
  EXPECT_REASON(reason("1\n1\n0 0\n"), "line 3: 2 numbers, 3 are expected: the scanner's place");
  EXPECT_REASON(reason("1\n1\n0 0 0\n1 0 0\n"),
                "the file ends where the scanner's axes should stand");
  EXPECT_REASON(reason("1\n1\n0 0 0\n1 0 0\n0 1 0\n0 0 1\n1 0 0 5\n0 1 0 0\n0 0 1 0\n0 0 0 1\n"),
                "line 10: the pose's last column is not 0 0 0 1");
  EXPECT_REASON(reason("1\n1\n0 0 0\n1 0 0\n0 1 0\n0 0 1\n1 nan 0 0\n"),
                "line 7: the pose is not finite");
  EXPECT_REASON(reason("1000000\n1000000\n" + head),
                "line 10: a grid of 1000000000000 cells is promised");
  EXPECT_REASON(reason("1\n2\n" + head + "1 2 3 4\n"), "the file ends where a point should stand");
  EXPECT_REASON(reason("1\n1\n" + head + "1 2 3\n"), "line 11: a row of 3 numbers");
  EXPECT_REASON(reason("1\n2\n" + head + "1 2 3 4\n1 2 3 4 5 6 7\n"),
                "line 12: a row of 7 numbers");
  EXPECT_REASON(reason("1\n1\n" + head + "1 2 3 4 256 0 0\n"),
                "line 11: 256 is no colour from 0 to 255");
  EXPECT_REASON(reason("1\n1\n" + head + "1 2 3 4 5 6 7 8\n"),
                "line 11: '8' is no number of a point");
}

}  // namespace
}  // namespace voxloom::test
