"""usage: scripts/compare_minkowski.py FIRST LAST OUT.npz

Runs the random networks of python/tests/minkowski_cases.py, seeds FIRST to LAST - 1, with the MinkowskiEngine that this
Python imports, and writes all outputs and gradients. With MinkowskiEngine 0.5.4's CPU build, seeds 0 to 64, that is
python/tests/data/minkowski_golden.npz, which the tests hold against the drop-in.
"""

from __future__ import annotations

import pathlib
import sys
import warnings

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "python" / "tests"))


def main(first: int, last: int, out: str) -> None:
    warnings.simplefilter("ignore")
    import MinkowskiEngine as ME
    import minkowski_cases

    results = {f"{seed}/{name}": array for seed in range(first, last)
               for name, array in minkowski_cases.run(ME, seed).items()}
    np.savez_compressed(out, **results)
    print(f"{last - first} networks, {len(results)} arrays of {ME.__name__} {ME.__version__} at {ME.__file__}")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
