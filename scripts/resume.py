#!/usr/bin/env python3
"""usage: scripts/resume.py [--kills N] [--seed N] [--program PATH]

Kills training runs at random moments and continues them, until one is done; then its weights must be, to
the bit, those of a run that nobody killed, and its metrics.jsonl must hold the same lines, but for seconds.
Runs are small: a few scans, a checkpoint every second step, an evaluation every third. Takes minutes, and
so runs outside the continuous integration.

  --kills N       how many in all; default 100
  --seed N        of the moments; default 1
  --program PATH  default build/dev/voxloom

Python 3 and its standard library are all it needs. Exit status: 1 when a run differs.
"""
import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONFIG = {"model": {"depth": 14, "width": 0.125}, "voxel_size": 1.0, "batch_size": 1, "steps": 12,
          "rate": 0.01, "warmup": 1, "save_every": 2, "evaluate_every": 3}
SAME = ["checkpoint.safetensors", "model.lattice/weights.safetensors", "model.lattice/graph.mlir",
        "model.lattice/classes.json", "model_int8.lattice/weights.safetensors",
        "model_int8.lattice/classes.json", "config.json", "classes.json"]


def start(program, arguments):
    return subprocess.Popen([program, "train", *arguments], stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True)


def finish(process):
    output, _ = process.communicate()
    if process.returncode != 0:
        sys.exit(f"exit code {process.returncode}:\n{output}")


def metrics_of(folder):
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    for line in lines:
        line.pop("seconds", None)
    return lines


def differences(whole, other):
    found = [name for name in SAME if (whole / name).read_bytes() != (other / name).read_bytes()]
    if metrics_of(whole) != metrics_of(other):
        found.append("metrics.jsonl")
    expected = sorted(p.name for p in whole.iterdir())
    if sorted(p.name for p in other.iterdir()) != expected:
        found.append("the files that there are")
    return found


def killed_run(program, config, folder, seconds, draw, left):
    """Until it is done, or no kills are left. Gives the number of kills."""
    kills = 0
    arguments = [str(config), "--out", str(folder)]
    while kills < left:
        process = start(program, arguments)
        time.sleep(draw.uniform(0, seconds))
        if process.poll() is not None:
            finish(process)
            return kills
        process.send_signal(signal.SIGKILL)
        process.communicate()
        kills += 1
        if (folder / "config.json").exists():  # killed before, it starts anew
            arguments = ["--resume", str(folder)]
    finish(start(program, arguments))
    return kills


def main():
    parser = argparse.ArgumentParser(usage=__doc__, add_help=False)
    parser.add_argument("--help", "-h", action="store_true")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--program", default=str(ROOT / "build" / "dev" / "voxloom"))
    arguments = parser.parse_args()
    if arguments.help:
        print(__doc__)
        return 0
    draw = random.Random(arguments.seed)
    failed = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subprocess.run([arguments.program, "simulate", "--scans", "3", "--sensor", "vlp16", "--out",
                        str(folder / "scans")], check=True, stdout=subprocess.DEVNULL)
        data = {"folder": str(folder / "scans")}
        config = folder / "config.json"
        config.write_text(json.dumps({**CONFIG, "data": data, "validation": data}))
        begin = time.monotonic()
        finish(start(arguments.program, [str(config), "--out", str(folder / "whole")]))
        seconds = time.monotonic() - begin
        kills, runs = 0, 0
        while kills < arguments.kills:
            run = folder / f"run{runs}"
            runs += 1
            kills += killed_run(arguments.program, config, run, seconds, draw,
                                arguments.kills - kills)
            found = differences(folder / "whole", run)
            failed += bool(found)
            print(f"{kills} kills, run {runs}: {', '.join(found) + ' differ' if found else 'the same'}",
                  flush=True)
    print(f"{kills} kills in {runs} runs, {failed} of them differ")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
