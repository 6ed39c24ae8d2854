// Pictures of point clouds, and pages that show them.

#include "voxloom/pictures.h"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <string>
#include <tuple>

#include "arrays.h"
#include "bindings.h"
#include "calls.h"
#include "core/error.h"
#include "voxloom/page.h"
#include "words.h"

namespace voxloom::python {
namespace {

using Position = std::array<float, 3>;

std::span<const Position> positions_in(const Tensor& points, std::string_view op) {
  require(points.rank() == 2 && points.dim(1) == 3 && points.dtype() == DType::f32, op,
          "points: expected (N,3) float32, got {}", points);
  return {reinterpret_cast<const Position*>(points.raw()), static_cast<std::size_t>(points.dim(0))};
}

std::span<const viz::Color> colors_in(const Tensor& colors, std::string_view op) {
  if (!colors.defined()) return {};
  require(colors.rank() == 2 && colors.dim(1) == 3 && colors.dtype() == DType::u8, op,
          "colors: expected (N,3) uint8, got {}", colors);
  return {reinterpret_cast<const viz::Color*>(colors.raw()),
          static_cast<std::size_t>(colors.dim(0))};
}

using Named = std::tuple<std::string, std::tuple<std::uint8_t, std::uint8_t, std::uint8_t>>;

viz::Color color_of(const Named& entry) {
  const auto& [r, g, b] = std::get<1>(entry);
  return {r, g, b};
}

nb::bytes picture(nb::handle points, nb::handle colors, bool is_perspective, int width, int height,
                  const std::string& title, const std::vector<Named>& legend) {
  constexpr std::string_view kOp = "picture";
  const Tensor p = borrow(points, {kOp, "points"}), c = borrow(colors, {kOp, "colors"});
  const viz::PointCloud cloud{positions_in(p, kOp), colors_in(c, kOp)};
  viz::PictureOptions options{.width = width, .height = height, .title = title};
  for (const Named& entry : legend) options.legend.push_back({std::get<0>(entry), color_of(entry)});
  const std::vector<std::byte> png = released([&] {
    return viz::format_png(is_perspective ? viz::view_in_perspective(cloud, options)
                                          : viz::view_from_above(cloud, options));
  });
  return nb::bytes(png.data(), png.size());
}

std::string page(nb::handle points, nb::handle classes, const std::vector<Named>& table,
                 const nb::dict& values, nb::handle colors, nb::handle origin,
                 const std::string& title, const nb::dict& facts, std::int64_t most_points) {
  constexpr std::string_view kOp = "page";
  const Tensor p = borrow(points, {kOp, "points"}), c = borrow_or_none(classes, {kOp, "classes"}),
               own = borrow_or_none(colors, {kOp, "colors"});
  viz::PageCloud cloud{
      .positions = positions_in(p, kOp), .classes = {}, .colors = colors_in(own, kOp)};
  if (c.defined()) cloud.classes = rows_in(c, {kOp, "classes"});
  for (const Named& entry : table) cloud.table.push_back({std::get<0>(entry), color_of(entry)});
  std::vector<Tensor> numbers;
  for (const auto [name, array] : values) {
    const auto key = nb::cast<std::string>(name);
    numbers.push_back(borrow(array, {kOp, key}));
    require(numbers.back().dtype() == DType::f32 && numbers.back().rank() == 1, kOp,
            "{}: expected (N) float32, got {}", key, numbers.back());
    cloud.values.push_back({key, numbers.back().span<float>()});
  }
  cloud.origin = three_doubles(origin, {kOp, "origin"});
  viz::PageOptions options{.title = title, .most_points = most_points};
  for (const auto [name, value] : facts) {
    options.facts.push_back({nb::cast<std::string>(name), nb::cast<std::string>(value)});
  }
  return released([&] { return viz::format_page(cloud, options); });
}

}  // namespace

void bind_pictures(nb::module_& m) {
  m.def("_picture", picture, nb::arg("points"), nb::arg("colors"), nb::arg("is_perspective"),
        nb::arg("width"), nb::arg("height"), nb::arg("title"), nb::arg("legend"));
  m.def("_page", page, nb::arg("points"), nb::arg("classes").none(), nb::arg("table"),
        nb::arg("values"), nb::arg("colors").none(), nb::arg("origin"), nb::arg("title"),
        nb::arg("facts"), nb::arg("most_points"));
}

}  // namespace voxloom::python
