#include <cmath>

#include "io/support.h"
#include "voxloom/survey.h"

namespace voxloom::test {
namespace {

constexpr std::size_t kOldSizes[] = {20, 28, 26, 34, 57, 63, 30, 36, 38, 59, 67};

// A header of version 1.`minor` with `points` records behind it, all zeros.
FileBytes las_file(int minor, int format, std::uint32_t points, std::size_t extra = 0) {
  const std::uint16_t header = minor == 4 ? 375 : minor == 3 ? 235 : 227;
  const auto record = static_cast<std::uint16_t>(kOldSizes[format] + extra);
  FileBytes file("LASF");
  file.pad(header);
  file.at<std::uint8_t>(24, 1).at(25, static_cast<std::uint8_t>(minor)).at(94, header);
  file.at<std::uint32_t>(96, header).at(104, static_cast<std::uint8_t>(format)).at(105, record);
  if (minor == 4) {
    file.at<std::uint64_t>(247, points);
  } else {
    file.at(107, points);
  }
  for (std::size_t axis = 0; axis < 3; ++axis) {
    file.at(131 + 8 * axis, 0.01).at(155 + 8 * axis, 100.0 * static_cast<double>(axis));
  }
  return file.pad(header + std::size_t{record} * points);
}

TEST(Las, ReadsFormat3) {
  FileBytes file = las_file(2, 3, 2);
  const std::size_t p = 227 + 34;  // the second point
  file.at<std::int32_t>(p, -150).at<std::int32_t>(p + 4, 7).at<std::int32_t>(p + 8, 2147483647);
  file.at<std::uint16_t>(p + 12, 65535);
  file.at<std::uint8_t>(p + 14, 0b10'011'010).at<std::uint8_t>(p + 15, 0b101'00110);
  file.at<std::int8_t>(p + 16, -90).at<std::uint8_t>(p + 17, 5).at<std::uint16_t>(p + 18, 513);
  file.at(p + 20, 1234.5).at<std::uint16_t>(p + 28, 65280).at<std::uint16_t>(p + 30, 1);
  const Scan scan = parse(file, "a.las");
  EXPECT_EQ(scan.positions[1],
            (std::array<double, 3>{0 + 0.01 * -150, 100 + 0.01 * 7, 200 + 0.01 * 2147483647}));
  EXPECT_EQ(scan.position_type, ColumnType::f64);
  ASSERT_TRUE(scan.quantization.has_value());
  EXPECT_EQ(scan.quantization->offset, (std::array<double, 3>{0, 100, 200}));
  const auto second = [&](std::string_view name) { return scan.find(name)->as_double(1); };
  EXPECT_EQ(second("intensity"), 65535);
  EXPECT_EQ(second("return_number"), 2);
  EXPECT_EQ(second("number_of_returns"), 3);
  EXPECT_EQ(second("scan_direction_flag"), 0);
  EXPECT_EQ(second("edge_of_flight_line"), 1);
  EXPECT_EQ(second("classification"), 6);
  EXPECT_EQ(second("synthetic"), 1);
  EXPECT_EQ(second("key_point"), 0);
  EXPECT_EQ(second("withheld"), 1);
  EXPECT_EQ(second("scan_angle_rank"), -90);
  EXPECT_EQ(second("user_data"), 5);
  EXPECT_EQ(second("point_source_id"), 513);
  EXPECT_EQ(second("gps_time"), 1234.5);
  EXPECT_EQ(second("red"), 65280);
  EXPECT_EQ(second("green"), 1);
}

TEST(Las, ReadsFormat10) {
  FileBytes file = las_file(4, 10, 1);
  const std::size_t p = 375;
  file.at<std::uint8_t>(p + 14, 0xf3).at<std::uint8_t>(p + 15, 0b01'10'1001);
  file.at<std::uint8_t>(p + 16, 200).at<std::int16_t>(p + 18, -30000).at(p + 22, -1.5);
  file.at<std::uint16_t>(p + 36, 77).at<std::uint64_t>(p + 39, 1ULL << 40U).at(p + 63, 2.5F);
  const Scan scan = parse(file, "a.las");
  const auto first = [&](std::string_view name) { return scan.find(name)->as_double(0); };
  EXPECT_EQ(first("return_number"), 3);
  EXPECT_EQ(first("number_of_returns"), 15);
  EXPECT_EQ(first("synthetic"), 1);
  EXPECT_EQ(first("overlap"), 1);
  EXPECT_EQ(first("scanner_channel"), 2);
  EXPECT_EQ(first("scan_direction_flag"), 1);
  EXPECT_EQ(first("classification"), 200);
  EXPECT_EQ(first("scan_angle"), -30000);
  EXPECT_EQ(first("gps_time"), -1.5);
  EXPECT_EQ(first("nir"), 77);
  EXPECT_EQ(first("wave_offset"), 0x1p40);
  EXPECT_EQ(first("wave_dz"), 2.5);
}

TEST(Las, ReadsEveryFormat) {
  for (int format = 0; format < 11; ++format) {
    const Scan scan = parse(las_file(format < 4 ? 2 : format < 6 ? 3 : 4, format, 3), "a.las");
    EXPECT_EQ(scan.size(), 3) << format;
    EXPECT_EQ(scan.find("gps_time") != nullptr, format != 0 && format != 2) << format;
    EXPECT_EQ(scan.find("wave_dx") != nullptr, format == 4 || format == 5 || format >= 9) << format;
  }
}

// One record with a scaled int16 and a pair of uint8, and three bytes that nobody describes.
FileBytes with_extra_bytes() {
  FileBytes file = las_file(4, 6, 1, 2 + 2 + 3);
  FileBytes vlr;
  vlr.pad(54 + 2 * 192);
  vlr.at<std::uint16_t>(18, 4).at<std::uint16_t>(20, 2 * 192);
  const std::string_view user = "LASF_Spec";
  for (std::size_t i = 0; i < user.size(); ++i) vlr.at(2 + i, user[i]);
  vlr.at<std::uint8_t>(54 + 2, 4).at<std::uint8_t>(54 + 3, 24).at(54 + 4, 'h');
  vlr.at(54 + 112, 0.5).at(54 + 136, 10.0);
  vlr.at<std::uint8_t>(246 + 2, 11).at(246 + 4, 'p');
  FileBytes whole;
  const std::string_view old(reinterpret_cast<const char*>(file.bytes().data()), file.size());
  whole.text(old.substr(0, 375));
  whole.text({reinterpret_cast<const char*>(vlr.bytes().data()), vlr.size()});
  whole.text(old.substr(375));
  whole.at(96, static_cast<std::uint32_t>(375 + vlr.size())).at<std::uint32_t>(100, 1);
  const std::size_t extra = 375 + vlr.size() + 30;
  whole.at<std::int16_t>(extra, -3).at<std::uint8_t>(extra + 2, 8).at<std::uint8_t>(extra + 3, 9);
  return whole.at<std::uint8_t>(extra + 5, 42);
}

TEST(Las, ReadsExtraBytes) {
  const Scan scan = parse(with_extra_bytes(), "a.las");
  EXPECT_EQ(values<double>(scan, "h"), std::vector<double>{10 + 0.5 * -3});
  EXPECT_EQ(values<std::uint8_t>(scan, "p"), (std::vector<std::uint8_t>{8, 9}));
  EXPECT_EQ(values<std::uint8_t>(scan, "extra_bytes"), (std::vector<std::uint8_t>{0, 42, 0}));
}

TEST(Las, RefusesBadHeaders) {
  const auto reason = [](FileBytes file) { return format_error(file, "a.las"); };
  EXPECT_REASON(reason(FileBytes("LASF")), "byte 0: 227 bytes expected, but the file ends at 4");
  EXPECT_REASON(format_error(FileBytes("LAZF"), "a.laz"), "does not start like one");
  EXPECT_REASON(reason(las_file(2, 0, 1).at<std::uint8_t>(24, 2)), "byte 24: version 2.2");
  EXPECT_REASON(reason(las_file(2, 0, 1).at<std::uint8_t>(25, 5)), "version 1.5");
  EXPECT_REASON(reason(las_file(2, 0, 1).at<std::uint16_t>(94, 100)), "a header of 100 bytes");
  EXPECT_REASON(reason(las_file(2, 0, 1).at<std::uint8_t>(104, 0x81)),
                "byte 104: the points are compressed (LAZ or COPC): unpack the file to LAS first");
  EXPECT_REASON(reason(las_file(2, 0, 1).at<std::uint8_t>(104, 11)), "point format 11");
  EXPECT_REASON(reason(las_file(2, 0, 1).at<std::uint16_t>(105, 19)),
                "records of 19 bytes are too short for point format 0, which has 20");
  EXPECT_REASON(reason(las_file(2, 0, 1).at<std::uint32_t>(96, 3)), "the points begin at byte 3");
  EXPECT_REASON(reason(las_file(2, 0, 1).at<std::uint32_t>(96, 4000)), "byte 4000");
  EXPECT_REASON(reason(las_file(2, 0, 1).at<std::uint32_t>(107, 4000000000U)),
                "byte 107: the header promises 4000000000 points of 20 bytes, but 20 bytes follow");
  EXPECT_REASON(
      reason(las_file(2, 0, 1).at<std::uint32_t>(107, 0).text("x")),
      "byte 107: the header promises no points, but 21 bytes follow, not whole records of 20");
  EXPECT_REASON(reason(las_file(4, 6, 1).at<std::uint64_t>(235, 9999).at<std::uint32_t>(243, 1)),
                "byte 235: the first EVLR is promised at byte 9999");
  EXPECT_REASON(
      reason(
          las_file(4, 6, 3).at<std::uint64_t>(235, 375).at<std::uint32_t>(243, 1).at<std::uint64_t>(
              395, 31)),
      "EVLR 0 of 1 reaches behind the end");
  EXPECT_REASON(reason(las_file(4, 6, 1).at<std::uint64_t>(247, ~std::uint64_t{0})),
                "promises 18446744073709551615 points");
  EXPECT_REASON(reason(las_file(2, 0, 1).at(131, 0.0)), "byte 131: the scale is 0");
  EXPECT_REASON(reason(las_file(2, 0, 1).at(163, std::nan(""))), "byte 163: the offset is nan");
  EXPECT_REASON(reason(las_file(2, 0, 1).at<std::uint32_t>(100, 1)),
                "VLR 0 of 1 reaches into the points");
  EXPECT_REASON(reason(with_extra_bytes().at<std::uint16_t>(375 + 20, 60000)),
                "VLR 0 of 1 reaches into the points");
  EXPECT_REASON(reason(with_extra_bytes().at<std::uint8_t>(375 + 54 + 2, 31)), "unknown type 31");
}

Scan lattice_scan() {
  Scan scan;
  scan.quantization = {{0.001, 0.002, 0.5}, {1e6, -5, 0}};
  const auto& q = *scan.quantization;
  for (const int i : {-2147483647, 0, 1, 123456789, 2147483647}) {
    scan.positions.push_back(
        {q.offset[0] + q.scale[0] * i, q.offset[1] + q.scale[1] * i, q.offset[2] + q.scale[2] * i});
  }
  return scan;
}

Scan through_las(const Scan& scan, WriteOptions options = {}) {
  options.format = ScanFormat::las;
  return parse_scan(format_scan(scan, options), "a.las");
}

std::pair<int, int> version_and_format(const Scan& scan) {
  const auto bytes = format_scan(scan, {.format = ScanFormat::las});
  return {std::to_integer<int>(bytes[25]), std::to_integer<int>(bytes[104])};
}

TEST(Las, KeepsLatticePositionsExactly) {
  const Scan back = through_las(lattice_scan());
  EXPECT_EQ(back.origin, (std::array<double, 3>{1e6, 0, 0}));
  for (std::int64_t i = 0; i < back.size(); ++i) EXPECT_EQ(back.at(i), lattice_scan().at(i));
  EXPECT_EQ(back.quantization, lattice_scan().quantization);
  EXPECT_EQ(through_las(back), back);
}

TEST(Las, KeepsItsOwnFieldsInEveryFormat) {
  for (const int format : {0, 1, 2, 3, 6, 7, 8}) {
    FileBytes file = las_file(format < 6 ? 2 : 4, format, 4);
    const std::size_t begin = file.size() - 4 * kOldSizes[format];
    for (std::size_t i = begin + 12; i < file.size(); ++i) {
      const bool position = (i - begin) % kOldSizes[format] < 12;
      // Any bytes but those that would make a NaN of the time.
      file.at(i, static_cast<std::uint8_t>(position ? 0 : (i * 37) % 120));
    }
    const Scan scan = parse(file, "a.las");
    const Scan back = through_las(scan);
    // Formats 6 and later may come back as 6 although an older one would do, never the reverse.
    for (const Column& column : scan.attributes) {
      const Column* other = back.find(column.name);
      ASSERT_NE(other, nullptr) << column.name << " of format " << format;
      EXPECT_EQ(*other, column) << column.name << " of format " << format;
    }
  }
}

TEST(Las, WritesTheOldestFormatThatFits) {
  Scan scan = lattice_scan();
  EXPECT_EQ(version_and_format(scan), (std::pair{2, 0}));
  scan.set("label", std::vector<std::uint8_t>{0, 1, 2, 3, 31});
  EXPECT_EQ(version_and_format(scan), (std::pair{2, 0}));
  EXPECT_EQ(values<std::uint8_t>(through_las(scan), "classification"),
            (std::vector<std::uint8_t>{0, 1, 2, 3, 31}));
  EXPECT_EQ(through_las(scan).find("label"), nullptr);
  scan.set("gps_time", std::vector<double>{1, 2, 3, 4, 5});
  EXPECT_EQ(version_and_format(scan), (std::pair{2, 1}));
  scan.set("red", std::vector<std::uint8_t>{0, 1, 2, 3, 255});
  EXPECT_EQ(version_and_format(scan), (std::pair{2, 3}));
  EXPECT_EQ(values<std::uint16_t>(through_las(scan), "red"),
            (std::vector<std::uint16_t>{0, 256, 512, 768, 65280}));
  scan.set("label", std::vector<std::int64_t>{0, 1, 2, 3, 255});
  EXPECT_EQ(version_and_format(scan), (std::pair{4, 7}));
  scan.set("nir", std::vector<std::uint16_t>(5, 9));
  EXPECT_EQ(version_and_format(scan), (std::pair{4, 8}));
}

TEST(Las, SpreadsFloatIntensities) {
  Scan scan = lattice_scan();
  scan.set("intensity", std::vector<float>{0, 0.25F, 0.5F, 0.999F, 1});
  EXPECT_EQ(values<std::uint16_t>(through_las(scan), "intensity"),
            (std::vector<std::uint16_t>{0, 16384, 32768, 65469, 65535}));
  scan.set("intensity", std::vector<float>{0, 2, 255, 7, 65535});
  EXPECT_EQ(values<std::uint16_t>(through_las(scan), "intensity"),
            (std::vector<std::uint16_t>{0, 2, 255, 7, 65535}));
}

// Nothing is rounded or cut: what a field does not hold is in extra bytes of its name.
TEST(Las, KeepsWhatItsFieldsDoNotHold) {
  Scan scan = lattice_scan();
  scan.set("intensity", std::vector<float>{0.4F, 1.5F, -3, 7, 70000});
  scan.set("label", std::vector<std::int32_t>{-1, 259, 0, 1, 2});
  scan.set("red", std::vector<float>{-0.5F, 0, 1, 2, 3});
  scan.set("return_number", std::vector<std::uint8_t>{1, 2, 3, 15, 16});
  std::vector<std::string> notes;
  const auto bytes =
      format_scan(scan, {.format = ScanFormat::las,
                         .on_note = [&](const std::string& note) { notes.push_back(note); }});
  const Scan back = parse_scan(bytes, "a.las");
  for (const Column& column : scan.attributes) {
    ASSERT_NE(back.find(column.name), nullptr) << column.name;
    EXPECT_EQ(*back.find(column.name), column) << column.name;
  }
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_REASON(notes[0], "the values of intensity, red, return_number in its own fields");
  // laspy refuses a file that has a name twice: the extra bytes have one of their own.
  const std::string text = as_text(bytes);
  for (const char* name : {"exact_intensity", "exact_return_number"}) {
    EXPECT_NE(text.find(name), std::string::npos) << name;
  }
  EXPECT_EQ(text.find(std::string("\0intensity", 10)), std::string::npos);
}

// Whatever readers call fields of the format is no name for extra bytes.
TEST(Las, GivesExtraBytesNamesOfTheirOwn) {
  Scan scan = lattice_scan();
  scan.set("X", std::vector<float>{1, 2, 3, 4, 5.5F});
  const auto bytes = format_scan(scan, {.format = ScanFormat::las});
  EXPECT_NE(as_text(bytes).find("exact_X"), std::string::npos);
  const Scan back = parse_scan(bytes, "a.las");
  ASSERT_NE(back.find("X"), nullptr);
  EXPECT_EQ(*back.find("X"), *scan.find("X"));
  // Names of attributes that are ours already do not collide with those that we make.
  scan.set("intensity", std::vector<float>{-1, 0, 1, 2, 3});
  scan.set("exact_intensity", std::vector<float>{5, 6, 7, 8, 9});
  scan.set("exact_exact_X", std::vector<std::uint8_t>{1, 2, 3, 4, 5});
  const Scan all = through_las(scan);
  for (const Column& column : scan.attributes) {
    ASSERT_NE(all.find(column.name), nullptr) << column.name;
    EXPECT_EQ(*all.find(column.name), column) << column.name;
  }
  // What only begins so keeps its name.
  scan.set("exact_science", std::vector<float>{1, 2, 3, 4, 5});
  EXPECT_NE(through_las(scan).find("exact_science"), nullptr);
}

TEST(Las, NumbersWhatItRenames) {
  Scan scan = lattice_scan();
  scan.set("label", std::vector<std::uint8_t>{1, 2, 3, 4, 5});
  scan.set("classification", std::vector<std::uint8_t>{6, 7, 8, 9, 10});
  scan.set("classification_2", std::vector<float>{0, 0.5F, 0, 0, 0});
  const Scan back = parse_scan(
      format_scan(scan, {.format = ScanFormat::las, .classification = "label"}), "a.las");
  EXPECT_EQ(values<std::uint8_t>(back, "classification"),
            (std::vector<std::uint8_t>{1, 2, 3, 4, 5}));
  EXPECT_EQ(values<float>(back, "classification_2")[1], 0.5F);
  EXPECT_EQ(values<std::uint8_t>(back, "classification_3"),
            (std::vector<std::uint8_t>{6, 7, 8, 9, 10}));
  // Three values at most fit a description: wider attributes get several, by numbers.
  Column wide = make_column("wide", ColumnType::u8, scan.size(), 4);
  scan.attributes.push_back(wide);
  scan.set("wide_3", std::vector<std::uint8_t>{1, 2, 3, 4, 5});
  EXPECT_THROW((void)format_scan(scan, {.format = ScanFormat::las}), std::invalid_argument);
}

TEST(Las, WritesColoursOfAnyTypeWith16Bits) {
  Scan scan = lattice_scan();
  for (const char* name : {"red", "green", "blue"}) {
    scan.set(name, std::vector<float>{0, 0.5F, 1, 0.25F, 0});
  }
  EXPECT_EQ(values<std::uint16_t>(through_las(scan), "green"),
            (std::vector<std::uint16_t>{0, 32768, 65535, 16384, 0}));
  for (const char* name : {"red", "green", "blue"}) {
    scan.set(name, std::vector<std::int32_t>{0, 79, 255, 1, 0});
  }
  const Scan once = through_las(scan);
  EXPECT_EQ(values<std::uint16_t>(once, "green"),
            (std::vector<std::uint16_t>{0, 79 * 256, 65280, 256, 0}));
  EXPECT_EQ(*through_las(once).find("green"), *once.find("green"));
  // Files whose 16 bits hold 8 stay as they are, and have the colours that they mean.
  for (const char* name : {"red", "green", "blue"}) {
    scan.set(name, std::vector<std::uint16_t>{0, 79, 255, 1, 0});
  }
  EXPECT_EQ(values<std::uint16_t>(through_las(scan), "green"),
            (std::vector<std::uint16_t>{0, 79, 255, 1, 0}));
  EXPECT_EQ((*byte_colours(scan))[1], (std::vector<std::uint8_t>{0, 79, 255, 1, 0}));
  EXPECT_EQ((*byte_colours(once))[1], (std::vector<std::uint8_t>{0, 79, 255, 1, 0}));
}

TEST(Las, TakesTheOlderCountAndCountsWhatIsThere) {
  FileBytes legacy = las_file(4, 0, 2).at<std::uint64_t>(247, 0).at<std::uint32_t>(107, 2);
  EXPECT_EQ(parse(legacy, "a.las").size(), 2);
  // What lies behind the points that were counted is none of them.
  FileBytes longer = las_file(4, 0, 3).at<std::uint64_t>(247, 0).at<std::uint32_t>(107, 2);
  std::vector<std::string> notes;
  const ReadOptions options{.on_note = [&](const std::string& note) { notes.push_back(note); }};
  EXPECT_EQ(parse(longer, "a.las", options).size(), 2);
  EXPECT_EQ(notes, std::vector<std::string>{
                       "20 bytes behind the 2 points that the header promises are not read"});
  notes.clear();
  EXPECT_EQ(parse(las_file(2, 0, 3).at<std::uint32_t>(107, 0), "a.las", options).size(), 3);
  EXPECT_EQ(notes,
            std::vector<std::string>{"the header promises no points, but there are 3: read"});
  EXPECT_EQ(parse(las_file(2, 0, 0), "a.las").size(), 0);
}

// The records behind the points are no points, however many the header promises.
TEST(Las, TakesNoRecordBehindThePointsForPoints) {
  FileBytes file = las_file(4, 0, 2);
  const std::size_t end = file.size();
  file.pad(end + 60 + 100);
  file.at<std::uint64_t>(235, end).at<std::uint32_t>(243, 1).at<std::uint64_t>(end + 20, 100);
  EXPECT_EQ(parse(file, "a.las").size(), 2);
  file.at<std::uint64_t>(247, 5);
  EXPECT_REASON(format_error(file, "a.las"), "bytes follow before the first EVLR");
}

TEST(Las, KeepsAnglesTimesAndRecords) {
  FileBytes file = las_file(2, 1, 1);
  file.at<std::uint16_t>(6, 1).at<std::int8_t>(227 + 16, -30);
  Scan scan = parse(file, "a.las");
  ASSERT_TRUE(scan.las.has_value());
  std::vector<std::byte> vlr(54 + 3, std::byte{7}), evlr(60 + 5, std::byte{9});
  const std::uint16_t three = 3;
  const std::uint64_t five = 5;
  std::memcpy(vlr.data() + 20, &three, 2);
  std::memcpy(evlr.data() + 20, &five, 8);
  scan.las->vlrs = {vlr};
  scan.las->evlrs = {evlr};
  scan.set("more", std::vector<float>{1.5F});  // which makes it 1.4
  const Scan back = through_las(scan);
  EXPECT_EQ(values<std::int16_t>(back, "scan_angle"), std::vector<std::int16_t>{-5000});
  ASSERT_TRUE(back.las.has_value());
  EXPECT_EQ(back.las->encoding, 17);
  EXPECT_EQ(back.las->vlrs, scan.las->vlrs);
  EXPECT_EQ(back.las->evlrs, scan.las->evlrs);
}

TEST(Las, KeepsWhoMadeTheFileAndWhen) {
  FileBytes file = las_file(2, 1, 1);
  file.at<std::uint16_t>(4, 77).at<std::uint16_t>(6, 8).at<std::uint16_t>(90, 63);
  file.at<std::uint16_t>(92, 2019).at<std::uint64_t>(8, 12345).at<std::uint64_t>(16, 6789);
  file.at<std::array<char, 5>>(26, {'R', 'I', 'E', 'G', 'L'});
  const Scan scan = parse(file, "a.las");
  const Scan back = through_las(scan);
  ASSERT_TRUE(back.las.has_value());
  EXPECT_EQ(back.las->source_id, 77);
  EXPECT_EQ(back.las->encoding, 8) << "returns are made up";
  EXPECT_EQ(back.las->system, "RIEGL");
  EXPECT_EQ(back.las->created_day, 63);
  EXPECT_EQ(back.las->created_year, 2019);
  EXPECT_EQ(back.las->project, scan.las->project);
  EXPECT_EQ(back.las->project[1], 0x30);
  const auto bytes = format_scan(scan, {.format = ScanFormat::las});
  EXPECT_EQ(as_text(bytes).substr(26, 8), std::string("RIEGL\0\0\0", 8));
  Scan wrong = scan;
  wrong.las->system = std::string(33, 's');
  EXPECT_THROW(static_cast<void>(format_scan(wrong, {.format = ScanFormat::las})),
               std::invalid_argument);
}

TEST(Las, MergedFilesAreOfNoFlightLine) {
  Scan first = lattice_scan();
  first.las = LasRecords{.source_id = 1, .system = "A", .created_day = 3, .created_year = 2020};
  Scan second = first;
  const auto merged = [&] { return merge_scans({{"a", first}, {"b", second}}).las.value(); };
  EXPECT_EQ(merged(), *first.las);
  second.las->source_id = 2;
  second.las->system = "B";
  second.las->created_day = 4;
  const LasRecords both = merged();
  EXPECT_EQ(both.source_id, 0);
  EXPECT_EQ(both.system, "MERGE");
  EXPECT_EQ(both.created_day, 0);
  EXPECT_EQ(both.created_year, 0);
}

TEST(Las, KeepsUnknownAttributesAsExtraBytes) {
  Scan scan = lattice_scan();
  scan.set("confidence", std::vector<float>{0, 0.1F, 0.2F, 0.3F, 1});
  scan.set("normal", std::vector<double>(15, 0.25), 3);
  scan.set("vote", std::vector<std::int16_t>{-1, -2, -3, -4, -5});
  const Scan back = through_las(scan);
  for (const Column& column : scan.attributes) {
    ASSERT_NE(back.find(column.name), nullptr) << column.name;
    EXPECT_EQ(*back.find(column.name), column);
  }
}

TEST(Las, WritesTheNamedClassification) {
  Scan scan = lattice_scan();
  scan.set("classification", std::vector<std::uint8_t>{1, 1, 1, 1, 1});
  scan.set("label", std::vector<std::uint8_t>{9, 8, 7, 6, 5});
  const Scan kept = through_las(scan);
  EXPECT_EQ(values<std::uint8_t>(kept, "classification"), (std::vector<std::uint8_t>(5, 1)));
  EXPECT_EQ(values<std::uint8_t>(kept, "label"), (std::vector<std::uint8_t>{9, 8, 7, 6, 5}));
  const Scan back = through_las(scan, {.classification = "label"});
  EXPECT_EQ(values<std::uint8_t>(back, "classification"),
            (std::vector<std::uint8_t>{9, 8, 7, 6, 5}));
  EXPECT_EQ(values<std::uint8_t>(back, "classification_2"), (std::vector<std::uint8_t>(5, 1)));
}

TEST(Las, SaysWhatALatticeRoundsThatNobodyChose) {
  std::vector<std::string> notes;
  WriteOptions options{.format = ScanFormat::las,
                       .on_note = [&](const std::string& note) { notes.push_back(note); }};
  Scan scan;
  scan.positions = {{8.1234, 47.25, 400}, {8.5, 47.5, 401.125}};  // degrees and metres
  static_cast<void>(format_scan(scan, options));
  EXPECT_EQ(notes, std::vector<std::string>{
                       "LAS: positions are rounded to multiples of 0.001, by 0.0004 at most"});
  notes.clear();
  options.quantization = Quantization{{1e-7, 1e-7, 1e-3}, {8, 47, 400}};
  static_cast<void>(format_scan(scan, options));
  scan.positions = {{8.123, 47.25, 400}, {500000.5, 47.5, 401.125}};
  options.quantization.reset();
  static_cast<void>(format_scan(scan, options));
  EXPECT_TRUE(notes.empty()) << notes.front();
}

TEST(Las, ChoosesALatticeForOtherScans) {
  Scan scan;
  scan.positions = {{-0.5, 10.1234, 5e6}, {100, 11, 0}};
  const Scan back = through_las(scan);
  for (std::size_t i = 0; i < 2; ++i) {
    const auto point = static_cast<std::int64_t>(i);
    EXPECT_NEAR(back.at(point)[0], scan.positions[i][0], 0.000501);
    EXPECT_NEAR(back.at(point)[1], scan.positions[i][1], 0.000501);
    EXPECT_NEAR(back.at(point)[2], scan.positions[i][2], 0.00501);
  }
}

TEST(Las, RefusesWhatDoesNotFit) {
  const auto reason = [](const Scan& scan, const WriteOptions& options = {}) -> std::string {
    try {
      static_cast<void>(through_las(scan, options));
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "no error";
  };
  Scan scan = lattice_scan();
  EXPECT_REASON(reason(scan, {.quantization = Quantization{{1e-9, 1, 1}, {0, 0, 0}}}),
                "does not fit scale 1e-09");
  EXPECT_REASON(reason(scan, {.quantization = Quantization{{0, 1, 1}, {0, 0, 0}}}),
                "do not make a lattice");
  EXPECT_REASON(reason(scan, {.classification = "nothing"}), "there is no attribute 'nothing'");
  scan.set("a name that is much too long for LAS files", std::vector<float>(5));
  EXPECT_REASON(reason(scan), "longer than 32 bytes");
  scan.positions[2][1] = std::nan("");
  EXPECT_NE(reason(scan), "no error");
}

}  // namespace
}  // namespace voxloom::test
