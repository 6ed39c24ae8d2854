// Changing a labelled scan so that a network does not learn it by heart. Everything drawn comes from
// the seed: the same scan, options and seed give the same scan on every machine.
// Errors: std::invalid_argument for options out of their ranges.
#pragma once

#include <array>
#include <cstdint>

#include "voxloom/dataset.h"
#include "voxloom/export.h"

namespace VOXLOOM_API voxloom {

// The defaults change nothing; moderate_augmentation() is what training on streets starts from.
// They are applied in this order.
struct AugmentOptions {
  double mix = 0;       // probability that a sector of another scan replaces this one's
  double rotation = 0;  // about z by up to this many degrees either way; 0 to 180
  double tilt = 0;      // about x and y by up to this many degrees either way; 0 to 45
  std::array<double, 2> scale = {1, 1};  // drawn from this range; above 0
  double flip_x = 0;                     // probability of x -> -x
  double flip_y = 0;                     // probability of y -> -y
  double shift_z = 0;                    // metres up or down at most: other sensor heights
  double jitter = 0;                     // standard deviation added to each coordinate, metres
  double intensity_scale = 0;            // intensities are multiplied by 1 - s to 1 + s; 0 to 1
  double drop = 0;  // share of points dropped at most; the share is drawn too; 0 to 1
};
[[nodiscard]] AugmentOptions moderate_augmentation();

// mix is not applied: there is one scan only.
[[nodiscard]] LabelledScan augment(const LabelledScan& scan, const AugmentOptions& options,
                                   std::uint64_t seed);

// A sector around z, drawn from 45 to 180 degrees, of `other`; the rest of `scan`. Occlusion stays
// right but along the sector's edges.
[[nodiscard]] LabelledScan mix_sectors(const LabelledScan& scan, const LabelledScan& other,
                                       std::uint64_t seed);

// Of scans too large for one step, as surveys are: a square of `size` metres around one of the points, drawn with the
// seed, which becomes the origin of x and y. Scans are read whole for each: cached() below it saves that.
[[nodiscard]] DatasetPtr cropped(DatasetPtr dataset, double size);

// A dataset whose get(index, seed) is augmented with the seed; the scan that is mixed in is another
// one of `dataset`. Seed 0 is not special.
[[nodiscard]] DatasetPtr augmented(DatasetPtr dataset, const AugmentOptions& options);

}  // namespace voxloom
