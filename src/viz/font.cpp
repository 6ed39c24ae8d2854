#include "viz/font.h"

#include <cmath>
#include <map>
#include <mutex>
#include <tuple>

#include "core/error.h"
#include "viz/font_file.h"
#include "viz/utf8.h"

#define STBTT_STATIC
#define STB_TRUETYPE_IMPLEMENTATION
#define STBTT_assert(condition) static_cast<void>(0)  // a library does not abort
#include <stb_truetype.h>

namespace voxloom::viz {
namespace {

class Font {
 public:
  Font() {
    require(stbtt_InitFont(&info_, font_file().data(), 0) != 0, "text", "the font cannot be read");
    int left = 0, bottom = 0, right = 0, top = 0;
    stbtt_GetCodepointBox(&info_, 'H', &left, &bottom, &right, &top);
    capital_ = top;
    replacement_ = stbtt_FindGlyphIndex(&info_, kReplacementCharacter);
  }

  [[nodiscard]] int find(char32_t character) const {
    const int glyph = stbtt_FindGlyphIndex(&info_, static_cast<int>(character));
    return glyph != 0 ? glyph : replacement_;
  }

  [[nodiscard]] double advance(int glyph, int next) const {
    int width = 0, bearing = 0;
    stbtt_GetGlyphHMetrics(&info_, glyph, &width, &bearing);
    const int kern = next < 0 ? 0 : stbtt_GetGlyphKernAdvance(&info_, glyph, next);
    return static_cast<double>(width + kern) / capital_;
  }

  [[nodiscard]] GlyphImage draw(int glyph, int size, int step) const {
    const float scale = static_cast<float>(size) / static_cast<float>(capital_);
    const float shift = static_cast<float>(step) / static_cast<float>(kPenSteps);
    int left = 0, top = 0, right = 0, bottom = 0;
    stbtt_GetGlyphBitmapBoxSubpixel(&info_, glyph, scale, scale, shift, 0, &left, &top, &right,
                                    &bottom);
    GlyphImage image{
        .left = left, .top = top, .width = right - left, .height = bottom - top, .shares = {}};
    if (image.width <= 0 || image.height <= 0) return {};
    image.shares.resize(static_cast<std::size_t>(image.width) *
                        static_cast<std::size_t>(image.height));
    stbtt_MakeGlyphBitmapSubpixel(&info_, image.shares.data(), image.width, image.height,
                                  image.width, scale, scale, shift, 0, glyph);
    return image;
  }

 private:
  stbtt_fontinfo info_{};
  int capital_ = 1;  // the height of an H, in units of the font
  int replacement_ = 0;
};

const Font& the_font() {
  static const Font font;
  return font;
}

// What was drawn before; where that is much, later glyphs are drawn anew each time.
class GlyphImages {
 public:
  std::shared_ptr<const GlyphImage> get(int glyph, int size, int step) {
    const Key key{glyph, size, step};
    {
      const std::lock_guard lock(mutex_);
      if (const auto found = images_.find(key); found != images_.end()) return found->second;
    }
    auto image = std::make_shared<const GlyphImage>(the_font().draw(glyph, size, step));
    const std::lock_guard lock(mutex_);
    const std::size_t bytes = bytes_ + kOfEntry + image->shares.size();
    if (bytes <= kMostBytes && images_.try_emplace(key, image).second) bytes_ = bytes;
    return image;
  }

 private:
  using Key = std::tuple<int, int, int>;
  static constexpr std::size_t kMostBytes = std::size_t{4} << 20, kOfEntry = 200;
  std::mutex mutex_;
  std::map<Key, std::shared_ptr<const GlyphImage>> images_;
  std::size_t bytes_ = 0;
};

}  // namespace

int glyph_of(char32_t character) { return the_font().find(character); }

double advance_of(int glyph, int next) { return the_font().advance(glyph, next); }

std::shared_ptr<const GlyphImage> image_of(int glyph, int size, int step) {
  static GlyphImages images;
  return images.get(glyph, size, step);
}

}  // namespace voxloom::viz
