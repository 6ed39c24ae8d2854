"""docs/python.md runs from top to bottom; the types say what the module is."""

import ast
import importlib.util
import json
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


def test_the_notebook_runs(tmp_path, monkeypatch):
    """Cell by cell in one namespace, as a notebook does; what a cell ends with can be shown."""
    pytest.importorskip("torch", reason="torch is not installed: the notebook is not run")
    monkeypatch.chdir(tmp_path)
    notebook = json.loads((SOURCE / "examples" / "points_to_bundle.ipynb").read_text(encoding="utf-8"))
    cells = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert len(cells) >= 5 and all(cell.get("outputs", []) == [] for cell in notebook["cells"])
    names, shown = {}, []
    for place, source in enumerate(cells):
        tree = ast.parse(source, f"cell {place}")
        last = ast.Expression(tree.body.pop().value) if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, f"cell {place}", "exec"), names)  # noqa: S102
        if last is not None:
            shown.append(eval(compile(last, f"cell {place}", "eval"), names))  # noqa: S307
    assert "<iframe" in shown[0]._repr_html_() and "<iframe" in shown[-1]._repr_html_()
    assert names["bundle"].agreement.is_exact
    assert (names["labelled"].classes == names["labels"]).mean() > 0.9


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
