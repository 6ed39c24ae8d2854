// Checkpoints of other libraries: the tensors of a PyTorch file by name. Files of torch.save (zip archives
// and the stream before torch 1.6) are read without running anything that stands in them and without
// Python; safetensors are read too.
//
//   const checkpoint::Checkpoint file = checkpoint::read_checkpoint("weights.pth");
//   for (const auto& [name, tensor] : file.tensors) ...
//
// Sizes, strides, depth and the number of values are bounded by the file's size and by fixed limits.
// A file whose pickle names a class or function that state dictionaries have no need of is refused:
// Python can save the state dictionary alone (torch.save(model.state_dict(), ...)).
// Errors: FormatError with the file, the place and what was found; std::invalid_argument for misuse.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "voxloom/export.h"
#include "voxloom/safetensors.h"
#include "voxloom/tensor.h"

namespace VOXLOOM_API voxloom {
namespace checkpoint {

struct Checkpoint {
  // Row-major, of the stored element type; int8 and int16 are widened to int32, and booleans are uint8.
  TensorMap tensors;
  // What stood beside them and is no tensor, or one that Tensor cannot hold: name -> what it is.
  std::map<std::string, std::string> others;
  // What was taken off, from the outside in: keys of dictionaries ("state_dict") and the prefix "module."
  // of every name.
  std::vector<std::string> unwrapped;
};

struct CheckpointOptions {
  // The dictionary's key that holds the tensors. Empty: where the file's top holds tensors, they are
  // taken, else the first of "state_dict", "model_state" and "model" that it has.
  std::string entry = {};
};

[[nodiscard]] Checkpoint read_checkpoint(const std::filesystem::path& file,
                                         const CheckpointOptions& options = {});
// `name` stands for the file in messages.
[[nodiscard]] Checkpoint parse_checkpoint(std::span<const std::byte> bytes,
                                          std::string_view name = "checkpoint",
                                          const CheckpointOptions& options = {});

}  // namespace checkpoint
}  // namespace voxloom
