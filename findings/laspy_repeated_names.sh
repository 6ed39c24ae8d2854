#!/usr/bin/env bash
# laspy 2.7.0: a LAS file whose extra bytes bear the name of a field of its point format cannot be read.
#
# Extra bytes are described by a name of the writer's choice, and the format's description forbids none. Float
# intensities next to the 16-bit ones, say, suggest the name "intensity". laspy lays both into one numpy type, which has
# a name once, and stops with numpy's words.
# Seen: "other name: 1.5", "intensity: ValueError: field 'intensity' occurs more than once".
#
# Why it matters: such a file is lost to every tool that reads by laspy. A writer has to give extra bytes names that no
# field has, those that laspy has for packed bytes (bit_fields, raw_classification, X) included.
#
# usage: findings/laspy_repeated_names.sh     PYTHON: 3.10 or later
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q laspy==2.7.0 numpy
cd "$folder"
venv/bin/python - <<'END'
import laspy
import numpy as np

header = laspy.LasHeader(version="1.4", point_format=6)
header.add_extra_dim(laspy.ExtraBytesParams("intensitx", "f4"))
cloud = laspy.LasData(header)
cloud.x = cloud.y = cloud.z = np.ones(1)
cloud["intensitx"] = np.array([1.5], "f4")
cloud.write("other.las")
print("other name:", laspy.read("other.las")["intensitx"][0])
# The same bytes but for a letter of the name.
data = open("other.las", "rb").read()
assert data.count(b"intensitx") == 1
open("same.las", "wb").write(data.replace(b"intensitx", b"intensity"))
try:
    laspy.read("same.las")
    raise SystemExit("it behaves otherwise now")
except ValueError as error:
    print("intensity: ValueError:", error)
    assert "occurs more than once" in str(error), "it behaves otherwise now"
END
