// Columns of text: read, written, picked, put together, and left out where there is no place for them.
#include "io/words.h"

#include <fmt/core.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <set>

#include "io/scan_pieces.h"
#include "io/support.h"
#include "io/zip_file.h"
#include "voxloom/survey.h"

namespace voxloom::test {
namespace {

using Strings = std::vector<std::string>;

Strings words_in(const Scan& scan, std::string_view name) {
  const Column* column = scan.find(name);
  if (column == nullptr || !column->is_text()) {
    ADD_FAILURE() << "no text " << name;
    return {};
  }
  Strings list;
  for (std::int64_t i = 0; i < column->points() * column->components; ++i) {
    list.emplace_back(column->word(i));
  }
  return list;
}

// What cells of text and numpy's arrays might trip over.
const Strings kOddWords = {"oak",     "a,b",   "say \"so\"", "",      "Straße", "日本語", "1.5",
                           " blank ", "tab\t", "x;y",        "nan",   "-",      "\"",     "oak",
                           "# no",    "//",    "\"\"",       "1e999", "'q'",    "😀"};

Scan odd_words() {
  Scan scan;
  std::vector<std::uint8_t> numbers;
  for (std::size_t i = 0; i < kOddWords.size(); ++i) {
    const auto f = static_cast<double>(i);
    scan.positions.push_back({f, 0.5 * f, -f});
    numbers.push_back(static_cast<std::uint8_t>(i));
  }
  scan.set("number", numbers);
  scan.set(text_column("kind", kOddWords));
  return scan;
}

std::string refusal_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "nothing was refused";
}

// Reads what is written, in one piece and in three.
Scan written_and_read(const Scan& scan, std::string_view name, const WriteOptions& options) {
  const std::vector<std::byte> bytes = format_scan(scan, options);
  const Scan whole = parse_scan(bytes, name);
  ScanReader reader(bytes, name);
  Scan pieces = reader.read(0);
  while (reader.remaining() > 0) append(pieces, reader.read(reader.size() / 3 + 1));
  EXPECT_EQ(pieces, whole) << name;
  return whole;
}

TEST(Words, GoThroughTextAndArraysWithoutLoss) {
  const Scan scan = odd_words();
  for (const char separator : {',', ';', ' '}) {
    const WriteOptions options{.format = ScanFormat::text, .separator = separator};
    EXPECT_EQ(written_and_read(scan, "a.csv", options), scan) << "'" << separator << "'";
  }
  const WriteOptions tabs{.format = ScanFormat::text, .separator = '\t'};
  EXPECT_EQ(written_and_read(scan, "a.tsv", tabs), scan);
  EXPECT_EQ(written_and_read(scan, "a.txt", tabs), scan);
  EXPECT_EQ(written_and_read(scan, "a.npz", {.format = ScanFormat::npz}), scan);
}

TEST(Words, AreWrittenAsTheyAreRead) {
  const std::string text =
      "x,y,z,kind,n\n1,2,3,oak,4\n5,6,7,\"fir, old\",5\n8,9,10,\"the \"\"new\"\" one\",6\n"
      "0,0,0,big tree,7\n";
  const Scan scan = parse_text(text, "a.csv");
  EXPECT_EQ(words_in(scan, "kind"), (Strings{"oak", "fir, old", "the \"new\" one", "big tree"}));
  EXPECT_EQ(as_text(format_scan(scan, {.format = ScanFormat::text, .separator = ','})), text);
}

TEST(Words, StandBesideNumbersInTextOfAnyKind) {
  EXPECT_EQ(words_in(parse_text("x y z kind\n1 2 3 oak\n4 5 6 \"fir, old\"\n", "a.txt"), "kind"),
            (Strings{"oak", "fir, old"}));
  EXPECT_EQ(words_in(parse_text("x y z kind\n1 2 3 \"a,b;c\"\n", "a.xyz"), "kind"),
            Strings{"a,b;c"});
  // Without a name, a word is no intensity, and three are no colours.
  EXPECT_EQ(names(parse_text("1 2 3 oak\n", "a.xyz")), Strings{"column_3"});
  EXPECT_EQ(names(parse_text("1 2 3 a b c\n", "a.xyz")),
            (Strings{"column_3", "column_4", "column_5"}));
}

// Tables of spreadsheets, whose cells hold blanks and nothing at all.
TEST(Words, StandBetweenTabs) {
  const Scan scan = parse_text(
      "x\ty\tz\tkind\tnote\tn\n1\t2\t3\tbig tree\t\t4\n5\t6\t7\t\"a\tb\"\told\t5\n", "a.tsv");
  EXPECT_EQ(words_in(scan, "kind"), (Strings{"big tree", "a\tb"}));
  EXPECT_EQ(words_in(scan, "note"), (Strings{"", "old"}));
  EXPECT_EQ(values<std::uint8_t>(scan, "n"), (std::vector<std::uint8_t>{4, 5}));
  EXPECT_EQ(parse_text("x y z\n1 2 3\n", "a.tsv").size(), 1);
  EXPECT_EQ(parse_text("1\t2\t3\t\n4\t5\t6\t\n", "a.tsv").attributes.size(), 0U);
}

// Nothing tells a number from a word but quotes.
TEST(Words, AreWhatIsQuotedWhereNumbersAreNot) {
  const Scan scan = parse_text("x,y,z,id,label\n1,2,3,\"007\",\"4\"\n4,5,6,\"8\",\"5\"\n", "a.csv");
  EXPECT_EQ(words_in(scan, "id"), (Strings{"007", "8"}));
  EXPECT_EQ(values<std::uint8_t>(scan, "label"), (std::vector<std::uint8_t>{4, 5}));
  const Scan quoted = parse_text("\"x\",\"y\",\"z\",\"id\"\n\"1\",\"2\",\"3\",\"7\"\n", "a.csv");
  EXPECT_EQ(values<std::uint8_t>(quoted, "id"), std::vector<std::uint8_t>{7});
  EXPECT_EQ(words_in(parse_text("x,y,z,id\n1,2,3,\"7\"\n1,2,3,b\n", "a.csv"), "id"),
            (Strings{"7", "b"}));
  EXPECT_REASON(format_error(FileBytes("x,y,z,id\n1,2,3,7\n1,2,3,b\n"), "a.csv"),
                "line 3: column 4: 'b' is not a number");
}

TEST(Words, SayWhatBecomesOfThem) {
  std::vector<std::string> notes;
  const OnNote note = [&](const std::string& text) { notes.push_back(text); };
  const std::string longest(4096, 'a');
  const Scan scan = parse_text("x,y,z,a,b,c,d\n1,2,3,," + longest +
                                   "b,Stra\xdf"
                                   "e," +
                                   longest +
                                   "\n1,2,3,,,Stra\xc3\x9f"
                                   "e,\n",
                               "a.csv", {.on_note = note});
  EXPECT_EQ(words_in(scan, "c"), (Strings{"Straße", "Straße"}));
  EXPECT_EQ(words_in(scan, "d"), (Strings{longest, ""}));
  EXPECT_EQ(
      notes,
      (std::vector<std::string>{
          "the column 'b' is left out: a word of it has 4097 characters, at most 4096 are read",
          "words of 'c' that are not UTF-8 are read as Latin-1",
          "columns without a word are left out: 'a'"}));
  notes.clear();
  Scan lines;
  lines.positions = {{1, 2, 3}, {4, 5, 6}};
  lines.set(text_column("note", Strings{"two\nlines", "one"}));
  lines.set(text_column("label", Strings{"1", "2"}));
  const auto bytes =
      format_scan(lines, {.format = ScanFormat::text, .separator = ',', .on_note = note});
  EXPECT_EQ(as_text(bytes), "x,y,z,note,label\n1,2,3,\"two lines\",\"1\"\n4,5,6,one,\"2\"\n");
  EXPECT_EQ(notes, (std::vector<std::string>{
                       "line ends in words of 'note' become blanks",
                       "the words of 'label' are numbers, and are read as such again"}));
}

TEST(Words, MayAllBeDifferent) {
  constexpr std::int64_t kPoints = 200'000;
  Scan scan;
  Strings ids;
  for (std::int64_t i = 0; i < kPoints; ++i) {
    scan.positions.push_back({static_cast<double>(i % 1000), 0, 0});
    ids.push_back(fmt::format("id-{}", i * 7919 % kPoints));
  }
  scan.set(text_column("id", ids));
  EXPECT_EQ(scan.find("id")->words->size(), ids.size());
  EXPECT_EQ(written_and_read(scan, "a.csv", {.format = ScanFormat::text, .separator = ','}), scan);
  EXPECT_EQ(written_and_read(scan, "a.npz", {.format = ScanFormat::npz}), scan);
}

std::string array_of(std::string_view descr, std::string_view shape, const FileBytes& elements,
                     bool fortran = false) {
  std::string text = fmt::format("{{'descr': '{}', 'fortran_order': {}, 'shape': ({}), }}\n", descr,
                                 fortran ? "True" : "False", shape);
  FileBytes file("\x93NUMPY");
  file.put<std::uint8_t>(1).put<std::uint8_t>(0).put(static_cast<std::uint16_t>(text.size()));
  file.text(text).text({reinterpret_cast<const char*>(elements.bytes().data()), elements.size()});
  return {reinterpret_cast<const char*>(file.bytes().data()), file.size()};
}

FileBytes two_points() {
  FileBytes file;
  for (int i = 0; i < 6; ++i) file.put(static_cast<float>(i));
  return file;
}

TEST(Words, ComeOutOfArraysOfAnyKind) {
  FileBytes wide, swapped, bytes, pairs;
  for (const char32_t c : {U'a', U'\0', U'\u00df', U'\U0001f600'}) wide.put<std::uint32_t>(c);
  for (const char32_t c : {U'a', U'\0', U'\u00df', U'\U0001f600'}) swapped.big<std::uint32_t>(c);
  bytes.text(std::string("ab\0x\xdf\0", 6));
  for (const char32_t c : {U'a', U'b', U'a', U'c'}) pairs.put<std::uint32_t>(c);
  std::vector<std::string> notes;
  const Scan scan =
      parse(zip_file({{"points.npy", array_of("<f4", "2, 3", two_points())},
                      {"wide.npy", array_of("<U2", "2,", wide)},
                      {"swapped.npy", array_of(">U2", "2,", swapped), true},
                      {"bytes.npy", array_of("|S3", "2,", bytes)},
                      {"pairs.npy", array_of("<U1", "2, 2", pairs)},
                      {"columns.npy", array_of("<U1", "2, 2", pairs, true)},
                      {"many.npy", array_of("<U5000", "2,", {})}}),
            "a.npz", {.on_note = [&](const std::string& note) { notes.push_back(note); }});
  EXPECT_EQ(names(scan), (Strings{"wide", "swapped", "bytes", "pairs"}));
  EXPECT_EQ(words_in(scan, "wide"), (Strings{"a", "ß😀"}));
  EXPECT_EQ(words_in(scan, "swapped"), (Strings{"a", "ß😀"}));
  EXPECT_EQ(words_in(scan, "bytes"), (Strings{"ab", "xß"}));
  EXPECT_EQ(words_in(scan, "pairs"), (Strings{"a", "b", "a", "c"}));
  EXPECT_EQ(scan.find("pairs")->components, 2);
  EXPECT_EQ(notes, (std::vector<std::string>{
                       "arrays without a number or a word for each of the 2 points are left out: "
                       "'columns, many'",
                       "words of 'bytes' that are not UTF-8 are read as Latin-1"}));
  // In text a column each.
  EXPECT_EQ(as_text(format_scan(pick_points(scan, std::vector<std::int64_t>{1}),
                                {.format = ScanFormat::text, .separator = ','})),
            "x,y,z,wide,swapped,bytes,pairs_0,pairs_1\n3,4,5,ß😀,ß😀,xß,a,c\n");
}

TEST(Words, ComeOutOfRecords) {
  FileBytes records;
  for (const float f : {1.F, 2.F}) {
    records.put(f).put(f).put(f).put<std::uint32_t>(U'o').put<std::uint32_t>(U'k');
    records.text(f == 1.F ? std::string("a\0", 2) : "bc").put(static_cast<std::uint8_t>(f));
  }
  std::string file = array_of("<f4", "2,", records);
  const std::string descr =
      "[('x', '<f4'), ('y', '<f4'), ('z', '<f4'), ('kind', '<U2'), ('code', '|S2'), ('n', '|u1')]";
  file = file.replace(file.find("'<f4'"), 5, descr);
  const auto length = static_cast<std::uint16_t>(file.find('\n') + 1 - 10);
  std::memcpy(file.data() + 8, &length, sizeof(length));
  const Scan scan = parse_text(file, "a.npy");
  EXPECT_EQ(words_in(scan, "kind"), (Strings{"ok", "ok"}));
  EXPECT_EQ(words_in(scan, "code"), (Strings{"a", "bc"}));
  EXPECT_EQ(values<std::uint8_t>(scan, "n"), (std::vector<std::uint8_t>{1, 2}));
}

TEST(Words, AreNoCharactersWhereUnicodeHasNone) {
  FileBytes bad;
  for (const std::uint32_t c : {0xd800U, 0x110000U}) bad.put(c).put<std::uint32_t>('a');
  std::vector<std::string> notes;
  const Scan scan =
      parse(zip_file({{"points.npy", array_of("<f4", "2, 3", two_points())},
                      {"kind.npy", array_of("<U2", "2,", bad)}}),
            "a.npz", {.on_note = [&](const std::string& note) { notes.push_back(note); }});
  EXPECT_EQ(words_in(scan, "kind"), (Strings{"\xef\xbf\xbd"
                                             "a",
                                             "\xef\xbf\xbd"
                                             "a"}));
  EXPECT_EQ(notes, std::vector<std::string>{
                       "words of 'kind' hold what is no character: U+FFFD stands for it"});
  EXPECT_REASON(format_error(zip_file({{"points.npy", array_of("<U1", "1, 3", bad)}}), "a.npz"),
                "text is no array of positions");
  EXPECT_REASON(format_error(zip_file({{"x.npy", array_of("<U2", "2,", bad)},
                                       {"y.npy", array_of("<U2", "2,", bad)},
                                       {"z.npy", array_of("<U2", "2,", bad)}}),
                             "a.npz"),
                "the column 'x' holds text, no positions");
}

TEST(Words, AreLeftOutWhereThereIsNoPlaceForThem) {
  Scan scan = odd_words();
  scan.position_type = ColumnType::f32;
  for (const ScanFormat format :
       {ScanFormat::kitti, ScanFormat::ply, ScanFormat::pcd, ScanFormat::las, ScanFormat::npy,
        ScanFormat::pts, ScanFormat::ptx}) {
    std::vector<std::string> notes;
    const WriteOptions options{.format = format,
                               .on_note = [&](const std::string& note) { notes.push_back(note); }};
    Scan numbers = scan;
    numbers.attributes.pop_back();
    EXPECT_EQ(format_scan(scan, options), format_scan(numbers, {.format = format}));
    const std::string said = fmt::format("{} has no place for 'kind': left out", name_of(format));
    EXPECT_EQ(std::ranges::count(notes, said), 1) << name_of(format);
  }
  EXPECT_REASON(refusal_of([&] {
                  (void)format_scan(scan, {.format = ScanFormat::las, .classification = "kind"});
                }),
                "the attribute 'kind', to be the classification, holds text, not numbers");
}

TEST(Words, AreLeftOutOfArraysThatWouldBeHuge) {
  Scan scan;
  constexpr std::int64_t kPoints = 200'000;
  scan.positions.resize(kPoints);
  Strings texts(kPoints, "short");
  texts[0] = std::string(4096, 'a');
  scan.set(text_column("note", texts));
  std::vector<std::string> notes;
  const Scan read = parse_scan(
      format_scan(scan, {.format = ScanFormat::npz,
                         .on_note = [&](const std::string& note) { notes.push_back(note); }}),
      "a.npz");
  EXPECT_EQ(read.size(), kPoints);
  EXPECT_TRUE(read.attributes.empty());
  EXPECT_EQ(notes, std::vector<std::string>{"NPZ: 'note' would take 3276800000 bytes, every word "
                                            "as wide as the longest: left out"});
}

TEST(Words, ArePickedMergedAndSplit) {
  Scan a, b, c;
  a.positions = {{0, 0, 0}, {1, 0, 0}, {2, 0, 0}};
  a.set(text_column("kind", Strings{"oak", "fir", "oak"}));
  b.positions = {{3, 0, 0}, {4, 0, 0}};
  b.set(text_column("kind", Strings{"elm", "oak"}));
  c.positions = {{5, 0, 0}};
  const Scan picked = pick_points(a, std::vector<std::int64_t>{2, 1});
  EXPECT_EQ(words_in(picked, "kind"), (Strings{"oak", "fir"}));
  std::vector<std::string> notes;
  const Scan all = merge_scans({{"a", a}, {"b", b}, {"c", c}},
                               [&](const std::string& note) { notes.push_back(note); });
  EXPECT_EQ(words_in(all, "kind"), (Strings{"oak", "fir", "oak", "elm", "oak", ""}));
  EXPECT_EQ(*all.find("kind")->words, (Strings{"oak", "fir", "elm", ""}));
  EXPECT_EQ(notes, std::vector<std::string>{"c has no kind (''): that is what its 1 points get"});
  const std::vector<ScanPart> parts = parts_by_column(all, "kind");
  ASSERT_EQ(parts.size(), 4U);
  EXPECT_EQ(parts[0].name, "_");
  EXPECT_EQ(parts[3].name, "oak");
  EXPECT_EQ(words_in(pick_points(all, parts[3].points), "kind"), (Strings{"oak", "oak", "oak"}));
  Scan names;
  names.positions = {{0, 0, 0}, {0, 0, 0}, {0, 0, 0}};
  names.set(text_column("kind", Strings{"../a", "A/_a", "ä"}));
  std::set<std::string> files;
  for (const ScanPart& part : parts_by_column(names, "kind")) files.insert(part.name);
  EXPECT_EQ(files, (std::set<std::string>{".._a", "A__a", "__"}));
  b.set("kind", std::vector<std::uint8_t>{1, 2});
  EXPECT_REASON(refusal_of([&] {
                  (void)merge_scans({{"a", a}, {"b", b}});
                }),
                "b: the attribute 'kind' is uint8, in other scans text: no type holds both");
}

TEST(Words, AreEqualWhateverTheirCodes) {
  Column column{.name = "kind",
                .components = 1,
                .values = std::vector<WordCode>{WordCode{1}, WordCode{0}},
                .words = std::make_shared<const Words>(Words{"fir", "oak", "elm"})};
  EXPECT_EQ(column, text_column("kind", Strings{"oak", "fir"}));
  EXPECT_FALSE(column == text_column("kind", Strings{"oak", "elm"}));
  EXPECT_FALSE(column == text_column("kind", Strings{"oak"}));
}

TEST(Words, AreNoNumbers) {
  const Scan scan = odd_words();
  EXPECT_REASON(refusal_of([&] { (void)scan.find("kind")->as_double(0); }),
                "the attribute 'kind' holds text, not numbers");
  EXPECT_REASON(refusal_of([&] { (void)to_features(scan, Strings{"kind"}); }),
                "the attribute 'kind' holds text, not numbers");
  EXPECT_REASON(refusal_of([&] { (void)scan.find("number")->word(0); }),
                "the attribute 'number' holds no text");
  EXPECT_REASON(refusal_of([&] { (void)text_column("kind", Strings{"\xff"}); }),
                "attribute 'kind': element 0 is no UTF-8");
  EXPECT_REASON(refusal_of([&] { (void)text_column("kind", Strings{std::string("a\0", 2)}); }),
                "attribute 'kind': element 0 is no UTF-8");
}

TEST(Words, AreCharactersOfUtf8) {
  for (const char32_t c : {U'a', U'\u007f', U'\u0080', U'\u07ff', U'\u0800', U'\uffff',
                           U'\U00010000', U'\U0010ffff'}) {
    std::string text;
    io::append_character(text, c);
    EXPECT_EQ(io::characters_of(text), std::vector<char32_t>{c});
  }
  for (const char* bad : {"\x80", "\xc3", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80",
                          "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "a\xe6\x97"}) {
    EXPECT_FALSE(io::characters_of(bad).has_value()) << bad;
  }
}

// Words of one piece are not those of another.
class PairsOfPoints final : public io::ScanPieces {
 public:
  explicit PairsOfPoints(const Scan& scan) : scan_(scan), head_(pick_points(scan, {})) {}
  [[nodiscard]] std::int64_t size() const override { return scan_.size(); }
  [[nodiscard]] const Scan& head() const override { return head_; }
  void each(const Use& use) const override {
    for (std::int64_t at = 0; at < size(); at += 2) {
      Scan piece = pick_points(scan_, std::vector<std::int64_t>{at, at + 1});
      Column& column = piece.attributes.back();
      column = text_column(column.name, words_in(piece, column.name));
      use(piece, at);
    }
  }

 private:
  const Scan& scan_;
  Scan head_;
};

TEST(Words, AreWrittenInPiecesAsInOne) {
  const Scan scan = odd_words();
  const std::filesystem::path folder = std::filesystem::temp_directory_path();
  for (const char* ending : {"csv", "tsv", "npz", "ply", "las"}) {
    const auto path = folder / fmt::format("voxloom-words-{}.{}", ::getpid(), ending);
    io::write_pieces(path, PairsOfPoints(scan), {});
    std::ifstream in(path, std::ios::binary);
    const std::string in_pieces{std::istreambuf_iterator<char>(in), {}};
    write_scan(path, scan);
    std::ifstream again(path, std::ios::binary);
    EXPECT_EQ(in_pieces, (std::string{std::istreambuf_iterator<char>(again), {}})) << ending;
    std::filesystem::remove(path);
  }
}

}  // namespace
}  // namespace voxloom::test
