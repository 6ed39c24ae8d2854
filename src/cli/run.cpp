// voxloom run: a model, arrays in, arrays out.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "cli/command.h"
#include "cli/model_path.h"
#include "cli/outputs.h"
#include "cli/plan_options.h"
#include "voxloom/artifact.h"
#include "voxloom/parallel.h"

namespace voxloom::cli {
namespace {

struct RunArguments {
  std::string bundle, inputs, output;
  bool logical = false, overwrite = false;
  int threads = 0;
};

// What is computed of such a value is none either, and reaches the rows around it.
void say_not_finite(const std::string& name, const Tensor& values) {
  if (values.dtype() != DType::f32 || values.rank() == 0) return;
  const std::span<const float> all = values.span<float>();
  const auto is_finite = [](float value) { return std::isfinite(value); };
  const auto first = std::ranges::find_if_not(all, is_finite);
  if (first == all.end()) return;
  const std::int64_t per_row = std::ssize(all) / values.dim(0);
  fmt::print(stderr, "voxloom: {} values of the input '{}' are not finite, the first in row {}\n",
             all.size() - static_cast<std::size_t>(std::ranges::count_if(all, is_finite)), name,
             (first - all.begin()) / per_row);
}

void run_model(const RunArguments& arguments) {
  using namespace artifact;
  const std::filesystem::path bundle = find_model(arguments.bundle);
  Outputs({bundle, arguments.inputs}, arguments.overwrite).require_place(arguments.output);
  use_tuned_plans();
  const Model model = Model::load(
      bundle, {.coordinates = arguments.logical ? Coordinates::logical : Coordinates::physical});
  const Safetensors inputs = read_safetensors(arguments.inputs);
  for (const auto& [name, type] : inputs.unreadable) (void)inputs.at(name);  // says what is wrong
  for (const auto& [name, tensor] : inputs.tensors) say_not_finite(name, tensor);
  TensorMap results;
  with_threads(arguments.threads, [&] { results = to_tensors(model.run(inputs.tensors)); });
  write_safetensors(arguments.output, results);
  Outputs::mark(arguments.output);

  std::size_t width = 0;
  for (const auto& [name, tensor] : results) width = std::max(width, name.size());
  for (const auto& [name, tensor] : results) {
    fmt::print("{:<{}}  {:<8}  {}\n", name, width, name_of(tensor.dtype()),
               to_string(tensor.shape()));
  }
}

}  // namespace

void add_run(Options command) {
  const auto arguments = std::make_shared<RunArguments>();
  command.add_option("bundle", arguments->bundle, kModelHelp).required().type_name("BUNDLE");
  command
      .add_option("--inputs", arguments->inputs,
                  "A safetensors file with one array for each input of the model")
      .required()
      .type_name("FILE");
  command
      .add_option("-o,--output", arguments->output,
                  "Where to write the results; nothing is written when the run fails")
      .required()
      .type_name("FILE");
  command.add_flag("--logical-coordinates", arguments->logical,
                   "Input coordinates are lattice coordinates, not physical ones\n"
                   "(physical = lattice coordinate times stride)");
  add_overwrite_option(command, arguments->overwrite);
  add_threads_option(command, arguments->threads);
  add_algorithm_option(command);
  command.footer(
      "\n`voxloom info BUNDLE` lists the names of the inputs. A sparse result NAME is written as\n"
      "NAME.coords (lattice coordinates), NAME.features and NAME.active (the number of rows).\n"
      "\nExample:\n"
      "  voxloom run unet.lattice --inputs scan.safetensors --output labels.safetensors "
      "--threads 2\n");
  command.callback([arguments] { run_model(*arguments); });
}

}  // namespace voxloom::cli
