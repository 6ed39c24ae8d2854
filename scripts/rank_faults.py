#!/usr/bin/env python3
"""usage: scripts/rank_faults.py PROGRAM [--times N] [--seed S] [--job JOB ...]

Three jobs of `mpirun -n 3 PROGRAM`: train, segment of a folder, and segment of one scene over all ranks.

Kills one of their ranks at random moments (SIGKILL). Fails unless each time all ranks are gone within ten seconds,
nothing half written bears a result's name, and --resume on another number of ranks ends with the bytes of a run that
nobody disturbed and leaves no temporary files.

Fills the disk under both jobs of segment: a small one of all ranks (a tmpfs, where mounting is allowed), and a limit on
the files of one rank. Fails unless the job says so, ends with exit code 1, and can be taken up likewise.

Takes minutes; outside the continuous integration.
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


def temporaries(folder):
    return [str(path.relative_to(folder)) for path in folder.rglob("*.tmp-*")]


class Job:
    """`fresh`, `resumed`: arguments of a run into a folder; `names`: of results; `is_step`: results of an unfinished
    job may be others than those of a finished one."""

    def __init__(self, name, fresh, resumed, names, is_step=False):
        self.name, self.fresh, self.resumed, self.names, self.is_step = name, fresh, resumed, names, is_step
        self.expected, self.seconds, self.bytes = {}, 0.0, 0

    def run_whole(self, program, out):
        """What a run gives that nobody disturbs, and how long it takes."""
        start = time.monotonic()
        whole(program, 2, self.fresh(out), self.name)
        self.seconds = time.monotonic() - start
        self.expected = digest(out, self.names)
        self.bytes = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())

    def check_left(self, out, what):
        """After an end that was no good one."""
        for name, checksum in digest(out, self.names).items():
            if not self.is_step and self.expected.get(name) != checksum:
                sys.exit(f"{what}: {name} is half written")

    def take_up(self, program, out, draws, what):
        # A run that was ended before it had a folder begins anew.
        begun = out.exists() and any(out.iterdir())
        whole(program, draws.choice([1, 2, 4]), self.resumed(out) if begun else self.fresh(out), f"{what}, taken up")
        if digest(out, self.names) != self.expected:
            sys.exit(f"{what}: other bytes than those of a run that nobody disturbed")
        if left := temporaries(out):
            sys.exit(f"{what}: {', '.join(left)} stay")


def kill_one(program, arguments, longest, draws):
    """Whether a rank was killed before the job was over."""
    job = launch(program, 3, arguments)
    time.sleep(draws.uniform(0.3, longest))
    ranks = ranks_of(job)
    if job.poll() is not None or len(ranks) < 3:
        job.communicate()
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
    killed, littered = 0, 0
    for k in range(times):
        out, what = folder / f"{job.name}{k}", f"{job.name} {k}"
        killed += kill_one(program, job.fresh(out), job.seconds, draws)
        job.check_left(out, what)
        littered += bool(temporaries(out))
        job.take_up(program, out, draws, what)
        shutil.rmtree(out)
    print(f"{job.name}: {killed} of {times} runs lost a rank before their end, {littered} left temporary files; all were "
          "taken up with the same bytes, and without such files", flush=True)


def expect_full(launched, words, what):
    """Whether the disk was full; an end of another kind is a failure."""
    try:
        _, errors = launched.communicate(timeout=300)
    except subprocess.TimeoutExpired:
        launched.kill()
        sys.exit(f"{what}: hangs")
    text = errors.decode()
    if launched.returncode == 0:
        return False
    if launched.returncode != 1 or words not in text:
        sys.exit(f"{what}: exit code {launched.returncode}, without a word on the disk: {text}")
    return True


def with_small_disks(program, job, folder, times, draws):
    """All ranks write to a disk that is too small, and then is not."""
    full, place = 0, folder / "disk"
    place.mkdir(exist_ok=True)
    for k in range(times):
        what = f"{job.name} on small disk {k}"
        size = int(draws.uniform(0.02, 1.2) * job.bytes)
        if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", place]).returncode != 0:
            return print(f"{job.name}: no small disks, as mounting is not allowed here")
        try:
            out = place / "out"
            full += expect_full(launch(program, 3, job.fresh(out)), "No space left on device", what)
            job.check_left(out, what)
            if left := temporaries(out):
                sys.exit(f"{what}: {', '.join(left)} stay")
            subprocess.run(["mount", "-o", f"remount,size={4 * job.bytes + (1 << 20)}", place], check=True)
            job.take_up(program, out, draws, what)
        finally:
            subprocess.run(["umount", place], check=True)
    print(f"{job.name}: {full} of {times} disks were too small; all were taken up with the same bytes", flush=True)


# One rank's files may not grow beyond $1 bytes; SIGXFSZ is turned into an error.
LIMITED = """import os, resource, signal, sys
if os.environ.get("OMPI_COMM_WORLD_RANK", os.environ.get("PMI_RANK")) == sys.argv[1]:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
os.execv(sys.argv[3], sys.argv[3:])"""


def with_limits(program, job, folder, times, draws):
    """One rank cannot write on, the others can."""
    full, largest = 0, max(path.stat().st_size for path in (folder / job.name).rglob("*") if path.is_file())
    for k in range(times):
        out, what = folder / f"{job.name}{k}", f"{job.name} with limit {k}"
        limits = ["-c", LIMITED, draws.randrange(3), int(draws.uniform(0, 0.5) * largest), program]
        full += expect_full(launch(sys.executable, 3, [*limits, *job.fresh(out)]), "File too large", what)
        job.check_left(out, what)
        if left := temporaries(out):
            sys.exit(f"{what}: {', '.join(left)} stay")
        job.take_up(program, out, draws, what)
        shutil.rmtree(out)
    print(f"{job.name}: in {full} of {times} runs one rank could not write on; all were taken up with the same bytes",
          flush=True)


def train_job(program, folder, scans):
    config = folder / "config.json"
    config.write_text(json.dumps({
        "data": {"folder": str(scans)}, "model": {"depth": 14, "width": 0.125}, "voxel_size": 0.5,
        "batch_size": 1, "accumulation": 4, "steps": 12, "save_every": 2}))
    fresh = lambda out: ["train", config, "--out", out, "--threads", 1]
    resumed = lambda out: (["train", "--resume", out, "--threads", 1] if (out / "config.json").exists() else fresh(out))
    return Job("train", fresh, resumed, ["checkpoint.safetensors", "model.lattice/*"], is_step=True)


def segment_jobs(folder, scans, town, model):
    call = lambda what, model, more: lambda out: ["segment", what, "--model", model, "--out", out, "--threads", 1,
                                                  "--resume", *more]
    many = call(scans, model, [])
    scene = call(town, "street.lattice", ["--memory", 0.116])
    return [Job("folder", many, many, ["*.ply", "*.png"]), Job("scene", scene, scene, ["*.ply", "*.png"])]


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n")[0].replace("usage: ", ""))
    parser.add_argument("program")
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--job", nargs="+", choices=["train", "folder", "scene"], default=["train", "folder", "scene"])
    given = parser.parse_args()
    draws = random.Random(given.seed)
    simulate = [given.program, "simulate", "--sensor", "vlp16", "--scans"]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        scans, town = folder / "scans", folder / "town.ply"
        for arguments in (["8", "--out", scans], ["16", "--seed", "2", "--map", town]):
            subprocess.run([*simulate, *arguments], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        train = train_job(given.program, folder, scans)
        train.run_whole(given.program, folder / train.name)
        if train.name in given.job:
            torture(given.program, train, folder, given.times, draws)
        for job in segment_jobs(folder, scans, town, folder / train.name / "model.lattice"):
            if job.name not in given.job:
                continue
            job.run_whole(given.program, folder / job.name)
            torture(given.program, job, folder, given.times, draws)
            with_small_disks(given.program, job, folder, given.times, draws)
            with_limits(given.program, job, folder, given.times, draws)


if __name__ == "__main__":
    main()
