// PNG files through libpng's simplified interface, which returns its errors.
#include <png.h>

#include <cstring>

#include "core/atomic_file.h"
#include "core/error.h"
#include "voxloom/canvas.h"

namespace voxloom::viz {
namespace {

static_assert(sizeof(Color) == 3, "rows of colours are rows of bytes");

png_image described(const Canvas& canvas) {
  png_image image;
  std::memset(&image, 0, sizeof image);
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(canvas.width());
  image.height = static_cast<png_uint_32>(canvas.height());
  image.format = PNG_FORMAT_RGB;
  // Without filters, which flat colours pack no better with: a picture takes less than half the time.
  image.flags = PNG_IMAGE_FLAG_FAST;
  return image;
}

}  // namespace

std::vector<std::byte> format_png(const Canvas& canvas) {
  png_image image = described(canvas);
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);  // then what it really took
  std::vector<std::byte> bytes(size);
  if (png_image_write_to_memory(&image, bytes.data(), &size, 0, canvas.pixels().data(), 0,
                                nullptr) == 0) {
    fail_resource("png", "{}", image.message);
  }
  bytes.resize(size);
  return bytes;
}

void write_png(const std::filesystem::path& path, const Canvas& canvas) {
  AtomicFile file(path);
  file.write(format_png(canvas));
  file.commit();
}

}  // namespace voxloom::viz
