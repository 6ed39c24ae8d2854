// One writer per format; each throws std::invalid_argument for what its format cannot hold.
#pragma once

#include "io/out_field.h"
#include "voxloom/io.h"

namespace voxloom::io {

void write_kitti(ByteSink& sink, const Scan& scan);
void write_nuscenes(ByteSink& sink, const Scan& scan);
void write_ply(ByteSink& sink, const Scan& scan, Encoding encoding);
void write_pcd(ByteSink& sink, const Scan& scan, Encoding encoding);
void write_las(ByteSink& sink, const Scan& scan, const WriteOptions& options);
void write_text(ByteSink& sink, const Scan& scan, char separator);
void write_npy(ByteSink& sink, const Scan& scan);
void write_npz(ByteSink& sink, const Scan& scan);

}  // namespace voxloom::io
