// Losses over the rows of float32 scores (N, C) with int32 labels (N), each in [0, C) or `ignore`. A
// loss works out its gradient with its value.
#pragma once

#include <cstdint>
#include <span>

#include "voxloom/tensor.h"

namespace voxloom::engine {

// The first row whose label is neither in [0, classes) nor `ignore`; *row is -1 when there is none.
struct FindWrongLabel {
  static constexpr std::string_view kName = "find_wrong_label";
  static constexpr bool kIsForTraining = true;

  const Tensor* labels = nullptr;
  std::int64_t classes = 0;
  std::int32_t ignore = -1;
  std::int64_t* row = nullptr;
  std::int32_t* label = nullptr;  // of that row

  template <typename Problem, typename Visitor>
  static void each_tensor(Problem& p, Visitor& visit) {
    visit.reads(p.labels);
  }
};

// The loss of autograd::cross_entropy; without any label that counts it and its gradient are 0.
struct CrossEntropy {
  static constexpr std::string_view kName = "cross_entropy";
  static constexpr bool kIsForTraining = true;

  const Tensor* scores = nullptr;
  const Tensor* labels = nullptr;
  std::span<const float> class_weights;  // C of them
  std::int32_t ignore = -1;
  float smoothing = 0;
  float focus = 0;            // not together with smoothing
  Tensor* loss = nullptr;     // (1)
  Tensor* dscores = nullptr;  // (N, C)

  template <typename Problem, typename Visitor>
  static void each_tensor(Problem& p, Visitor& visit) {
    visit.reads(p.scores);
    visit.reads(p.labels);
    visit.writes(p.loss);
    visit.writes(p.dscores);
  }
};

// For a class, with the rows sorted by falling error e (1 - p for the class's own rows, p for the
// others): loss = sum_j e_j (J_j - J_{j-1}), J_j the Jaccard loss if the first j rows were wrong.
struct LovaszSoftmax {
  static constexpr std::string_view kName = "lovasz_softmax";
  static constexpr bool kIsForTraining = true;

  const Tensor* probabilities = nullptr;
  const Tensor* labels = nullptr;
  std::int32_t ignore = -1;
  Tensor* loss = nullptr;     // (1), the mean over the classes that are present
  Tensor* slopes = nullptr;   // (N, C): of the sum over those classes, by the probabilities
  double* present = nullptr;  // how many they are, at least 1

  template <typename Problem, typename Visitor>
  static void each_tensor(Problem& p, Visitor& visit) {
    visit.reads(p.probabilities);
    visit.reads(p.labels);
    visit.writes(p.loss);
    visit.writes(p.slopes);
  }
};

enum class ElementLossKind : std::uint8_t { squared, smooth_l1, binary_cross_entropy };

// autograd::squared_error and the two after it: the loss over elements of (N, C), and its gradient.
struct ElementLoss {
  static constexpr std::string_view kName = "element_loss";
  static constexpr bool kIsForTraining = true;

  ElementLossKind kind = ElementLossKind::squared;
  float parameter = 1;  // beta, or the weight of what is to be found
  const Tensor* x = nullptr;
  const Tensor* targets = nullptr;
  const Tensor* row_weights = nullptr;  // (N), or none: all 1
  Tensor* loss = nullptr;               // (1)
  Tensor* dx = nullptr;                 // (N, C)

  template <typename Problem, typename Visitor>
  static void each_tensor(Problem& p, Visitor& visit) {
    visit.reads(p.x);
    visit.reads(p.targets);
    visit.reads(p.row_weights);
    visit.writes(p.loss);
    visit.writes(p.dx);
  }
};

// The class with the largest score of each row, the lowest among equals, and its softmax; -1 and NaN where a
// score is NaN.
struct LargestScores {
  static constexpr std::string_view kName = "largest_scores";
  static constexpr bool kIsForTraining = true;

  const Tensor* scores = nullptr;
  Tensor* classes = nullptr;     // (N) int32
  Tensor* confidence = nullptr;  // (N) float32, or not wanted

  template <typename Problem, typename Visitor>
  static void each_tensor(Problem& p, Visitor& visit) {
    visit.reads(p.scores);
    visit.writes(p.classes);
    visit.writes(p.confidence);
  }
};

}  // namespace voxloom::engine
