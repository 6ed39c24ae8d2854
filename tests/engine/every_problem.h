// A checking device that can compute everything.
#pragma once

#include "engine/arithmetic.h"
#include "engine/batch_norm.h"
#include "engine/checking_backend.h"
#include "engine/convolution.h"
#include "engine/elementwise.h"
#include "engine/fold.h"
#include "engine/gradients.h"
#include "engine/instance_norm.h"
#include "engine/losses.h"
#include "engine/normalized_gradients.h"
#include "engine/points.h"
#include "engine/pools.h"
#include "engine/row_wise.h"
#include "engine/rows.h"
#include "engine/segments.h"
#include "engine/spread.h"
#include "engine/updates.h"
#include "engine/weights.h"

namespace voxloom::test {

// tests/autograd holds it to the CPU's table: whoever adds a problem adds it here.
inline void offer_every_problem(CheckingDevice& device) {
  using namespace engine;
  device.offer<ConvForward, ConvWeightGradient, ConvPointwise>();
  device.offer<PoolSum, PoolMax, PoolMaxWinners, PoolMaxScatter, NormalizeByWeights>();
  device.offer<BinaryRows, PlaceRows, LargestRows, ScatterToGrid, OccupiedCells, GatherFromGrid>();
  device.offer<ColumnSums, Activate, MapElements, FirstNotFinite>();
  device.offer<Softmax, BatchNorm, engine::RowNorm>();
  device.offer<SegmentReduce, SegmentMaxWinners, PointCells, Devoxelize>();
  device.offer<TurnWeight, QuantizeWeight, DequantizeWeight>();
  device.offer<Combine, Multiply, MultiplyByElement, Sum, engine::Dropout>();
  device.offer<ActivationGradient, WinnerGradient, TakeChannels>();
  device.offer<SoftmaxGradient, RowNormGradient>();
  device.offer<ColumnStatistics, BatchNormOfBatch, BatchNormGradient>();
  device.offer<WeightEnergy, WeightEnergyGradient, NormalizedGradient>();
  device.offer<SpreadRows, ScatterToChosen, GatherChosen, DevoxelizeGradient>();
  device.offer<FindWrongLabel, CrossEntropy, LovaszSoftmax, LargestScores, ElementLoss>();
  device.offer<engine::InstanceNorm, InstanceNormGradient>();
  device.offer<AdamW, engine::Momentum, SumOfSquares, FoldBatchNorm, ScaleOutputs>();
}

}  // namespace voxloom::test
