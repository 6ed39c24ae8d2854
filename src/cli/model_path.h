// Where the program finds a model that it is given by name.
#pragma once

#include <array>
#include <filesystem>
#include <string>

namespace voxloom::cli {

inline constexpr const char* kDefaultModel = "street.lattice";

// Those that come with the program, each for a world of its own.
inline constexpr std::array kBundledModels = {"street", "rooms", "aerial"};

// `model` where there is such a folder. A bare name, with its ending .lattice or without, is also looked for among the
// models that come with the program: in models/ of the working directory, beside the program (../share/voxloom/models)
// and in the sources that it was built from. std::runtime_error lists where it was looked for. A path that leads
// nowhere, and a file, is given back: whoever reads it says what a model is.
[[nodiscard]] std::filesystem::path find_model(const std::string& model);

// An argument that find_model takes.
inline constexpr const char* kModelHelp =
    "The model, a folder NAME.lattice, or the name of one that comes with the program";

}  // namespace voxloom::cli
