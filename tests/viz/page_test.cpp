// The page as a file: what its points decode to, and what it refuses. tests/page uses it in a browser.
#include "voxloom/page.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "viz/index_page.h"

namespace voxloom::test {
namespace {

using namespace viz;

std::string between(const std::string& text, std::string_view before, std::string_view after) {
  const std::size_t start = text.find(before);
  if (start == std::string::npos) throw std::runtime_error("the page lacks " + std::string(before));
  const std::size_t from = start + before.size();
  return text.substr(from, text.find(after, from) - from);
}

std::vector<std::uint8_t> from_base64(std::string_view text) {
  const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::vector<std::uint8_t> bytes;
  std::uint32_t word = 0;
  int bits = 0;
  for (const char c : text) {
    if (c == '=') break;
    word = word << 6 | static_cast<std::uint32_t>(digits.find(c));
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push_back(static_cast<std::uint8_t>(word >> bits));
  }
  return bytes;
}

// A page taken apart by the description in page.cpp.
struct Decoded {
  nlohmann::json head;
  std::vector<std::uint8_t> bytes;
  std::size_t points = 0;

  explicit Decoded(const std::string& page)
      : head(nlohmann::json::parse(between(page, "id=\"head\">", "</script>"))),
        bytes(std::size_t{1} << 20),
        points(head["points"]) {
    const auto packed = from_base64(between(page, "id=\"points\">", "</script>"));
    uLongf size = bytes.size();
    if (uncompress(bytes.data(), &size, packed.data(), packed.size()) != Z_OK) {
      throw std::runtime_error("the points do not unpack");
    }
    bytes.resize(size);
  }
  [[nodiscard]] double position(std::size_t point, std::size_t axis) const {
    std::uint32_t steps = 0;
    for (std::size_t i = 0; i <= point; ++i) {
      for (std::size_t plane = 0; plane < 3; ++plane) {
        steps += static_cast<std::uint32_t>(bytes[(3 * axis + plane) * points + i]) << (8 * plane);
      }
    }
    return head["corner"][axis].get<double>() +
           head["step"].get<double>() * (steps & ((1U << 24) - 1));
  }
  [[nodiscard]] std::uint8_t after_positions(std::size_t plane, std::size_t point) const {
    return bytes[(9 + plane) * points + point];
  }
};

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

TEST(Page, HoldsThePoints) {
  const std::vector<std::array<float, 3>> positions = {
      {-50.25F, 3, 1.5F}, {kNan, 0, 0}, {70.125F, -80, -2}, {0, 0, 0.001F}};
  const std::vector<std::int32_t> classes = {1, 0, -1, 0};
  const std::vector<float> heat = {5, 900, kNan, 15};
  const std::vector<Color> colors = {{1, 2, 3}, {}, {4, 5, 6}, {255, 254, 253}};
  const PageCloud cloud{.positions = positions,
                        .classes = classes,
                        .table = {{"a", {1, 1, 1}}, {"b", {9, 8, 7}}},
                        .values = {{"heat", heat}},
                        .colors = colors,
                        .origin = {1000, 0, -1}};
  const Decoded page(format_page(cloud));
  ASSERT_EQ(page.points, 3U) << "the point without a position is left out";
  EXPECT_EQ(page.bytes.size(), 3U * (9 + 1 + 1 + 3));
  EXPECT_EQ(page.head["total"], 4);
  const std::array<std::size_t, 3> kept = {0, 2, 3};
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const double wanted =
          static_cast<double>(positions[kept.at(i)].at(axis)) + cloud.origin.at(axis);
      EXPECT_NEAR(page.position(i, axis), wanted, 0.00051) << i << " " << axis;
    }
  }
  EXPECT_EQ(page.after_positions(0, 0), 1);
  EXPECT_EQ(page.after_positions(0, 1), 255) << "no class";
  EXPECT_EQ(page.after_positions(1, 0), 0) << "the smallest value shown";
  EXPECT_EQ(page.after_positions(1, 1), 255) << "no number";
  EXPECT_EQ(page.after_positions(1, 2), 254);
  EXPECT_EQ(page.head["values"][0]["high"], 15) << "of the points that are shown";
  EXPECT_EQ(page.after_positions(2, 2), 255);
  EXPECT_EQ(page.after_positions(4, 1), 6);
  EXPECT_EQ(page.head["classes"][1]["color"], (nlohmann::json{9, 8, 7}));
}

// One value or point far from all others leaves these their colours and their places.
TEST(Page, StrayValuesAndPointsSpoilNothing) {
  std::vector<std::array<float, 3>> positions;
  std::vector<float> values;
  for (int i = 0; i < 400; ++i) {
    positions.push_back({0.1F * static_cast<float>(i), static_cast<float>(i % 20), 0});
    values.push_back(static_cast<float>(i % 200));
  }
  values[17] = 65535;
  const Decoded plain(
      format_page({.positions = positions, .classes = {}, .values = {{"v", values}}}));
  EXPECT_EQ(plain.head["values"][0]["low"], 0);
  EXPECT_EQ(plain.head["values"][0]["high"], 199);
  EXPECT_EQ(plain.head["facts"][0], (nlohmann::json{"v", "1 of 400 values beyond 0 to 199"}));
  EXPECT_EQ(plain.after_positions(0, 17), 254);
  EXPECT_EQ(plain.after_positions(0, 100), 128);
  positions[3] = {1e9F, 0, 0};
  const Decoded far(
      format_page({.positions = positions, .classes = {}, .values = {{"v", values}}}));
  EXPECT_EQ(far.points, 399U);
  EXPECT_EQ(far.head["step"], 0.001);
  EXPECT_EQ(far.head["total"], 400);
  EXPECT_EQ(far.head["facts"][0], (nlohmann::json{"left out", "1 points far from all others"}));
  EXPECT_NEAR(far.position(398, 0), 39.9, 0.001);
}

// Few points, or values that are all but the same, have no stray ones among them.
TEST(Page, LabelsOfFewAreNotStray) {
  std::vector<std::array<float, 3>> positions(400);
  std::vector<float> values(400, 0.0F);
  values[5] = 7;
  const Decoded page(
      format_page({.positions = positions, .classes = {}, .values = {{"v", values}}}));
  EXPECT_EQ(page.head["values"][0]["high"], 7);
  EXPECT_TRUE(page.head["facts"].empty());
}

TEST(Page, HoldsOtherClassesAndUnits) {
  const std::vector<std::array<float, 3>> positions = {{0, 0, 0}, {kNan, 0, 0}, {1, 2, 3}};
  const std::vector<std::int32_t> classes = {0, 1, 1}, truth = {1, 0, -1};
  const std::vector<float> heat = {5, 6, 7};
  const PageCloud cloud{.positions = positions,
                        .classes = classes,
                        .table = {{"a", {1, 1, 1}}, {"b", {9, 8, 7}}},
                        .values = {{"heat", heat}},
                        .other_classes = truth,
                        .class_names = {"guess", "known"},
                        .units = {"m", "ft"}};
  const Decoded page(format_page(cloud));
  EXPECT_EQ(page.bytes.size(), 2U * (9 + 2 + 1));
  EXPECT_EQ(page.after_positions(0, 1), 1);
  EXPECT_EQ(page.after_positions(1, 0), 1);
  EXPECT_EQ(page.after_positions(1, 1), 255);
  EXPECT_EQ(page.after_positions(2, 1), 254) << "the value behind them";
  EXPECT_EQ(page.head["labellings"], (nlohmann::json{"guess", "known"}));
  EXPECT_EQ(page.head["units"], (nlohmann::json{"m", "ft"}));
  const Decoded plain(format_page({.positions = positions, .classes = {}}));
  EXPECT_EQ(plain.head["labellings"], nlohmann::json::array());
  EXPECT_EQ(plain.head["units"], (nlohmann::json{"", ""}));
}

// A unit that nobody told may be a hundredth or a thousand times a metre.
TEST(Page, StepsSuitTheCloud) {
  const auto step = [](float width, double precision) {
    const std::vector<std::array<float, 3>> positions = {{5, 0, 0}, {5 + width, 0, 0}};
    const Decoded page(
        format_page({.positions = positions, .classes = {}, .precision = precision}));
    EXPECT_NEAR(page.position(1, 0), 5 + static_cast<double>(width),
                0.51 * page.head["step"].get<double>());
    return page.head["step"].get<double>();
  };
  EXPECT_EQ(step(0, 0), 0.001);
  EXPECT_EQ(step(1, 0), 0.001);
  EXPECT_EQ(step(4000, 0), 0.001);
  EXPECT_NEAR(step(0.5F, 0), 1e-4, 1e-12);
  EXPECT_NEAR(step(0.0625F, 0), 1e-5, 1e-13);
  EXPECT_EQ(step(40, 0.01), 0.01) << "that of the data";
  EXPECT_EQ(step(40, 0.0001), 0.001);
  EXPECT_GT(step(4e7F, 0.01), 2.3);
}

TEST(Page, IsWideEnough) {
  const std::vector<std::array<float, 3>> positions = {{-4e6F, 0, 0}, {4e6F, 1, 2}};
  const Decoded page(format_page({.positions = positions, .classes = {}}));
  EXPECT_NEAR(page.position(1, 0), 4e6, 1);
  EXPECT_NEAR(page.position(0, 0), -4e6, 1);
}

TEST(Page, ShowsAnEvenChoiceOfMany) {
  std::vector<std::array<float, 3>> positions;
  for (int i = 0; i < 1000; ++i) positions.push_back({static_cast<float>(i), 0, 0});
  const Decoded page(format_page({.positions = positions, .classes = {}}, {.most_points = 100}));
  ASSERT_EQ(page.points, 100U);
  EXPECT_EQ(page.head["total"], 1000);
  for (std::size_t i = 0; i < 100; ++i) {
    EXPECT_NEAR(page.position(i, 0), 10.0 * static_cast<double>(i), 1) << i;
  }
}

TEST(Page, TakesNoPoints) {
  const Decoded page(format_page({.positions = {}, .classes = {}}));
  EXPECT_EQ(page.points, 0U);
  EXPECT_TRUE(page.bytes.empty());
}

// Names come from files.
TEST(Page, EscapesNames) {
  const std::string bad = "</script><script>alert(1)</script>@HEAD@ @POINTS@";
  const std::vector<std::array<float, 3>> positions = {{0, 0, 0}};
  const std::vector<std::int32_t> classes = {0};
  const std::string page =
      format_page({.positions = positions, .classes = classes, .table = {{bad, {}}}},
                  {.title = "\xff<b>&", .facts = {{bad, bad}}});
  EXPECT_EQ(page.find("<script>alert"), std::string::npos);
  EXPECT_EQ(Decoded(page).head["classes"][0]["name"], bad);
  EXPECT_NE(page.find("&lt;b>&amp;</title>"), std::string::npos);
  EXPECT_EQ(page.find("http://"), std::string::npos) << "nothing from a network";
  EXPECT_EQ(page.find("https://"), std::string::npos);
}

TEST(IndexPage, LinksAndEscapes) {
  const std::string page = format_index(
      {{.name = "a \"b<", .points = "a \"b<.las", .note = "2 points", .of_class = {0, 3, 1}}},
      {{"x", {}}, {"y & z", {1, 2, 3}}, {"w", {}}});
  EXPECT_NE(page.find("href=\"a%20%22b%3C.html\""), std::string::npos);
  EXPECT_NE(page.find("href=\"a%20%22b%3C.las\">points"), std::string::npos) << page;
  EXPECT_NE(page.find("src=\"a%20%22b%3C_perspective.png\""), std::string::npos);
  EXPECT_NE(page.find("alt=\"a &quot;b&lt;, labelled\""), std::string::npos);
  EXPECT_NE(page.find("width:75.000%;background:rgb(1,2,3)\" title=\"y &amp; z 75.0 %\""),
            std::string::npos);
  EXPECT_EQ(page.find("title=\"x"), std::string::npos) << "no point of it";
}

TEST(Page, RefusesWhatDoesNotFit) {
  const std::vector<std::array<float, 3>> positions(3);
  const std::vector<std::int32_t> classes = {0, 1, 2}, few = {0, 0};
  const std::vector<float> value(2);
  const std::vector<PageClass> two(2), many(256);
  const std::vector<Color> colors(4);
  const auto refused = [](const PageCloud& cloud, const PageOptions& options = {}) {
    EXPECT_THROW((void)format_page(cloud, options), std::invalid_argument);
  };
  refused({.positions = positions, .classes = classes, .table = two});
  refused({.positions = positions, .classes = few, .table = two});
  refused({.positions = positions, .classes = {}, .table = two});
  refused({.positions = positions, .classes = classes, .table = many});
  refused({.positions = positions, .classes = {}, .values = {{"v", value}}});
  refused({.positions = positions, .classes = {}, .colors = colors});
  refused({.positions = positions, .classes = {}}, {.most_points = 0});
  const std::vector<std::int32_t> fit = {0, 1, -1};
  const auto with_others = [&](std::span<const std::int32_t> others, std::size_t table) {
    return PageCloud{.positions = positions,
                     .classes = fit,
                     .table = std::vector<PageClass>(table),
                     .other_classes = others};
  };
  EXPECT_NO_THROW((void)format_page(with_others(fit, 2)));
  refused(with_others(classes, 2));
  refused(with_others(few, 2));
  refused({.positions = positions, .classes = {}, .other_classes = fit});
  for (const double precision : {-1.0, std::numeric_limits<double>::infinity()}) {
    refused({.positions = positions, .classes = {}, .precision = precision});
  }
}

}  // namespace
}  // namespace voxloom::test
