// Where the program finds a model that it is given by name.
#pragma once

#include <filesystem>
#include <string>

namespace voxloom::cli {

inline constexpr const char* kDefaultModel = "street.lattice";

// `model` where there is such a folder. A bare name is also looked for among the models that come with
// the program: in models/ of the working directory, beside the program (../share/voxloom/models) and
// in the sources that it was built from. std::runtime_error lists where it was looked for.
[[nodiscard]] std::filesystem::path find_model(const std::string& model);

}  // namespace voxloom::cli
