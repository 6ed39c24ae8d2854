// Pictures in tests: read back from PNG, and compared with stored ones.
#pragma once

#include <gtest/gtest.h>
#include <png.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>

#include "voxloom/canvas.h"

namespace voxloom::test {

inline viz::Canvas read_png(const std::filesystem::path& path) {
  png_image image;
  std::memset(&image, 0, sizeof image);
  image.version = PNG_IMAGE_VERSION;
  if (png_image_begin_read_from_file(&image, path.c_str()) == 0) {
    throw std::runtime_error(path.string() + ": " + image.message);
  }
  image.format = PNG_FORMAT_RGB;
  viz::Canvas canvas(static_cast<int>(image.width), static_cast<int>(image.height));
  if (png_image_finish_read(&image, nullptr, canvas.pixels().data(), 0, nullptr) == 0) {
    throw std::runtime_error(path.string() + ": " + image.message);
  }
  return canvas;
}

// Compares with tests/data/viz/NAME.png. Other compilers round elsewhere: a few levels of difference
// are nothing, and a few pixels may lie on the other side of an edge.
// VOXLOOM_UPDATE_PICTURES=1 stores the picture instead; look at what changed before it is committed.
inline void expect_picture(const viz::Canvas& canvas, const std::string& name) {
  const char* source = std::getenv("VOXLOOM_SOURCE_DIR");
  ASSERT_NE(source, nullptr) << "VOXLOOM_SOURCE_DIR does not name the sources";
  const auto path = std::filesystem::path(source) / "tests/data/viz" / (name + ".png");
  if (std::getenv("VOXLOOM_UPDATE_PICTURES") != nullptr) {
    std::filesystem::create_directories(path.parent_path());
    write_png(path, canvas);
  }
  const viz::Canvas stored = read_png(path);
  ASSERT_EQ(canvas.width(), stored.width());
  ASSERT_EQ(canvas.height(), stored.height());
  std::size_t different = 0;
  for (std::size_t i = 0; i < canvas.pixels().size(); ++i) {
    const viz::Color a = canvas.pixels()[i], b = stored.pixels()[i];
    const int worst = std::max({std::abs(a.r - b.r), std::abs(a.g - b.g), std::abs(a.b - b.b)});
    different += worst > 12 ? 1 : 0;
  }
  EXPECT_LE(different, canvas.pixels().size() / 500) << "pixels differ from " << path;
}

}  // namespace voxloom::test
