// A scene from file to labels that no memory holds: streamed in, labelled tile by tile by one process or several
// ranks, and streamed out. docs/large_scenes.md.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>

#include "cli/segment_scan.h"
#include "voxloom/dist.h"

namespace voxloom::cli {

// (all) Runs work(tile) once for each tile, on whichever rank; throws what it throws, on all ranks.
using EachTile =
    std::function<void(std::size_t tiles, const std::function<void(std::size_t tile)>& work)>;
// One after the other.
[[nodiscard]] EachTile each_tile_here(const SegmentOptions& options);

// Why a scan cannot be streamed, as in "--votes"; empty: it can be. That wants a whole file, a network that looks within
// bounds and takes what stands in the file for each point, one vote.
[[nodiscard]] std::string why_held(const std::filesystem::path& path,
                                   const label::PointLabeller& labeller,
                                   const SegmentOptions& options);
// Whether it should be by one process: its points would take more than half of the memory. std::invalid_argument where
// they have to be held and would take more than all of it, before any is read.
[[nodiscard]] bool is_scene(const std::filesystem::path& path, const label::PointLabeller& labeller,
                            const SegmentOptions& options);

// (all) As segment_scan, with the same bytes. options.memory is of each rank; files of some tens of bytes a point lie
// beside the results meanwhile, without names. Of a scene with very many points the pictures show an even choice. The
// report is whole on rank 0. Errors of any rank are thrown on all of them.
[[nodiscard]] SegmentedScan segment_scene(const std::filesystem::path& path,
                                          const label::PointLabeller& labeller,
                                          const SegmentOptions& options, dist::Communicator& ranks,
                                          const EachTile& each_tile);

}  // namespace voxloom::cli
