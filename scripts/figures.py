#!/usr/bin/env python3
"""usage: scripts/figures.py [--check]

Draws the figures of docs/concepts.md into docs/images/concepts/: of each kind of convolution one still
and one animated SVG. Sets, supports and kernel maps are computed here by the rules of the library, and
written to maps.txt beside the pictures; tests/docs compares those with what the library computes.
--check writes nothing, and fails when a committed file is not what would be written.

Python 3 and its standard library are all it needs. Lattices are drawn in the plane: z is 0, x goes to
the right, y goes up.
"""
import sys
from pathlib import Path
from xml.sax.saxutils import escape

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "images" / "concepts"


# --- the rules: coordinates are (x, y), kernels are lists of offsets in the order of k -----------------


def kernel_offsets(size, origin):
    """A size x size kernel: k = ix * size + iy."""
    first = -(size // 2) if origin == "centered" and size % 2 == 1 else 0
    return [(first + ix, first + iy) for ix in range(size) for iy in range(size)]


def shifted(c, stride, offset):
    return (c[0] * stride + offset[0], c[1] * stride + offset[1])


def canonical(cells):
    """Ascending Z-order, axes biased by 2^31, x before y within a bit."""

    def code(c):
        x, y = c[0] + 2**31, c[1] + 2**31
        return [(x >> b & 1, y >> b & 1) for b in range(31, -1, -1)]

    return sorted(set(cells), key=code)


def strided_support(cells, stride):
    if stride == 1:
        return list(cells)
    return canonical((x // stride, y // stride) for x, y in cells)  # // rounds toward -inf


def reachable_support(cells, offsets):
    """Stride 1: in = out + offset."""
    return canonical((x - dx, y - dy) for x, y in cells for dx, dy in offsets)


def transposed_support(cells, stride, offsets):
    return canonical(shifted(c, stride, o) for c in cells for o in offsets)


def forward_map(source, target, stride, offsets):
    """in = out * stride + offset; triples (in_row, out_row, k) in (out_row, k) order."""
    row = {c: i for i, c in enumerate(source)}
    probes = ((shifted(u, stride, o), out, k) for out, u in enumerate(target) for k, o in enumerate(offsets))
    return [(row[v], out, k) for v, out, k in probes if v in row]


def transposed_map(source, target, stride, offsets):
    """out = in * stride + offset."""
    row = {c: i for i, c in enumerate(target)}
    probes = ((v, shifted(c, stride, o), k) for v, c in enumerate(source) for k, o in enumerate(offsets))
    return sorted(((v, row[u], k) for v, u, k in probes if u in row), key=lambda t: (t[1], t[2]))


def swapped(triples):
    return sorted(((out, v, k) for v, out, k in triples), key=lambda t: (t[1], t[2]))


def picture(text, left, top):
    """Cells marked '#', from the top left cell on."""
    lines = text.split()
    return canonical((left + i, top - j) for j, line in enumerate(lines) for i, c in enumerate(line) if c == "#")


CURVE = picture("..###... .#...#.. .#...... .#...##. ..#....# .......# .....##.", -4, 3)

# --- drawing -----------------------------------------------------------------------------------------

INK, FAINT, PAPER, LINE = "#1f2328", "#59636e", "#ffffff", "#d8dee4"
INPUT, OUTPUT, KERNEL, SUPPORT = "#f5b041", "#2f81d6", "#8e44ad", "#e3eefb"
FONT = 'font-family="Helvetica, Arial, sans-serif"'
MONO = 'font-family="DejaVu Sans Mono, Menlo, Consolas, monospace"'
WIDTH = 760


def number(value):
    return f"{value:.2f}".rstrip("0").rstrip(".")


def rect(x, y, w, h, **style):
    extra = "".join(f' {k.replace("_", "-")}="{v}"' for k, v in style.items())
    return f'<rect x="{number(x)}" y="{number(y)}" width="{number(w)}" height="{number(h)}"{extra}/>'


def text(x, y, words, size=14, color=INK, anchor="start", font=FONT, weight="normal"):
    return (f'<text x="{number(x)}" y="{number(y)}" font-size="{number(size)}" fill="{color}" {font} '
            f'text-anchor="{anchor}" font-weight="{weight}">{escape(words)}</text>')


class Clock:
    """Discrete steps of a loop: a pause, the steps, and a longer pause. None: a still picture."""

    def __init__(self, steps, seconds):
        self.lead, self.seconds, self.hold = 1.0, seconds, 3.5
        self.total = self.lead + steps * seconds + self.hold

    def share(self, step):
        return number_of_share((self.lead + step * self.seconds) / self.total)

    def animate(self, values, times):
        return (f'<animate attributeName="visibility" calcMode="discrete" dur="{number(self.total)}s" '
                f'repeatCount="indefinite" values="{";".join(values)}" keyTimes="{";".join(times)}"/>')


def number_of_share(value):
    return f"{value:.5f}".rstrip("0").rstrip(".")


def during(clock, first, last, body):
    """`body`, to be seen from step `first` until step `last` begins (None: until the loop ends)."""
    values, times = ["hidden", "visible"], ["0", clock.share(first)]
    if last is not None:
        values, times = values + ["hidden"], times + [clock.share(last)]
    return f'<g visibility="hidden">{clock.animate(values, times)}{body}</g>'


class Panel:
    """A part of the lattice: `cells` from `low` to `high` on both axes, each `pitch` pixels wide."""

    def __init__(self, x, y, low, high, pitch):
        self.x, self.y, self.low, self.high, self.pitch = x, y, low, high, pitch
        self.side = (high - low + 1) * pitch

    def corner(self, c):
        return self.x + (c[0] - self.low) * self.pitch, self.y + (self.high - c[1]) * self.pitch

    def center(self, c):
        x, y = self.corner(c)
        return x + self.pitch / 2, y + self.pitch / 2

    def holds(self, c):
        return self.low <= c[0] <= self.high and self.low <= c[1] <= self.high

    def cell(self, c, inset=1.5, **style):
        x, y = self.corner(c)
        return rect(x + inset, y + inset, self.pitch - 2 * inset, self.pitch - 2 * inset, rx=3, **style)

    def grid(self, title):
        parts = [text(self.x, self.y - 10, title, 14, INK, weight="bold")]
        path = ""
        for i in range(self.high - self.low + 2):
            at = i * self.pitch
            path += f"M{number(self.x + at)} {number(self.y)}v{number(self.side)}"
            path += f"M{number(self.x)} {number(self.y + at)}h{number(self.side)}"
        parts.append(f'<path d="{path}" stroke="{LINE}" fill="none"/>')
        step = 1 if self.pitch > 45 else 2
        for v in range(self.low, self.high + 1):
            if v % step == 0:
                x, y = self.center((v, v))
                parts.append(text(x, self.y + self.side + 16, str(v), 12, FAINT, "middle"))
                parts.append(text(self.x - 7, y + 4, str(v), 12, FAINT, "end"))
        return "".join(parts)

    def count(self, c, words):
        x, y = self.center(c)
        return text(x, y + 5, words, 14, PAPER, "middle", weight="bold")


def svg(height, body, title):
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
            f'height="{height}" role="img" aria-label="{escape(title)}">\n<title>{escape(title)}</title>\n'
            + rect(0.5, 0.5, WIDTH - 1, height - 1, rx=8, fill=PAPER, stroke=LINE) + "\n"
            + "\n".join(body) + "\n</svg>\n")


def window_of(panel, cells, met):
    """The kernel's cells that lie in the panel; those of a pair have a solid edge."""
    paths = {True: "", False: ""}
    for k, c in enumerate(cells):
        if panel.holds(c):
            (x, y), side = panel.corner(c), number(panel.pitch - 5)
            paths[k in met] += f"M{number(x + 2.5)} {number(y + 2.5)}h{side}v{side}h-{side}z"
    edges = {True: 'stroke-width="3"', False: 'stroke-width="1.5" stroke-dasharray="3 3"'}
    return "".join(f'<path d="{d}" fill="{KERNEL}" fill-opacity="0.12" stroke="{KERNEL}" {edges[m]}/>'
                   for m, d in paths.items() if d)


class Figure:
    """One kind of convolution. `walk` tells what goes from row to row: the 'out' row that gathers, or the
    'in' row that scatters; `window` gives the cell of each k on the other side."""

    def __init__(self, name, title, rule, source, target, triples, stride, offsets, walk, **more):
        self.name, self.title, self.rule = name, title, rule
        self.source, self.target, self.triples = source, target, triples
        self.stride, self.offsets, self.walk = stride, offsets, walk
        self.in_scale, self.out_scale = more.get("in_scale", 1), more.get("out_scale", 1)
        self.low, self.high = more.get("low", -4), more.get("high", 4)
        self.shows_support = more.get("shows_support", True)
        self.still_step = more.get("still_step", len(self.steps()) // 2)
        self.in_title = more.get("in_title", "input")
        self.out_title = more.get("out_title", "output")
        self.note = more.get("note", "")
        self.seconds = more.get("seconds", 0.9)

    def steps(self):
        """The rows it walks over, as one reads a page."""
        rows = self.target if self.walk == "out" else self.source
        return sorted(range(len(rows)), key=lambda r: (-rows[r][1], rows[r][0]))

    def pairs_of(self, row):
        side = 1 if self.walk == "out" else 0
        return sorted((t for t in self.triples if t[side] == row), key=lambda t: t[2])

    def panels(self):
        cells = self.high - self.low + 1
        pitch = 306 / cells

        def panel(x, scale):
            return Panel(x, 100, self.low // scale, self.high // scale, pitch * scale)

        return panel(44, self.in_scale), panel(WIDTH - 24 - 306, self.out_scale)

    def moving(self, number_of_row, source, target):
        """The kernel at one row: its cells, the row it stands for, a line for each pair."""
        gathers = self.walk == "out"
        here, there = (target, source) if gathers else (source, target)
        row = (self.target if gathers else self.source)[number_of_row]
        pairs = self.pairs_of(number_of_row)
        cells = [shifted(row, self.stride, o) for o in self.offsets]
        parts = window_of(there, cells, {k for _, _, k in pairs})
        parts += here.cell(row, 2, fill="none", stroke=KERNEL, stroke_width=3)
        lines = ""
        for v, u, _ in pairs:
            (x1, y1), (x2, y2) = source.center(self.source[v]), target.center(self.target[u])
            lines += f"M{number(x1)} {number(y1)}L{number(x2)} {number(y2)}"
        return parts + f'<path d="{lines}" stroke="{KERNEL}" stroke-width="1.5" stroke-opacity="0.5"/>'

    def words(self, row):
        c = (self.target if self.walk == "out" else self.source)[row]
        ks = ", ".join(str(k) for _, _, k in self.pairs_of(row))
        return f"{self.walk} row {row} at ({c[0]},{c[1]}): " + (f"k = {ks}" if ks else "no pair, the bias alone")

    def draw(self, moves):
        source, target = self.panels()
        steps, height = self.steps(), 490
        body = [text(24, 34, self.title, 19, weight="bold"), text(24, 60, self.rule, 14, FAINT, font=MONO)]
        body += [source.grid(self.in_title), target.grid(self.out_title)]
        body += [source.cell(c, fill=INPUT) for c in self.source]
        if self.shows_support:
            body += [target.cell(c, fill=SUPPORT, stroke="#9cc3ec") for c in self.target]
        clock = Clock(len(steps), self.seconds) if moves else None
        # Each output row is lit when its first pair is counted, and tells how many there are so far.
        counts = {u: [] for u in range(len(self.target))}
        totals, total = [], 0
        for step, row in enumerate(steps):
            if self.walk == "out" and not self.pairs_of(row):
                counts[row] = [(step, 0)]
            for _, u, _ in self.pairs_of(row):
                total += 1
                n = counts[u][-1][1] + 1 if counts[u] else 1
                if counts[u] and counts[u][-1][0] == step:
                    counts[u].pop()
                counts[u].append((step, n))
            totals.append(total)
        for u, changes in counts.items():
            c = self.target[u]
            if not changes:
                continue
            if clock:
                body.append(during(clock, changes[0][0], None, target.cell(c, fill=OUTPUT)))
                ends = [s for s, _ in changes[1:]] + [None]
                body += [during(clock, s, e, target.count(c, str(n))) for (s, n), e in zip(changes, ends)]
            else:
                body += [target.cell(c, fill=OUTPUT), target.count(c, str(changes[-1][1]))]
        low = source.y + source.side + 48

        def caption(row, sum_):
            words = text(44, low, self.words(row), 14, font=MONO)
            return words + text(WIDTH - 24, low, sum_, 14, anchor="end", font=MONO)

        if clock:
            for step, row in enumerate(steps):
                moving = self.moving(row, source, target) + caption(row, f"pairs: {totals[step]}")
                body.append(during(clock, step, step + 1, moving))
            done = text(WIDTH - 24, low, f"pairs: {total}", 14, anchor="end", font=MONO, weight="bold")
            body.append(during(clock, len(steps), None, done))
        else:
            row = steps[self.still_step]
            body.append(self.moving(row, source, target) + caption(row, f"pairs in all: {total}"))
        body.append(text(44, low + 24, self.note, 14, FAINT))
        return svg(height, body, self.title)


def fine_and_coarse():
    return CURVE, strided_support(CURVE, 2)


def figures():
    fine, coarse = fine_and_coarse()
    centered = kernel_offsets(3, "centered")
    two, three = kernel_offsets(2, "corner"), kernel_offsets(3, "corner")
    wide = {"low": -4, "high": 5}

    grown = reachable_support(fine, centered)
    yield Figure(
        "dense", "Dense convolution grows the set", "in = out + offset,  offset in {-1,0,1} x {-1,0,1}", fine, grown,
        forward_map(fine, grown, 1, centered), 1, centered, "out", shows_support=False, seconds=0.45,
        out_title="output: Support::reachable",
        note="Each cell that a window with an active input ends on becomes active: the set is dilated.")
    yield Figure(
        "submanifold", "Submanifold convolution keeps the set", "in = out + offset,  offset in {-1,0,1} x {-1,0,1}",
        fine, fine, forward_map(fine, fine, 1, centered), 1, centered, "out", out_title="output: the input's own rows",
        note="The window stops at active cells only. The numbers are the pairs of each output row.")
    yield Figure(
        "strided_2", "Strided convolution, kernel 2, stride 2", "in = 2 out + offset,  offset in {0,1} x {0,1}",
        fine, coarse, forward_map(fine, coarse, 2, two), 2, two, "out", out_scale=2, **wide,
        out_title="output: floor(in / 2)",
        note="An even kernel starts at its cell. Windows tile the lattice: each input row has one pair.")
    yield Figure(
        "strided_3", "Strided convolution, kernel 3, stride 2", "in = 2 out + offset,  offset in {-1,0,1} x {-1,0,1}",
        fine, coarse, forward_map(fine, coarse, 2, centered), 2, centered, "out", out_scale=2, **wide,
        out_title="output: floor(in / 2)",
        note="The same rows as with kernel 2. Windows are centred on even cells and overlap.")
    yield Figure(
        "transposed", "Transposed convolution onto a target", "out = 2 in + offset,  offset in {0,1} x {0,1}",
        coarse, fine, transposed_map(coarse, fine, 2, two), 2, two, "in", in_scale=2, **wide,
        out_title="output: the target's rows",
        note="Each input row offers itself to 4 cells; only those in the target take it.")
    yield Figure(
        "inverse", "Inverse convolution: a forward map, the other way", "the map of in = 2 out + offset, swapped",
        coarse, fine, swapped(forward_map(fine, coarse, 2, centered)), 2, centered, "in", in_scale=2, **wide,
        in_title="input: the forward op's output rows", out_title="output: the forward op's input rows",
        note="The pairs of the strided convolution with kernel 3, from right to left, W[k] as it was.")
    born = transposed_support(coarse, 2, three)
    yield Figure(
        "generative", "Generative transposed convolution makes rows",
        "out = 2 in + offset,  offset in {0,1,2} x {0,1,2}", coarse, born,
        transposed_map(coarse, born, 2, three), 2, three, "in", in_scale=2, **wide, shows_support=False,
        out_title="output: the transposed support",
        note="Every cell that is reached becomes a row. Where several inputs meet, they are summed.")
    listed = [(0, 0), (-3, 0), (3, 0), (0, -2), (0, 2), (2, 1)]
    yield Figure(
        "generalized", "Generalized convolution: any list of offsets",
        "in = out + offset,  offsets (0,0) (-3,0) (3,0) (0,-2) (0,2) (2,1)", fine, fine,
        forward_map(fine, fine, 1, listed), 1, listed, "out", out_title="output: the input's own rows",
        note="k is the place in the list; all other rules stay. Probes outside of the picture are not drawn.")


# --- the kernel map itself ------------------------------------------------------------------------------

SMALL = [(1, 1), (2, 1), (2, 2), (4, 0), (3, 3), (0, 1)]  # in the caller's order


def draw_kernel_map(moves):
    offsets = kernel_offsets(3, "centered")
    triples = forward_map(SMALL, SMALL, 1, offsets)
    title = "A kernel map: which input row meets which output row under which offset"
    height = 432
    panel = Panel(44, 92, 0, 4, 44)
    kernel = Panel(300, 136, -1, 1, 34)
    body = [text(24, 34, title, 16, weight="bold"),
            text(24, 58, "3 x 3, submanifold: in = out + offset", 14, FAINT, font=MONO)]
    body += [panel.grid("rows, in the caller's order"), text(300, 126, "k", 14, weight="bold")]
    for r, c in enumerate(SMALL):
        x, y = panel.center(c)
        body += [panel.cell(c, fill=INPUT), text(x, y + 6, str(r), 17, INK, "middle", weight="bold")]
    for k, o in enumerate(offsets):
        x, y = kernel.center(o)
        body += [kernel.cell(o, 1, fill=KERNEL, fill_opacity=0.12, stroke=KERNEL),
                 text(x, y + 5, str(k), 14, KERNEL, "middle")]
    body += [text(300, 262, "k = 3 ix + iy", 14, FAINT, font=MONO)]
    # The dense table: a line for each output row, a column for each k.
    left, top, wide, high = 466, 118, 29, 30
    body += [text(left - 30, top - 26, "dense table (N_out, K), -1: a miss", 14, weight="bold"),
             text(left - 12, top - 4, "out", 13, FAINT, "end")]
    for k in range(9):
        body.append(text(left + (k + 0.5) * wide, top - 4, str(k), 14, KERNEL, "middle"))
    found = {(u, k): v for v, u, k in triples}

    def row_of_table(u):
        parts = [text(left - 12, top + u * high + 20, str(u), 15, INK, "end", weight="bold")]
        for k in range(9):
            v = found.get((u, k), -1)
            parts.append(rect(left + k * wide + 1, top + u * high + 1, wide - 2, high - 2, rx=2,
                              fill=OUTPUT if v >= 0 else "#f3f5f7"))
            parts.append(text(left + (k + 0.5) * wide, top + u * high + 20, str(v), 14,
                              PAPER if v >= 0 else FAINT, "middle"))
        return "".join(parts)

    def window(u):
        met = {k for _, out, k in triples if out == u}
        parts = window_of(panel, [shifted(SMALL[u], 1, o) for o in offsets], met)
        parts += (rect(left - 28, top + u * high - 0.5, 9 * wide + 30, high + 1, rx=4, fill="none", stroke=KERNEL,
                          stroke_width=2.5))
        words = " ".join(f"({v},{out},{k})" for v, out, k in triples if out == u)
        return parts + text(44, 372, f"out row {u}, triples (in,out,k):", 14) + text(
            44, 396, words, 15, KERNEL, font=MONO)

    clock = Clock(len(SMALL), 1.8) if moves else None
    for u in range(len(SMALL)):
        body.append(during(clock, u, None, row_of_table(u)) if clock else row_of_table(u))
        if clock:
            body.append(during(clock, u, u + 1, window(u)))
    if not clock:
        body.append(window(1))
    total = text(WIDTH - 24, 396, f"{len(triples)} entries of {len(SMALL)} x 9", 14, anchor="end", font=MONO)
    body.append(during(clock, len(SMALL), None, total) if clock else total)
    return svg(height, body, title)


# --- all of it ----------------------------------------------------------------------------------------------


def listing(figure):
    """For tests/docs: sets as x,y and maps as in,out,k."""

    def line(word, items):
        return " ".join([word] + [",".join(map(str, item)) for item in items])

    return "\n".join([f"figure {figure.name}", f"stride {figure.stride}", line("offsets", figure.offsets),
                      line("source", figure.source), line("target", figure.target), line("map", figure.triples)])


def files():
    drawn = list(figures())
    result = {"kernel_map.svg": draw_kernel_map(False), "kernel_map_moving.svg": draw_kernel_map(True)}
    for f in drawn:
        result[f"{f.name}.svg"], result[f"{f.name}_moving.svg"] = f.draw(False), f.draw(True)
    result["maps.txt"] = "\n\n".join(listing(f) for f in drawn) + "\n"
    return result


def main():
    if sys.argv[1:] not in ([], ["--check"]):
        sys.exit(__doc__)
    check, stale = "--check" in sys.argv, []
    for name, content in files().items():
        path = FOLDER / name
        if check:
            if not path.exists() or path.read_text(encoding="utf-8") != content:
                stale.append(name)
        else:
            path.write_text(content, encoding="utf-8")
    if stale:
        sys.exit("not what scripts/figures.py writes: " + ", ".join(stale))


if __name__ == "__main__":
    main()
