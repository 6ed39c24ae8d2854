#!/usr/bin/env python3
# usage: scripts/check_includes.py [--picture] [ROOT]
#
# Holds the includes of src/ and include/voxloom/ to one direction: a room includes itself and what its
# row below names, and no file includes itself by a way round. Public headers show their names (export.h), in the
# namespace of their library. --picture prints which rooms include which,
# with the number of includes. The library that a room is part of stands in cmake/libraries.cmake, whose order
# is the same.
import re
import sys
from collections import defaultdict
from pathlib import Path

# Each room, from the ground up, and the rooms that it may include. `engine` knows problems and backends
# by their public types; `cpu` is one backend of it, so the arrow goes from `cpu` to `engine`.
BELOW = {"core": []}
BELOW["coords"] = ["core"]
BELOW["engine"] = ["core", "coords"]
BELOW["cpu"] = ["core", "coords", "engine"]
BELOW["cuda"] = ["core"]  # beside the CPU; the engine does not call it yet
BELOW["dist"] = ["core"]
BELOW["mpi"] = ["core", "dist"]  # public headers alone: a library of its own, beside the sum
BELOW["quant"] = BELOW["engine"] + ["engine"]
BELOW["ops"] = BELOW["quant"] + ["quant"]
BELOW["schema"] = BELOW["ops"] + ["ops"]
BELOW["autograd"] = BELOW["schema"] + ["schema"]
BELOW["nn"] = BELOW["autograd"] + ["autograd"]
BELOW["artifact"] = BELOW["nn"] + ["nn"]
BELOW["io"] = ["core"]
BELOW["data"] = ["core", "io"]
BELOW["checkpoint"] = BELOW["artifact"] + ["artifact", "io"]
BELOW["sim"] = ["core", "io", "data"]
BELOW["viz"] = ["core"]
BELOW["train"] = BELOW["artifact"] + ["artifact", "io", "data", "sim", "dist"]
BELOW["label"] = BELOW["train"] + ["train"]  # shows a network what the trainer shows it
BELOW["bench"] = BELOW["label"] + ["label", "cpu"]  # measures a backend
BELOW["cli"] = BELOW["bench"] + ["bench", "checkpoint", "viz", "mpi"]

# The room whose concept a public header declares.
HEADERS = {
    "core": "buffer context device dtype error export log memory options parallel tensor triple version isa plans "
            "weight",
    "coords": "coordinate_set kernel_map neighbors sets sparse_tensor",
    "dist": "dist",
    "mpi": "mpi",
    "ops": "algebra conv conv_gradients dense points pool",
    "schema": "attributes",
    "autograd": "autograd autograd_ops recorder",
    "nn": "models module nn",
    "artifact": "artifact export_module graph graph_builder safetensors tiles",
    "io": "io scan survey",
    "data": "augment dataset input_profile scan_input",
    "checkpoint": "checkpoint import_network",
    "sim": "simulator",
    "viz": "canvas page pictures plot",
    "label": "point_labeller",
    "train": "metrics optimizer train",
    "cli": "voxloom",  # everything
}
ROOM_OF_HEADER = {name: room for room, names in HEADERS.items() for name in names.split()}

# Public names of these rooms lie in a namespace of the room's name; those of the others in voxloom.
NAMESPACES = {"dist", "mpi", "autograd", "nn", "artifact", "checkpoint", "sim", "viz", "label", "train"}
IN_VOXLOOM = {"safetensors"}  # files of tensors, which lie there too
INCLUDE = re.compile(r'\s*#\s*include\s*"([^"]+)"')


def room_of(file):
    """`file` is as an include names it: voxloom/tensor.h, ops/target.h."""
    folder = file.split("/")[0]
    if folder != "voxloom":
        return folder
    stem = Path(file).stem
    if stem not in ROOM_OF_HEADER:
        sys.exit(f"check_includes: add {file} to HEADERS: which room does it belong to?")
    return ROOM_OF_HEADER[stem]


def read_includes(root):
    includes = {}
    for base in (root / "src", root / "include"):
        for path in sorted(base.rglob("*")):
            name = str(path.relative_to(base))
            if path.suffix in (".h", ".cpp", ".inc") and "/" in name:
                matches = map(INCLUDE.match, path.read_text().splitlines())
                includes[name] = [match.group(1) for match in matches if match]
    return includes


def wrong_arrows(includes):
    for file, targets in includes.items():
        room = room_of(file)
        if room not in BELOW:
            yield f"{file}: the room '{room}' is not in BELOW"
            continue
        for target in targets:
            other = room_of(target)
            if other != room and other not in BELOW[room]:
                yield f"{file} includes {target}: {room} stands below {other}, or beside it"


def wrong_namespaces(root):
    for path in sorted((root / "include" / "voxloom").glob("*.h")):
        room = ROOM_OF_HEADER.get(path.stem)
        text = path.read_text()
        own = NAMESPACES & {room} if path.stem not in IN_VOXLOOM else set()
        for missing in own - set(re.findall(r"^namespace (\w+) \{", text, re.M)):
            yield f"voxloom/{path.name} belongs to {room}: its names lie in namespace {missing}"
        if not own and re.search(r"^namespace (?:%s) \{" % "|".join(NAMESPACES), text, re.M):
            yield f"voxloom/{path.name} belongs to {room}: its names lie in namespace voxloom"


def hidden_names(root):
    for path in sorted((root / "include" / "voxloom").glob("*.h")):
        if re.search(r"^(?:inline )?namespace voxloom\b", path.read_text(), re.M):
            yield (f"voxloom/{path.name}: a shared library would hide its names: "
                   "open namespace VOXLOOM_API voxloom")


def cycles(includes):
    """Each way round once, as the files along it."""
    done, path = set(), []

    def walk(file):
        if file in path:
            yield path[path.index(file):] + [file]
            return
        if file in done:
            return
        path.append(file)
        for target in includes.get(file, []):
            yield from walk(target)
        path.pop()
        done.add(file)

    for file in includes:
        yield from walk(file)


def print_picture(includes):
    arrows = defaultdict(int)
    for file, targets in includes.items():
        for target in targets:
            arrows[room_of(file), room_of(target)] += 1
    for room in BELOW:
        others = [(to, n) for (of, to), n in arrows.items() if of == room and to != room]
        print(f"{room:9}-> " + ", ".join(f"{to} {n}" for to, n in sorted(others, key=lambda o: -o[1])))


def main(arguments):
    picture = "--picture" in arguments
    roots = [a for a in arguments if not a.startswith("--")]
    root = Path(roots[0]) if roots else Path(__file__).resolve().parent.parent
    includes = read_includes(root)
    if picture:
        return print_picture(includes)
    problems = list(wrong_arrows(includes))
    problems += wrong_namespaces(root)
    problems += hidden_names(root)
    problems += ["a way round: " + " -> ".join(way) for way in cycles(includes)]
    print("\n".join(problems) or f"{len(includes)} files, every include points down")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
