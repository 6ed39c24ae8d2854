#!/usr/bin/env python3
"""Compares two builds of voxloom, pair by pair.

    bench/compare.py OLD NEW [--rounds 5] [-- bench arguments]
    bench/compare.py build/old/voxloom build/release/voxloom -- conv --channels 64 --threads 1

OLD and NEW are two `voxloom` programs. Each round runs `voxloom bench` once with either, the order
changing from round to round, so that a machine that slows down or speeds up meets both. A case's
ratio is the median over the rounds of (time of NEW / time of OLD) of one round; below 1, NEW is
faster. `cpu` is the same by processor time, which other programs on the machine disturb less.

Exit codes: 0 done; 1 a run failed, or the builds share no case; 2 wrong arguments.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

KEY = ("scene", "group", "case", "in_channels", "out_channels", "dtype", "threads")


class RunFailed(Exception):
    pass


def run_bench(program, arguments, folder):
    """The records of one run, by what they measure."""
    path = pathlib.Path(folder) / "records.json"
    path.unlink(missing_ok=True)
    command = [program, "bench", *arguments, "--json", str(path)]
    try:
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    except OSError as error:
        raise RunFailed(f"cannot run '{program}': {error.strerror}") from error
    if done.returncode != 0:
        raise RunFailed(f"'{' '.join(command)}' exited with {done.returncode}\n{done.stderr}")
    records = json.loads(path.read_text())["records"]
    return {tuple(record[k] for k in KEY): record for record in records}


def run_rounds(programs, arguments, rounds):
    """Per program, the records of each round."""
    results = [[] for _ in programs]
    terminal = sys.stderr.isatty()
    with tempfile.TemporaryDirectory() as folder:
        for number in range(rounds):
            order = range(len(programs))
            for i in order if number % 2 == 0 else reversed(order):
                if terminal:
                    print(f"\r\x1b[Kround {number + 1}/{rounds}: {programs[i]}", end="",
                          file=sys.stderr, flush=True)
                results[i].append(run_bench(programs[i], arguments, folder))
    if terminal:
        print("\r\x1b[K", end="", file=sys.stderr)
    return results


def ratios(old, new, key, time_of):
    return [time_of(b[key]) / time_of(a[key]) for a, b in zip(old, new)]


def median_ms(rounds, key):
    return 1e3 * statistics.median(r[key]["seconds"]["median"] for r in rounds)


def row(old, new, key):
    wall = ratios(old, new, key, lambda r: r["seconds"]["median"])
    cpu = ratios(old, new, key, lambda r: r["cpu_seconds"])
    scene, _, case, inputs, outputs, dtype, threads = key
    channels = f"{inputs}->{outputs}" if inputs else ""
    return (f"{scene:<13}{case:<24}{channels:>9}{dtype:>6}{threads:>4}"
            f"{median_ms(old, key):>10.3f}{median_ms(new, key):>10.3f}"
            f"{statistics.median(wall):>8.3f}   {min(wall):>5.2f} ..{max(wall):>5.2f}"
            f"{statistics.median(cpu):>8.3f}")


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0],
                                     usage="%(prog)s OLD NEW [--rounds N] [-- bench arguments]")
    parser.add_argument("old")
    parser.add_argument("new")
    parser.add_argument("--rounds", type=int, default=5)
    at = arguments.index("--") if "--" in arguments else len(arguments)
    options = parser.parse_args(arguments[:at])
    if options.rounds < 1:
        parser.error(f"--rounds takes a number from 1, got {options.rounds}")
    return options, arguments[at + 1:]


def main(arguments):
    options, bench_arguments = parse(arguments)
    try:
        old, new = run_rounds([options.old, options.new], bench_arguments, options.rounds)
    except RunFailed as error:
        print(f"compare: {error}", file=sys.stderr)
        return 1
    shared = [key for key in old[0] if all(key in r for r in old + new)]
    if not shared:
        print("compare: the two programs measured no case in common", file=sys.stderr)
        return 1
    print(f"{'scene':<13}{'case':<24}{'channels':>9}{'type':>6}{'thr':>4}"
          f"{'old ms':>10}{'new ms':>10}{'ratio':>8}   {'least .. most':>13}{'cpu':>8}")
    for key in shared:
        print(row(old, new, key))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
