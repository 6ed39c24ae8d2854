// The code of docs/clusters.md: compiled, and run by the tests of ranks in programs of their own.
#include "voxloom/mpi.h"
#include "voxloom/train.h"

namespace voxloom {
namespace {

[[maybe_unused]] void train_on_ranks(nn::Module& net, const DatasetPtr& data,
                                     const DatasetPtr& validation,
                                     const train::TrainOptions& options) {
  const auto ranks = mpi::world();
  try {
    train::Trainer trainer(net, data, options, *ranks);
    train::run(trainer, validation.get(), {.checkpoint = "run.safetensors"});
  } catch (const std::exception& error) {
    ranks->abort(error.what());  // or the others would wait
  }
}

}  // namespace
}  // namespace voxloom
