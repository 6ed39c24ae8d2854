"""python -m voxloom: what needs Python beside the library. The program `voxloom` has the rest."""

from __future__ import annotations

import argparse
import sys
from typing import List, Optional

from . import parity, scans


def _compare(arguments: argparse.Namespace) -> int:
    found = parity.compare_script(arguments.bundle, arguments.script, inputs=arguments.inputs, axes=arguments.axes,
                                  output=arguments.output)
    print("\n".join(parity.lines_of(found, arguments.tolerance)))
    return 0 if found.is_within(arguments.tolerance) else 1


def _unpack(arguments: argparse.Namespace) -> int:
    scans.unpack_laz(arguments.packed, arguments.to)
    print(f"{arguments.to}: written")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m voxloom", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    compare = commands.add_parser(
        "compare", help="a bundle and the network that it was made of, on one input",
        description=parity.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    compare.add_argument("bundle", metavar="BUNDLE", help="a folder NAME.lattice with the inputs x_coords, x_features "
                                                          "and x_active")
    compare.add_argument("--with", dest="script", metavar="SCRIPT", required=True,
                         help="a Python file with the function run(coords, features); it is run")
    compare.add_argument("--inputs", metavar="FILE", help="safetensors with x_coords and x_features, as `voxloom run` "
                                                          "takes them; by default the script's inputs(), or a scene "
                                                          "that is made up")
    compare.add_argument("--axes", choices=("xyz", "zyx"), default="xyz", help="the order of the script's coordinates")
    compare.add_argument("--output", metavar="NAME", help="the bundle's output to compare, where it has several")
    compare.add_argument("--tolerance", type=float, default=1e-4, metavar="SHARE",
                         help="how much of the largest value may differ (1e-4)")
    compare.set_defaults(call=_compare)
    unpack = commands.add_parser("unpack", help="the LAS file that a LAZ or COPC file packs",
                                 description=scans.unpack_laz.__doc__,
                                 formatter_class=argparse.RawDescriptionHelpFormatter)
    unpack.add_argument("packed", metavar="IN.laz")
    unpack.add_argument("to", metavar="OUT.las")
    unpack.set_defaults(call=_unpack)
    return parser


def main(arguments: Optional[List[str]] = None) -> int:
    """0: done, or the same; 1: not the same; 2: it could not be done."""
    chosen = _parser().parse_args(arguments)
    try:
        return int(chosen.call(chosen))
    except (ValueError, OSError, KeyError) as error:
        print(f"voxloom {chosen.command}: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
