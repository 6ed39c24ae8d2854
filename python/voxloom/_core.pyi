from typing import Any

"""The bindings of the C++ library. Use the package `voxloom`."""

from collections.abc import Mapping, Sequence


class FormatError(ValueError):
    """Bad data in a file: truncated, oversized, lying, or of the wrong kind."""

class ResourceError(MemoryError):
    """
    More memory, rows or map entries than the machine or the library's 32-bit rows can hold.
    """

def _after_fork() -> None: ...

_version: str = '0.1.0'

def set_threads(threads: int) -> None:
    """
    At most so many threads in each call from now on; 0: as many as there are cores.

    Results never depend on the number. ValueError: a negative number.
    """

def available_threads() -> int:
    """Threads that a call made here would use."""

def isa_names() -> list[Any]:
    """Instruction sets that this build can run on this machine, best first."""

def current_isa() -> str:
    """The instruction set that kernels run with."""

def set_isa(name: str) -> None:
    """
    Pins the instruction set. ValueError: a name that isa_names() does not list.
    """

class _Array:
    @property
    def __array_struct__(self) -> Any: ...

class CoordinateSet:
    """
    The immutable, shared set of lattice sites that a sparse tensor lives on.

    rows: (N,4) of int32 (or int64 that fits): batch, x, y, z. They keep the caller's order, are unique,
    and batch is not negative. stride: physical position = coordinate * stride. batch_size: default the
    largest batch + 1. trusted: skips the checks. copy=False: the set stands on the int32 array itself,
    which must not change while the set or a map of it lives.

    Two sets are equal when they are the same object; copies are. Supports and maps derived from a set are
    remembered with it. ValueError: a negative batch, a batch beyond batch_size, a stride below 1,
    duplicates (the message names the first pair of rows).
    """

    def __init__(self, rows: Any, stride: Any = 1, batch_size: int | None = None, *, trusted: bool = False, copy: bool = True) -> None: ...

    @property
    def size(self) -> int:
        """Rows."""

    def __len__(self) -> int: ...

    @property
    def batch_size(self) -> int: ...

    @property
    def stride(self) -> tuple[Any, ...]: ...

    @property
    def is_canonical(self) -> bool:
        """Rows stand in canonical order."""

    @property
    def rows(self) -> Any:
        """(N,4) int32, read-only, no copy."""

    def find(self, coordinates: Any) -> Any:
        """
        (M,) int32: the row of each of the (M,4) coordinates, or -1. int64 beyond int32 is a miss.
        """

    def same_rows(self, other: CoordinateSet) -> bool:
        """Stride and rows are equal, in order."""

    def __eq__(self, arg: Any, /) -> bool: ...

    def __hash__(self) -> int: ...

    def __repr__(self) -> str: ...

    def __copy__(self) -> CoordinateSet: ...

    def __deepcopy__(self, memo: Any) -> CoordinateSet: ...

    def __getstate__(self) -> tuple[Any, ...]: ...

    def __setstate__(self, arg: tuple[Any, ...], /) -> None: ...

def union_of(a: CoordinateSet, b: CoordinateSet) -> CoordinateSet:
    """
    Rows of either set, in canonical order. ValueError: strides that differ.
    """

def intersection_of(a: CoordinateSet, b: CoordinateSet) -> CoordinateSet:
    """
    Rows of both sets, in canonical order. ValueError: strides that differ.
    """

def difference_of(a: CoordinateSet, b: CoordinateSet) -> CoordinateSet:
    """
    Rows of a that b lacks, in canonical order. ValueError: strides that differ.
    """

def downsample(set: CoordinateSet, stride: Any) -> CoordinateSet:
    """
    Unique floor(c / stride), in canonical order; the lattice stride is multiplied.
    """

def _extent(rows: Any) -> Any:
    """
    (least, greatest) number of each column of (N, 2 to 5) int32; None without rows.
    """

def sort_canonical(set: CoordinateSet) -> tuple[Any, ...]:
    """
    (set, permutation, inverse): the rows in canonical order (ascending batch, then Z-order of x, y, z).

    permutation: (N,) int32, sorted row -> original row; inverse the other way.
    """

def merge_rows(rows: Any, stride: Any = 1, batch_size: int | None = None) -> tuple[Any, ...]:
    """
    (set, row_of_point): a set of rows that may repeat, (N,4) int32 or int64, batch x y z.

    The set is in canonical order; row_of_point: (N,) int32, the set's row of each.
    """

class KernelSpec:
    """
    A kernel over the lattice. Offset index k = (ix*Ky + iy)*Kz + iz.

    forward     in  = out * stride + offset * dilation - padding
    transposed  out = in  * stride + offset * dilation - padding

    origin 'centered': offsets i - size//2 for odd sizes, 0..size-1 for even ones; 'corner':
    always 0..size-1. offsets: (K,3) ints, a kernel that is that list[Any]: kernel_size and origin
    are not looked at.
    """

    def __init__(self, kernel_size: Any = 3, stride: Any = 1, padding: Any = 0, dilation: Any = 1, origin: str = 'centered', offsets: Any | None = None) -> None: ...

    @property
    def kernel_size(self) -> tuple[Any, ...]: ...

    @property
    def stride(self) -> tuple[Any, ...]: ...

    @property
    def padding(self) -> tuple[Any, ...]: ...

    @property
    def dilation(self) -> tuple[Any, ...]: ...

    @property
    def origin(self) -> str: ...

    @property
    def offsets(self) -> list[Any]: ...

    @property
    def volume(self) -> int:
        """The number of offsets."""

class KernelMap:
    """
    Which input row meets which output row under which kernel offset: entries (in, out, k).

    Made by forward_map, transposed_map or KernelMap.from_pairs. Rows are numbered as the sets
    number theirs, in the caller's order.
    """

    @staticmethod
    def from_pairs(source: CoordinateSet | int, target: CoordinateSet | int, volume: int, in_rows: Any, out_rows: Any, k: Any) -> KernelMap:
        """
        A map of the caller's own: in_rows, out_rows, k (E,) int32, in any order.

        source, target: a CoordinateSet, or a number of rows that have no coordinates. Each (out_row, k)
        and each (in_row, k) at most once. ValueError: a row or offset out of range, a pair given twice.
        """

    @property
    def source(self) -> CoordinateSet: ...

    @property
    def target(self) -> CoordinateSet: ...

    @property
    def kernel(self) -> KernelSpec: ...

    @property
    def volume(self) -> int:
        """Kernel offsets."""

    @property
    def size(self) -> int:
        """Entries."""

    def swapped(self) -> KernelMap:
        """Input rows become output rows."""

    def pairs(self) -> tuple[Any, ...]:
        """
        (in_rows, out_rows, k), each (E,) int32, by k, then ascending output row.
        """

    def pairs_begin(self) -> Any:
        """(K+1,) int64: the pairs of offset k are [begin[k], begin[k+1])."""

    def first_met(self) -> Any:
        """
        (M,) int32: output rows that have entries, as a loop over offsets, then input rows, meets them first.
        """

    def offset_table(self, mirrored: bool = False) -> tuple[Any, ...]:
        """
        ((2, K, N_in), (K,)) int32: of each offset the input rows, ascending, and their output rows, -1 behind the last; how many.
        mirrored: the map of an odd kernel over one set; offsets behind the middle are those before it, swapped, in their order.
        """

    def dense(self) -> Any:
        """(N_out, K) int32: the input row, or -1."""

    def __eq__(self, arg: Any, /) -> bool: ...

    def __hash__(self) -> int: ...

    def __copy__(self) -> KernelMap: ...

    def __deepcopy__(self, memo: Any) -> KernelMap: ...

    def __repr__(self) -> str: ...

def forward_map(source: CoordinateSet, target: CoordinateSet, kernel: KernelSpec) -> KernelMap:
    """
    in = out * stride + offset * dilation - padding. The same for the same sets and kernel while both sets live.
    """

def transposed_map(source: CoordinateSet, target: CoordinateSet, kernel: KernelSpec) -> KernelMap:
    """
    out = in * stride + offset * dilation - padding. The same for the same sets and kernel while both sets live.
    """

def strided_support(source: CoordinateSet, stride: Any) -> CoordinateSet:
    """Stride 1: source itself; else the unique floor(c / stride)."""

def reachable_support(source: CoordinateSet, kernel: KernelSpec, bounds: Any | None = None) -> CoordinateSet:
    """
    Every output that at least one input reaches; bounds ((x,y,z), (x,y,z)), half open, clip it.
    """

def transposed_support(source: CoordinateSet, kernel: KernelSpec) -> CoordinateSet:
    """The unique in * stride + offset * dilation - padding."""

def _conv_map(set: CoordinateSet, batch_size: int, kernel: KernelSpec, support: str, target: CoordinateSet | None, bounds: Any | None) -> KernelMap | None: ...

def _reached_as_met(source: CoordinateSet, kernel: KernelSpec, bounds: Any | None, transposed: bool) -> tuple[Any, ...]:
    """
    (the set of what the kernel reaches, numbered as first_met would; the map onto it).
    """

def _subm_map(set: CoordinateSet, kernel: KernelSpec) -> KernelMap | None: ...

def _transpose_map(set: CoordinateSet, batch_size: int, kernel: KernelSpec, target: CoordinateSet | None, op: str) -> KernelMap: ...

def _trilinear_map(set: CoordinateSet, batch_size: int, stride: Any, target: CoordinateSet | None) -> tuple[Any, ...]: ...

def conv(x: Any, weight: Any, map: KernelMap | None, bias: Any | None = None, groups: int = 1, op: str = 'conv') -> Any:
    """
    y[u] = bias + sum over the map's entries (v, u, k) of x[v] W[k]; (N_out, C_out) of x's dtype.

    x: (N_in, C_in) float32, float16 or bfloat16. weight, of x's dtype, by rank: 3 (K, C_in, C_out);
    4 (K, G, C_in/G, C_out/G); 5 (C_out, Kx, Ky, Kz, C_in/G), where the kernel is a box; 2 (C_out, C_in) for
    one offset, or (K, C) with groups = C. map None: each row meets itself (kernel 1, linear).
    bias: (C_out) or None. Sums are float32, rounded once; results do not depend on the threads.
    ValueError, which names op: shapes, types and layouts that do not fit.
    """

def conv_input_gradient(dy: Any, weight: Any, map: KernelMap | None, groups: int = 1) -> Any:
    """
    dx[v] = sum over the entries (v, u, k) of dy[u] W[k]^T; (N_in, C_in) of dy's dtype.
    """

def conv_weight_gradient(x: Any, dy: Any, map: KernelMap | None, groups: int = 1, layout: str = 'kernel_major') -> Any:
    """
    dW[k] = sum over the entries (v, u, k) of x[v]^T dy[u], of x's dtype, in one of the layouts
    'kernel_major' (K, C_in, C_out), 'grouped' (K, G, C_in/G, C_out/G), 'output_major'
    (C_out, Kx, Ky, Kz, C_in/G), 'depthwise' (K, C), 'pointwise' (C_out, C_in).
    """

def conv_bias_gradient(dy: Any) -> Any:
    """db = the sum of dy's rows; (C) of dy's dtype."""

def pool(x: Any, map: KernelMap, mode: str = 'max', offset_weights: Any | None = None) -> Any:
    """
    (N_out, C) of x's dtype: sum, mean ('avg') or maximum over the map's entries of each output row.

    A row without entries is 0; a NaN wins a maximum, ties go to the lowest input row.
    offset_weights: (K) float32, sum w_k x / sum w_k for 'avg'.
    """

def pool_gradient(dy: Any, map: KernelMap, mode: str = 'max', x: Any | None = None, offset_weights: Any | None = None) -> Any:
    """(N_in, C): what pool gives back. x is needed for 'max'."""

def max_winners(x: Any, map: KernelMap) -> Any:
    """
    (N_out, C) int32: the input row that wins each element of pool(x, map, 'max'); -1 without entries.
    """

def max_unpool(x: Any, pooled: Any, map: KernelMap) -> Any:
    """
    (N_in, C): pooled at the rows of x that won it; several wins are summed, none is 0.
    """

def max_unpool_gradient(x: Any, dy: Any, map: KernelMap) -> Any:
    """(N_out, C) float32: what max_unpool gives back to pooled."""

def segment_reduce(x: Any, segments: Any, count: int, mode: str = 'sum') -> Any:
    """
    (count, C) of x's dtype: rows of x with the same segment, reduced by 'sum', 'mean', 'max' or 'first'.

    segments: (N) int32 in [0, count), or -1 for a row that is left out. Sums are binary64, rounded once; an
    empty segment is 0.
    """

def segment_gradient(dy: Any, segments: Any, count: int, mode: str = 'sum', x: Any | None = None) -> Any:
    """(N, C): what segment_reduce gives back. x is needed for 'max'."""

def batch_norm(x: Any, scale: Any, bias: Any | None, mean: Any, variance: Any, eps: float = 9.999999747378752e-06) -> Any:
    """
    (x - mean) scale / sqrt(variance + eps) + bias; x (N, C), vectors (C), of one dtype.
    """

def batch_norm_of_batch(x: Any, scale: Any, bias: Any | None = None, eps: float = 9.999999747378752e-06, residual: Any | None = None, relu: bool = False) -> tuple[Any, ...]:
    """
    (y, mean, variance): batch norm with the statistics of x's own rows (variance divided by N), float32;
    y = norm(x) + residual, rectified where relu is true.
    """

def batch_norm_gradient(dy: Any, x: Any, scale: Any, mean: Any, variance: Any, eps: float, is_own: bool, y: Any | None, wanted: Sequence[bool]) -> tuple[Any, ...]:
    """
    (dx, dscale, dbias, dresidual), or None where `wanted` says so; y: the result, where it was rectified.
    """

def layer_norm(x: Any, scale: Any, bias: Any | None = None, eps: float = 9.999999747378752e-06) -> Any:
    """Mean and variance of each row; x (N, C), vectors (C)."""

def group_norm(x: Any, scale: Any, bias: Any, groups: int, eps: float = 9.999999747378752e-06) -> Any:
    """
    The channels of each row in `groups` equal parts (Wu and He 2018); float32.
    """

def rms_norm(x: Any, scale: Any, eps: float = 9.999999747378752e-06) -> Any:
    """x scale / sqrt(mean of x^2 over the row + eps)."""

def row_norm_gradient(dy: Any, x: Any, scale: Any, groups: int, is_centered: bool, eps: float, wanted: Sequence[bool]) -> tuple[Any, ...]:
    """
    (dx, dscale, dbias) of layer_norm, group_norm and (not centered) rms_norm, or None where not wanted.
    """

def activate(x: Any, kind: str, approximate: str = 'none', alpha: float = 0.009999999776482582, beta: float = 1.0, threshold: float = 20.0) -> Any:
    """
    'relu', 'sigmoid', 'gelu' (approximate 'none', 'precise', 'tanh', 'fast'), 'silu', 'leaky_relu' (slope
    alpha), 'tanh' or 'softplus' (beta, threshold) of each element.
    """

def activation_gradient(dy: Any, at: Any, kind: str, approximate: str = 'none', alpha: float = 0.009999999776482582, beta: float = 1.0, threshold: float = 20.0) -> Any:
    """dy times the slope; at: the result for relu, sigmoid and tanh, else x."""

def softmax(x: Any) -> Any:
    """exp(x - max x) / sum, over each row."""

def softmax_gradient(dy: Any, y: Any) -> Any:
    """y (dy - sum of y dy over the row)."""

def dropout(x: Any, probability: float, seed: int) -> Any:
    """
    Each element is 0 with `probability`, else divided by 1 - probability. The same for the same seed.
    """

def take_rows(x: Any, rows: Any, fill: float = 0.0) -> Any:
    """(M, C): the rows of x that `rows` (M) int32 names; -1 gives `fill`."""

class _Recorded:
    @property
    def is_spent(self) -> bool: ...

    def backward(self, dy: Any) -> list[Any]: ...

def _cross_entropy(scores: Any, needs: Sequence[bool], labels: Any, ignore: int, class_weights: Any | None, label_smoothing: float) -> tuple[Any, ...]: ...

def _lovasz_softmax(scores: Any, needs: Sequence[bool], labels: Any, ignore: int) -> tuple[Any, ...]: ...

def _devoxelize(x: Any, needs: Sequence[bool], points: Any, set: CoordinateSet, batch: Any | None, voxel_size: Any, origin: Any, interpolation: str, nearest: str, renormalize: bool, non_finite: str) -> tuple[Any, ...]: ...

def _to_dense(x: Any, needs: Sequence[bool], set: CoordinateSet, lo: Any, hi: Any, batch_size: int) -> tuple[Any, ...]: ...

def _binary(op: str, lhs: Any, rhs: Any, needs: Sequence[bool], lhs_set: CoordinateSet, rhs_set: CoordinateSet, join: str, lhs_fill: float, rhs_fill: float) -> tuple[Any, ...]: ...

def _cat(features: list[Any], needs: Sequence[bool], sets: Sequence[CoordinateSet], join: str) -> tuple[Any, ...]: ...

def _reindex(x: Any, needs: Sequence[bool], set: CoordinateSet, target: CoordinateSet, fill: float) -> tuple[Any, ...]: ...

def _normalized_subm(x: Any, weight: Any, bias: Any | None, needs: Sequence[bool], set: CoordinateSet, kernel_size: Any, dilation: Any, groups: int, eps: float) -> tuple[Any, ...]: ...

def _normalized_transpose(x: Any, weight: Any, bias: Any | None, needs: Sequence[bool], set: CoordinateSet, kernel: KernelSpec, target: CoordinateSet | None, groups: int, eps: float) -> tuple[Any, ...]: ...

def _voxelize(points: Any, features: Any | None, batch: Any | None, voxel_size: Any, origin: Any, reduction: str, non_finite: str, stride: Any, batch_size: int | None) -> tuple[Any, ...]: ...

def _sparse_from_points(rows: Any, features: Any | None, reduction: str, stride: Any, batch_size: int | None) -> tuple[Any, ...]: ...

def _from_dense(grid: Any, lo: Any, stride: Any) -> tuple[Any, ...]: ...

def _topk(x: Any, set: CoordinateSet, batch_size: int, count: int, channel: int) -> Any: ...

def _prune(set: CoordinateSet, rows: Any) -> tuple[Any, ...]: ...

def _rows_inside(set: CoordinateSet, lo: Any, hi: Any) -> Any: ...

def k_nearest(query: CoordinateSet, points: CoordinateSet, k: int, squared: bool = False) -> tuple[Any, ...]:
    """
    (rows (N, k) int32, distances (N, k) float64) of the k nearest points of each query row's batch, nearest
    first, in lattice units; -1 and infinity where there are fewer. Equal distances are ordered by row.
    """

def radius_neighbors(query: CoordinateSet, points: CoordinateSet, radius: float, squared: bool = False) -> tuple[Any, ...]:
    """
    (begin (N+1) int64, rows int32, distances float64): the points within the radius (inclusive) of query i are
    [begin[i], begin[i+1]), by ascending distance, then row.
    """

class LasRecords:
    """
    What only LAS files have, kept from LAS to LAS: header bits and records.
    """

    @property
    def encoding(self) -> int: ...

def _read_scan(path: str, format: str | None, invalid: str, max_unpacked_bytes: int, fields: Sequence[str], content: bytes | None) -> tuple[Any, ...]: ...

def _write_scan(path: str | None, parts: Any, format: str | None, encoding: str, separator: str, classification: str, shift: bool, wide: bool) -> Any: ...

def _scan_formats() -> list[Any]: ...

class _Model:
    @staticmethod
    def load(path: str, coordinates: str, remembered_sets: int, fuse: bool) -> _Model: ...

    @staticmethod
    def from_bundle(bundle: _Bundle, coordinates: str, remembered_sets: int, fuse: bool) -> _Model: ...

    def run(self, inputs: dict[str, Any]) -> dict[str, Any]: ...

    def inputs(self) -> list[Any]: ...

    def outputs(self) -> list[Any]: ...

    def weights(self) -> dict[str, Any]: ...

    def text(self) -> str: ...

    def release_memory(self) -> None: ...

def _verify_bundle(path: str) -> list[Any]: ...

def _read_safetensors(arg: str, /) -> tuple[Any, ...]: ...

def _write_safetensors(arg0: str, arg1: dict[str, Any], arg2: dict[str, Any], /) -> None: ...

class _Bundle:
    @staticmethod
    def read(path: str) -> _Bundle: ...

    def text(self) -> str: ...

    def weights(self) -> dict[str, Any]: ...

    def save(self, path: str, companions: Mapping[str, str]) -> None: ...

def _import_checkpoint(path: str, entry: str, network: str, from_library: str | None, axes: str | None, prefix: str | None, spatial_shape: Sequence[int] | None, pointwise: str, allow_unused: bool) -> tuple[Any, ...]: ...

def _read_checkpoint(path: str, entry: str) -> tuple[Any, ...]: ...

def _importable_networks() -> list[Any]: ...

class _Symbol:
    @property
    def is_sparse(self) -> bool: ...

class _Recording:
    def __init__(self) -> None: ...

    def name(self, array: Any, name: str) -> None: ...

    def sparse_input(self, name: str, channels: int, stride: Any) -> _Symbol: ...

    def points_input(self, channels: int, voxel_size: Any, origin: Any) -> _Symbol: ...

    def record(self, name: str, operands: list[Any], attributes: dict[str, Any], result: int = 0) -> _Symbol: ...

    def output(self, name: str, symbol: _Symbol) -> None: ...

    def output_at_points(self, symbol: _Symbol) -> None: ...

    def bundle(self, fold_norms: bool, packed_bits: int, group_size: int, packed_channels: int) -> _Bundle: ...

class _PointLabeller:
    def __init__(self, arg: str, /) -> None: ...

    def classes(self) -> list[Any]: ...

    def unlabelled(self) -> int: ...

    def features(self) -> str: ...

    def label(self, parts: Any, memory: int, on_tile: Any | None) -> tuple[Any, ...]: ...

    def scores(self, parts: Any) -> Any: ...

    def most_bytes(self, arg: int, /) -> int: ...

    def weight_bytes(self) -> int: ...

    def release_memory(self) -> None: ...

def _street_classes() -> list[Any]: ...

def _read_classes(arg: str, /) -> list[Any]: ...

def _picture(points: Any, colors: Any, is_perspective: bool, width: int, height: int, title: str, legend: Sequence[tuple[str, tuple[int, int, int]]]) -> bytes: ...

def _page(points: Any, classes: Any | None, table: Sequence[tuple[str, tuple[int, int, int]]], values: dict[str, Any], colors: Any | None, origin: Any, title: str, facts: dict[str, Any], most_points: int) -> str: ...
