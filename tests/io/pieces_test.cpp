// A scan in pieces is written as in one: the same bytes and words. Points are passed over without being read.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>

#include "io/scan_pieces.h"
#include "io/support.h"

namespace voxloom::test {
namespace {

namespace fs = std::filesystem;

Scan points_of(const Scan& scan, std::int64_t begin, std::int64_t end) {
  Scan some = scan;
  const auto cut = [&](auto& values, std::int64_t components) {
    values.erase(values.begin() + end * components, values.end());
    values.erase(values.begin(), values.begin() + begin * components);
  };
  cut(some.positions, 1);
  for (Column& column : some.attributes) {
    std::visit([&](auto& values) { cut(values, column.components); }, column.values);
  }
  return some;
}

// Some points a piece, and a piece without any in between.
class CutScan final : public io::ScanPieces {
 public:
  CutScan(const Scan& scan, std::int64_t points)
      : scan_(scan), head_(points_of(scan, 0, 0)), points_(points) {}
  [[nodiscard]] std::int64_t size() const override { return scan_.size(); }
  [[nodiscard]] const Scan& head() const override { return head_; }
  void each(const Use& use) const override {
    for (std::int64_t at = 0; at < size(); at += points_) {
      use(points_of(scan_, at, std::min(size(), at + points_)), at);
      if (at == 0) use(head_, std::min(size(), points_));
    }
  }

 private:
  const Scan& scan_;
  Scan head_;
  std::int64_t points_;
};

constexpr std::int64_t kPoints = 200;

template <typename T, typename Value>
std::vector<T> values_of(const Value& value, std::int64_t components = 1) {
  std::vector<T> values;
  for (std::int64_t i = 0; i < kPoints * components; ++i)
    values.push_back(static_cast<T>(value(i)));
  return values;
}

Scan plain_scan() {
  Scan scan;
  scan.position_type = ColumnType::f32;
  for (int i = 0; i < kPoints; ++i) {
    scan.positions.push_back({0.25 * i, 3 - 0.5 * (i % 7), 0.125 * (i % 5)});
  }
  scan.set("intensity",
           values_of<float>([](auto i) { return static_cast<float>(i % 11) / 10.0F; }));
  scan.set("label", values_of<std::int32_t>([](auto i) { return i % 13 - 1; }));
  scan.set("confidence", values_of<float>([](auto i) { return 1.0F / static_cast<float>(i + 1); }));
  for (const char* name : {"red", "green", "blue"}) {
    scan.set(name, values_of<std::uint8_t>([](auto i) { return i % 256; }));
  }
  return scan;
}

// Whose form follows from its values, the telling ones among the last.
Scan odd_scan() {
  Scan scan;
  for (int i = 0; i < kPoints; ++i) scan.positions.push_back({1e-3 * i, 7.5, -2e-3 * (i % 9)});
  scan.set("intensity", values_of<float>([](auto i) { return i == kPoints - 1 ? 300 : 0.5; }));
  scan.set("wide", values_of<std::int64_t>([](auto i) { return i; }));
  scan.set("wider", values_of<std::int64_t>(
                        [](auto i) { return i == 150 ? (std::int64_t{1} << 60) + 1 : -i; }));
  scan.set("return_number", values_of<std::uint8_t>([](auto i) { return i == 180 ? 9 : i % 4; }));
  scan.set("classification", values_of<std::uint16_t>([](auto i) { return i == 190 ? 300 : 2; }));
  scan.set("label", values_of<std::int32_t>([](auto i) { return i == 199 ? -1 : 4; }));
  scan.set("three", values_of<float>([](auto i) { return i; }, 3), 3);
  for (const char* name : {"red", "green", "blue"}) {
    scan.set(name, values_of<std::uint16_t>([](auto i) { return i == 170 ? 65535 : i; }));
  }
  return scan;
}

Scan far_scan(bool stray) {
  Scan scan = plain_scan();
  scan.position_type = ColumnType::f64;
  scan.origin = {500000, 5400000, 0};
  scan.pose = kIdentityPose;
  scan.pose->at(0)[3] = 12;
  for (const char* name : {"red", "green", "blue"}) {
    scan.set(name, values_of<float>([&](auto i) { return stray && i == 199 ? 1.5 : 0.005 * i; }));
  }
  return scan;
}

std::string bytes_in(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class PieceWriting : public ::testing::Test {
 protected:
  void expect_same(const Scan& scan, const std::string& ending, WriteOptions options) const {
    std::vector<std::string> said, said_in_pieces;
    const fs::path whole = folder_ / ("whole" + ending), cut = folder_ / ("cut" + ending);
    options.shift = true;
    options.on_note = [&](const std::string& note) { said.push_back(note); };
    write_scan(whole, scan, options);
    for (const std::int64_t points : {1, 7, 150, 1000}) {
      said_in_pieces.clear();
      options.on_note = [&](const std::string& note) { said_in_pieces.push_back(note); };
      const CutScan pieces(scan, points);
      io::check_writable_pieces(cut, pieces, options);
      EXPECT_TRUE(said_in_pieces.empty());
      io::write_pieces(cut, pieces, options);
      EXPECT_TRUE(bytes_in(cut) == bytes_in(whole)) << ending << ", pieces of " << points;
      EXPECT_EQ(said_in_pieces.size(), said.size()) << ending;
    }
  }

  TemporaryFolder folder_;
};

TEST_F(PieceWriting, AreWrittenAsTheWhole) {
  const std::vector<Scan> scans = {plain_scan(), odd_scan(), far_scan(false), far_scan(true)};
  for (const Scan& scan : scans) {
    for (const Encoding encoding : {Encoding::binary, Encoding::ascii, Encoding::big_endian}) {
      expect_same(scan, ".ply", {.encoding = encoding});
    }
    expect_same(scan, ".pcd", {.encoding = Encoding::binary});
    expect_same(scan, ".pcd", {.encoding = Encoding::ascii});
    expect_same(scan, ".las", {.classification = "label"});
    expect_same(scan, ".las", {});
    expect_same(scan, ".csv", {});
    expect_same(scan, ".npz", {});
  }
}

TEST_F(PieceWriting, AnErrorNamesThePointInTheWhole) {
  Scan scan = plain_scan();
  scan.set("return_number", values_of<float>([](auto i) { return i == 160 ? 0.5 : 1; }));
  scan.positions[173][0] = 1e9;
  for (const std::int64_t points : {7, 1000}) {
    try {
      io::write_pieces(folder_ / "x.las", CutScan(scan, points), {.quantization = Quantization{}});
      FAIL();
    } catch (const std::invalid_argument& error) {
      EXPECT_NE(std::string(error.what()).find("point 173"), std::string::npos) << error.what();
    }
    EXPECT_FALSE(fs::exists(folder_ / "x.las"));
  }
}

TEST_F(PieceWriting, OtherFormatsAreWrittenInOne) {
  const Scan scan = plain_scan();
  EXPECT_THROW(io::write_pieces(folder_ / "x.pts", CutScan(scan, 7), {}), std::invalid_argument);
}

TEST_F(PieceWriting, PointsArePassedOver) {
  Scan scan = plain_scan();
  for (auto& position : scan.positions) position[1] += 500000;  // an origin is looked for
  scan.position_type = ColumnType::f64;
  scan.positions[20][2] = std::numeric_limits<double>::quiet_NaN();
  for (const char* ending : {".ply", ".npz", ".csv", ".npy"}) {
    const fs::path file = folder_ / (std::string("scan") + ending);
    write_scan(file, scan);
    const ReadOptions how{.invalid = InvalidPoints::drop};
    const Scan whole = read_scan(file, how);
    ScanReader reader(file, how);
    reader.skip(30);
    EXPECT_EQ(reader.remaining(), kPoints - 30);
    const Scan some = reader.read(50);
    reader.skip(1000);
    EXPECT_EQ(reader.remaining(), 0);
    EXPECT_EQ(reader.read(1).size(), 0);
    EXPECT_EQ(some, points_of(whole, 29, 79)) << ending;
  }
}

// Of many points a few are looked at, wherever reading begins.
TEST_F(PieceWriting, TheOriginIsThatOfAllPoints) {
  Scan scan;
  for (int i = 0; i < 300'000; ++i) scan.positions.push_back({i + 0.25, 1e6 + i % 77, 0});
  write_scan(folder_ / "many.ply", scan);
  const std::array<double, 3> origin = read_scan(folder_ / "many.ply").origin;
  EXPECT_GT(origin[0], 100'000);
  ScanReader skipped(folder_ / "many.ply"), begun(folder_ / "many.ply");
  skipped.skip(299'999);
  EXPECT_EQ(skipped.read(1).origin, origin);
  EXPECT_EQ(begun.read(1).origin, origin);
}

}  // namespace
}  // namespace voxloom::test
