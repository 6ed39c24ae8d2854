"""docs/python.md runs from top to bottom; the types say what the module is."""

import importlib.util
import os
import re
import subprocess
import sys

import pytest

import voxloom
from conftest import SOURCE

# The package that is tested here, whatever folder a process starts in.
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.path.dirname(os.path.dirname(voxloom.__file__))}


def blocks_of(page):
    return re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def test_the_page_runs(tmp_path):
    if importlib.util.find_spec("torch") is None:
        pytest.skip("torch is not installed: the code of docs/python.md is not run")
    blocks = blocks_of(SOURCE / "docs" / "python.md")
    assert len(blocks) >= 7
    (tmp_path / "models").symlink_to(SOURCE / "models")
    (tmp_path / "page.py").write_text("\n".join(blocks), encoding="utf-8")
    result = subprocess.run([sys.executable, "page.py"], cwd=tmp_path, capture_output=True, text=True, timeout=300,
                            check=False, env=ENVIRONMENT)
    assert result.returncode == 0, result.stdout + result.stderr
    for said in re.findall(r"# (\[conv\].*?) \.\.", "\n".join(blocks)):  # messages that the page quotes
        assert said.partition("(..")[0] in result.stdout, said


def test_the_stub_says_what_the_module_is():
    if importlib.util.find_spec("nanobind") is None:
        pytest.skip("nanobind is not installed: the stub is not compared with the module")
    result = subprocess.run([sys.executable, SOURCE / "scripts" / "python_stub.py", "--check"], capture_output=True,
                            text=True, timeout=120, check=False, env=ENVIRONMENT)
    assert result.returncode == 0, result.stderr


def test_types():
    if importlib.util.find_spec("mypy") is None:
        pytest.skip("mypy is not installed: types are not checked")
    result = subprocess.run([sys.executable, "-m", "mypy", "--cache-dir", os.devnull], cwd=SOURCE, capture_output=True,
                            text=True, timeout=600, check=False)
    assert result.returncode == 0, result.stdout
