// Bundles on disk: read and checked as a whole, written whole or not at all.
#include "artifact/bundle/bundle.h"

#include <algorithm>
#include <array>
#include <fstream>

#include "artifact/text/graph_reader.h"
#include "artifact/text/mlir_writer.h"
#include "artifact/verify/verifier.h"
#include "core/atomic_file.h"
#include "core/error.h"

namespace voxloom::artifact {
namespace {

namespace fs = std::filesystem;

std::string read_text(const fs::path& file) {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(file, error);
  if (error) throw FormatError(fmt::format("cannot be read: {}", error.message()));
  if (size > kMaxGraphBytes) {
    throw FormatError(fmt::format("is {} bytes long; at most {} are read", size, kMaxGraphBytes));
  }
  std::ifstream stream(file, std::ios::binary);
  std::string text(size, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(size));
  if (!stream) throw FormatError("cannot be read");
  return text;
}

// Calls read(file), and reports what it throws; the file's name stands in front of every report.
template <typename Read>
auto guarded(Reporter& reporter, const fs::path& file, Read read)
    -> std::optional<decltype(read(file))> {
  try {
    return read(file);
  } catch (const FormatError& error) {
    std::string_view message = error.what();
    const std::string prefix = fmt::format("[safetensors] {}: ", file.string());
    if (message.starts_with(prefix)) message.remove_prefix(prefix.size());
    reporter.error({}, "{}", message);
    return std::nullopt;
  }
}

void verify_into(const Graph& graph, const Safetensors* weights, Diagnostics& out) {
  Reporter reporter(kGraphFile, out);
  Reporter weight_reporter(kWeightFile, out);
  (void)verify(graph, weights, reporter, weight_reporter);
}

struct Parts {
  std::optional<Graph> graph;
  std::optional<Safetensors> weights;
};

Parts read_parts(const fs::path& folder, Diagnostics& out) {
  Reporter reporter(kGraphFile, out);
  Reporter weight_reporter(kWeightFile, out);
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored)) {
    Reporter("", out).error({}, "is not a folder; a bundle is a folder with {} and {}", kGraphFile,
                            kWeightFile);
    return {};
  }
  Parts parts;
  const auto text = guarded(reporter, folder / kGraphFile, read_text);
  if (text) parts.graph = read_graph(*text, reporter);
  parts.weights = guarded(weight_reporter, folder / kWeightFile,
                          [](const fs::path& file) { return read_safetensors(file); });
  if (parts.graph) {
    verify_into(*parts.graph, parts.weights ? &*parts.weights : nullptr, out);
  }
  return parts;
}

// Problems in the order of the text, warnings among them.
void sort_by_place(Diagnostics& diagnostics) {
  std::ranges::stable_sort(diagnostics, {}, [](const Diagnostic& d) {
    return std::tuple(d.file != kGraphFile, d.position.line, d.position.column);
  });
}

Safetensors as_file(const TensorMap& weights) {
  return {.tensors = weights, .metadata = {}, .unreadable = {}};
}

TensorMap named_arrays(const Bundle& bundle) {
  TensorMap arrays;
  for (const Graph::Op& op : bundle.graph.ops) {
    if (op.name != kWeightOp) continue;
    for (const std::string& name : arrays_of(op)) arrays[name] = bundle.weights.at(name);
  }
  return arrays;
}

}  // namespace

std::string summary(const Diagnostics& diagnostics) {
  const auto is_error = [](const Diagnostic& d) { return d.severity == Severity::error; };
  const auto first = std::ranges::find_if(diagnostics, is_error);
  const auto count = std::ranges::count_if(diagnostics, is_error);
  std::string text = place_of(*first);
  text += (text.empty() ? "" : ": ") + first->message;
  if (count > 1) text += fmt::format(" (the first of {} problems)", count);
  return text;
}

Graph parse_graph(std::string_view text) {
  Diagnostics diagnostics;
  Reporter reporter(kGraphFile, diagnostics);
  std::optional<Graph> graph = read_graph(text, reporter);
  if (graph) verify_into(*graph, nullptr, diagnostics);
  sort_by_place(diagnostics);
  if (has_errors(diagnostics)) {
    throw FormatError(fmt::format("[artifact] {}", summary(diagnostics)));
  }
  return std::move(*graph);
}

std::string to_text(const Graph& graph) {
  Diagnostics diagnostics;
  verify_into(graph, nullptr, diagnostics);
  require(!has_errors(diagnostics), "artifact", "{}",
          has_errors(diagnostics) ? summary(diagnostics) : "");
  return write_graph(graph);
}

Bundle read_bundle(const fs::path& folder) {
  Diagnostics diagnostics;
  Parts parts = read_parts(folder, diagnostics);
  sort_by_place(diagnostics);
  if (has_errors(diagnostics)) {
    throw FormatError(fmt::format("[artifact] {}: {}", folder.string(), summary(diagnostics)));
  }
  return {.graph = std::move(*parts.graph), .weights = std::move(parts.weights->tensors)};
}

void write_bundle(const fs::path& folder, const Bundle& bundle,
                  const std::map<std::string, std::string>& companions) {
  std::vector<std::string_view> files = {kGraphFile, kWeightFile};
  for (const auto& [name, text] : companions) {
    require(fs::path(name).filename() == name && std::ranges::find(files, name) == files.end(),
            "artifact", "'{}' cannot name a companion of a bundle", name);
    files.push_back(name);
  }
  const Diagnostics diagnostics = verify_bundle(bundle);
  require(!has_errors(diagnostics), "artifact", "{}",
          has_errors(diagnostics) ? summary(diagnostics) : "");
  AtomicFolder out(folder, files);
  const auto write = [&](const std::string& name, const std::string& text) {
    AtomicFile file(out.temporary() / name);
    file.write(text);
    file.commit();
  };
  write(std::string(kGraphFile), write_graph(bundle.graph));
  for (const auto& [name, text] : companions) write(name, text);
  write_safetensors(out.temporary() / kWeightFile, named_arrays(bundle), {{"producer", "voxloom"}});
  out.commit();
}

Diagnostics verify_bundle(const fs::path& folder) {
  Diagnostics diagnostics;
  (void)read_parts(folder, diagnostics);
  sort_by_place(diagnostics);
  return diagnostics;
}

Diagnostics verify_bundle(const Bundle& bundle) {
  Diagnostics diagnostics;
  const Safetensors file = as_file(bundle.weights);
  verify_into(bundle.graph, &file, diagnostics);
  sort_by_place(diagnostics);
  return diagnostics;
}

}  // namespace voxloom::artifact
