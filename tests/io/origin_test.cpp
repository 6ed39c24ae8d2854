// Positions far from 0: what readers make their origin, and what formats do that hold float32 alone.
#include <chrono>
#include <cmath>

#include "io/support.h"

namespace voxloom::test {
namespace {

// A kilometre of points in the coordinates of a map, and a stray one at 0.
Scan map_scan() {
  Scan scan;
  for (int i = 0; i < 1000; ++i) {
    scan.positions.push_back({500000.125 + i, 5400000.25 - i, 100 + 0.001 * i});
  }
  scan.positions.push_back({0, 0, 0});
  return scan;
}

TEST(Origin, IsTheWholePartOfTheMiddle) {
  for (const ScanFormat format :
       {ScanFormat::ply, ScanFormat::text, ScanFormat::npy, ScanFormat::npz}) {
    const Scan map = map_scan();
    const auto bytes = format_scan(map, {.format = format});
    const Scan scan = parse_scan(bytes, "a", {.format = format});
    EXPECT_EQ(scan.origin, (std::array<double, 3>{500499, 5399500, 0}))
        << name_of(format) << " " << scan.origin[0];
    for (std::int64_t i = 0; i < 1000; ++i) ASSERT_EQ(scan.at(i), map.at(i)) << name_of(format);
    EXPECT_NEAR(scan.at(1000)[1], 0, 1e-9);
    ScanReader pieces(bytes, "a", {.format = format});
    Scan sum = pieces.read(7);
    while (pieces.remaining() > 0) append(sum, pieces.read(300));
    EXPECT_EQ(sum, scan) << name_of(format);
  }
}

TEST(Origin, IsZeroForWhatIsNear) {
  EXPECT_EQ(parse_text("4096 -4096 0.5\n", "a.xyz").origin, (std::array<double, 3>{0, 0, 0}));
  // A stray point does not move it.
  const Scan stray = parse_text("1 2 3\n1 2 1e300\n", "a.xyz");
  EXPECT_EQ(stray.origin, (std::array<double, 3>{0, 0, 0}));
  EXPECT_EQ(stray.positions[1][2], 1e300);
  EXPECT_EQ(parse_text("4097.5 -4097.5 0\n", "a.xyz").origin,
            (std::array<double, 3>{4097, -4097, 0}));
}

// Of a map nobody says where a sensor stood: in its middle on all axes, then, and not where a lattice begins.
TEST(Origin, ASensorIsGuessedOnAllAxesOrNone) {
  using Place = std::array<double, 3>;
  EXPECT_EQ(sensor_place(parse_text("4000.5 -4000 0.5\n", "a.xyz")), (Place{0, 0, 0}));
  const Scan narrow = parse_text("4097.5 -12.5 120.75\n", "a.xyz");
  EXPECT_EQ(narrow.origin, (Place{4097, 0, 0}));
  EXPECT_EQ(sensor_place(narrow), (Place{4097, -12, 120}));

  Scan map = map_scan();
  EXPECT_EQ(sensor_place(map), (Place{0, 0, 0})) << "nobody looked at it yet";
  const Place middle = {500499, 5399500, 100};
  const auto text = format_scan(map, {.format = ScanFormat::text});
  EXPECT_EQ(sensor_place(parse_scan(text, "a.csv")), middle);
  ScanReader pieces(text, "a.csv");
  EXPECT_EQ(sensor_place(pieces.read(7)), middle);

  // LAS with an offset of its own, 400 m from the middle.
  map.positions.resize(999);
  map.quantization = Quantization{.offset = {500100, 5399900, 0}};
  Scan las = parse_scan(format_scan(map, {.format = ScanFormat::las}), "a.las");
  EXPECT_EQ(las.origin, (Place{500100, 5399900, 0}));
  const Place of_fewer = {500499, 5399501, 100};
  EXPECT_EQ(sensor_place(las), of_fewer);
  TemporaryFolder folder;
  write_scan(folder / "a.pcd", las, {.shift = true});
  EXPECT_EQ(sensor_place(read_scan(folder / "a.pcd")), of_fewer) << "float32 beside an origin";

  las.viewpoint = kIdentityPose;
  las.viewpoint->at(0)[3] = 500000;
  EXPECT_EQ(sensor_place(las), (Place{500000, 0, 0}));
}

// A scan moved by whole voxels gives the same points, bit for bit, when its sensor is moved with it.
TEST(Origin, MovesWithTheScan) {
  Scan near;
  near.position_type = ColumnType::f32;
  for (int i = 0; i < 100; ++i) {
    near.positions.push_back({std::sin(1.0F * i) * 40.0F, std::cos(1.7F * i) * 30.0F, 0.1F * i});
  }
  Scan far = near;
  far.position_type = ColumnType::f64;
  for (auto& p : far.positions) {
    for (std::size_t axis = 0; axis < 3; ++axis) p.at(axis) = static_cast<float>(p.at(axis));
  }
  near.positions = far.positions;
  const std::array<double, 3> moved = {450000, -5400000, 4096};
  for (auto& p : far.positions) {
    for (std::size_t axis = 0; axis < 3; ++axis) p.at(axis) += moved.at(axis);
  }
  const Scan read = parse_scan(format_scan(far, {.format = ScanFormat::ply}), "a.ply");
  EXPECT_NE(read.origin[0], 0);
  const Tensor expected = to_points(near), points = to_points(read, moved);
  for (std::int64_t i = 0; i < 300; ++i) {
    // Beside 5.4 million float64 keeps a nanometre.
    EXPECT_NEAR(points.data<float>()[i], expected.data<float>()[i], 4e-9) << i;
  }
}

TEST(Narrow, FormatsRefuseWhatTheyWouldRound) {
  const auto reason = [](const Scan& scan, WriteOptions options) -> std::string {
    try {
      static_cast<void>(format_scan(scan, options));
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "no error";
  };
  Scan scan = map_scan();
  for (const ScanFormat format : {ScanFormat::kitti, ScanFormat::nuscenes, ScanFormat::pcd}) {
    EXPECT_REASON(reason(scan, {.format = format}),
                  "float32 would move the position 5400000.25 of point 0 by 0.25");
  }
  EXPECT_EQ(reason(scan, {.format = ScanFormat::pcd, .wide = true}), "no error");
  scan.positions = {{1, 2, 1e300}};
  EXPECT_REASON(reason(scan, {.format = ScanFormat::kitti}),
                "the position 1e+300 of point 0 does not fit float32");
  scan.positions = {{1, 2, 3}};
  scan.set("intensity", std::vector<double>{1e300});
  EXPECT_REASON(reason(scan, {.format = ScanFormat::kitti}),
                "1e+300 at point 0 does not fit float32");
  scan.set("intensity", std::vector<double>{INFINITY});
  EXPECT_EQ(reason(scan, {.format = ScanFormat::kitti}), "no error");
}

TEST(Narrow, FormatsAreShiftedWithANoteBesideThem) {
  TemporaryFolder folder;
  Scan scan = map_scan();
  scan.positions.pop_back();
  move_origin(scan, {500000, 5400000, 0});
  std::vector<std::string> notes;
  WriteOptions options{.shift = true,
                       .on_note = [&](const std::string& note) { notes.push_back(note); }};
  for (const char* name : {"a.bin", "a.pcd.bin", "a.pcd"}) {
    notes.clear();
    write_scan(folder / name, scan, options);
    ASSERT_FALSE(notes.empty());
    EXPECT_EQ(notes.back(), "positions are relative to 500000 5400000 0, which '" +
                                std::string(name) + ".origin' says");
    const Scan back = read_scan(folder / name);
    EXPECT_EQ(back.origin, scan.origin) << name;
    for (std::int64_t i = 0; i < scan.size(); ++i) {
      for (std::size_t axis = 0; axis < 3; ++axis)
        ASSERT_NEAR(back.at(i)[axis], scan.at(i)[axis], 1e-4);
    }
    // What PCD alone can hold changes nothing for the others.
    if (std::string(name) != "a.pcd") {
      options.wide = true;
      write_scan(folder / name, scan, options);
      EXPECT_EQ(read_scan(folder / name), back);
      options.wide = false;
    }
    // A scan that needs none takes the old note away.
    write_scan(folder / name, labelled_scan(), options);
    EXPECT_FALSE(std::filesystem::exists(folder / (std::string(name) + ".origin")));
  }
  write_scan(folder / "a.bin", scan, options);
  std::ofstream(folder / "a.bin.origin")
      << "# The positions of a.bin are relative to this point.\n1 2\n";
  EXPECT_THROW(static_cast<void>(read_scan(folder / "a.bin")), FormatError);
  std::ofstream(folder / "a.bin.origin") << "somebody else's file\n";
  EXPECT_EQ(read_scan(folder / "a.bin").origin, (std::array<double, 3>{0, 0, 0}));
  write_scan(folder / "a.bin", labelled_scan(), options);
  EXPECT_TRUE(std::filesystem::exists(folder / "a.bin.origin"));
}

// A file that tells of a scan lies where the scan itself does, under whatever name it is opened.
TEST(Narrow, ShiftedFilesAreFoundThroughLinks) {
  namespace fs = std::filesystem;
  TemporaryFolder folder;
  fs::create_directory(folder / "data");
  Scan scan;
  scan.origin = {500000, 5400000, 0};
  scan.positions = {{1, 2, 3}};
  write_scan(folder / "data/a.pcd", scan, {.shift = true});
  fs::create_symlink("data/a.pcd", folder / "a.pcd");
  EXPECT_EQ(read_scan(folder / "a.pcd").at(0), scan.at(0));

  fs::create_symlink("data/b.pcd", folder / "b.pcd");
  write_scan(folder / "b.pcd", scan, {.shift = true});
  EXPECT_EQ(read_scan(folder / "data/b.pcd").at(0), scan.at(0));
  EXPECT_FALSE(fs::exists(folder / "b.pcd.origin"));
  // Both may be linked, and what lies beside the link counts where there is nothing else.
  fs::rename(folder / "data/b.pcd.origin", folder / "b.pcd.origin");
  EXPECT_EQ(read_scan(folder / "b.pcd").at(0), scan.at(0));
  write_scan(folder / "b.pcd", labelled_scan(), {.shift = true});
  EXPECT_FALSE(fs::exists(folder / "b.pcd.origin"));
}

TEST(Narrow, NothingIsShiftedWhereNothingCanSaySo) {
  namespace fs = std::filesystem;
  TemporaryFolder folder;
  Scan scan;
  scan.origin = {500000, 5400000, 0};
  scan.positions = {{1.3, 2, 3}};
  EXPECT_THROW(write_scan("/dev/null", scan, {.format = ScanFormat::pcd, .shift = true}),
               std::invalid_argument);
  fs::create_directory(folder / "a.pcd.origin");
  EXPECT_THROW(check_writable(folder / "a.pcd", scan, {.shift = true}), std::system_error);
  EXPECT_THROW(write_scan(folder / "a.pcd", scan, {.shift = true}), std::system_error);
  EXPECT_FALSE(fs::exists(folder / "a.pcd"));
}

// Another program may have replaced the scan, and knows nothing of the file beside it.
TEST(Origin, SaysWhenTheFileBesideIsOlder) {
  namespace fs = std::filesystem;
  const fs::path folder = fs::temp_directory_path() / "voxloom_older_origin";
  fs::remove_all(folder);
  fs::create_directory(folder);
  Scan scan;
  scan.origin = {500000, 5400000, 0};
  scan.positions = {{1, 2, 3}};
  write_scan(folder / "a.pcd", scan, {.shift = true});
  std::vector<std::string> notes;
  const ReadOptions options{.on_note = [&](const std::string& note) { notes.push_back(note); }};
  EXPECT_EQ(read_scan(folder / "a.pcd", options).at(0), scan.at(0));
  EXPECT_TRUE(notes.empty());
  const auto later = fs::last_write_time(folder / "a.pcd.origin") + std::chrono::hours(1);
  fs::last_write_time(folder / "a.pcd", later);
  EXPECT_EQ(read_scan(folder / "a.pcd", options).at(0), scan.at(0));
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_REASON(notes[0], "'a.pcd.origin' says, which is older than the scan");
  fs::remove_all(folder);
}

}  // namespace
}  // namespace voxloom::test
