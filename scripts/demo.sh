#!/usr/bin/env bash
# usage: scripts/demo.sh
#
# On a bare Debian 12 or 13: installs what is missing, builds the program, and shows it at work. Results
# land in demo-out/.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '\n== %s\n' "$*"; }
show() { printf '$ %s\n' "$*"; "$@"; }

scripts/setup.sh
say "build"
scripts/build.sh release

voxloom=build/release/voxloom
mkdir -p demo-out

say "simulated lidar scans, labelled by the bundled model"
rm -rf demo-out/scans demo-out/rooms demo-out/aerial
show "$voxloom" simulate --scans 3 --split test --seed 5 --out demo-out/scans
show "$voxloom" segment demo-out/scans --out demo-out/labelled

say "a room, and a survey from the air, by the models for these"
for world in rooms aerial; do
  show "$voxloom" simulate --world "$world" --scans 1 --split test --seed 5 --out "demo-out/$world"
  show "$voxloom" segment "demo-out/$world" --model "$world" --out "demo-out/labelled_$world"
done

say "the same in 20 lines of C++ (examples/label_scan.cpp)"
show build/release/examples/example_label_scan examples/scan.bin models/street.lattice \
  demo-out/label_scan.ply

say "a U-Net in 50 lines of C++ (examples/small_unet.cpp)"
show build/release/examples/example_small_unet

say "a model bundle, written by examples/export_model.cpp and run by the program"
show build/release/examples/example_export_model demo-out
show "$voxloom" verify demo-out/points.lattice
show "$voxloom" info demo-out/points.lattice
show "$voxloom" run demo-out/points.lattice --inputs demo-out/scan.safetensors \
  --output demo-out/scores.safetensors

say "results"
ls -l demo-out demo-out/labelled*
echo "Pictures: demo-out/labelled*/*.png"
echo "Pages to turn in the browser: demo-out/labelled/index.html"
