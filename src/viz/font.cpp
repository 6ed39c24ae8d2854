// The drawings of the font, made for this program.
//
// A glyph is its width and then strokes, all on a grid in hexadecimal: the baseline is y = 4, small
// letters end at b, capitals at e, tails at 0. A stroke is a list of points XYXY...; one that starts
// with '~' is a curve through its points, closed when it ends where it began.
#include "viz/font.h"

#include <array>
#include <string_view>

namespace voxloom::viz {
namespace {

constexpr char kFirst = ' ';
constexpr std::array<std::string_view, 95> kDrawings = {
    "3",                                                       // blank
    "0 0e07 0404",                                             // !
    "2 0e0b 2e2b",                                             // "
    "8 3e14 7e54 0a8a 0787",                                   // #
    "6 ~6c5d3e1d0c0b1a3958676655341506 3f33",                  // $
    "8 7e14 ~1e2d2c1b0c0d1e ~77868574656677",                  // %
    "8 842b ~2b2d3e4e5d5c4a180615345578",                      // &
    "0 0e0b",                                                  // '
    "2 ~2f1d0a071422",                                         // (
    "2 ~0f1d2a271402",                                         // )
    "6 3d37 0c68 6c08",                                        // *
    "6 3b35 0868",                                             // +
    "1 1402",                                                  // ,
    "4 0848",                                                  // -
    "0 0404",                                                  // .
    "5 5f02",                                                  // /
    "6 ~3e5d6b67553415070b1d3e",                               // 0
    "6 1c3e34",                                                // 1
    "6 ~0b1d3e5d6b5904 0464",                                  // 2
    "6 ~0c1d3e5d6c5a39 2939 ~3958676655341506",                // 3
    "6 4e0767 4e44",                                           // 4
    "6 5e1e0a ~0a1b3b5a686755341506",                          // 5
    "6 ~5d3e1d0b0715345567685a3b1a08",                         // 6
    "6 0e6e24",                                                // 7
    "6 ~3e5d6c5a391a0c1d3e ~3958676655341506071839",           // 8
    "6 ~153455676b5d3e1d0b0a1837586a",                         // 9
    "0 0a0a 0404",                                             // :
    "1 1a1a 1402",                                             // ;
    "6 6b0865",                                                // <
    "6 0a6a 0666",                                             // =
    "6 0b6805",                                                // >
    "6 ~0b1d3e5d6b5a39 3937 3434",                             // ?
    "a ~7a5b4948566678 7b77 ~778696a8aa9d6e4e1d0a0714436384",  // @
    "8 044e84 1777",                                           // A
    "7 040e4e ~4e5e6d6a5949 0949 ~495978755444 4404",          // B
    "7 ~7c6d4e2d1c091625446576",                               // C
    "8 040e3e ~3e4e6d7c8a8876654434 3404",                     // D
    "6 6e0e0464 0959",                                         // E
    "6 6e0e04 0959",                                           // F
    "8 ~7c6d4e2d1c091625446586 868959",                        // G
    "7 040e 747e 0979",                                        // H
    "0 0e04",                                                  // I
    "5 5e57 ~5745241506",                                      // J
    "7 0e04 7e08 3a74",                                        // K
    "6 0e0464",                                                // L
    "8 040e468e84",                                            // M
    "7 040e747e",                                              // N
    "8 ~4e6d7c8a887665442516080a1c2d4e",                       // O
    "7 040e4e ~4e5e6d7b695848 4808",                           // P
    "8 ~4e6d7c8a887665442516080a1c2d4e 5783",                  // Q
    "7 040e4e ~4e5e6d7b695848 4808 4874",                      // R
    "6 ~6c5d3e1d0c0b1a3958676655341506",                       // S
    "8 0e8e 4e44",                                             // T
    "7 0e08 ~0807153444657778 787e",                           // U
    "8 0e448e",                                                // V
    "c 0e346e94ce",                                            // W
    "7 0e74 7e04",                                             // X
    "8 0e498e 4944",                                           // Y
    "7 0e7e0474",                                              // Z
    "2 2f0f0222",                                              // [
    "5 0f52",                                                  // backslash
    "2 0f2f2202",                                              // ]
    "6 0b3e6b",                                                // ^
    "6 0262",                                                  // _
    "2 0e2c",                                                  // `
    "6 6b64 ~685a3b1a080715345567",                            // a
    "6 0e04 ~081a3b5a686755341507",                            // b
    "5 ~5a3b1a0807153455",                                     // c
    "6 6e64 ~685a3b1a080715345567",                            // d
    "6 0868 ~685a3b1a0807153455",                              // e
    "4 ~4e2e1c1b 1b14 0b3b",                                   // f
    "6 6b63 ~6351301001 ~685a3b1a080715345567",                // g
    "6 0e04 ~081a3b5a68 6864",                                 // h
    "0 0b04 0e0e",                                             // i
    "2 2b22 ~22211000 2e2e",                                   // j
    "5 0e04 5b07 2854",                                        // k
    "0 0e04",                                                  // l
    "a 0b04 ~081a3b4a58 5854 ~586a8b9aa8 a8a4",                // m
    "6 0b04 ~081a3b5a68 6864",                                 // n
    "6 ~3b5a686755341507081a3b",                               // o
    "6 0b00 ~081a3b5a686755341507",                            // p
    "6 6b60 ~685a3b1a080715345567",                            // q
    "4 0b04 ~081a3b4b",                                        // r
    "5 ~5a3b2b0a0918475655342405",                             // s
    "4 1e17 ~1716243445 0b3b",                                 // t
    "6 0b07 ~0715345567 6b64",                                 // u
    "6 0b346b",                                                // v
    "a 0b345b74ab",                                            // w
    "6 0b64 6b04",                                             // x
    "6 0b34 6b10",                                             // y
    "5 0b5b0454",                                              // z
    "3 ~3f2e1c1a09 ~0918162332",                               // {
    "0 0f02",                                                  // |
    "3 ~0f1e2c2a39 ~3928261302",                               // }
    "6 ~081929485869",                                         // ~
};

constexpr double kCapital = 10;  // grid units from the baseline to the top of capitals
constexpr int kBaseline = 4;
constexpr int kPiecesPerCurve = 5;

int digit(char c) { return c <= '9' ? c - '0' : c - 'a' + 10; }

std::vector<Point2> points_of(std::string_view digits) {
  std::vector<Point2> points;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    points.push_back({digit(digits[i]) / kCapital, (digit(digits[i + 1]) - kBaseline) / kCapital});
  }
  return points;
}

// Catmull-Rom: through b and c, with the slopes of a..c and b..d.
Point2 between(Point2 a, Point2 b, Point2 c, Point2 d, double t) {
  const auto along = [t](double p, double q, double r, double s) {
    return 0.5 * (2 * q + (r - p) * t + (2 * p - 5 * q + 4 * r - s) * t * t +
                  (3 * q - p - 3 * r + s) * t * t * t);
  };
  return {along(a.x, b.x, c.x, d.x), along(a.y, b.y, c.y, d.y)};
}

std::vector<Point2> curve_through(const std::vector<Point2>& points) {
  const std::size_t last = points.size() - 1;
  const bool closed = points.front() == points.back();
  std::vector<Point2> curve = {points.front()};
  for (std::size_t i = 0; i < last; ++i) {
    const Point2 before = i > 0 ? points[i - 1] : closed ? points[last - 1] : points[0];
    const Point2 after = i + 1 < last ? points[i + 2] : closed ? points[1] : points[last];
    for (int piece = 1; piece <= kPiecesPerCurve; ++piece) {
      curve.push_back(between(before, points[i], points[i + 1], after,
                              static_cast<double>(piece) / kPiecesPerCurve));
    }
  }
  return curve;
}

Glyph parse(std::string_view drawing) {
  Glyph glyph;
  glyph.advance = digit(drawing[0]) / kCapital + kGlyphGap;
  for (std::size_t at = 2; at < drawing.size();) {
    const std::size_t end = std::min(drawing.find(' ', at), drawing.size());
    const std::string_view stroke = drawing.substr(at, end - at);
    glyph.paths.push_back(stroke[0] == '~' ? curve_through(points_of(stroke.substr(1)))
                                           : points_of(stroke));
    at = end + 1;
  }
  return glyph;
}

std::vector<Glyph> parse_all() {
  std::vector<Glyph> glyphs;
  for (const std::string_view drawing : kDrawings) glyphs.push_back(parse(drawing));
  return glyphs;
}

}  // namespace

const Glyph& glyph_of(char c) {
  static const std::vector<Glyph> glyphs = parse_all();
  const int place = c - kFirst;
  const bool known = place >= 0 && place < static_cast<int>(kDrawings.size());
  return glyphs[static_cast<std::size_t>(known ? place : '?' - kFirst)];
}

}  // namespace voxloom::viz
