#!/usr/bin/env bash
# usage: scripts/test_models.sh [MODEL...]     outside the continuous integration
#
# Published networks from their own packages, unmodified, on the drop-ins: torch-pointcloud's SpUNet (spunet), mmdet3d's
# SECOND encoder (second) and its MinkUNet backbone (minkunet), each against spconv's own wheel, and the backbone with
# one set of weights over the drop-ins of several libraries. Two passes forward and one back; outputs within 1e-4 of
# the greatest value.
#
# Wants a build of the Python package on PYTHONPATH and Debian's python3-torch. Packages are fetched once into
# $VOXLOOM_CACHE (default ~/.cache/voxloom); without network the script says that it was skipped, and ends with 77.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
cache=${VOXLOOM_CACHE:-$HOME/.cache/voxloom}/models-1
models=("$@")
[ $# -gt 0 ] || models=(second minkunet spunet)

# What Debian 12's torch 1.13 and numpy 1.24 can carry. The packages ask for more than these models use.
packages=(
  mmdet3d==1.4.0 mmdet==3.3.0 mmengine==0.10.7 mmcv-lite==2.2.0 addict==2.4.0 yapf==0.43.0 platformdirs==4.14.8
  termcolor==3.3.0 rich==15.0.0 markdown-it-py==3.0.0 mdurl==0.1.2 pygments==2.21.0 pyyaml==6.0.2
  torch-pointcloud==0.0.18 torch-geometric==2.8.1 joblib==1.6.0 cloudpickle==3.1.3 threadpoolctl==3.8.0 h5py==3.8.0
  xxhash==4.1.0 fsspec==2026.9.0 jinja2==3.1.6 markupsafe==3.0.4 pandas==2.0.3 pytz==2026.6 tzdata==2026.6
  python-dateutil==2.9.0 six==1.16.0 scipy==1.10.1 scikit-learn==1.2.2 safetensors==0.8.0 tqdm==4.70.1 requests==2.32.3
  packaging==24.2 typing-extensions==4.16.0 psutil==5.9.4 pyparsing==3.0.9 certifi==2024.8.30 idna==3.10
  urllib3==2.2.3 charset-normalizer==3.4.0 opencv-python-headless==4.8.0.76
)

if [ ! -e "$cache/ready" ]; then
  echo "test_models: fetching the packages into $cache"
  rm -rf "$cache"
  /usr/bin/python3 -m venv --system-site-packages "$cache/venv"
  if ! { "$cache/venv/bin/pip" install -q --no-deps "${packages[@]}" &&
    "$cache/venv/bin/pip" install -q --target "$cache/spconv" spconv==2.3.8 numpy==1.24.2; } 2> "$cache/pip.log"; then
    tail -3 "$cache/pip.log" >&2
    echo "test_models: SKIPPED: the packages could not be fetched (no network?)"
    exit 77
  fi
  touch "$cache/ready"
fi
python=$cache/venv/bin/python
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT

# run MODEL LIBRARY: a name with real- before it is the library itself, on one thread, since its products race
run() {
  echo "test_models: $1 on $2"
  if [[ $2 == real-* ]]; then
    PYTHONPATH=$cache/spconv OMP_NUM_THREADS=1 "$python" -W ignore "$here/run_model.py" "$1" "$2" "$results/$1-$2.npz"
  else
    "$python" -W ignore "$here/run_model.py" "$1" "$2" "$results/$1-$2.npz"
  fi
}

same() {
  "$python" - "$results/$1-$2.npz" "$results/$1-$3.npz" << 'EOF'
import sys
import numpy as np
got, expected = (np.load(file) for file in sys.argv[1:])
greatest = np.abs(expected["y"]).max()
error = np.abs(got["y"] - expected["y"]).max()
gradient = abs(got["gradient"] / expected["gradient"] - 1)
print(f"  differs by {error:.1e} of {greatest:.1e}; the first layer's gradient by {gradient:.1e} of itself")
sys.exit(not (got["y"].shape == expected["y"].shape and error <= 1e-4 * greatest and gradient <= 1e-3))
EOF
}

failed=0
for model in "${models[@]}"; do
  run "$model" spconv
  run "$model" real-spconv
  same "$model" spconv real-spconv || failed=1
done
if [[ " ${models[*]} " == *" minkunet "* ]]; then
  for library in torchsparse MinkowskiEngine; do
    if "$python" -c "import voxloom.compat.$library" 2> "$results/missing"; then
      run minkunet "$library"
      same minkunet "$library" spconv || failed=1
    else
      echo "test_models: minkunet on $library: not there: $(tail -1 "$results/missing")"
    fi
  done
fi
[ $failed -eq 0 ] && echo "test_models: every output is the same"
exit $failed
