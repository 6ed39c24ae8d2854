#!/usr/bin/env python3
"""usage: scripts/rank_faults.py PROGRAM [--times N] [--seed S]

Kills a rank of `mpirun -n 3 PROGRAM train` and `... segment` at random moments (SIGKILL). Fails unless each time all
ranks are gone within ten seconds, nothing half written bears a result's name, and --resume on another number of ranks
ends with the bytes of a run that nobody disturbed. Takes minutes; outside the continuous integration.
"""
import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ENVIRONMENT = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
                   OMPI_MCA_rmaps_base_oversubscribe="1")


def launch(program, ranks, arguments):
    return subprocess.Popen(["mpirun", "-n", str(ranks), program, *map(str, arguments)], env=ENVIRONMENT,
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def ranks_of(launcher):
    """The processes that the launcher started, by their number of rank."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
            variables = (folder / "environ").read_bytes().split(b"\0")
        except (OSError, IndexError, ValueError):
            continue
        if parent != launcher.pid:
            continue
        for variable in variables:
            if variable.startswith((b"OMPI_COMM_WORLD_RANK=", b"PMI_RANK=")):
                found[int(variable.split(b"=")[1])] = int(folder.name)
    return found


def runs(pid):
    """Not one that is dead and only waits for its parent to look."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def digest(folder, names):
    """Of the results; pages and notes tell times."""
    files = sorted(path for pattern in names for path in folder.glob(pattern))
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def kill_one(program, arguments, longest, draws):
    """Whether a rank was killed before the job was over."""
    job = launch(program, 3, arguments)
    time.sleep(draws.uniform(0.3, longest))
    ranks = ranks_of(job)
    if job.poll() is not None or len(ranks) < 3:
        job.wait()
        return False
    os.kill(ranks[draws.randrange(3)], signal.SIGKILL)
    deadline = time.monotonic() + 10
    while any(runs(pid) for pid in ranks.values()):
        if time.monotonic() > deadline:
            sys.exit("ranks ran on for ten seconds after one was killed")
        time.sleep(0.05)
    job.communicate()
    return True


def whole(program, ranks, arguments, what):
    job = launch(program, ranks, arguments)
    _, errors = job.communicate()
    if job.returncode != 0:
        sys.exit(f"{what} failed: {errors.decode()}")


def torture(program, job, folder, times, draws):
    """`job`: (name, arguments of a fresh run, of one that is taken up, names of results)."""
    name, fresh, resumed, names = job
    start = time.monotonic()
    whole(program, 2, fresh(folder / "whole"), name)
    longest = time.monotonic() - start
    expected, killed = digest(folder / "whole", names), 0
    for k in range(times):
        out = folder / f"{name}{k}"
        killed += kill_one(program, fresh(out), longest, draws)
        # A run that was killed before it had a folder begins anew.
        begun = out.exists() and any(out.iterdir())
        whole(program, draws.choice([1, 2, 4]), resumed(out) if begun else fresh(out), f"{name} {k}, taken up")
        if digest(out, names) != expected:
            sys.exit(f"{name} {k}: other bytes than those of a run that nobody disturbed")
        shutil.rmtree(out)
    print(f"{name}: {killed} of {times} runs lost a rank before their end; all were taken up with the same bytes")


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n")[0].replace("usage: ", ""))
    parser.add_argument("program")
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    draws = random.Random(given.seed)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        scans, config = folder / "scans", folder / "config.json"
        subprocess.run([given.program, "simulate", "--scans", "8", "--sensor", "vlp16", "--out", scans], check=True,
                       stdout=subprocess.DEVNULL)
        config.write_text(json.dumps({
            "data": {"folder": str(scans)}, "model": {"depth": 14, "width": 0.125}, "voxel_size": 0.5,
            "batch_size": 1, "accumulation": 4, "steps": 12, "save_every": 2}))
        train = ("train", lambda out: ["train", config, "--out", out, "--threads", 1],
                 lambda out: ["train", "--resume", out, "--threads", 1] if (out / "config.json").exists()
                 else ["train", config, "--out", out, "--threads", 1],
                 ["checkpoint.safetensors", "model.lattice/*"])
        torture(given.program, train, folder, given.times, draws)
        model = folder / "whole" / "model.lattice"
        shutil.copytree(model, folder / "model.lattice")
        shutil.rmtree(folder / "whole")
        call = lambda out: ["segment", scans, "--model", folder / "model.lattice", "--out", out, "--threads", 1,
                            "--resume"]
        torture(given.program, ("segment", call, call, ["*.ply", "*.png"]), folder, given.times, draws)


if __name__ == "__main__":
    main()
