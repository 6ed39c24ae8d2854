// What holds for all formats: choosing them, pieces, invalid points, files that appear whole.
#include <cmath>
#include <cstdlib>

#include "io/support.h"

namespace voxloom::test {
namespace {

TEST(Kitti, ReadsAndRefuses) {
  FileBytes file;
  for (int i = 0; i < 20; ++i) file.put(static_cast<float>(i));
  const ReadOptions kitti{.format = ScanFormat::kitti};
  Scan scan = parse(file, "a.bin", kitti);
  EXPECT_EQ(scan.size(), 5);
  EXPECT_EQ(values<float>(scan, "intensity"), (std::vector<float>{3, 7, 11, 15, 19}));
  scan = parse(file, "a.pcd.bin", {.format = ScanFormat::nuscenes});
  EXPECT_EQ(scan.size(), 4);
  EXPECT_EQ(values<float>(scan, "ring"), (std::vector<float>{4, 9, 14, 19}));
  file.put(0);
  EXPECT_REASON(format_error(file, "a.bin"),
                "byte 80: 4 bytes are left over: a KITTI file is a multiple of 16 bytes long");
  EXPECT_REASON(format_error(file.pad(20), "a.bin"), "nuScenes files, 20 bytes per point");
}

// Numbers one behind the other, as a file without a header.
template <typename T>
FileBytes bare(std::initializer_list<double> values, int times = 1) {
  FileBytes file;
  for (int i = 0; i < times; ++i) {
    for (const double value : values) file.put(static_cast<T>(value));
  }
  return file;
}

// Each format in its own unit, where the scan says which one it had.
TEST(Kitti, WritesIntensitiesInTheFormatsUnit) {
  Scan scan;
  scan.positions = {{1, 2, 3}, {4, 5, 6}, {7, 8, 9}};
  scan.position_type = ColumnType::f32;
  scan.set("intensity", std::vector<float>{0, 0.25F, 1});
  scan.intensity_range = Interval{0, 1};
  const auto through = [&](const Scan& from, ScanFormat format, const char* name) {
    return parse_scan(format_scan(from, {.format = format}), name, {.format = format});
  };
  const Scan las = through(scan, ScanFormat::las, "a.las");
  ASSERT_EQ(values<std::uint16_t>(las, "intensity"), (std::vector<std::uint16_t>{0, 16384, 65535}));
  const auto back = values<float>(through(las, ScanFormat::kitti, "a.bin"), "intensity");
  ASSERT_EQ(back.size(), 3U);
  EXPECT_EQ(back[0], 0);
  EXPECT_NEAR(back[1], 0.25, 1e-5);
  EXPECT_EQ(back[2], 1);
  const Scan nuscenes = through(scan, ScanFormat::nuscenes, "a.pcd.bin");
  EXPECT_EQ(values<float>(nuscenes, "intensity"), (std::vector<float>{0, 63.75F, 255}));
  EXPECT_EQ(values<float>(through(nuscenes, ScanFormat::kitti, "a.bin"), "intensity"),
            (std::vector<float>{0, 0.25F, 1}));
  // Nobody says what 300 means: it stays.
  scan.intensity_range.reset();
  scan.set("intensity", std::vector<float>{0, 100, 300});
  EXPECT_EQ(values<float>(through(scan, ScanFormat::kitti, "a.bin"), "intensity"),
            (std::vector<float>{0, 100, 300}));
  std::vector<std::string> notes;
  scan.set("intensity", std::vector<std::uint8_t>{0, 51, 255});
  const auto bytes =
      format_scan(scan, {.format = ScanFormat::kitti,
                         .on_note = [&](const std::string& note) { notes.push_back(note); }});
  EXPECT_EQ(values<float>(parse_scan(bytes, "a.bin", {.format = ScanFormat::kitti}), "intensity"),
            (std::vector<float>{0, 0.2F, 1}));
  EXPECT_EQ(notes, std::vector<std::string>{"intensities from 0 to 255 are written as 0 to 1"});
}

TEST(Kitti, SaysWhatWillBeReadInAnotherUnit) {
  Scan scan;
  scan.positions = {{1, 2, 3}, {4, 5, 6}};
  const auto notes_of = [&](const std::vector<float>& intensities, ScanFormat format) {
    std::vector<std::string> notes;
    scan.set("intensity", intensities);
    static_cast<void>(format_scan(scan, {.format = format, .on_note = [&](const std::string& note) {
                                           notes.push_back(note);
                                         }}));
    return notes;
  };
  const std::vector<std::string> none;
  EXPECT_EQ(notes_of({0.5F, 1}, ScanFormat::kitti), none);
  EXPECT_EQ(notes_of({NAN, 0}, ScanFormat::kitti), none);
  for (const ScanFormat format : {ScanFormat::kitti, ScanFormat::ptx}) {
    EXPECT_EQ(notes_of({-5, 100}, format),
              std::vector<std::string>{
                  "intensities from -5 to 100 stay as they are, and are read as 0 to 1"});
  }
  EXPECT_EQ(notes_of({0.5F, 1}, ScanFormat::nuscenes)[0],
            "intensities from 0 to 1 stay as they are, and are read as 0 to 255");
  EXPECT_EQ(notes_of({3, 255}, ScanFormat::nuscenes),
            std::vector<std::string>{"there is no ring: written as 0"});
}

TEST(Colours, OfMoreThanEightBitsAreSaidToLoseThem) {
  Scan scan;
  scan.positions = {{1, 2, 3}};
  const auto notes_of = [&](ScanFormat format) {
    std::vector<std::string> notes;
    static_cast<void>(format_scan(scan, {.format = format, .on_note = [&](const std::string& note) {
                                           notes.push_back(note);
                                         }}));
    return notes;
  };
  for (const ScanFormat format : {ScanFormat::ply, ScanFormat::pcd, ScanFormat::pts}) {
    for (const char* name : {"red", "green", "blue"})
      scan.set(name, std::vector<std::uint16_t>{300});
    EXPECT_EQ(notes_of(format), std::vector<std::string>{"colours are written with 8 bits"});
    for (const char* name : {"red", "green", "blue"}) scan.set(name, std::vector<std::uint8_t>{30});
    EXPECT_TRUE(notes_of(format).empty());
  }
}

TEST(Kitti, RefusesWhatMayBeAnotherLayout) {
  // 48 points of five floats are also 60 of four.
  const FileBytes five = bare<float>({1, 2, 3, 0.5, 7}, 48);
  EXPECT_REASON(format_error(five, "a.bin"),
                "may not be KITTI: the fourth numbers go from 0 to 7, and the size also fits 3, 5, "
                "6 numbers");
  const Scan scan = parse(five, "a.bin", {.fields = {"x", "y", "z", "intensity", "time"}});
  EXPECT_EQ(scan.size(), 48);
  EXPECT_EQ(values<float>(scan, "time")[47], 7);
  EXPECT_EQ(parse(five, "a.bin", {.format = ScanFormat::kitti}).size(), 60);
  EXPECT_EQ(parse(bare<float>({1, 2, 3, 0.5}, 60), "a.bin").size(), 60);
  EXPECT_EQ(parse(bare<float>({1, 2, 3, 200}, 1), "a.bin").size(), 1);
  EXPECT_REASON(format_error(bare<float>({1, 2, 3, -200}, 1), "a.bin"),
                "from -200 to 0. name the layout");
}

// A lidar of 32 beams mostly gives a multiple of 32 points: as many bytes fit four floats a point, too.
TEST(NuScenes, IsToldByItsNameAndItsIntensities) {
  EXPECT_EQ(parse(bare<float>({1, 2, -3, 255, 31}, 96), "a.pcd.bin").size(), 96);
  EXPECT_REASON(format_error(bare<float>({1, 2, -3, 256, 31}, 96), "a.pcd.bin"),
                "may not be nuScenes: the fourth numbers go from 0 to 256, and the size also fits "
                "3, 4, 6 numbers");
  // 120 points of four floats are also 96 of five.
  EXPECT_REASON(format_error(bare<float>({1, 2, -3, 255}, 120), "a.pcd.bin"), "from -3 to 255");
}

TEST(Kitti, RefusesFloat64AndReadsItWhenTold) {
  const FileBytes doubles = bare<double>({1.1, 2.2, -3.3, 0.5}, 4);
  EXPECT_REASON(format_error(doubles, "a.bin"), "does not look like KITTI: a coordinate would be ");
  const Scan scan =
      parse(doubles, "a.bin", {.fields = {"x:float64", "y:float64", "z:float64", "_:float64"}});
  EXPECT_EQ(scan.positions[3], (std::array<double, 3>{1.1, 2.2, -3.3}));
  EXPECT_TRUE(scan.attributes.empty());
  EXPECT_REASON(format_error(doubles, "a.bin", {.fields = {"x:float16", "y", "z"}}),
                "has no type like");
  EXPECT_REASON(format_error(doubles, "a.bin", {.fields = {"x", "y", "z"}}),
                "8 bytes are left over");
  EXPECT_REASON(format_error(doubles, "a.bin", {.fields = {"_"}}), "no fields are named");
}

TEST(Formats, RefuseOthersByName) {
  EXPECT_REASON(format_error(FileBytes("CCB2abcdefgh"), "a.bin"), "CloudCompare's own format");
  EXPECT_REASON(format_error(FileBytes(std::string("\xff\xfex\0", 4)), "a.csv"), "is UTF-16 text");
}

TEST(Kitti, ReadsARealScan) {
  const char* folder = std::getenv("VOXLOOM_SHARED_DIR");
  const auto path =
      std::filesystem::path(folder == nullptr ? "" : folder) / "data" / "kitti_000008.bin";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not there";
  const Scan scan = read_scan(path);
  EXPECT_EQ(scan.size(), 17238);
  EXPECT_GT(bounds(scan).high[0], 20);
  TemporaryFolder folder_out;
  write_scan(folder_out / "b.bin", scan);
  EXPECT_EQ(read_scan(folder_out / "b.bin"), scan);
}

TEST(Formats, AreChosenByContentThenByName) {
  const Scan scan = labelled_scan();
  for (const ScanFormat format :
       {ScanFormat::ply, ScanFormat::pcd, ScanFormat::las, ScanFormat::npy, ScanFormat::npz}) {
    const auto bytes = format_scan(scan, {.format = format});
    for (const char* name : {"a", "a.bin", "a.xyz", "a.ply"}) {
      EXPECT_EQ(ScanReader(bytes, name).format(), format) << name;
    }
  }
  EXPECT_EQ(scan_format_of("dir/A.PCD.BIN"), ScanFormat::nuscenes);
  EXPECT_EQ(scan_format_of("a.Las"), ScanFormat::las);
  EXPECT_EQ(scan_format_of("a.doc"), std::nullopt);
  EXPECT_EQ(scan_format_named("npz"), ScanFormat::npz);
  EXPECT_EQ(scan_format_named("las2"), std::nullopt);
  EXPECT_EQ(scan_format_named("csv"), ScanFormat::text);
  EXPECT_EQ(scan_format_named("pcd.bin"), ScanFormat::nuscenes);
  EXPECT_EQ(scan_format_named("bin"), ScanFormat::kitti);
  EXPECT_EQ(scan_format_named("laz"), std::nullopt);  // which is not written
  for (const std::string& name : scan_format_names()) {
    EXPECT_TRUE(scan_format_named(name).has_value()) << name;
  }
  EXPECT_EQ(separator_named("csv"), ',');
  EXPECT_EQ(separator_named("tsv"), '\t');
  EXPECT_EQ(separator_named("text"), '\0');
  EXPECT_EQ(name_of(ScanFormat::text), "text");
}

TEST(Formats, RefuseTheUnknown) {
  const FileBytes binary(std::string("\0\1\2\3", 4));
  EXPECT_REASON(format_error(binary, "a.doc"),
                "neither the name nor the content tells the format; known are kitti (.bin), ");
  EXPECT_REASON(format_error(binary, "a.ply"), "byte 0: is named like a ply file");
  EXPECT_REASON(format_error(FileBytes(), "a.ply"), "is empty");
  EXPECT_REASON(format_error(FileBytes(), "a.bin", {.format = ScanFormat::kitti}), "is empty");
  try {
    static_cast<void>(parse(binary, "bad\nname.ply"));
  } catch (const FormatError& error) {
    EXPECT_REASON(error.what(), "[read_scan] bad?name.ply: byte 0");
  }
}

TEST(Formats, AreKnownByTheirNamesAndEndings) {
  for (const ScanFormatInfo& info : scan_formats()) {
    EXPECT_EQ(name_of(info.format), info.name);
    EXPECT_EQ(scan_format_named(info.name), info.format);
    for (const std::string_view ending : info.endings) {
      EXPECT_EQ(scan_format_of("dir/a" + std::string(ending)), info.format) << ending;
    }
  }
}

std::vector<ScanFormat> written_formats() {
  std::vector<ScanFormat> formats;
  for (const ScanFormatInfo& info : scan_formats()) {
    if (info.is_written) formats.push_back(info.format);
  }
  return formats;
}

TEST(Pieces, EqualTheWhole) {
  const Scan scan = labelled_scan(2500);
  for (const ScanFormat format : written_formats()) {
    for (const Encoding encoding : {Encoding::binary, Encoding::ascii}) {
      const auto bytes = format_scan(scan, {.format = format, .encoding = encoding});
      const ReadOptions options{.format = format};
      const Scan whole = parse_scan(bytes, "a", options);
      for (const std::int64_t piece : {1, 7, 1000}) {
        ScanReader reader(bytes, "a", options);
        EXPECT_EQ(reader.size(), whole.size());
        Scan sum = reader.read(0);
        while (reader.remaining() > 0) append(sum, reader.read(piece));
        EXPECT_EQ(sum, whole) << name_of(format) << " by " << piece;
        EXPECT_EQ(reader.read(piece).size(), 0);
      }
    }
  }
}

TEST(Pieces, EqualTheWholeWhenRecordsAreUneven) {
  FileBytes file(
      "ply\nformat binary_little_endian 1.0\nelement vertex 50\nproperty float x\n"
      "property list uchar uchar l\nproperty float y\nproperty float z\nend_header\n");
  for (int i = 0; i < 50; ++i) {
    file.put(static_cast<float>(i)).put(static_cast<std::uint8_t>(i));
    for (int k = 0; k < i; ++k) file.put<std::uint8_t>(1);
    file.put(static_cast<float>(-i)).put(1.F);
  }
  ScanReader reader(file.bytes(), "a.ply");
  Scan sum = reader.read(3);
  while (reader.remaining() > 0) append(sum, reader.read(7));
  EXPECT_EQ(sum, parse(file, "a.ply"));
  EXPECT_EQ(sum.positions[49], (std::array<double, 3>{49, -49, 1}));
}

TEST(InvalidPoints, AreRefusedDroppedOrKept) {
  FileBytes file;
  for (const float value : {1.F, 2.F, 3.F, 0.4F, 5.F, NAN, 7.F, 0.8F, 9.F, 10.F, 11.F, NAN}) {
    file.put(value);
  }
  EXPECT_REASON(format_error(file, "a.bin"),
                "byte 16 (point 1): the position (5, nan, 7) is not finite");
  const Scan dropped = parse(file, "a.bin", {.invalid = InvalidPoints::drop});
  EXPECT_EQ(dropped.positions, (Positions{{1, 2, 3}, {9, 10, 11}}));
  EXPECT_EQ(values<float>(dropped, "intensity")[0], 0.4F);
  EXPECT_EQ(parse(file, "a.bin", {.invalid = InvalidPoints::keep}).size(), 3);
  EXPECT_REASON(format_error(FileBytes("1 2 3\n4 inf 6\n"), "a.xyz"), "point 1: the position");
}

TEST(Empty, ScansKeepTheirAttributes) {
  Scan scan = labelled_scan(0);
  for (const ScanFormat format : {ScanFormat::ply, ScanFormat::pcd, ScanFormat::npy,
                                  ScanFormat::npz, ScanFormat::las, ScanFormat::text}) {
    const Scan back = parse_scan(format_scan(scan, {.format = format}), "a", {.format = format});
    EXPECT_EQ(back.size(), 0);
    EXPECT_NE(back.find("confidence"), nullptr) << name_of(format);
  }
}

TEST(Files, AreReadAndWrittenByName) {
  TemporaryFolder folder;
  const Scan scan = labelled_scan();
  for (const char* name : {"a.ply", "a.pcd", "a.npy", "a.npz"}) {
    write_scan(folder / name, scan);
    const Scan back = read_scan(folder / name);
    EXPECT_EQ(back.positions, scan.positions) << name;
    for (const Column& column : scan.attributes) {
      const Column* other = back.find(column.name);
      ASSERT_NE(other, nullptr) << name << " " << column.name;
      if (column.name == "label" && std::string_view(name) == "a.pcd") {  // PCL's type
        EXPECT_EQ(values<std::uint32_t>(back, "label"),
                  (std::vector<std::uint32_t>{0, 1, 2, 3, 4}));
      } else {
        EXPECT_EQ(*other, column) << name;
      }
    }
  }
  write_scan(folder / "a.csv", scan);
  std::ifstream csv(folder / "a.csv");
  std::string line;
  std::getline(csv, line);
  EXPECT_EQ(line, "x,y,z,intensity,label,confidence,red,green,blue");
}

TEST(Files, AreRefusedWithOneLine) {
  TemporaryFolder folder;
  const auto reason = [](const std::filesystem::path& path) -> std::string {
    try {
      static_cast<void>(read_scan(path));
    } catch (const FormatError& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_REASON(reason(folder / "none.ply"), "there is no such file");
  EXPECT_REASON(reason(folder / ""), "is not a regular file");
  std::ofstream(folder / "empty.las").close();
  EXPECT_REASON(reason(folder / "empty.las"), "is empty");
}

TEST(Files, AppearWholeOrNotAtAll) {
  TemporaryFolder folder;
  Scan scan = labelled_scan();
  write_scan(folder / "a.las", scan);
  const Scan before = read_scan(folder / "a.las");
  scan.positions[3][0] = 1e300;
  EXPECT_THROW(write_scan(folder / "a.las", scan), std::invalid_argument);
  EXPECT_EQ(read_scan(folder / "a.las"), before);
  EXPECT_EQ(folder.entries(), 1U);
  EXPECT_THROW(write_scan(folder / "none" / "a.ply", scan), std::system_error);
  EXPECT_THROW(write_scan(folder / "a.doc", scan), std::invalid_argument);
  EXPECT_THROW(write_scan(folder / "a.laz", scan), std::invalid_argument);
  scan.attributes.push_back(scan.attributes[0]);
  EXPECT_THROW(write_scan(folder / "b.ply", scan), std::invalid_argument);
  EXPECT_EQ(folder.entries(), 1U);
}

// Every column type, several components, float64 positions, as a reader gives them: y has an origin, and
// all of them a middle.
Scan rich_scan() {
  Scan scan;
  for (int i = 0; i < 9; ++i) scan.positions.push_back({i / 3.0, 1e6 + i * 1e-3, -i * 1e-7});
  move_origin(scan, {0, 1e6, 0});
  scan.middle = {1, 1e6, 0};
  scan.set("u8", std::vector<std::uint8_t>{0, 1, 2, 3, 4, 5, 6, 254, 255});
  scan.set("i8", std::vector<std::int8_t>{-128, 1, 2, 3, 4, 5, 6, 7, 127});
  scan.set("u16", std::vector<std::uint16_t>{0, 1, 2, 3, 4, 5, 6, 7, 65535});
  scan.set("i16", std::vector<std::int16_t>{-32768, 1, 2, 3, 4, 5, 6, 7, 32767});
  scan.set("u32", std::vector<std::uint32_t>{0, 1, 2, 3, 4, 5, 6, 7, 4294967295U});
  scan.set("i32", std::vector<std::int32_t>{-2147483647, 1, 2, 3, 4, 5, 6, 7, 2147483647});
  scan.set("u64", std::vector<std::uint64_t>{0, 1, 2, 3, 4, 5, 6, 7, ~std::uint64_t{0}});
  scan.set("i64", std::vector<std::int64_t>{INT64_MIN, 1, 2, 3, 4, 5, 6, 7, INT64_MAX});
  scan.set("f32", std::vector<float>{1e-45F, 3.4e38F, -0.0F, INFINITY, 0.1F, 1e-7F, 2, 3, 4});
  scan.set("f64", std::vector<double>{5e-324, 1.7e308, -0.0, -INFINITY, 0.1, 1e-7, 2, 3, 4});
  scan.set("pair",
           std::vector<std::int16_t>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18},
           2);
  return scan;
}

Scan without(Scan scan, const std::vector<std::string>& dropped) {
  std::erase_if(scan.attributes, [&](const Column& column) {
    return std::ranges::find(dropped, column.name) != dropped.end();
  });
  return scan;
}

struct Written {
  ScanFormat format;
  Encoding encoding;
};

// The forms that hold every column type and several components.
constexpr Written kRich[] = {{ScanFormat::pcd, Encoding::binary},
                             {ScanFormat::pcd, Encoding::ascii},
                             {ScanFormat::npy, Encoding::binary},
                             {ScanFormat::npz, Encoding::binary}};

TEST(RoundTrips, KeepEverythingBetweenEveryPair) {
  const Scan scan = rich_scan();
  for (const Written& first : kRich) {
    const auto there =
        format_scan(scan, {.format = first.format, .encoding = first.encoding, .wide = true});
    const Scan once = parse_scan(there, "a");
    EXPECT_EQ(once, scan) << name_of(first.format);
    for (const Written& second : kRich) {
      const auto back =
          format_scan(once, {.format = second.format, .encoding = second.encoding, .wide = true});
      EXPECT_EQ(parse_scan(back, "a"), scan)
          << name_of(first.format) << " to " << name_of(second.format);
    }
  }
}

TEST(RoundTrips, KeepWhatPlyHolds) {
  const Scan scan = without(rich_scan(), {"u64", "i64", "pair"});
  for (const Encoding encoding : {Encoding::binary, Encoding::ascii, Encoding::big_endian}) {
    const auto bytes = format_scan(scan, {.format = ScanFormat::ply, .encoding = encoding});
    EXPECT_EQ(parse_scan(bytes, "a"), scan);
  }
  const Scan pairs = parse_scan(
      format_scan(without(rich_scan(), {"u64", "i64"}), {.format = ScanFormat::ply}), "a");
  EXPECT_EQ(values<std::int16_t>(pairs, "pair_1"),
            (std::vector<std::int16_t>{2, 4, 6, 8, 10, 12, 14, 16, 18}));
}

TEST(RoundTrips, KeepEveryAttributeInLas) {
  const Scan scan = rich_scan();
  const Scan back = parse_scan(format_scan(scan, {.format = ScanFormat::las}), "a");
  for (const Column& column : scan.attributes) {
    ASSERT_NE(back.find(column.name), nullptr) << column.name;
    EXPECT_EQ(*back.find(column.name), column);
  }
}

TEST(RoundTrips, KeepValuesInText) {
  const Scan scan = without(rich_scan(), {"u64", "i64", "pair"});
  const Scan back = parse_scan(format_scan(scan, {.format = ScanFormat::text}), "a");
  EXPECT_EQ(back.positions, scan.positions);
  for (const Column& column : scan.attributes) {
    const Column* other = back.find(column.name);
    ASSERT_NE(other, nullptr) << column.name;
    for (std::int64_t i = 0; i < scan.size(); ++i) {
      const double value = column.as_double(i);
      const double read = other->as_double(i);
      const bool narrow = column.type() == ColumnType::f32;
      EXPECT_EQ(narrow ? static_cast<float>(read) : read, value) << column.name;
    }
  }
  EXPECT_EQ(parse_scan(format_scan(back, {.format = ScanFormat::text}), "a"), back);
}

TEST(RoundTrips, KeepFloatPositionsAsFloats) {
  const Scan scan = labelled_scan(100);
  for (const ScanFormat format :
       {ScanFormat::ply, ScanFormat::pcd, ScanFormat::npy, ScanFormat::npz, ScanFormat::kitti}) {
    const Scan back = parse_scan(format_scan(scan, {.format = format}), "a", {.format = format});
    EXPECT_EQ(back.positions, scan.positions) << name_of(format);
    EXPECT_EQ(back.position_type, ColumnType::f32) << name_of(format);
  }
}

}  // namespace
}  // namespace voxloom::test
