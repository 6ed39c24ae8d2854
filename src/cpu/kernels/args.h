// What kernels take: plain structs, pointers and counts. Strides are in elements. Kernel sources see
// this header and nothing else of the library.
#pragma once

#include <cstdint>

namespace voxloom::cpu {

// Rows that later calls will touch, asked for some at a time: a call moves `next` on.
struct RowsAhead {
  const char* base = nullptr;
  const std::int32_t* row = nullptr;  // null: row numbers are 0, 1, 2, ...
  std::int64_t next = 0, end = 0;     // of the row numbers
  std::int64_t a_tile = 0;            // rows to ask for with each register tile
  std::int64_t stride = 0;            // bytes from row to row
  std::int64_t bytes = 0;             // to ask for, of each
};
struct Ahead {
  RowsAhead inputs, outputs;
};

// One panel of `width` output channels, one kernel offset, the entries of one block:
//   c[c_row[e]][0..width) += a[a_row[e]][0..depth) * b[0..depth)[0..width)
struct GemmArgs {
  const float* a;
  std::int64_t a_stride;
  const std::int32_t* a_row;
  const std::uint8_t* c_row;
  std::int64_t count;
  const float* b;
  std::int64_t depth;
  float* c;  // rows of `width` elements
  Ahead* ahead = nullptr;
};

// Matrix tiles of 16 x 64 bytes. Pairs of input channels stand together, `steps` tiles of 16 pairs over
// the depth, zeros beyond its end:
//   w[column / 16][step][pair][column % 16][2]
constexpr std::int64_t kTileDepth = 32;
constexpr std::int64_t kTileColumns = 16;
constexpr std::int64_t kTileElements = kTileDepth * kTileColumns;

// The tile registers of this thread: shaped for tilegemm, or given back.
struct TileSetupArgs {
  bool on;
};

// W[k], in x out bfloat16, as tiles; columns beyond `out` are zeros.
struct TilePanelArgs {
  const std::uint16_t* w;
  std::int64_t stride_i, stride_o;
  std::int64_t in, out;
  std::uint16_t* to;
  // Set where a weight is subnormal or above 2^10 in magnitude: tilegemm takes subnormal numbers as
  // zeros, which would show in products with such weights.
  bool* extreme;
};

// As GemmArgs, for bfloat16 rows and weights, all `columns` (a multiple of 16) of one kernel offset:
//   c[c_row[e]][0..columns) += a[a_row[e]][0..depth) * w
struct TileGemmArgs {
  const std::uint16_t* a;
  std::int64_t a_stride;
  const std::int32_t* a_row;
  const std::uint8_t* c_row;
  std::int64_t count;
  const std::uint16_t* w;
  std::int64_t depth;
  std::int64_t columns;
  float* c;                 // rows of `columns` elements
  std::uint16_t* gathered;  // room for `rows` of the kernel, of whole tiles
  float* product;           // room for its `rows` x `width`
  Ahead* ahead = nullptr;
};

// out[e][0..depth) = float(x[row[e]][0..depth))
struct WidenArgs {
  const void* x;
  std::int64_t x_stride;
  const std::int32_t* row;
  std::int64_t count;
  std::int64_t depth;
  float* out;
  std::int64_t out_stride;
};

// The activations that need no library function.
enum class Rectifier : std::uint8_t { none, relu, leaky_relu };

// What happens between the sum and the stored value, per channel:
//   rectifier((sum + bias) * scale + shift + residual)        null: left out
struct StoreArgs {
  const float* c;
  std::int64_t c_stride;
  std::int64_t rows;
  std::int64_t width;
  void* y;  // y + y_row[r] * y_stride + [0, width); y_row null: row r
  std::int64_t y_stride;
  const std::int32_t* y_row = nullptr;
  const float* bias = nullptr;
  const float* scale = nullptr;
  const float* shift = nullptr;
  const void* residual = nullptr;  // y's type, rows and stride
  Rectifier rectifier = Rectifier::none;
  float slope = 0.0F;  // leaky_relu: x < 0 gives slope * x
};

// Gathers rows as float32 panels of `width` columns that lie one after another:
//   out[t * out_stride + e * width + i] = float(x[row[e]][t * width + i])
// Columns beyond depth are 0.
struct PanelArgs {
  const void* x;
  std::int64_t x_stride;
  const std::int32_t* row;
  std::int64_t count;
  std::int64_t depth;
  float* out;
  std::int64_t out_stride;
};

// x is gathered in panels that hold whole register tiles and whole vectors: the least common multiple.
constexpr std::int64_t panel_columns(std::int64_t rows, std::int64_t lanes) {
  std::int64_t columns = rows;
  while (columns % lanes != 0) columns += rows;
  return columns;
}

// One panel of `width` output channels, one kernel offset, some entries:
//   dw[i][0..width) += sum over e of x[e][i] * dy[e][0..width)    for i < depth
// x[e] and dy[e] point to rows. Channel i of x stands at x_at + i / x_columns * x_stride + i % x_columns: in
// place x_columns is the depth, in a panel panel_columns(rows, lanes).
struct WgradArgs {
  const float* const* x;
  std::int64_t x_at = 0;  // the first channel behind x[e]
  std::int64_t x_columns;
  std::int64_t x_stride = 0;  // between panels of x_columns
  const float* const* dy;
  std::int64_t dy_at = 0;  // the panel's first column behind dy[e]
  std::int64_t count;
  std::int64_t depth;
  float* dw;  // rows of `width` elements
  Ahead* ahead = nullptr;
};

// Decodes one panel of a packed weight: out[i * width + o] = scale * code + bias for i < depth and
// o < columns, zeros for o >= columns. `width` is a multiple of the vector.
struct DecodeArgs {
  const std::uint32_t* codes;  // word 0 of column 0; words and groups of a column are `item` apart
  const void* scales;
  const void* biases;
  std::int64_t item;
  std::int64_t code_column;  // between columns
  std::int64_t scale_column;
  int bits;
  std::int64_t group_size;
  std::int64_t depth;
  std::int64_t columns;
  std::int64_t width;
  float* out;
};

// One channel per group, the entries of one block and one kernel offset:
//   c[c_row[e]][i] += x[x_row[e]][i] * w[i]    for i < channels
struct DepthwiseArgs {
  const void* x;
  std::int64_t x_stride;
  const std::int32_t* x_row;
  const std::uint8_t* c_row;
  std::int64_t count;
  const float* w;
  std::int64_t channels;
  float* c;
  std::int64_t c_stride;
};

// dw[i] += sum over e of x[x_row[e]][i] * dy[dy_row[e]][i]    for i < channels
struct DepthwiseWgradArgs {
  const void* x;
  const void* dy;
  std::int64_t stride;  // of both
  const std::int32_t* x_row;
  const std::int32_t* dy_row;
  std::int64_t count;
  std::int64_t channels;
  float* dw;
};

// y[to(e)] = a[from(e)][0..depth) * b[0..depth)[0..width), through the epilogue, for e in [0, out.rows).
// `out` is filled but for c and c_stride; to(e) is the row that `out` has for sums number c_row[e].
struct DenseArgs {
  const float* a;
  std::int64_t a_stride;
  const std::int32_t* a_row = nullptr;  // from(e); null: e
  const std::uint8_t* c_row = nullptr;  // null: e
  const float* b;                       // rows of `width` elements
  std::int64_t depth;
  StoreArgs out;
  Ahead* ahead = nullptr;
};

// out[i] += sum over r in [0, rows) of x[r][i]        i in [0, channels)
struct ColumnSumArgs {
  const void* x;
  std::int64_t x_stride;
  std::int64_t rows;
  std::int64_t channels;
  float* out;
};

// `steps` times rows * width multiply-adds on registers; their sum goes to *out so that none is idle.
struct PeakArgs {
  std::int64_t steps;
  float* out;
};

}  // namespace voxloom::cpu
