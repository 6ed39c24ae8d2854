// What is done to surveys: cropped, thinned, moved, merged and split; and what LAS files say of their coordinates.
#include "voxloom/survey.h"

#include <fmt/core.h>

#include <cmath>
#include <functional>
#include <limits>

#include "io/support.h"

namespace voxloom::test {
namespace {

// A grid of points, 1 m apart, around (500000, 5400000).
Scan grid(std::int64_t side) {
  Scan scan;
  scan.origin = {500000, 5400000, 0};
  std::vector<std::uint16_t> numbers;
  for (std::int64_t i = 0; i < side * side; ++i) {
    scan.positions.push_back({static_cast<double>(i % side), static_cast<double>(i / side), 0.25});
    numbers.push_back(static_cast<std::uint16_t>(i));
  }
  scan.set("number", numbers);
  return scan;
}

std::vector<std::int64_t> numbers_of(const Scan& scan) {
  std::vector<std::int64_t> numbers;
  for (std::int64_t i = 0; i < scan.size(); ++i) {
    numbers.push_back(static_cast<std::int64_t>(scan.find("number")->as_double(i)));
  }
  return numbers;
}

std::string refusal(const std::function<void()>& call) {
  try {
    call();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "nothing was refused";
}

using Numbers = std::vector<std::int64_t>;

TEST(Survey, CropsWithItsEdges) {
  const Scan scan = grid(4);
  EXPECT_EQ(points_within(scan, {.low = {500001, 5400002}, .high = {500002, 5400003}}),
            (Numbers{9, 10, 13, 14}));
  EXPECT_EQ(points_within(scan, {.low = {0, 0}, .high = {1e7, 1e7}, .height = Interval{0.25, 0.25}})
                .size(),
            16U);
  EXPECT_TRUE(
      points_within(scan, {.low = {0, 0}, .high = {1e7, 1e7}, .height = Interval{1, 2}}).empty());
  EXPECT_NE(refusal([&] {
              (void)points_within(scan, {.low = {1, 0}, .high = {0, 1}});
            }).find("[crop] expected the lower corner first, got 1 0 0 1"),
            std::string::npos);
  EXPECT_NE(refusal([&] {
              (void)points_within(scan, {.low = {0, 0}, .high = {1, 1}, .height = Interval{5, 1}});
            }).find("[crop] expected the lower height first, got 5 1"),
            std::string::npos);
}

TEST(Survey, NothingHoldsWhatIsNotFinite) {
  Scan scan = grid(2);
  scan.positions[1][2] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(points_within(scan, {.low = {0, 0}, .high = {1e7, 1e7}}), (Numbers{0, 2, 3}));
  EXPECT_EQ(thinned_points(scan, 100), (Numbers{0, 1})) << "what is in no voxel stays";
  EXPECT_NE(refusal([&] { (void)parts_by_tile(scan, 1); }).find("point 1"), std::string::npos);
}

TEST(Survey, CoordinatesAreWhereThePoseTakesThem) {
  Scan scan = grid(2);
  scan.pose = kIdentityPose;
  (*scan.pose)[0][3] = 7;
  EXPECT_EQ(points_within(scan, {.low = {500008, 0}, .high = {500008, 1e7}}), (Numbers{1, 3}));
  translate(scan, {1, 0, 0});
  EXPECT_EQ((*scan.pose)[0][3], 8);
  EXPECT_EQ(scan.at(0)[0], 500000);
}

TEST(Survey, ThinsToTheFirstPointOfAVoxel) {
  const Scan scan = grid(4);
  EXPECT_EQ(thinned_points(scan, 2), (Numbers{0, 2, 8, 10}));
  // In the other order others are first.
  const Numbers reversed = {15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0};
  const Scan backwards = pick_points(scan, reversed);
  EXPECT_EQ(numbers_of(pick_points(backwards, thinned_points(backwards, 2))),
            (Numbers{15, 13, 7, 5}));
  EXPECT_NE(refusal([&] { (void)thinned_points(scan, 0); }).find("above 0, got 0"),
            std::string::npos);
  EXPECT_NE(refusal([&] { (void)thinned_points(scan, 1e-300); }).find("too large"),
            std::string::npos);
}

TEST(Survey, VoxelsBelowZeroAreAsWide) {
  Scan scan;
  scan.positions = {{-0.5, 0, 0}, {0.5, 0, 0}, {-1.5, 0, 0}};
  EXPECT_EQ(thinned_points(scan, 2).size(), 2U);
}

TEST(Survey, PicksAllThatAPointHas) {
  Scan scan = grid(2);
  scan.set("pair", std::vector<float>{0, 1, 2, 3, 4, 5, 6, 7}, 2);
  scan.intensity_range = Interval{0, 1};
  scan.comments = {"class 40 128 64 128 road"};
  const Scan picked = pick_points(scan, Numbers{3, 0});
  EXPECT_EQ(numbers_of(picked), (Numbers{3, 0}));
  EXPECT_EQ(picked.find("pair")->span<float>()[0], 6);
  EXPECT_EQ(picked.find("pair")->span<float>()[3], 1);
  EXPECT_EQ(picked.at(0), scan.at(3));
  EXPECT_EQ(picked.intensity_range, scan.intensity_range);
  EXPECT_EQ(picked.comments, scan.comments);
  EXPECT_THROW((void)pick_points(scan, Numbers{4}), std::out_of_range);
}

TEST(Survey, ShiftsTheLatticeWithThePoints) {
  Scan scan = grid(2);
  scan.quantization = Quantization{.offset = {500000, 5400000, 0}};
  scan.viewpoint = kIdentityPose;
  const std::array<double, 3> by = {-499000, -5399000, 0.5};
  translate(scan, by);
  EXPECT_EQ(scan.at(3), (std::array<double, 3>{1001, 1001, 0.75}));
  EXPECT_EQ(scan.quantization->offset, (std::array<double, 3>{1000, 1000, 0.5}));
  EXPECT_EQ((*scan.viewpoint)[2][3], 0.5);
  EXPECT_EQ(scan.origin, (std::array<double, 3>{0, 0, 0})) << "near 0 there is none, as when read";
  for (const double far : {std::nan(""), 1e300, -2e12}) {
    EXPECT_NE(refusal([&] {
                translate(scan, {0, far, 0});
              }).find("[shift] expected numbers up to 1000000000000 either way, got 0 "),
              std::string::npos)
        << far;
  }
}

TEST(Survey, ShiftedFloat32PositionsNeedNotFit) {
  Scan scan;
  scan.positions = {{1.5, 2, 3}};
  scan.position_type = ColumnType::f32;
  translate(scan, {5e6, 0, 0});
  EXPECT_EQ(scan.position_type, ColumnType::f64);
  EXPECT_EQ(scan.at(0)[0], 5000001.5);
}

TEST(Survey, ReadsPiecesOfABox) {
  const Scan scan = grid(3);
  const std::vector<std::byte> bytes = format_scan(scan, {.format = ScanFormat::npz});
  ScanReader reader(bytes, "a.npz");
  const CroppedScan cropped =
      read_within(reader, {.low = {500000, 5400001}, .high = {500009, 5400001}});
  EXPECT_EQ(numbers_of(cropped.scan), (Numbers{3, 4, 5}));
  EXPECT_EQ(cropped.outside, 6);
  EXPECT_EQ(cropped.not_finite, 0);
  EXPECT_EQ(cropped.scan.at(1), scan.at(4));
}

TEST(Survey, MergesColumnsByName) {
  Scan a = grid(1), b = grid(1);
  a.set("intensity", std::vector<std::uint8_t>{200});
  a.set("angle", std::vector<float>{0.5F});
  b.attributes.clear();
  b.set("intensity", std::vector<std::int16_t>{-3});
  b.set("number", std::vector<std::uint16_t>{9});
  std::vector<std::string> notes;
  const Scan merged = merge_scans({{"a.las", a}, {"b.las", b}},
                                  [&](const std::string& note) { notes.push_back(note); });
  EXPECT_EQ(numbers_of(merged), (Numbers{0, 9}));
  ASSERT_EQ(merged.find("intensity")->type(), ColumnType::i16);
  EXPECT_EQ(merged.find("intensity")->as_double(0), 200);
  EXPECT_EQ(merged.find("intensity")->as_double(1), -3);
  EXPECT_TRUE(std::isnan(merged.find("angle")->as_double(1)));
  EXPECT_EQ(notes, (std::vector<std::string>{
                       "a.las: intensity is uint8, in the merged scan int16: its values are kept "
                       "as they are",
                       "b.las has no angle (nan): that is what its 1 points get"}));
}

TEST(Survey, MergesTypesThatHoldBoth) {
  const auto type_of = [](const Column::Values& a, const Column::Values& b) {
    Scan one = grid(1), other = grid(1);
    one.set(Column{"c", 1, a});
    other.set(Column{"c", 1, b});
    return merge_scans({{"a", one}, {"b", other}}).find("c")->type();
  };
  using U8 = std::vector<std::uint8_t>;
  using I8 = std::vector<std::int8_t>;
  using U32 = std::vector<std::uint32_t>;
  using I32 = std::vector<std::int32_t>;
  using U64 = std::vector<std::uint64_t>;
  using F32 = std::vector<float>;
  EXPECT_EQ(type_of(U8{1}, I8{1}), ColumnType::i16);
  EXPECT_EQ(type_of(U32{1}, I32{1}), ColumnType::i64);
  EXPECT_EQ(type_of(U8{1}, U32{1}), ColumnType::u32);
  EXPECT_EQ(type_of(U8{1}, F32{1}), ColumnType::f32);
  EXPECT_EQ(type_of(F32{1}, I32{1}), ColumnType::f64);
  EXPECT_EQ(refusal([&] { (void)type_of(U64{1}, I32{1}); }),
            "[merge] b: the attribute 'c' is int32, in other scans uint64: no type holds both");
  EXPECT_NE(refusal([&] { (void)type_of(U64{1}, F32{1}); }).find("no type holds both"),
            std::string::npos);
}

TEST(Survey, MergedScansHaveOneOriginAndOneLattice) {
  Scan a = grid(2), b = grid(2);
  a.quantization = Quantization{.offset = {500000, 5400000, 0}};
  b.quantization = Quantization{.offset = {500000.005, 5400000, 0}};
  translate(b, {20000, 0, 0});
  Scan merged = merge_scans({{"a", a}, {"b", b}});
  EXPECT_EQ(merged.quantization, a.quantization);
  EXPECT_EQ(merged.at(4)[0], 520000);
  const Scan nothing = pick_points(b, {});
  EXPECT_EQ(merge_scans({{"a", a}, {"none", nothing}}).quantization, a.quantization);
  EXPECT_EQ(merge_scans({{"none", nothing}, {"a", a}}).quantization, nothing.quantization);
  b.quantization->offset[0] += 0.0005;
  EXPECT_FALSE(merge_scans({{"a", a}, {"b", b}}).quantization) << "half a step beside";
  b.quantization->offset[0] -= 0.0005;
  translate(b, {3e6, 0, 0});
  EXPECT_FALSE(merge_scans({{"a", a}, {"b", b}}).quantization) << "beyond 32-bit integers";
}

TEST(Survey, MergedFloat32PositionsOfTwoOriginsNeedNotFit) {
  Scan near, far;
  near.positions = far.positions = {{0.0625F, 1, 2}};
  near.position_type = far.position_type = ColumnType::f32;
  far.origin = {7e6, 0, 0};
  const Scan merged = merge_scans({{"a", near}, {"b", far}});
  EXPECT_EQ(merged.position_type, ColumnType::f64);
  EXPECT_EQ(merged.at(0)[0], 0.0625);
  EXPECT_EQ(merged.at(1)[0], 7000000.0625);
}

TEST(Survey, SplitsByValuesInOrder) {
  Scan scan = grid(2);
  scan.set("class", std::vector<std::int32_t>{6, -1, 6, 2});
  const std::vector<ScanPart> parts = parts_by_column(scan, "class");
  ASSERT_EQ(parts.size(), 3U);
  EXPECT_EQ(parts[0].name, "-1");
  EXPECT_EQ(parts[2].name, "6");
  EXPECT_EQ(parts[2].points, (Numbers{0, 2}));
  scan.set("part", std::vector<float>{0, 0.5F, 1, 2});
  EXPECT_EQ(refusal([&] { (void)parts_by_column(scan, "part"); }),
            "[split] the attribute 'part' of point 1 is 0.5, not a whole number");
  EXPECT_NE(refusal([&] { (void)parts_by_column(scan, "none"); }).find("no attribute 'none'"),
            std::string::npos);
}

TEST(Survey, RefusesTooManyParts) {
  const Scan scan = grid(101);
  EXPECT_EQ(refusal([&] { (void)parts_by_column(scan, "number"); }),
            "[split] there are more than 10000 parts");
  EXPECT_EQ(refusal([&] { (void)parts_by_tile(scan, 1); }),
            "[split] there are more than 10000 parts");
}

TEST(Survey, SplitsIntoSquares) {
  const Scan scan = grid(4);
  const std::vector<ScanPart> parts = parts_by_tile(scan, 2);
  ASSERT_EQ(parts.size(), 4U);
  EXPECT_EQ(parts[0].name, "500000_5400000");
  EXPECT_EQ(parts[1].name, "500000_5400002");
  EXPECT_EQ(parts[1].points, (Numbers{8, 9, 12, 13}));
}

// --- coordinate systems ---

std::vector<std::byte> record(std::uint16_t id, std::string_view content) {
  FileBytes bytes("\1\1LASF_Projection");
  bytes.pad(54).at(18, id).at(20, static_cast<std::uint16_t>(content.size())).text(content);
  return {bytes.bytes().begin(), bytes.bytes().end()};
}

std::string system_of(std::vector<std::vector<std::byte>> records) {
  Scan scan;
  scan.las = LasRecords{.vlrs = std::move(records)};
  const auto system = coordinate_system(scan);
  return system ? to_string(*system) : "none";
}

TEST(CoordinateSystem, OfWellKnownText) {
  EXPECT_EQ(system_of({record(
                2112, R"(PROJCS["ETRS89 / UTM zone 32N",GEOGCS["ETRS89",UNIT["degree",0.017,)"
                      R"(AUTHORITY["EPSG","9122"]],AUTHORITY["EPSG","4258"]],UNIT["metre",1,)"
                      R"(AUTHORITY["EPSG","9001"]],AUTHORITY["EPSG","25832"]])")}),
            "ETRS89 / UTM zone 32N (EPSG:25832), in metre");
  EXPECT_EQ(
      system_of({record(
          2112, R"(PROJCRS["NAD83 / x", BASEGEOGCRS["NAD83",ID["EPSG",4269]],)"
                R"(CS[Cartesian,2], LENGTHUNIT["US survey foot",0.3048], ID["EPSG",2272]])")}),
      "NAD83 / x (EPSG:2272), in US survey foot");
  EXPECT_EQ(system_of({record(
                2112, R"(COMPD_CS["both",PROJCS["p",UNIT["metre",1],AUTHORITY["EPSG","31467"]],)"
                      R"(VERT_CS["v",AUTHORITY["EPSG","5783"]]])")}),
            "both (EPSG:31467), in metre; heights: v (EPSG:5783)");
  // Version 2, with the unit in the axis, and an extent that is no system.
  EXPECT_EQ(system_of({record(2112, R"(COMPOUNDCRS["c",PROJCRS["p",ID["EPSG",25832],)"
                                    R"(USAGE[VERTICALEXTENT[-9,9,LENGTHUNIT["foot",0.3]]]],)"
                                    R"(VERTCRS["DHHN2016 height",VDATUM["d",ID["EPSG",1170]],)"
                                    R"(CS[vertical,1],AXIS["up",up,LENGTHUNIT["metre",1]],)"
                                    R"(ID["EPSG",7837]],ID["EPSG",9932]])")}),
            "c (EPSG:9932); heights: DHHN2016 height (EPSG:7837), in metre");
  // One behind the other.
  EXPECT_EQ(system_of({record(2112, R"(PROJCS["p",AUTHORITY["EPSG","2272"]],VERT_CS["v",)"
                                    R"(VERT_DATUM["d",2005,AUTHORITY["EPSG","5103"]],)"
                                    R"(UNIT["US survey foot",0.3],AUTHORITY["EPSG","6360"]])")}),
            "p (EPSG:2272); heights: v (EPSG:6360), in US survey foot");
}

TEST(CoordinateSystem, OfGeoKeys) {
  FileBytes keys;
  const auto key = [&](std::initializer_list<std::uint16_t> parts) {
    for (const std::uint16_t part : parts) keys.put(part);
  };
  key({1, 1, 0, 4, 1024, 0, 1, 1, 3072, 0, 1, 32633, 3073, 34737, 5, 3, 3076, 0, 1, 9001});
  const std::string content(reinterpret_cast<const char*>(keys.bytes().data()), keys.size());
  EXPECT_EQ(system_of({record(34735, content), record(34737, "xx|zone|")}),
            "zone (EPSG:32633), in metre");
  EXPECT_EQ(system_of({record(34735, content)}), "EPSG:32633, in metre") << "without its texts";
  key({4096, 0, 1, 5703, 4099, 0, 1, 9003});
  const std::string more(reinterpret_cast<const char*>(keys.bytes().data()), keys.size());
  EXPECT_EQ(system_of({record(34735, more)}),
            "EPSG:32633, in metre; heights: EPSG:5703, in US survey foot");
}

TEST(CoordinateSystem, IsNoneOfWhatSaysNothing) {
  EXPECT_EQ(system_of({}), "none");
  for (const char* text : {"", "]]]", "[[[[", "\"", "PROJCS[\"", "AUTHORITY[\"EPSG\",\"x\"]"}) {
    EXPECT_NO_THROW((void)system_of({record(2112, text)})) << text;
  }
  EXPECT_EQ(system_of({record(2112, std::string(5000, '['))}), "none");
  EXPECT_EQ(system_of({record(34735, std::string(7, '\1'))}), "none");
  EXPECT_EQ(system_of({std::vector<std::byte>(10)}), "none") << "shorter than its header";
  EXPECT_EQ(system_of({record(2112, "LOCAL_CS[\"a\x1b[31mb\"]")}), "a?[31mb");
}

TEST(CoordinateSystem, MustBeOneToMerge) {
  const auto scan_in = [](const char* name, int number) {
    Scan scan = grid(1);
    scan.las =
        LasRecords{.vlrs = {record(
                       2112, fmt::format(R"(PROJCS["{}",AUTHORITY["EPSG","{}"]])", name, number))}};
    return scan;
  };
  Scan none = grid(1);
  none.las = LasRecords{};
  std::vector<std::string> notes;
  const Scan merged = merge_scans({{"n.las", none}, {"a.las", scan_in("one", 25832)}},
                                  [&](const std::string& note) { notes.push_back(note); });
  EXPECT_EQ(coordinate_system(merged)->epsg, 25832);
  EXPECT_EQ(notes, std::vector<std::string>{"n.las does not say its coordinate system: taken for "
                                            "a.las's, one (EPSG:25832)"});
  EXPECT_NO_THROW((void)merge_scans({{"a", scan_in("one", 1)}, {"b", scan_in("1", 1)}}));
  EXPECT_EQ(refusal([&] {
              (void)merge_scans({{"a.las", scan_in("one", 1)}, {"b.las", scan_in("two", 2)}});
            }),
            "[merge] a.las is in one (EPSG:1), b.las in two (EPSG:2): bring them into one "
            "coordinate system first");
}

TEST(CoordinateSystem, OfHeightsMustBeOneToMerge) {
  const auto scan_in = [](const std::string& heights) {
    Scan scan = grid(1);
    const std::string text = R"(COMPD_CS["c",PROJCS["p",AUTHORITY["EPSG","25832"]])";
    scan.las = LasRecords{.vlrs = {record(2112, text + heights + "]")}};
    return scan;
  };
  const Scan ellipsoid = scan_in(R"(,VERT_CS["e",UNIT["metre",1],AUTHORITY["EPSG","4979"]])"),
             geoid = scan_in(R"(,VERT_CS["g",UNIT["metre",1],AUTHORITY["EPSG","7837"]])"),
             feet = scan_in(R"(,VERT_CS["g",UNIT["foot",0.3048],AUTHORITY["EPSG","7837"]])"),
             plane = scan_in("");
  EXPECT_EQ(refusal([&] {
              (void)merge_scans({{"a.las", ellipsoid}, {"b.las", geoid}});
            }),
            "[merge] a.las is in c (EPSG:25832); heights: e (EPSG:4979), in metre, b.las in c "
            "(EPSG:25832); heights: g (EPSG:7837), in metre: bring them into one coordinate "
            "system first");
  EXPECT_NE(refusal([&] {
              (void)merge_scans({{"a", geoid}, {"b", feet}});
            }).find("in foot"),
            std::string::npos);
  EXPECT_NE(refusal([&] {
              (void)merge_scans({{"a", plane}, {"b", ellipsoid}, {"c", geoid}});
            }).find("b is in"),
            std::string::npos)
      << "whichever comes first";
  std::vector<std::string> notes;
  const Scan merged = merge_scans({{"a.las", plane}, {"b.las", geoid}, {"c.las", geoid}},
                                  [&](const std::string& note) { notes.push_back(note); });
  EXPECT_EQ(coordinate_system(merged)->heights->epsg, 7837);
  EXPECT_EQ(notes, std::vector<std::string>{
                       "a.las does not say what its heights mean: taken for what b.las says, "
                       "c (EPSG:25832); heights: g (EPSG:7837), in metre"});
}

TEST(CoordinateSystem, OfTwoTimesIsRefused) {
  Scan a = grid(1), b = grid(1);
  a.set("gps_time", std::vector<double>{1});
  b.set("gps_time", std::vector<double>{1});
  a.las = LasRecords{.encoding = 1};
  b.las = LasRecords{.encoding = 0};
  EXPECT_NE(refusal([&] {
              (void)merge_scans({{"a", a}, {"b", b}});
            }).find("different days"),
            std::string::npos);
}

TEST(CoordinateSystem, IsSaidWhereAFormatHasNoPlaceForIt) {
  Scan scan = grid(1);
  scan.las = LasRecords{.vlrs = {record(2112, "LOCAL_CS[\"site\"]")}};
  std::vector<std::string> notes;
  const OnNote note = [&](const std::string& text) { notes.push_back(text); };
  (void)format_scan(scan, {.format = ScanFormat::las, .on_note = note});
  EXPECT_TRUE(notes.empty());
  (void)format_scan(scan, {.format = ScanFormat::ply, .on_note = note});
  EXPECT_EQ(notes, std::vector<std::string>{
                       "the coordinate system, site, is not kept: ply has no place for it"});
}

}  // namespace
}  // namespace voxloom::test
