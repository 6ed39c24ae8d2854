// A network's weights in a checkpoint: found by name, in our order, float32.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "checkpoint/network_steps.h"
#include "voxloom/tensor.h"

namespace voxloom::checkpoint {

class NetworkWeights {
 public:
  // FormatError when a key is missing or one is left over.
  NetworkWeights(const Checkpoint& checkpoint, const Network& network,
                 const ImportOptions& options);

  struct Product {
    Tensor weight;     // (K, C_in, C_out); of a linear layer (C_out, C_in)
    Tensor bias = {};  // (C_out), or undefined
    std::int64_t in = 0, out = 0;
  };
  struct Norm {
    Tensor scale, bias, mean, variance;
  };
  [[nodiscard]] Product product(const std::string& name, const Along& kernel,
                                bool is_linear = false);
  [[nodiscard]] Norm norm(const std::string& name);
  [[nodiscard]] bool has_product(const std::string& name) const;

  [[nodiscard]] Triple along_ours(const Along& sizes) const;
  // What is left over when the network is complete goes to the report.
  [[nodiscard]] ImportReport finish();

 private:
  [[nodiscard]] std::string product_key(const std::string& name, bool is_linear) const;
  [[nodiscard]] std::set<std::string> keys_needed() const;
  [[nodiscard]] std::vector<std::string> keys_missing() const;
  [[nodiscard]] std::string find_prefix() const;
  [[nodiscard]] TensorMap products_of(const std::string& prefix) const;
  void require_complete() const;
  [[nodiscard]] bool is_passed_over(const std::string& key) const;
  [[nodiscard]] Tensor take(const std::string& key);
  [[nodiscard]] Tensor take_row(const std::string& key, std::int64_t channels);

  const Checkpoint& checkpoint_;
  const Network& network_;
  const ImportOptions& options_;
  ImportReport report_;
  std::set<std::string> used_;
  std::set<std::string> rounded_;  // of float64
};

}  // namespace voxloom::checkpoint
