#!/usr/bin/env python3
"""usage: gpu_scene.py SCENE OUT.npy

Writes int32 rows (batch, x, y, z) from an .npz that holds `coords`, int16 (N,3), one batch, repeated rows
dropped; copies an .npy; without a SCENE, makes hills. No numpy needed.
"""
import array
import random
import struct
import sys
import zipfile


def write(path, rows):
    header = "{'descr': '<i4', 'fortran_order': False, 'shape': (%d, 4), }" % len(rows)
    header += ' ' * (63 - (10 + len(header)) % 64) + '\n'
    values = array.array('i', [v for row in rows for v in row])
    with open(path, 'wb') as out:
        out.write(b'\x93NUMPY\x01\x00' + struct.pack('<H', len(header)) + header.encode())
        out.write(values.tobytes())


def from_npz(path):
    data = zipfile.ZipFile(path).read('coords.npy')
    begin = 10 + struct.unpack('<H', data[8:10])[0]
    assert b"'<i2'" in data[:begin] and b', 3)' in data[:begin], 'expected int16 (N,3)'
    values = array.array('h', data[begin:])
    return list(dict.fromkeys((0, *values[i:i + 3]) for i in range(0, len(values), 3)))


def hills():
    draw = random.Random(1)
    return [(0, x, y, (x * x // 900 + 3 * y // 40) % 30 + draw.randrange(2))
            for x in range(350) for y in range(350)]


scene, out = sys.argv[1:]
if scene.endswith('.npy'):
    with open(scene, 'rb') as source, open(out, 'wb') as to:
        to.write(source.read())
else:
    write(out, from_npz(scene) if scene else hills())
