// Files of torch.save, which are read without running anything in them.
//
// Since torch 1.6 a zip archive of stored members, below one folder:
//   FOLDER/data.pkl    a pickle; its tensors name storages by key
//   FOLDER/data/KEY    a storage's elements
//   FOLDER/byteorder   "little" or "big"; absent: little
//
// Before that a stream of five pickles, then the storages:
//   0x1950a86a20f9469cfc6c | 1001 | {"little_endian": ...} | the object | [key, ...]
//   for each key: i64 number of elements | elements
#pragma once

#include <functional>

#include "checkpoint/pickle_values.h"
#include "checkpoint/stored_tensors.h"
#include "io/byte_source.h"

namespace voxloom::checkpoint {

[[nodiscard]] bool is_torch_zip(const io::Bytes& file);
[[nodiscard]] bool is_torch_stream(const io::Bytes& file);

// What is done with the object that was saved.
using UseObject = std::function<void(const Values& values, ValueId object, Storages& storages)>;

void read_torch_zip(const io::Bytes& file, const UseObject& use);
void read_torch_stream(const io::Bytes& file, const UseObject& use);

}  // namespace voxloom::checkpoint
