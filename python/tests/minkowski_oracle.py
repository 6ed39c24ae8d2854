"""What MinkowskiEngine's layers are, by definition: one output row and one kernel offset at a time, in float64.

Coordinates are tuples (batch, c_1, ..., c_D); kernels (K, C_in, C_out) number their offsets with the first
axis fastest.
"""

from __future__ import annotations

import itertools

import numpy as np


def box(size):
    """Offsets of a box, the first axis fastest; odd sizes centred, even ones from 0."""
    ranges = [range(k) if k % 2 == 0 else range(-(k // 2), k // 2 + 1) for k in size]
    return [tuple(reversed(offset)) for offset in itertools.product(*reversed(ranges))]


def cross(size):
    """The centre, then for each axis 1, ..., r, -r, ..., -1."""
    offsets = [(0,) * len(size)]
    for axis, k in enumerate(size):
        for step in [*range(1, k // 2 + 1), *range(-(k // 2), 0)]:
            offsets.append(tuple(step if a == axis else 0 for a in range(len(size))))
    return offsets


def strided(coords, stride):
    """The distinct floor(c / S) * S."""
    floored = [(c[0], *(v // s * s for v, s in zip(c[1:], stride))) for c in coords]
    return list(dict.fromkeys(floored))


def shifted(coord, offset, scale):
    return (coord[0], *(v + o * s for v, o, s in zip(coord[1:], offset, scale)))


def entries(in_coords, out_coords, offsets, scale, is_transpose=False):
    """(input row, output row, k): in = out + offset * scale; transposed: out = in + offset * scale."""
    found = []
    at = {c: i for i, c in enumerate(out_coords if is_transpose else in_coords)}
    for row, coord in enumerate(in_coords if is_transpose else out_coords):
        for k, offset in enumerate(offsets):
            other = at.get(shifted(coord, offset, scale))
            if other is not None:
                found.append((row, other, k) if is_transpose else (other, row, k))
    return found


def conv(x, kernel, pairs, count):
    y = np.zeros((count, kernel.shape[2]))
    for i, o, k in pairs:
        y[o] += x[i] @ kernel[k]
    return y


def pool(x, pairs, count, mode):
    met = {}
    for i, o, _ in pairs:
        met.setdefault(o, []).append(x[i])
    y = np.zeros((count, x.shape[1]))
    for row, rows in met.items():
        y[row] = {"sum": np.sum, "avg": np.mean, "max": np.max}[mode](rows, axis=0)
    return y


def cells(in_coords, out_coords, stride):
    """(input row, output row, 0): each input in the cell that holds it."""
    at = {c: o for o, c in enumerate(out_coords)}
    return [(i, at[strided([c], stride)[0]], 0) for i, c in enumerate(in_coords)]


def tuples(tensor):
    return [tuple(row) for row in tensor.tolist()]
