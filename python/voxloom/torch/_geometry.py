"""A kernel in the words of the graph's operations, with the axes as the network's user counts them."""

from __future__ import annotations

import itertools
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

from .._core import KernelSpec

Axes = Tuple[int, int, int]


def has_single_partners(kernel: KernelSpec) -> bool:
    """A row of the fine side meets one of the coarse side at most."""
    is_dense = kernel.dilation == (1, 1, 1) and not kernel.offsets
    return is_dense and all(size <= stride for size, stride in zip(kernel.kernel_size, kernel.stride))


class Window(NamedTuple):
    """size and padding of a box with its first offset at the corner, or a list of offsets."""

    size: Axes
    padding: Axes
    offsets: Optional[List[Axes]]
    order: Optional[List[int]]  # the box's k-th offset is the given kernel's order[k]-th; None: the same

    def attributes(self, kernel: KernelSpec, axes: Axes) -> Dict[str, Any]:
        made: Dict[str, Any] = {"stride": turned(kernel.stride, axes), "dilation": turned(kernel.dilation, axes)}
        if self.offsets is not None:
            flat = [number for offset in self.offsets for number in offset]
            return {**made, "kernel_size": 1, "padding": turned(kernel.padding, axes), "offsets": flat}
        return {**made, "kernel_size": self.size, "padding": self.padding, "origin": "corner"}


def turned(values: Sequence[int], axes: Axes) -> Axes:
    """Along the user's axes: `axes` says which of the set's axis each of them is."""
    return values[axes[0]], values[axes[1]], values[axes[2]]


def offsets_of(kernel: KernelSpec) -> List[Axes]:
    """What kernel offset k is, in steps of the dilation."""
    if kernel.offsets:
        return [tuple(offset) for offset in kernel.offsets]
    is_centered = kernel.origin == "centered"
    x, y, z = (range(-(n // 2), n - n // 2) if is_centered and n % 2 else range(n) for n in kernel.kernel_size)
    return list(itertools.product(x, y, z))


def window_of(kernel: KernelSpec, axes: Axes, keep_order: bool) -> Window:
    """keep_order: a kernel whose offsets do not come in the order of a box stays a list of them.

    ValueError: offsets that are no box, where they have to be.
    """
    offsets = [turned(offset, axes) for offset in offsets_of(kernel)]
    ranges = [(min(o[a] for o in offsets), max(o[a] for o in offsets)) for a in range(3)]
    x, y, z = (range(low, high + 1) for low, high in ranges)
    box = list(itertools.product(x, y, z))
    place = {offset: k for k, offset in enumerate(offsets)}
    sides = zip(turned(kernel.padding, axes), ranges, turned(kernel.dilation, axes))
    padding = [p - low * d for p, (low, _), d in sides]
    is_box = len(box) == len(offsets) and len(place) == len(offsets) and all(o in place for o in box)
    if not is_box or min(padding) < 0 or (keep_order and box != offsets):
        return Window((1, 1, 1), (0, 0, 0), offsets, None)
    size = ranges[0][1] - ranges[0][0] + 1, ranges[1][1] - ranges[1][0] + 1, ranges[2][1] - ranges[2][0] + 1
    return Window(size, (padding[0], padding[1], padding[2]), None, None if box == offsets else [place[o] for o in box])
