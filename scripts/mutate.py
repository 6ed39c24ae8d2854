#!/usr/bin/env python3
"""usage: scripts/mutate.py [--list] [--room ROOM] [--only TEXT] [--after LOG] [-j JOBS]

Does a test notice when a guard is gone? Each entry of scripts/mutants.toml takes one guard out of the
source, or weakens it; the tests of its room must then fail. A guard whose loss no test sees has
survived: the tests need sharpening, or the entry says why nothing can see it.

  --list       what there is, and whether every pattern still matches exactly one place; changes nothing
  --room ROOM  one room alone
  --only TEXT  guards whose description or file holds TEXT
  --after LOG  those that the output of an earlier run in LOG does not call killed
  -j JOBS      of the build; default 1

Works on a copy of the tree in build/mutate, one mutant after another; your own files are not touched.
Only the test program of the room is built. A pattern that no longer matches, a mutant that does not
compile (without warnings), and tests that fail before anything was changed are errors.
Exit status: 0 when every mutant was killed, 1 when one survived, 2 for errors.

Python 3.11 and its standard library are all it needs.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIST = ROOT / "scripts" / "mutants.toml"
COPY = ROOT / "build" / "mutate"
TIMEOUT = 900  # seconds; a test that then still runs has noticed


class Problem(Exception):
    """Something is wrong with the list, the build or the tests as they are."""


@dataclass
class Mutant:
    room: str
    guard: str
    file: str
    old: str
    new: str
    tests: str
    equivalent: str

    def __str__(self):
        return f"{self.room}: {self.guard}"


def read_list():
    data = tomllib.loads(LIST.read_text())
    mutants = []
    for entry in data["mutant"]:
        mutants.append(Mutant(room=entry["room"], guard=entry["guard"], file=entry["file"],
                              old=entry["from"], new=entry["to"],
                              tests=entry.get("tests", data["tests"][entry["room"]]),
                              equivalent=entry.get("equivalent", "")))
    names = [str(m) for m in mutants]
    for name in names:
        if names.count(name) > 1:
            raise Problem(f"two mutants are named '{name}'")
    return mutants


# --- where a pattern stands: by words and signs, however the lines are broken -------------------------

def pattern_of(text):
    tokens = re.findall(r"\w+|[^\w\s]", text)
    parts = []
    for before, token in zip([""] + tokens, tokens):
        both_words = before[-1:].isalnum() and token[:1].isalnum()
        parts.append((r"\s+" if both_words else r"\s*") + re.escape(token) if before else
                     re.escape(token))
    return re.compile("".join(parts))


def source_of(tree, name):
    """Files move from folder to folder; their names are what the list knows."""
    found = [p for top in ("src", "include") for p in sorted((tree / top).rglob(Path(name).name))
             if str(p).endswith("/" + name)]
    if len(found) != 1:
        raise Problem(f"there are {len(found)} files named {name}, one is expected")
    return found[0]


def place_of(tree, mutant):
    path = source_of(tree, mutant.file)
    found = list(pattern_of(mutant.old).finditer(path.read_text()))
    if len(found) != 1:
        raise Problem(f"{path.relative_to(tree)}: the pattern stands there {len(found)} times, once "
                      f"is expected:\n    {mutant.old.strip()}")
    return path, found[0].span()


# --- a tree to spoil ---------------------------------------------------------------------------------

def run(command, log, timeout=None, **environment):
    """The exit status; None when it took too long."""
    with open(log, "w", encoding="utf-8") as out:
        try:
            return subprocess.run(command, cwd=COPY, stdout=out, stderr=subprocess.STDOUT,
                                  timeout=timeout, check=False,
                                  env={**os.environ, **environment}).returncode
        except subprocess.TimeoutExpired:
            return None


def tail(log, lines=25):
    return "\n".join(Path(log).read_text(errors="replace").splitlines()[-lines:])


def copy_tree():
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                            cwd=ROOT, capture_output=True, check=True).stdout.decode()
    wanted = {name for name in listed.split("\0") if name and (ROOT / name).is_file()}
    for path in COPY.rglob("*"):
        name = str(path.relative_to(COPY))
        if path.is_file() and not name.startswith("build/") and name not in wanted:
            path.unlink()
    for name in wanted:
        source, target = ROOT / name, COPY / name
        if target.is_file() and target.read_bytes() == source.read_bytes():
            continue  # keeps its time, so that nothing is built again
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        shutil.copymode(source, target)


class Builder:
    def __init__(self, jobs):
        self.jobs = jobs
        self.log = COPY / "build" / "log.txt"
        self.log.parent.mkdir(parents=True, exist_ok=True)
        # One source at a time and little optimisation: a mutant costs what compiling its source does. Its
        # statements stand on one line, which is no mistake.
        if run(["cmake", "--preset", "dev", "-DVOXLOOM_UNITY=OFF",
                "-DCMAKE_CXX_FLAGS_RELWITHDEBINFO=-O1 -D_GLIBCXX_ASSERTIONS "
                "-Wno-misleading-indentation"], self.log) != 0:
            raise Problem("cmake failed:\n" + tail(self.log))

    def build(self, tests):
        command = ["cmake", "--build", "--preset", "dev", "-j", str(self.jobs), "--target",
                   f"test_{tests}"]
        return run(command, self.log) == 0

    def passes(self, tests):
        # A folder may be tested once more on other instruction sets; here once is enough.
        command = ["ctest", "--preset", "dev", "-R", f"^{tests}$", "--timeout", str(TIMEOUT)]
        return run(command, self.log, timeout=TIMEOUT + 60, GTEST_FAIL_FAST="1",
                   RC_PARAMS="seed=1") == 0


def survives(mutant, builder):
    path, (begin, end) = place_of(COPY, mutant)
    text = path.read_text()
    try:
        path.write_text(text[:begin] + mutant.new + text[end:])
        if not builder.build(mutant.tests):
            raise Problem(f"{mutant}: does not compile\n" + tail(builder.log))
        return builder.passes(mutant.tests)
    finally:
        path.write_text(text)


def run_all(mutants, jobs):
    copy_tree()
    builder = Builder(jobs)
    counts, problems, sound = {}, [], {}
    for mutant in sorted(mutants, key=lambda m: (m.room, m.tests)):
        killed_survived = counts.setdefault(mutant.room, [0, 0])
        start = time.monotonic()
        try:
            if mutant.tests not in sound:
                sound[mutant.tests] = builder.build(mutant.tests) and builder.passes(mutant.tests)
                if not sound[mutant.tests]:
                    problems.append(f"test_{mutant.tests} fails before anything is changed:\n" +
                                    tail(builder.log))
            if not sound[mutant.tests]:
                continue
            survived = survives(mutant, builder)
        except Problem as problem:
            problems.append(str(problem))
            print(f"ERROR     {mutant}\n{problem}", flush=True)
            continue
        killed_survived[survived] += 1
        print(f"{'SURVIVED' if survived else 'killed  '}  {mutant}  "
              f"({time.monotonic() - start:.0f} s)", flush=True)
    print()
    for room, (killed, survived) in counts.items():
        print(f"{room:10} {killed:3} killed {survived:3} survived")
    print(f"{'all':10} {sum(k for k, _ in counts.values()):3} killed "
          f"{sum(s for _, s in counts.values()):3} survived")
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    if problems:
        return 2
    return 1 if any(survived for _, survived in counts.values()) else 0


def killed_in(log):
    killed = re.findall(r"^killed +(.*)  \(\d+ s\)$", Path(log).read_text(), re.M)
    if not killed:
        raise Problem(f"{log} calls no mutant killed")
    return set(killed)


def show(mutants):
    failed = False
    for mutant in mutants:
        try:
            path, _ = place_of(ROOT, mutant)
            print(f"{mutant.room:10} {str(path.relative_to(ROOT)):40} {mutant.guard}"
                  f"{'   (equivalent: ' + mutant.equivalent + ')' if mutant.equivalent else ''}")
        except Problem as problem:
            failed = True
            print(f"error: {mutant}: {problem}", file=sys.stderr)
    print(f"{len(mutants)} mutants")
    return 2 if failed else 0


def main():
    parser = argparse.ArgumentParser(usage=__doc__, add_help=False)
    parser.add_argument("--help", "-h", action="store_true")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--room")
    parser.add_argument("--only")
    parser.add_argument("--after")
    parser.add_argument("-j", type=int, default=1)
    arguments = parser.parse_args()
    if arguments.help:
        print(__doc__)
        return 0
    mutants = [m for m in read_list()
               if arguments.room in (None, m.room) and
               (arguments.only is None or arguments.only in m.guard or arguments.only in m.file)]
    if arguments.after:
        killed = killed_in(arguments.after)
        mutants = [m for m in mutants if str(m) not in killed]
    if not mutants:
        raise Problem("there is no such mutant")
    if arguments.list:
        return show(mutants)
    for mutant in mutants:
        place_of(ROOT, mutant)  # before anything is built
    return run_all([m for m in mutants if not m.equivalent], arguments.j)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Problem as problem:
        print(f"error: {problem}", file=sys.stderr)
        sys.exit(2)
