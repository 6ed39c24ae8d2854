// Where the program finds a model that it is given by name.
#pragma once

#include <array>
#include <filesystem>
#include <string>

namespace voxloom::cli {

inline constexpr const char* kDefaultModel = "street.lattice";

// Those that come with the program, each for a world of its own.
inline constexpr std::array kBundledModels = {"street", "rooms", "aerial"};

// `model` where there is such a folder. A bare name, with or without .lattice, is also looked for among the models that come with
// the program: in models/ of the working directory, beside the program (../share/voxloom/models) and
// in the sources that it was built from. std::runtime_error lists where it was looked for.
[[nodiscard]] std::filesystem::path find_model(const std::string& model);

}  // namespace voxloom::cli
