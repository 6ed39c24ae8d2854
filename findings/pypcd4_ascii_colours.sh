#!/usr/bin/env bash
# pypcd4 1.5.1: a PCD that it writes as text has no colours.
#
# PCD packs red, green and blue into the bits of a float32, which as a number is tiny (1e-38). pypcd4 writes ten digits
# behind the point, so that each colour reads 0.0000000000, and its own reader gives 0. Written as binary all is there.
# Seen: "binary: 162 184 128", "ascii: 0 0 0".
#
# Why it matters: a text PCD of pypcd4 is black in every reader, and nothing was said.
#
# usage: findings/pypcd4_ascii_colours.sh     PYTHON: 3.10 to 3.12
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q pypcd4==1.5.1
cd "$folder"
venv/bin/python - <<'END'
import numpy as np
from pypcd4 import Encoding, PointCloud

colour = np.array([[162, 184, 128]], np.uint8)
place = [np.array([value], np.float32) for value in (1, 2, 3)]
cloud = PointCloud.from_points([*place, PointCloud.encode_rgb(colour)], ("x", "y", "z", "rgb"), (np.float32,) * 4)
shown = {}
for name, encoding in (("binary", Encoding.BINARY), ("ascii", Encoding.ASCII)):
    cloud.save(name + ".pcd", encoding=encoding)
    back = PointCloud.decode_rgb(PointCloud.from_path(name + ".pcd").numpy(("rgb",)))
    shown[name] = [int(value) for value in back[0]]
    print(f"{name}:", *shown[name])
assert shown == {"binary": [162, 184, 128], "ascii": [0, 0, 0]}, "it behaves otherwise now"
END
