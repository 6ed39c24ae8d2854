"""scripts/check_includes.py on small trees: it lets right includes pass and names wrong ones."""
import subprocess
import sys
import tempfile
from pathlib import Path

CHECK = sys.argv[1]
RIGHT = {
    "include/voxloom/tensor.h": "",
    "include/voxloom/conv.h": '#include "voxloom/tensor.h"\n',
    "src/core/error.h": '#include "voxloom/tensor.h"\n',
    "src/ops/conv.cpp": '#include "voxloom/conv.h"\n\n#include "core/error.h"\n#include <vector>\n',
}


def run(changes):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in {**RIGHT, **changes}.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return subprocess.run([sys.executable, CHECK, folder], capture_output=True, text=True)


def expect(changes, code, words):
    done = run(changes)
    output = done.stdout + done.stderr
    assert done.returncode == code and words in output, f"{changes}: {done.returncode}, {output}"


expect({}, 0, "every include points down")
expect({"src/core/up.cpp": '#include "ops/conv.h"\n'}, 1, "core/up.cpp includes ops/conv.h")
expect({"include/voxloom/tensor.h": '#include "voxloom/conv.h"\n'}, 1, "core stands below ops")
expect({"src/core/a.h": '#include "core/b.h"\n', "src/core/b.h": '#include "core/a.h"\n'}, 1,
       "a way round: core/a.h -> core/b.h -> core/a.h")
expect({"src/new/a.h": '#include "core/error.h"\n'}, 1, "the room 'new' is not in BELOW")
expect({"include/voxloom/unheard.h": ""}, 1, "add voxloom/unheard.h to HEADERS")
expect({"include/voxloom/tensor.h": "namespace voxloom {\n}\n"}, 1, "would hide its names")
expect({"include/voxloom/tensor.h": "namespace VOXLOOM_API voxloom {\n}\n"}, 0, "points down")
