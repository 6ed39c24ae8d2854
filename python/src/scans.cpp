// Scans: files to named numpy columns, and back.

#include "scans.h"

#include <nanobind/stl/function.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <array>
#include <cstring>
#include <optional>
#include <string>

#include "arrays.h"
#include "bindings.h"
#include "calls.h"
#include "core/error.h"
#include "io/words.h"
#include "voxloom/io.h"
#include "words.h"

namespace voxloom::python {
namespace {

// In the order of ColumnType.
constexpr std::array kTypes = {"u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8"};

template <typename Values>
nb::object moved_to_numpy(Values values, Shape shape, const char* type) {
  auto owner = std::make_shared<Values>(std::move(values));
  void* data = owner->data();
  return to_numpy(data, std::move(shape), type, std::move(owner));
}

// Codes, and the words that they stand for: _words.py makes an array of str of them, and the other way round.
nb::object to_python_text(Column column) {
  nb::list words;
  for (const std::string& word : *column.words) words.append(nb::str(word.c_str(), word.size()));
  Shape shape = {column.points()};
  if (column.components != 1) shape.push_back(column.components);
  auto codes = std::get<std::vector<WordCode>>(std::move(column.values));
  return nb::make_tuple(moved_to_numpy(std::move(codes), std::move(shape), "u4"), words);
}

nb::object to_python(Column column) {
  if (column.is_text()) return to_python_text(std::move(column));
  const char* type = kTypes.at(static_cast<std::size_t>(column.type()));
  Shape shape = {column.points()};
  if (column.components != 1) shape.push_back(column.components);
  return std::visit(
      [&](auto&& values) { return moved_to_numpy(std::move(values), std::move(shape), type); },
      std::move(column.values));
}

nb::object to_python(const std::optional<Pose>& pose) {
  if (!pose) return nb::none();
  std::vector<double> values;
  for (const auto& row : *pose) values.insert(values.end(), row.begin(), row.end());
  return to_numpy(std::move(values), {4, 4});
}

nb::tuple to_python(const std::array<double, 3>& values) {
  return nb::make_tuple(values[0], values[1], values[2]);
}

std::optional<Pose> pose_of(nb::handle value, Argument a) {
  if (value.is_none()) return {};
  const Tensor tensor = borrow(value, a);
  require(tensor.dtype() == DType::f64 && tensor.shape() == Shape{4, 4}, a.op,
          "{}: expected (4,4) float64, got {}", a.name, tensor);
  Pose pose{};
  for (std::size_t i = 0; i < 16; ++i) pose.at(i / 4).at(i % 4) = tensor.span<double>()[i];
  return pose;
}

template <std::size_t index = 0>
Column::Values values_of(const Elements& elements, std::size_t type, std::size_t count) {
  if constexpr (index < std::variant_size_v<Column::Values>) {
    if (index != type) return values_of<index + 1>(elements, type, count);
    std::variant_alternative_t<index, Column::Values> values(count);
    if (count > 0) std::memcpy(values.data(), elements.data, count * sizeof(values[0]));
    return values;
  } else {
    fail("scan", "unknown column type number {}", type);
  }
}

Column text_of(const std::string& name, nb::tuple coded, std::string_view op) {
  const Elements codes = elements_of(coded[0], {op, name});
  require(codes.type == "u4" && (codes.shape.size() == 1 || codes.shape.size() == 2), op,
          "{}: expected codes (N) or (N,C), got {} of type {}", name, codes.shape, codes.type);
  std::size_t count = 1;
  for (const std::int64_t size : codes.shape) count *= static_cast<std::size_t>(size);
  Words words;
  for (const nb::handle word : coded[1]) {
    words.push_back(nb::cast<std::string>(word));
    require(io::is_word(words.back()), op,
            "{}: expected words of at most {} characters without zero bytes, got one of {} bytes",
            name, kLongestWord, words.back().size());
  }
  std::vector<WordCode> values(count);
  if (count > 0) std::memcpy(values.data(), codes.data, count * sizeof(WordCode));
  for (const WordCode code : values) {
    require(static_cast<std::size_t>(code) < words.size(), op, "{}: there is no word {}", name,
            static_cast<std::uint32_t>(code));
  }
  return {.name = name,
          .components = codes.shape.size() == 2 ? codes.shape[1] : 1,
          .values = std::move(values),
          .words = std::make_shared<const Words>(std::move(words))};
}

Column column_of(const std::string& name, nb::handle array, std::string_view op) {
  if (nb::isinstance<nb::tuple>(array)) return text_of(name, nb::borrow<nb::tuple>(array), op);
  const Elements elements = elements_of(array, {op, name});
  std::size_t type = 0;
  while (type < kTypes.size() && elements.type != kTypes.at(type)) ++type;
  require(type < kTypes.size(), op, "{}: expected integers or floats of 1 to 8 bytes, got type {}",
          name, elements.type);
  require(elements.shape.size() == 1 || elements.shape.size() == 2, op,
          "{}: expected shape (N) or (N,C), got {}", name, elements.shape);
  std::size_t count = 1;
  for (const std::int64_t size : elements.shape) count *= static_cast<std::size_t>(size);
  return {.name = name,
          .components = elements.shape.size() == 2 ? elements.shape[1] : 1,
          .values = values_of(elements, type, count)};
}

std::optional<ScanFormat> format_of(const std::optional<std::string>& name, std::string_view op) {
  if (!name) return {};
  const std::optional<ScanFormat> format = scan_format_named(*name);
  if (format) return format;
  std::string expected;
  for (const std::string& known : scan_format_names()) {
    expected += (expected.empty() ? "'" : ", '") + known + "'";
  }
  fail(op, "format: expected one of {}, got '{}'", expected, *name);
}

InvalidPoints invalid_of(const std::string& name) {
  if (name == "error") return InvalidPoints::error;
  if (name == "drop") return InvalidPoints::drop;
  if (name == "keep") return InvalidPoints::keep;
  fail("read_scan", "invalid: expected one of 'error', 'drop', 'keep', got '{}'", name);
}

Encoding encoding_of(const std::string& name) {
  if (name == "binary") return Encoding::binary;
  if (name == "ascii") return Encoding::ascii;
  if (name == "big_endian") return Encoding::big_endian;
  fail("write_scan", "encoding: expected one of 'binary', 'ascii', 'big_endian', got '{}'", name);
}

// A path is text here; os.fspath was asked before.
nb::tuple read(const std::string& path, const std::optional<std::string>& format,
               const std::string& invalid, std::int64_t max_unpacked_bytes,
               std::vector<std::string> fields, const std::optional<nb::bytes>& content) {
  std::vector<std::string> notes;
  ReadOptions options{.format = format_of(format, "read_scan"),
                      .invalid = invalid_of(invalid),
                      .max_unpacked_bytes = max_unpacked_bytes,
                      .fields = std::move(fields),
                      .on_note = [&](const std::string& note) { notes.push_back(note); }};
  Scan scan;
  if (content) {
    const auto* data = static_cast<const std::byte*>(content->data());
    const std::span<const std::byte> bytes(data, content->size());
    scan = released([&] { return parse_scan(bytes, path, options); });
  } else {
    scan = released([&] { return read_scan(path, options); });
  }
  return nb::make_tuple(scan_to_python(std::move(scan)), listed(notes));
}

struct Output {
  Scan scan;
  WriteOptions options;
  std::vector<std::string> notes;
};

nb::object write(const std::optional<std::string>& path, nb::handle parts,
                 const std::optional<std::string>& format, const std::string& encoding,
                 const std::string& separator, const std::string& classification, bool shift,
                 bool wide) {
  constexpr std::string_view kOp = "write_scan";
  require(separator.size() <= 1, kOp, "separator: expected one character, got '{}'", separator);
  std::vector<std::string> notes;
  const Scan scan = scan_of(parts, kOp);
  const WriteOptions options{
      .format = format_of(format, kOp),
      .encoding = encoding_of(encoding),
      .separator = separator.empty() ? separator_named(format.value_or("")) : separator[0],
      .classification = classification,
      .shift = shift,
      .wide = wide,
      .on_note = [&](const std::string& note) { notes.push_back(note); }};
  if (path) {
    released([&] { write_scan(*path, scan, options); });
    return listed(notes);
  }
  const std::vector<std::byte> bytes = released([&] { return format_scan(scan, options); });
  return nb::bytes(bytes.data(), bytes.size());
}

nb::list formats() {
  nb::list list;
  for (const ScanFormatInfo& info : scan_formats()) {
    nb::list endings;
    for (const std::string_view ending : info.endings)
      endings.append(nb::str(ending.data(), ending.size()));
    list.append(nb::make_tuple(nb::str(info.name.data(), info.name.size()), nb::tuple(endings),
                               info.is_written));
  }
  return list;
}

}  // namespace

nb::dict scan_to_python(Scan scan) {
  nb::dict parts, attributes;
  const auto count = static_cast<std::int64_t>(scan.positions.size());
  for (Column& column : scan.attributes) {
    const nb::str name(column.name.c_str(), column.name.size());
    attributes[name] = to_python(std::move(column));
  }
  parts["positions"] = moved_to_numpy(std::move(scan.positions), {count, 3}, "f8");
  parts["position_type"] = nb::str(std::string(name_of(scan.position_type)).c_str());
  parts["attributes"] = attributes;
  parts["origin"] = to_python(scan.origin);
  parts["middle"] = nb::none();
  if (scan.middle) parts["middle"] = to_python(*scan.middle);
  parts["quantization"] = nb::none();
  if (scan.quantization) {
    parts["quantization"] =
        nb::make_tuple(to_python(scan.quantization->scale), to_python(scan.quantization->offset));
  }
  parts["pose"] = to_python(scan.pose);
  parts["viewpoint"] = to_python(scan.viewpoint);
  parts["las"] = scan.las ? nb::cast(std::move(*scan.las)) : nb::none();
  return parts;
}

nb::list listed(const std::vector<std::string>& notes) {
  nb::list list;
  for (const std::string& note : notes) list.append(nb::str(note.c_str(), note.size()));
  return list;
}

Scan scan_of(nb::handle parts, std::string_view op) {
  Scan scan;
  const Elements positions = elements_of(parts["positions"], {op, "positions"});
  require(positions.type == "f8" && positions.shape.size() == 2 && positions.shape[1] == 3, op,
          "positions: expected (N,3) float64, got {} of type {}", positions.shape, positions.type);
  scan.positions.resize(static_cast<std::size_t>(positions.shape[0]));
  if (!scan.positions.empty()) {
    std::memcpy(scan.positions.data(), positions.data,
                scan.positions.size() * sizeof(scan.positions[0]));
  }
  const auto type = nb::cast<std::string>(parts["position_type"]);
  require(type == "float32" || type == "float64", op,
          "position_type: expected 'float32' or 'float64', got '{}'", type);
  scan.position_type = type == "float32" ? ColumnType::f32 : ColumnType::f64;
  for (const auto [name, array] : nb::cast<nb::dict>(parts["attributes"])) {
    scan.set(column_of(nb::cast<std::string>(name), array, op));
  }
  scan.origin = three_doubles(parts["origin"], {op, "origin"});
  if (const nb::object middle = parts["middle"]; !middle.is_none()) {
    scan.middle = three_doubles(middle, {op, "middle"});
  }
  if (const nb::object quantization = parts["quantization"]; !quantization.is_none()) {
    scan.quantization =
        Quantization{.scale = three_doubles(nb::object(quantization[0]), {op, "quantization"}),
                     .offset = three_doubles(nb::object(quantization[1]), {op, "quantization"})};
  }
  scan.pose = pose_of(parts["pose"], {op, "pose"});
  scan.viewpoint = pose_of(parts["viewpoint"], {op, "viewpoint"});
  if (const nb::object las = parts["las"]; !las.is_none()) scan.las = nb::cast<LasRecords>(las);
  return scan;
}

void bind_scans(nb::module_& m) {
  nb::class_<LasRecords>(m, "LasRecords",
                         "What only LAS files have, kept from LAS to LAS: header bits and records.")
      .def_ro("encoding", &LasRecords::encoding);
  m.def("_read_scan", read, nb::arg("path"), nb::arg("format").none(), nb::arg("invalid"),
        nb::arg("max_unpacked_bytes"), nb::arg("fields"), nb::arg("content").none());
  m.def("_write_scan", write, nb::arg("path").none(), nb::arg("parts"), nb::arg("format").none(),
        nb::arg("encoding"), nb::arg("separator"), nb::arg("classification"), nb::arg("shift"),
        nb::arg("wide"));
  m.def("_scan_formats", formats);
}

}  // namespace voxloom::python
