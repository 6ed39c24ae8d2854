#!/usr/bin/env python3
"""Holds lattice bundles to the schema of lattice-contract, the format's own package.

usage: contract.py [--program VOXLOOM] BUNDLE_OR_FOLDER...

Of every bundle (NAME.lattice): the module's attributes and digest, each operation's name, operands, attributes with
their kinds and words, results, and that values are defined before they are used. Operations of ours (voxloom.*) are
counted and passed over; a bundle without the attribute voxloom.extensions must have none.
--program: also runs a submanifold convolution through the package's binary64 oracle and VOXLOOM.

Exit status: 0 when all is right. scripts/test_contract.sh fetches the package.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

from lattice_contract import DIALECT_SCHEMA_DIGEST, LATTICE_DIALECT, submanifold_conv3d_f32_to_f64
from lattice_contract.artifact import CURRENT_DIALECT_VERSION

ROLES = {"tensor", "sparse_coords", "sparse_features", "sparse_active"}
WORDS = {definition.mnemonic: definition.values for definition in LATTICE_DIALECT.attrs.values()}
INTEGER = r"-?\d+"
FLOAT = r"(?:-?\d+\.\d*(?:[eE][-+]?\d+)?|-?\d+(?:[eE][-+]?\d+)|0x[0-9A-F]+)"
KINDS = {
    "i64_triple": rf"array<i64: {INTEGER}(, {INTEGER}){{2}}>",
    "f64_triple": rf"array<f64: {FLOAT}(, {FLOAT}){{2}}>",
    "i64": rf"{INTEGER}( : i64)?",
    "f32": rf"{FLOAT} : f32",
    "str": r'"[^"]*"',
    "packing": r"#lattice\.packing<(dense|int[48], group_size = (32|64|128), scale_dtype = f(16|32), mode = affine)>",
}
OPERATION = re.compile(
    r"^(?P<results>%[^=]+?) = (?P<name>[\w.]+)(?: (?P<symbol>@\S+))?(?: (?P<operands>%[^{:]*?))? ?"
    r"(?:\{(?P<attributes>.*)\})? : (?P<types>.*)$"
)


class Wrong(Exception):
    """What is wrong with a bundle."""


def split(text: str, by: str = ",") -> list[str]:
    """At the top level alone: not within brackets or quotes."""
    parts, depth, quoted, start = [], 0, False, 0
    for i, c in enumerate(text):
        if c == '"':
            quoted = not quoted
        elif not quoted and c in "<([{":
            depth += 1
        elif not quoted and c in ">)]}" and not (c == ">" and text[i - 1] == "-"):
            depth -= 1
        elif not quoted and depth == 0 and c == by:
            parts.append(text[start:i].strip())
            start = i + 1
    parts.append(text[start:].strip())
    return [part for part in parts if part]


def attributes_of(text: str | None) -> dict[str, str]:
    pairs = (part.split(" = ", 1) for part in split(text or ""))
    return {pair[0]: pair[1] for pair in pairs}


def type_kind(text: str) -> str:
    if text.startswith("tensor<"):
        return "tensor"
    for name in ("sparse_tensor", "weight"):
        if text.startswith(f"!lattice.{name}<"):
            return name
    # MLIR's printer leaves out what the operation implies.
    return "sparse_tensor" if text.startswith("<rank") else "weight" if text.startswith("<") else "?"


def require(holds: bool, message: str) -> None:
    if not holds:
        raise Wrong(message)


def check_attribute(name: str, kind: str, value: str) -> None:
    if kind in KINDS:
        require(re.fullmatch(KINDS[kind], value) is not None, f"{name} = {value} is no {kind}")
        return
    found = re.fullmatch(r"#lattice\.(\w+)<(\w+)>", value)
    require(found is not None and found[1] == kind, f"{name} = {value} is no {kind}")
    assert found is not None
    words = WORDS[kind]
    require(not words or found[2] in words, f"{name} = {value}: the words are {', '.join(words)}")


def check_operands(definition, kinds: list[str]) -> None:
    wanted = [operand for operand in definition.operands if operand.kind != "symbol"]
    required = [operand.type for operand in wanted if not operand.optional]
    everything = [operand.type for operand in wanted]
    require(
        kinds == required or kinds == everything[: len(kinds)] and len(kinds) >= len(required),
        f"operands are {kinds}, expected {everything}",
    )


def types_of(text: str, name: str) -> tuple[list[str], list[str]]:
    if name == "lattice.weight":
        return [], [text]
    before, after = text.split(" -> ", 1)
    before = before[1:-1] if before.startswith("(") else before
    after = after[1:-1] if after.startswith("(") else after
    return split(before), split(after)


class Values:
    def __init__(self) -> None:
        self.kinds: dict[str, str] = {}

    def define(self, name: str, kind: str) -> None:
        require(name not in self.kinds, f"{name} is defined twice")
        self.kinds[name] = kind

    def kind(self, name: str) -> str:
        base = name.split("#")[0]
        require(name in self.kinds or base in self.kinds, f"{name} is not defined yet")
        return self.kinds.get(name, self.kinds.get(base, "?"))


def check_op(line: str, values: Values) -> bool:
    """False: an operation of ours."""
    found = OPERATION.match(line)
    require(found is not None, "is no operation")
    assert found is not None
    name = found["name"]
    operands = split(found["operands"] or "")
    inputs, outputs = types_of(found["types"], name)
    if inputs:
        require(len(inputs) == len(operands), f"{len(operands)} operands, {len(inputs)} types")
    for operand, text in zip(operands, inputs):
        require(values.kind(operand) == type_kind(text), f"{operand} is no {text}")
    results = split(found["results"])
    packed = re.fullmatch(r"(%\S+):(\d+)", results[0])
    if packed:
        results = [f"{packed[1]}#{i}" for i in range(int(packed[2]))]
    require(len(results) == len(outputs), f"{len(results)} results, {len(outputs)} types")
    for result, text in zip(results, outputs):
        values.define(result, type_kind(text))
    if name.startswith("voxloom."):
        return False
    definition = LATTICE_DIALECT.resolve_qualified_op(name)
    check_operands(definition, [values.kind(operand) for operand in operands])
    require(
        [type_kind(text) for text in outputs] == [result.type for result in definition.results],
        f"results are {outputs}",
    )
    attributes = attributes_of(found["attributes"])
    if any(value.startswith("#voxloom.") for value in attributes.values()):
        return False  # a weight in a layout of ours
    known = {attribute.name: attribute.kind for attribute in definition.attributes}
    required = {attribute.name for attribute in definition.attributes if attribute.required}
    require(required <= set(attributes) <= set(known), f"attributes are {sorted(attributes)}, expected {sorted(known)}")
    for key, value in attributes.items():
        check_attribute(key, known[key], value)
    return True


def joined_lines(text: str) -> list[str]:
    """One statement a line: breaks within brackets are blanks."""
    lines, pending = [], ""
    for line in text.splitlines():
        pending = f"{pending} {re.split(r'(?:^|\s)//', line)[0].strip()}".strip()
        opened = sum(pending.count(c) for c in "([") - sum(pending.count(c) for c in ")]")
        in_module = pending.startswith("module") and "} {" not in pending
        if opened == 0 and not in_module:
            lines.append(pending)
            pending = ""
    return [line for line in lines if line]


def check_module(line: str, counts: dict[str, int]) -> bool:
    """Are extensions allowed?"""
    found = re.fullmatch(r"module attributes \{(.*)\} \{", line)
    require(found is not None, f"'{line[:60]}' is no module with attributes")
    assert found is not None
    attributes = attributes_of(found[1])
    allowed = attributes.pop("voxloom.extensions", None) is not None
    require(attributes.get("lattice.ir_version", "").split(" ")[0] == str(CURRENT_DIALECT_VERSION), "the version")
    require(attributes.get("lattice.schema_digest") == f'"{DIALECT_SCHEMA_DIGEST}"', "the digest")
    require(attributes.get("lattice.weight_file") == '"weights.safetensors"', "the weight file")
    lists = {key: json.loads(attributes.pop(f"lattice.{key}")) for key in
             ("input_names", "input_roles", "output_names", "output_roles")}  # fmt: skip
    require(set(lists["input_roles"]) <= ROLES, f"input roles {lists['input_roles']}")
    require(set(lists["output_roles"]) <= {"tensor", "sparse_tensor"}, f"output roles {lists['output_roles']}")
    require(set(attributes) == {"lattice.ir_version", "lattice.schema_digest", "lattice.weight_file"},
            f"attributes {sorted(attributes)}")  # fmt: skip
    counts["inputs"], counts["outputs"] = len(lists["input_names"]), len(lists["output_names"])
    return allowed


def check_bundle(folder: Path) -> tuple[int, int]:
    """Operations of the format, and of ours."""
    lines = joined_lines((folder / "graph.mlir").read_text())
    counts: dict[str, int] = {}
    allowed = check_module(lines[0], counts)
    signature = re.fullmatch(r"func\.func @forward\((.*)\) -> (.*) \{", lines[1])
    require(signature is not None, f"'{lines[1][:60]}' is no @forward")
    assert signature is not None
    values = Values()
    arguments = split(signature[1])
    require(len(arguments) == counts["inputs"], "as many names as arguments")
    for argument in arguments:
        name, text = argument.split(": ", 1)
        values.define(name.strip(), type_kind(text))
    theirs = ours = 0
    for line in lines[2:]:
        if line == "}":
            continue
        if line.startswith("return "):
            returned = split(line.removeprefix("return ").split(" : ")[0])
            require(len(returned) == counts["outputs"], "as many names as results")
            for value in returned:
                values.kind(value)
            continue
        try:
            if check_op(line, values):
                theirs += 1
            else:
                ours += 1
        except (Wrong, ValueError) as error:
            raise Wrong(f"{line[:90]}: {error}") from error
    require(allowed or ours == 0, f"{ours} operations of ours without voxloom.extensions")
    return theirs, ours


# --- the oracle ---

def f32_bytes(values) -> bytes:
    return b"".join(struct.pack("<f", value) for value in values)


def save(path: Path, arrays: dict[str, tuple[str, list[int], bytes]]) -> None:
    header, data = {}, b""
    for name, (dtype, shape, content) in arrays.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def load(path: Path) -> dict[str, tuple[list[int], bytes]]:
    content = path.read_bytes()
    size = struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8 : 8 + size])
    return {name: (entry["shape"], content[8 + size :][slice(*entry["data_offsets"])])
            for name, entry in header.items() if name != "__metadata__"}  # fmt: skip


SPARSE = "!lattice.sparse_tensor<rank = 3, coord = batch_x_y_z, feature = row_channel, dtype = f32>"
GRAPH = """module attributes {{
  lattice.ir_version = 2, lattice.schema_digest = "{digest}",
  lattice.input_names = ["c", "f", "n"], lattice.input_roles = ["sparse_coords", "sparse_features", "sparse_active"],
  lattice.output_names = ["y"], lattice.output_roles = ["sparse_tensor"], lattice.weight_file = "weights.safetensors"
}} {{
  func.func @forward(%c: tensor<?x4xi32>, %f: tensor<?x{i}xf32>, %n: tensor<1xi32>) -> {sparse} {{
    %x = lattice.sparse.make %c, %f, %n {{stride = array<i64: 1, 1, 1>, coord_order = #lattice.coord<batch_x_y_z>}} : (tensor<?x4xi32>, tensor<?x{i}xf32>, tensor<1xi32>) -> {sparse}
    %w = lattice.weight @w {{storage_key = "w", layout = #lattice.weight_layout<conv3d_o_xyz_i>, packing = #lattice.packing<dense>}} : !lattice.weight<conv3d, f32>
    %b = lattice.weight @b {{storage_key = "b", layout = #lattice.weight_layout<bias_c>, packing = #lattice.packing<dense>}} : !lattice.weight<bias, f32>
    %y = lattice.subm_conv3d %x, %w, %b {{kernel_size = array<i64: {k}>, dilation = array<i64: {d}>, accumulation = "canonical_f32"}} : ({sparse}, !lattice.weight<conv3d, f32>, !lattice.weight<bias, f32>) -> {sparse}
    return %y : {sparse}
  }}
}}
"""  # fmt: skip


def oracle_case(program: str, folder: Path, seed: int) -> float:
    """The greatest error, in units of the contract's bound: at most 1."""
    rng = random.Random(seed)
    kernel = [rng.choice((1, 3, 5)) for _ in range(3)]
    dilation = [rng.choice((1, 2)) for _ in range(3)]
    c_in, c_out = rng.choice((1, 3, 16, 33)), rng.choice((1, 5, 16))
    rows = list({(rng.randrange(2), *(rng.randrange(-4, 5) for _ in range(3))) for _ in range(60)})
    volume = kernel[0] * kernel[1] * kernel[2]
    single = lambda count: [struct.unpack("<f", struct.pack("<f", rng.gauss(0, 1)))[0] for _ in range(count)]
    features = [single(c_in) for _ in rows]
    weight = [[single(c_out) for _ in range(c_in)] for _ in range(volume)]
    bias = single(c_out)
    bundle = folder / "case.lattice"
    bundle.mkdir(exist_ok=True)
    text = lambda triple: ", ".join(map(str, triple))
    (bundle / "graph.mlir").write_text(
        GRAPH.format(digest=DIALECT_SCHEMA_DIGEST, sparse=SPARSE, i=c_in, k=text(kernel), d=text(dilation))
    )
    check_bundle(bundle)
    output_major = [weight[k][i][o] for o in range(c_out) for k in range(volume) for i in range(c_in)]
    save(bundle / "weights.safetensors", {"w": ("F32", [c_out, *kernel, c_in], f32_bytes(output_major)),
                                          "b": ("F32", [c_out], f32_bytes(bias))})  # fmt: skip
    save(folder / "in.safetensors", {
        "c": ("I32", [len(rows), 4], b"".join(struct.pack("<4i", *row) for row in rows)),
        "f": ("F32", [len(rows), c_in], f32_bytes(value for row in features for value in row)),
        "n": ("I32", [1], struct.pack("<i", len(rows)))})  # fmt: skip
    subprocess.run([program, "run", bundle, "--inputs", folder / "in.safetensors", "--output",
                    folder / "out.safetensors"], check=True, stdout=subprocess.DEVNULL)  # fmt: skip
    shape, content = load(folder / "out.safetensors")["y.features"]
    require(shape == [len(rows), c_out], f"the result has shape {shape}")
    got = struct.unpack(f"<{len(content) // 4}f", content)
    call = dict(kernel_size=kernel, dilation=dilation)
    expected = submanifold_conv3d_f32_to_f64(rows, features, weight, bias=bias, **call)
    magnitude = submanifold_conv3d_f32_to_f64(
        rows, [[abs(v) for v in row] for row in features],
        [[[abs(v) for v in row] for row in block] for block in weight], bias=[abs(v) for v in bias], **call)  # fmt: skip
    products = volume * c_in
    worst = 0.0
    for i, (row, sizes) in enumerate(zip(expected, magnitude)):
        for o, value in enumerate(row):
            bound = (products + 2) * 2.0**-24 * sizes[o] + 1e-30
            worst = max(worst, abs(got[i * c_out + o] - value) / bound)
    require(worst <= 1, f"case {seed}: kernel {kernel}, {c_in} -> {c_out}: the error is {worst:.2f} of its bound")
    return worst


def check_the_check(folder: Path) -> None:
    """What is spoilt is found."""
    spoilt = [("lattice.subm_conv3d %x, %w", "lattice.subm_conv %x, %w"), ("%x, %w, %b {", "%w, %x, %b {"),
              ("%x, %w, %b {", "%x, %v, %b {"), ("conv3d_o_xyz_i", "conv3d_xyz_o_i"), ("packing<dense>", "packing<int3>"),
              ('accumulation = "canonical_f32"', "eps = 1.0 : f32"), ("array<i64: 3, 3, 3>, d", "array<i64: 3, 3>, d"),
              (DIALECT_SCHEMA_DIGEST, DIALECT_SCHEMA_DIGEST[::-1]), ("return %y", "return %z"),
              ("%y = lattice.subm_conv3d", "%x = lattice.subm_conv3d"), ("lattice.sparse.make", "voxloom.sparse.make"),
              ('"sparse_active"]', '"active"]')]  # fmt: skip
    text = GRAPH.format(digest=DIALECT_SCHEMA_DIGEST, sparse=SPARSE, i=4, k="3, 3, 3", d="1, 1, 1")
    for old, new in [("", ""), *spoilt]:
        require(old in text, f"the graph has no '{old}' to spoil")
        (folder / "graph.mlir").write_text(text.replace(old, new, 1))
        try:
            check_bundle(folder)
        except (Wrong, ValueError) as error:
            require(old != "", f"a right graph is refused: {error}")
            continue
        require(old == "", f"'{new}' for '{old}' is not found")


def bundles_in(paths: list[str]) -> list[Path]:
    found = []
    for path in map(Path, paths):
        found += [path] if (path / "graph.mlir").exists() else sorted(p.parent for p in path.rglob("graph.mlir"))
    return found


def is_refused(program: str, bundle: Path) -> bool:
    """Tests of refusals write bundles that are wrong on purpose: ours must say so, too."""
    return subprocess.run([program, "verify", str(bundle)], capture_output=True).returncode != 0


def main() -> int:
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("bundles", nargs="*")
    parser.add_argument("--program")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        check_the_check(Path(folder))
    wrong = refused = plain = extended = theirs = ours = 0
    for bundle in bundles_in(arguments.bundles):
        try:
            counted = check_bundle(bundle)
        except (Wrong, OSError, TypeError, ValueError, LookupError) as error:
            if arguments.program and is_refused(arguments.program, bundle):
                refused += 1
                continue
            wrong += 1
            print(f"WRONG  {bundle}: {error}")
            continue
        theirs, ours = theirs + counted[0], ours + counted[1]
        plain, extended = plain + (counted[1] == 0), extended + (counted[1] > 0)
    print(f"{plain + extended + wrong + refused} bundles: {plain} plain, {extended} with operations of ours, {wrong} wrong, "
          f"{refused} refused by both sides; "
          f"{theirs} operations of the format, {ours} of ours")  # fmt: skip
    if arguments.program:
        with tempfile.TemporaryDirectory() as folder:
            errors = [oracle_case(arguments.program, Path(folder), seed) for seed in range(40)]
        print(f"oracle: {len(errors)} submanifold convolutions, the greatest error is {max(errors):.3f} of its bound")
    return 1 if wrong or plain + extended == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
