#include "io/support.h"
#include "io/zip_file.h"

namespace voxloom::test {
namespace {

FileBytes npy_header(std::string text, int version = 1) {
  FileBytes file("\x93NUMPY");
  file.put(static_cast<std::uint8_t>(version)).put<std::uint8_t>(0);
  if (version == 1) {
    file.put(static_cast<std::uint16_t>(text.size()));
  } else {
    file.put(static_cast<std::uint32_t>(text.size()));
  }
  return file.text(text);
}

std::string header_text(std::string_view descr, std::string_view shape, bool fortran = false) {
  return "{'descr': " + std::string(descr) + ", 'fortran_order': " + (fortran ? "True" : "False") +
         ", 'shape': (" + std::string(shape) + "), }   \n";
}

TEST(Npy, ReadsPlainArrays) {
  FileBytes file = npy_header(header_text("'<f4'", "2, 4"));
  for (int i = 0; i < 8; ++i) file.put(static_cast<float>(i));
  const Scan scan = parse(file, "a.npy");
  EXPECT_EQ(scan.positions, (Positions{{0, 1, 2}, {4, 5, 6}}));
  EXPECT_EQ(scan.position_type, ColumnType::f32);
  EXPECT_EQ(values<float>(scan, "intensity"), (std::vector<float>{3, 7}));
}

TEST(Npy, ReadsFortranOrderBigEndianAndVersions) {
  for (const int version : {1, 2, 3}) {
    FileBytes file = npy_header(header_text("'>f8'", "2, 5", true), version);
    for (int i = 0; i < 10; ++i) file.big(static_cast<double>(i));
    const Scan scan = parse(file, "a.npy");
    EXPECT_EQ(scan.positions, (Positions{{0, 2, 4}, {1, 3, 5}}));
    EXPECT_EQ(values<double>(scan, "features_0"), (std::vector<double>{6, 7}));
    EXPECT_EQ(values<double>(scan, "features_1"), (std::vector<double>{8, 9}));
  }
}

TEST(Npy, ReadsPositionsOfAMember) {
  FileBytes file = npy_header(header_text("[('xyz', '<f4', (3,)), ('i', '<i2')]", "2,"));
  file.put(1.F).put(2.F).put(3.F).put<std::int16_t>(4).put(5.F).put(6.F).put(7.F).put<std::int16_t>(
      8);
  const Scan scan = parse(file, "a.npy");
  EXPECT_EQ(scan.positions, (Positions{{1, 2, 3}, {5, 6, 7}}));
  EXPECT_EQ(scan.position_type, ColumnType::f32);
  EXPECT_EQ(values<std::int16_t>(scan, "intensity"), (std::vector<std::int16_t>{4, 8}));
}

TEST(Npy, ReadsArraysOnTheirSide) {
  FileBytes file = npy_header(header_text("'<f4'", "4, 64"));
  for (int i = 0; i < 256; ++i) file.put(static_cast<float>(i));
  std::vector<std::string> notes;
  const Scan scan =
      parse(file, "a.npy", {.on_note = [&](const std::string& note) { notes.push_back(note); }});
  EXPECT_EQ(scan.size(), 64);
  EXPECT_EQ(scan.positions[1], (std::array<double, 3>{1, 65, 129}));
  EXPECT_EQ(values<float>(scan, "intensity")[1], 193);
  EXPECT_EQ(notes,
            std::vector<std::string>{"the array's shape (4, 64) is taken for a column per point"});
}

// Three points of ten numbers, or ten of three: nobody can tell.
TEST(Npy, SaysWhatShortArraysAreTakenFor) {
  const auto notes_of = [](const char* shape, int numbers) {
    FileBytes file = npy_header(header_text("'<f4'", shape));
    for (int i = 0; i < numbers; ++i) file.put(static_cast<float>(i));
    std::vector<std::string> notes;
    static_cast<void>(
        parse(file, "a.npy", {.on_note = [&](const std::string& note) { notes.push_back(note); }}));
    return notes;
  };
  EXPECT_EQ(notes_of("3, 10", 30),
            std::vector<std::string>{"the array's shape (3, 10) is taken for 3 points of 10 "
                                     "numbers: turn it over where it holds 10 points of 3"});
  EXPECT_EQ(notes_of("4, 63", 252).size(), 1U);
  EXPECT_TRUE(notes_of("10, 3", 30).empty());
  EXPECT_TRUE(notes_of("4, 4", 16).empty());
  EXPECT_TRUE(notes_of("2, 4", 8).empty());
}

TEST(Npy, SaysWhereWholeNumbersAreRounded) {
  const auto notes_of = [](std::int64_t x) {
    FileBytes file = npy_header(header_text("'<i8'", "2, 3"));
    for (int i = 0; i < 6; ++i) file.put<std::int64_t>(i == 0 ? x : i);
    std::vector<std::string> notes;
    static_cast<void>(
        parse(file, "a.npy", {.on_note = [&](const std::string& note) { notes.push_back(note); }}));
    return notes;
  };
  EXPECT_TRUE(notes_of(std::int64_t{1} << 53).empty());
  EXPECT_EQ(notes_of(-(std::int64_t{1} << 53) - 1),
            std::vector<std::string>{"positions are float64, which rounds whole numbers beyond "
                                     "2^53, such as -9007199254740993"});
}

TEST(Npy, RefusesElementsWithoutAType) {
  FileBytes file = npy_header(header_text("'<V2'", "4, 3"));
  EXPECT_REASON(format_error(file.pad(file.size() + 24), "a.npy"),
                "elements of 2 bytes without a type");
}

TEST(Npy, ReadsHalvesIntegersAndWideRows) {
  FileBytes file = npy_header(header_text("'<f2'", "1, 5"));
  for (const int bits : {0x3c00, 0xc000, 0x3800, 0x7bff, 0x0001}) {
    file.put(static_cast<std::uint16_t>(bits));
  }
  const Scan scan = parse(file, "a.npy");
  EXPECT_EQ(scan.positions, (Positions{{1, -2, 0.5}}));
  EXPECT_EQ(values<float>(scan, "features"), (std::vector<float>{65504, 0x1p-24F}));
  FileBytes integers = npy_header(header_text("'<i4'", "1L, 3L"));
  integers.put(-5).put(6).put(2147483647);
  const Scan far = parse(integers, "a.npy");  // more than float32 holds
  EXPECT_EQ(far.positions, (Positions{{-5, 6, 0}}));
  EXPECT_EQ(far.origin, (std::array<double, 3>{0, 0, 2147483647}));
}

TEST(Npy, ReadsRecords) {
  FileBytes file = npy_header(header_text(
      "[('x', '<f8'), ('y', '<f8'), ('z', '<f8'), ('ok', '|b1'), ('', '|V3'), ('n', '<i2', (2,))]",
      "2,"));
  file.put(1.0).put(2.0).put(3.0).put<std::uint8_t>(1).text("pad");
  file.put<std::int16_t>(-1).put<std::int16_t>(2);
  file.put(4.0).put(5.0).put(6.0).put<std::uint8_t>(0).text("pad");
  file.put<std::int16_t>(3).put<std::int16_t>(4);
  const Scan scan = parse(file, "a.npy");
  EXPECT_EQ(scan.positions, (Positions{{1, 2, 3}, {4, 5, 6}}));
  EXPECT_EQ(values<std::uint8_t>(scan, "ok"), (std::vector<std::uint8_t>{1, 0}));
  EXPECT_EQ(values<std::int16_t>(scan, "n"), (std::vector<std::int16_t>{-1, 2, 3, 4}));
}

TEST(Npy, RefusesBadHeaders) {
  const auto reason = [](const std::string& text, int version = 1) {
    return format_error(npy_header(text, version), "a.npy");
  };
  EXPECT_REASON(format_error(FileBytes("\x93NUMPY"), "a.npy"), "10 bytes expected");
  EXPECT_REASON(reason(header_text("'<f4'", "1, 3"), 4), "byte 6: version 4");
  EXPECT_REASON(
      format_error(FileBytes("\x93NUMPY").put<std::uint16_t>(1).put<std::uint16_t>(999), "a.npy"),
      "a header of 999 bytes is promised; 0 bytes follow");
  EXPECT_REASON(reason(header_text("'<f4'", "1000000000000, 3")),
                "promises 1000000000000 points of 12 bytes, but 0 bytes follow");
  EXPECT_REASON(reason(header_text("'<f4'", "9223372036854775807, 3")),
                "promises 9223372036854775807");
  EXPECT_REASON(reason(header_text("'<f4'", "99999999999999999999, 3")), "a size is expected");
  EXPECT_REASON(reason(header_text("'<f4'", "-1, 3")), "a size is expected");
  EXPECT_REASON(reason(header_text("'<f4'", "3,")), "shape (3) is not (points, 3 or more values)");
  EXPECT_REASON(reason(header_text("'<f4'", "2, 2")), "shape (2, 2)");
  EXPECT_REASON(reason(header_text("'<f4'", "2, 2, 3")), "shape (2, 2, 3)");
  EXPECT_REASON(reason(header_text("'|O'", "2, 3")), "elements of type '|O' cannot be read");
  EXPECT_REASON(reason(header_text("'<f16'", "2, 3")), "'<f16' cannot be read");
  EXPECT_REASON(reason(header_text("[('x', [('a', '<f4')])]", "2,")), "records inside of records");
  EXPECT_REASON(reason(header_text("[('x', '<f4'), ('y', '>f4')]", "2,")), "mix both byte orders");
  EXPECT_REASON(reason(header_text("[('x', '<f4', (0,))]", "2,")), "65536 values, or none");
  EXPECT_REASON(reason(header_text("[('x', '<f4', (65537,))]", "2,")), "more than 65536 values");
  EXPECT_REASON(reason(header_text("[('x', '<f4', (300, 300))]", "2,")), "more than 65536 values");
  EXPECT_REASON(reason(header_text("[('x', '<f4')]", "2, 3")), "records in 2 dimensions");
  EXPECT_REASON(reason("{'descr': '<f4'}"), "are expected");
  EXPECT_REASON(reason("{'descr': <f4}"), "a quoted word is expected");
  EXPECT_REASON(reason("{'descr': '<f4"), "has no end");
  EXPECT_REASON(reason("{'what': 3}"), "unexpected key 'what'");
  EXPECT_REASON(reason("[]"), "'{' is expected");
  EXPECT_REASON(reason("{'fortran_order': Maybe}"), "True or False is expected");
}

// A well-formed header of 64 KiB is read, one byte more is not.
TEST(Npy, RefusesHeadersBeyondAllUse) {
  constexpr std::size_t kLongest = 65536;
  std::string text = header_text("'<f4'", "1, 3");
  text.insert(text.size() - 1, kLongest - text.size(), ' ');
  FileBytes file = npy_header(text, 2);
  file.put(1.F).put(2.F).put(3.F);
  EXPECT_EQ(parse(file, "a.npy").positions, (Positions{{1, 2, 3}}));
  text.insert(text.size() - 1, 1, ' ');
  FileBytes longer = npy_header(text, 2);
  longer.put(1.F).put(2.F).put(3.F);
  EXPECT_REASON(format_error(longer, "a.npy"),
                "a header of 65537 bytes is promised; 65549 bytes follow, 65536 are read at most");
}

TEST(Npy, WritesTheExpectedBytes) {
  Scan scan;
  scan.position_type = ColumnType::f32;
  scan.positions = {{1, 2, 3}};
  const std::string plain = as_text(format_scan(scan, {.format = ScanFormat::npy}));
  EXPECT_EQ(plain.size(), 128U + 12);
  EXPECT_EQ(plain.substr(0, 10), std::string("\x93NUMPY\x01\x00\x76\x00", 10));
  EXPECT_EQ(plain.substr(10, 60), "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3), } ");
  EXPECT_EQ(plain[127], '\n');
  scan.set("label", std::vector<std::uint8_t>{7});
  scan.set("n", std::vector<double>{1, 2}, 2);
  const std::string records = as_text(format_scan(scan, {.format = ScanFormat::npy}));
  EXPECT_NE(records.find("[('x', '<f4'), ('y', '<f4'), ('z', '<f4'), ('label', '|u1'), "
                         "('n', '<f8', (2,))], 'fortran_order': False, 'shape': (1,), }"),
            std::string::npos)
      << records;
}

std::string array_text(std::string_view descr, std::string_view shape,
                       const std::vector<float>& numbers) {
  FileBytes file = npy_header(header_text(descr, shape));
  for (const float number : numbers) file.put(number);
  return {reinterpret_cast<const char*>(file.bytes().data()), file.size()};
}

std::vector<ZipEntry> some_arrays(bool deflate) {
  return {{"meta.npy", array_text("'<U7'", "", {0, 0, 0, 0, 0, 0, 0}), deflate},
          {"points.npy", array_text("'<f4'", "2, 3", {1, 2, 3, 4, 5, 6}), deflate},
          {"note.txt", "not an array", deflate},
          {"score.npy", array_text("'<f4'", "2,", {0.5F, 0.25F}), deflate},
          {"matrix.npy", array_text("'<f4'", "3, 1", {0, 0, 0}), deflate},
          {"pair.npy", array_text("'<f4'", "2, 2", {7, 8, 9, 10}), deflate}};
}

TEST(Npz, ReadsStoredAndDeflatedArrays) {
  for (const bool deflate : {false, true}) {
    const Scan scan = parse(zip_file(some_arrays(deflate)), "a.npz");
    EXPECT_EQ(scan.positions, (Positions{{1, 2, 3}, {4, 5, 6}}));
    EXPECT_EQ(names(scan), (std::vector<std::string>{"score", "pair"}));
    EXPECT_EQ(values<float>(scan, "pair"), (std::vector<float>{7, 8, 9, 10}));
  }
}

TEST(Npz, FindsPositionsByTheirUsualNames) {
  for (const char* name : {"coord", "pc", "vertices", "xyz", "coords"}) {
    const Scan scan = parse(
        zip_file({{std::string(name) + ".npy", array_text("'<f4'", "2, 3", {1, 2, 3, 4, 5, 6})}}),
        "a.npz");
    EXPECT_EQ(scan.positions, (Positions{{1, 2, 3}, {4, 5, 6}})) << name;
  }
}

TEST(Npz, KnowsColoursAndNormalsByTheirNames) {
  const std::string points = array_text("'<f4'", "2, 3", {1, 2, 3, 4, 5, 6});
  for (const char* name : {"colors", "color", "rgb", "Colours"}) {
    const Scan scan =
        parse(zip_file({{"points.npy", points},
                        {std::string(name) + ".npy",
                         array_text("'<f4'", "2, 3", {0, 0.25F, 1, 0.5F, 0.75F, 0})},
                        {"normals.npy", array_text("'<f4'", "2, 3", {0, 0, 1, 0, 1, 0})}}),
              "a.npz");
    EXPECT_EQ(values<float>(scan, "green"), (std::vector<float>{0.25F, 0.75F})) << name;
    EXPECT_EQ(values<float>(scan, "nz"), (std::vector<float>{1, 0})) << name;
    EXPECT_EQ(scan.attributes.size(), 6U) << name;
  }
  // With alpha; column by column; and beside columns that have the names.
  const Scan four =
      parse(zip_file({{"points.npy", points},
                      {"rgba.npy", array_text("'<f4'", "2, 4", {1, 2, 3, 4, 5, 6, 7, 8})}}),
            "a.npz");
  EXPECT_EQ(values<float>(four, "alpha"), (std::vector<float>{4, 8}));
  FileBytes turned = npy_header(header_text("'<f4'", "2, 3", true));
  for (int i = 0; i < 6; ++i) turned.put(static_cast<float>(i));
  const std::string columns(reinterpret_cast<const char*>(turned.bytes().data()), turned.size());
  EXPECT_EQ(values<float>(parse(zip_file({{"points.npy", points}, {"rgb.npy", columns}}), "a.npz"),
                          "blue"),
            (std::vector<float>{4, 5}));
  const Scan own = parse(zip_file({{"points.npy", points},
                                   {"red.npy", array_text("'<f4'", "2,", {7, 8})},
                                   {"rgb.npy", array_text("'<f4'", "2, 3", {0, 0, 1, 0, 1, 0})}}),
                         "a.npz");
  EXPECT_EQ(values<float>(own, "red"), (std::vector<float>{7, 8}));
  ASSERT_NE(own.find("rgb"), nullptr);
  EXPECT_EQ(own.find("rgb")->components, 3);
}

TEST(Npz, ReadsPositionsOnTheirSide) {
  std::vector<float> numbers;
  for (int i = 0; i < 192; ++i) numbers.push_back(static_cast<float>(i));
  std::vector<std::string> notes;
  const Scan scan =
      parse(zip_file({{"pc.npy", array_text("'<f4'", "3, 64", numbers)},
                      {"label.npy", array_text("'<f4'", "64,", std::vector<float>(64, 7))}}),
            "a.npz", {.on_note = [&](const std::string& note) { notes.push_back(note); }});
  ASSERT_EQ(scan.size(), 64);
  EXPECT_EQ(scan.positions[1], (std::array<double, 3>{1, 65, 129}));
  EXPECT_EQ(values<float>(scan, "label"), std::vector<float>(64, 7));
  EXPECT_EQ(notes,
            std::vector<std::string>{"the array's shape (3, 64) is taken for a column per point"});
}

TEST(Npz, ReadsWideDirectories) {
  EXPECT_EQ(parse(zip_file(some_arrays(true), {.with_64_bits = true}), "a.npz").positions,
            (Positions{{1, 2, 3}, {4, 5, 6}}));
}

TEST(Npz, SaysWhichArraysAreLeftOut) {
  std::vector<std::string> notes;
  const Scan scan =
      parse(zip_file({{"points.npy", array_text("'<f4'", "1, 3", {1, 2, 3})},
                      {"pose.npy", array_text("'<f4'", "2, 2", {1, 0, 0, 1})},
                      {"kind.npy", array_text("'<c8'", "1,", {0, 0})}}),
            "a.npz", {.on_note = [&](const std::string& note) { notes.push_back(note); }});
  EXPECT_TRUE(scan.attributes.empty());
  EXPECT_EQ(notes,
            std::vector<std::string>{
                "arrays without a number or a word for each of the 1 points are left out: 'pose, "
                "kind'"});
}

TEST(Npz, ReadsPositionsByAxis) {
  const Scan scan = parse(zip_file({{"z.npy", array_text("'<f4'", "2,", {5, 6})},
                                    {"x.npy", array_text("'<f4'", "2,", {1, 2})},
                                    {"y.npy", array_text("'<f4'", "2,", {3, 4})}}),
                          "a.npz");
  EXPECT_EQ(scan.positions, (Positions{{1, 3, 5}, {2, 4, 6}}));
}

TEST(Npz, RefusesBadArchives) {
  const auto arrays = some_arrays(true);
  FileBytes cut = zip_file(arrays);
  cut.pad(cut.size() - 40);
  EXPECT_REASON(format_error(cut, "a.npz"), "no end record: truncated?");
  FileBytes damaged = zip_file({{"points.npy", array_text("'<f4'", "1, 3", {1, 2, 3})}});
  damaged.at(60, 'X');
  EXPECT_REASON(format_error(damaged, "a.npz"), "the checksum of 'points.npy' is wrong");
  EXPECT_REASON(format_error(zip_file({{"other.npy", array_text("'<f4'", "1,", {1})}}), "a.npz"),
                "none of its arrays, 'other', is called points, ");
  EXPECT_REASON(format_error(zip_file({{"points.npy", array_text("'|O'", "1, 3", {1})}}), "a.npz"),
                "elements of type '|O' cannot be read");
  EXPECT_REASON(format_error(zip_file({{"points.npy", "not one"}}), "a.npz"), "expected");
  FileBytes unknown = zip_file(arrays);
  const std::string_view text(reinterpret_cast<const char*>(unknown.bytes().data()),
                              unknown.size());
  const std::size_t entry = text.find("PK\1\2");
  EXPECT_REASON(format_error(FileBytes(unknown).at<std::uint16_t>(entry + 10, 99), "a.npz"),
                "unknown method 99");
  EXPECT_REASON(format_error(FileBytes(unknown).at<std::uint16_t>(entry + 8, 1), "a.npz"),
                "is encrypted");
  EXPECT_REASON(format_error(FileBytes(unknown).at<std::uint32_t>(entry, 0), "a.npz"),
                "no zip directory entry stands here");
  EXPECT_REASON(format_error(FileBytes(unknown).at<std::uint32_t>(entry + 42, 5), "a.npz"),
                "no zip member stands here");
  const std::size_t end = text.rfind("PK\5\6");
  EXPECT_REASON(format_error(FileBytes(unknown).at<std::uint16_t>(end + 10, 60000), "a.npz"),
                "does not lie in the file");
}

TEST(Npz, RefusesBombs) {
  const std::vector<ZipEntry> zeros = {
      {"points.npy", array_text("'<f4'", "100000, 3", std::vector<float>(300000)), true}};
  EXPECT_EQ(parse(zip_file(zeros), "a.npz").size(), 100000);
  EXPECT_REASON(format_error(zip_file(zeros), "a.npz", {.max_unpacked_bytes = 1000000}),
                "(limit 1000000)");
  EXPECT_REASON(format_error(zip_file(zeros, {.size_lie = 1LL << 31}), "a.npz"),
                "would unpack from");
  EXPECT_REASON(format_error(zip_file(zeros, {.size_lie = 1000}), "a.npz"),
                "does not unpack to the promised size");
  EXPECT_REASON(format_error(zip_file(zeros, {.size_lie = -1000}), "a.npz"),
                "does not unpack to the promised size");
  // Each alone would fit.
  std::vector<ZipEntry> two = zeros;
  two.push_back({"score.npy", array_text("'<f4'", "100000,", std::vector<float>(100000)), true});
  EXPECT_EQ(parse(zip_file(two), "a.npz", {.max_unpacked_bytes = 1700000}).size(), 100000);
  EXPECT_REASON(format_error(zip_file(two), "a.npz", {.max_unpacked_bytes = 1500000}), "(limit ");
}

TEST(Npz, RefusesMembersThatLieInOnePlace) {
  FileBytes file = zip_file({{"points.npy", array_text("'<f4'", "100, 3", std::vector<float>(300))},
                             {"score.npy", array_text("'<f4'", "100,", std::vector<float>(100))}});
  const std::string_view text(reinterpret_cast<const char*>(file.bytes().data()), file.size());
  const std::size_t entry = text.rfind("PK\1\2");
  file.at<std::uint32_t>(entry + 20, 1280).at<std::uint32_t>(entry + 24, 1280);
  file.at<std::uint32_t>(entry + 42, 0);
  EXPECT_REASON(format_error(file, "a.npz"), "the zip members have more bytes than the file");
}

}  // namespace
}  // namespace voxloom::test
