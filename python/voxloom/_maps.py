"""Which way a kernel map goes, and how maps and kernels are pickled: as what makes them again."""

from __future__ import annotations

import copyreg
from typing import Any, Optional, Tuple

from ._core import CoordinateSet, KernelMap, KernelSpec, forward_map, transposed_map


def is_forward(map: KernelMap) -> Optional[bool]:
    """in = out * stride + ... (True), or out = in * stride + ... (False); None: a map without a geometry."""
    offsets = map.kernel.offsets
    if len(offsets) > 1 and not any(any(offset) for offset in offsets):
        return None  # made of pairs
    if map == forward_map(map.source, map.target, map.kernel):
        return True
    return False if map == transposed_map(map.source, map.target, map.kernel) else None


# Functions of the module do not pickle by themselves.
def _forward(source: CoordinateSet, target: CoordinateSet, kernel: KernelSpec) -> KernelMap:
    return forward_map(source, target, kernel)


def _transposed(source: CoordinateSet, target: CoordinateSet, kernel: KernelSpec) -> KernelMap:
    return transposed_map(source, target, kernel)


def _from_pairs(*parts: Any) -> KernelMap:
    return KernelMap.from_pairs(*parts)


def _reduce_kernel(kernel: KernelSpec) -> Tuple[Any, ...]:
    return KernelSpec, (kernel.kernel_size, kernel.stride, kernel.padding, kernel.dilation, kernel.origin,
                        kernel.offsets or None)


def _reduce_map(map: KernelMap) -> Tuple[Any, ...]:
    source, target = map.source, map.target
    if source == target:  # one object, so that it comes back as one
        target = source
    forward = is_forward(map)
    if forward is None:
        return _from_pairs, (source, target, map.volume, *map.pairs())
    return _forward if forward else _transposed, (source, target, map.kernel)


copyreg.pickle(KernelSpec, _reduce_kernel)
copyreg.pickle(KernelMap, _reduce_map)
