#!/usr/bin/env python3
"""usage: scripts/python_stub.py [--check]

Writes python/voxloom/_core.pyi, the types of the module that is built beside it (python/voxloom/_core*.so), or with
--check tells whether the file says what the module is. Arrays, which the module takes as objects of any kind, are Any.
Needs nanobind (pip install nanobind), and python/ on PYTHONPATH.
"""

import pathlib
import re
import sys

from nanobind.stubgen import StubGen

STUB = pathlib.Path(__file__).parents[1] / "python" / "voxloom" / "_core.pyi"


def main() -> int:
    import voxloom._core as module

    generator = StubGen(module, include_private=True)
    generator.put(module)
    text = re.sub(r"(: |-> |\[)object\b", r"\1Any", generator.get())
    text = re.sub(r"\b(dict|list|tuple)(?=[,):\s=])(?!\[)",
                  lambda m: {"dict": "dict[str, Any]", "list": "list[Any]", "tuple": "tuple[Any, ...]"}[m[1]], text)
    text = "from typing import Any\n\n" + text.lstrip()
    if "--check" not in sys.argv:
        STUB.write_text(text, encoding="utf-8")
        return 0
    if STUB.read_text(encoding="utf-8") == text:
        return 0
    print(f"{STUB} is not what the module says: run scripts/python_stub.py", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
