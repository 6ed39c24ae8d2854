#!/usr/bin/env python3
"""usage: scripts/cluster_model.py [--check] [--pass-seconds S ...] [--spread S] [--update-seconds S]

What training on many ranks costs, on paper: docs/clusters.md quotes the table that this prints, and shows the
picture that it draws, docs/images/clusters.svg. --check writes nothing, and fails when the committed picture is not
what would be drawn.

It plays a step of MinkUNet34C through: every rank computes a pass, whose layers become ready from the last to the
first; buckets are exchanged one after another as src/train/gradient_exchange.cpp does it, each when the slowest rank
has it; then records are exchanged and parameters updated. Messages have the sizes that the sources give them.

What goes in: the time of a pass, how much passes differ (scans do, and machines), the time of an update, and for a
link its bandwidth in each direction and the fixed cost of a message. The defaults are assumptions, for ranks of one
core and of many; put in what you measured (a link's figures in LINKS).

What it leaves out: reading scans that takes longer than a pass, other traffic on the links, switches that carry less
than all of their ports at once, the processor time that sending takes from computing, ranks on one machine that share
its link or talk through memory, failures. Backward's time is spread over the layers by parameters times rows, a
rough measure. So real curves lie below these.
"""
import argparse
import random
import sys
from pathlib import Path

PICTURE = Path(__file__).resolve().parent.parent / "docs" / "images" / "clusters.svg"
RANKS = [2**k for k in range(11)]
# Bytes per second each way, seconds per message at either end.
LINKS = {"10 Gbit/s": (1.25e9, 20e-6), "100 Gbit/s": (12.5e9, 3e-6)}
# Bytes: statistics of 8,800 norm channels, the confusion matrix of 20 classes; src/train/pass_record.cpp.
RECORD = 74000
BUCKET = 1 << 19  # elements: kBucketElements of src/train/gradient_exchange.cpp
STEPS = 40  # that are averaged


def minkunet34c():
    """(parameters, level) of each product, from the first to the last; src/nn/models/minkunet.cpp."""
    stem, planes, blocks = 32, [32, 64, 128, 256, 256, 128, 96, 96], [2, 3, 4, 6, 2, 2, 2, 2]
    layers = [(125 * 3 * stem + 2 * stem, 0)]
    channels, skips = stem, [stem]

    def add_blocks(channels, out, count, level):
        for b in range(count):
            width = channels if b == 0 else out
            layers.append((27 * width * out + 2 * out, level))
            layers.append((27 * out * out + 2 * out, level))
            if width != out:
                layers.append((width * out + 2 * out, level))
        return out

    for i in range(4):
        layers.append((8 * channels * channels + 2 * channels, i + 1))
        channels = add_blocks(channels, planes[i], blocks[i], i + 1)
        skips.append(channels)
    for i in range(4):
        out = planes[4 + i]
        layers.append((8 * channels * out + 2 * out, 3 - i))
        channels = add_blocks(out + skips[3 - i], out, blocks[4 + i], 3 - i)
    layers.append((channels * 20 + 20, 0))
    return layers


def buckets_of(layers, pass_seconds):
    """(bytes, when it is ready, as a share of the pass) in the order of sending."""
    rows = [0.42**level for level in range(5)]  # a level has about so many of the rows of the one above
    work = [parameters * rows[level] for parameters, level in layers]
    forward = 1 / 3  # of a pass; its products are a third of all three
    buckets, elements, done = [], 0, 0.0
    for (parameters, _), cost in zip(reversed(layers), reversed(work)):
        if elements >= BUCKET:
            buckets.append((4 * elements, forward + (1 - forward) * done / sum(work)))
            elements = 0
        elements += parameters
        done += cost
    buckets.append((4 * elements, 1.0))
    return [(size, share * pass_seconds) for size, share in buckets]


def exchange_seconds(size, ranks, link):
    """Of a bucket: slices to their owners, sums to all. Each rank sends and receives at once."""
    bandwidth, fixed = link
    messages = 2 * (ranks - 1)
    return messages * fixed + 2 * size * (ranks - 1) / ranks / bandwidth


def step_seconds(layers, ranks, link, setting, draws):
    """One step, with a pass on each rank; the mean over STEPS of them, and what of it is waiting for messages."""
    pass_seconds, spread, update_seconds = setting
    buckets = buckets_of(layers, pass_seconds)
    total = hidden = 0.0
    for _ in range(STEPS):
        # The slowest of so many; what a pass takes is lognormal about its mean.
        slowest = max(draws.lognormvariate(0, spread) for _ in range(ranks))
        clock = 0.0
        for size, ready in buckets:
            clock = max(clock, ready * slowest)
            if ranks > 1:
                clock += exchange_seconds(size, ranks, link)
        records = RECORD * ranks / link[0] + 2 * (ranks - 1) * link[1] if ranks > 1 else 0
        total += clock + records + update_seconds
        hidden += slowest * pass_seconds + update_seconds
    return total / STEPS, hidden / STEPS


def simulate(given):
    layers = minkunet34c()
    result = {}
    for pass_seconds in given.pass_seconds:
        for name, link in LINKS.items():
            setting = pass_seconds, given.spread, given.update_seconds
            one, _ = step_seconds(layers, 1, link, setting, random.Random(1))
            rows = []
            for ranks in RANKS:
                seconds, without = step_seconds(layers, ranks, link, setting, random.Random(ranks))
                rows.append((ranks, seconds, one / seconds, 1 - without / seconds))
            result[f"{pass_seconds:g} s, {name}"] = rows
    return layers, result


def text_of(layers, result, given):
    megabytes = 4e-6 * sum(parameters for parameters, _ in layers)
    lines = [f"MinkUNet34C: {megabytes:.1f} MB of gradients; spread {given.spread:g}, update {given.update_seconds:g} s"]
    for name, rows in result.items():
        lines.append(f"a pass of {name}: ranks, MB sent by each, s per step, efficiency, lost to messages")
        for ranks, seconds, efficiency, lost in rows:
            sent = 2 * megabytes * (ranks - 1) / ranks
            lines.append(f"{ranks:6} {sent:8.1f} {seconds:8.2f} {efficiency:8.0%} {lost:8.1%}")
    return "\n".join(lines)


def svg_of(result):
    width, height, left, bottom, top = 720, 380, 62, 330, 30
    right = width - 30
    x_of = lambda k: left + (right - left) * k / (len(RANKS) - 1)
    y_of = lambda share: bottom - (bottom - top) * share
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
           'font-size="13">',
           f'<rect width="{width}" height="{height}" fill="white"/>']
    for tenth in range(0, 11, 2):
        y = y_of(tenth / 10)
        out.append(f'<line x1="{left}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}" stroke="#ddd"/>')
        out.append(f'<text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{tenth * 10} %</text>')
    for k, ranks in enumerate(RANKS):
        out.append(f'<text x="{x_of(k):.1f}" y="{bottom + 20}" text-anchor="middle">{ranks}</text>')
    out.append(f'<text x="{(left + right) / 2:.1f}" y="{bottom + 42}" text-anchor="middle">'
               'ranks, a pass on each; simulated, see scripts/cluster_model.py</text>')
    out.append(f'<text x="{left}" y="{top - 12}">scans per second and rank, of those of one rank</text>')
    for i, ((name, rows), color) in enumerate(zip(result.items(), ("#c0392b", "#2471a3", "#e59866", "#85c1e9"))):
        points = " ".join(f"{x_of(k):.1f},{y_of(min(1, row[2])):.1f}" for k, row in enumerate(rows))
        out.append(f'<polyline points="{points}" fill="none" stroke="{color}" stroke-width="2.5"/>')
        y = bottom - 88 + 20 * i
        out.append(f'<line x1="{left + 14}" y1="{y}" x2="{left + 40}" y2="{y}" stroke="{color}" stroke-width="2.5"/>')
        out.append(f'<text x="{left + 48}" y="{y + 4}">a pass of {name}</text>')
    return "\n".join(out + ["</svg>"]) + "\n"


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n")[0].replace("usage: ", ""))
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--pass-seconds", type=float, nargs="+", default=[4.0, 0.4])
    parser.add_argument("--spread", type=float, default=0.1)
    parser.add_argument("--update-seconds", type=float, default=0.15)
    given = parser.parse_args()
    layers, result = simulate(given)
    if given.check:
        if not PICTURE.exists() or PICTURE.read_text() != svg_of(result):
            sys.exit(f"{PICTURE} is not what scripts/cluster_model.py draws")
        return
    PICTURE.write_text(svg_of(result))
    print(text_of(layers, result, given))


if __name__ == "__main__":
    main()
