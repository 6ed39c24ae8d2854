"""Bundles (NAME.lattice: a text graph and its weights) that run, and safetensors files."""

from __future__ import annotations

import os
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Tuple, Union

from . import _core
from .sparse import SparseTensor

Path = Union[str, "os.PathLike[str]"]


class Model:
    """A bundle that runs; it may be used from several threads.

        model = voxloom.Model("segmenter.lattice")
        results = model.run({"x_coords": coords, "x_features": features, "x_active": active})

    coordinates: how they are meant at the boundary, 'physical' (lattice coordinate times stride) or 'logical'.
    remembered_sets: sets whose kernel maps are kept for inputs that come again. fuse: batch norms go into weights.
    FormatError: the first problem of the bundle, with its place.
    """

    def __init__(self, path: Path, *, coordinates: str = "physical", remembered_sets: int = 4,
                 fuse: bool = True) -> None:
        self._model = _core._Model.load(os.fspath(path), coordinates, remembered_sets, fuse)

    def run(self, inputs: Mapping[str, Any]) -> Dict[str, Any]:
        """Arrays by input name to arrays and sparse tensors by output name; torch tensors where an input was one.

        ValueError: what is missing, unknown or of the wrong type.
        """
        results = self._model.run(dict(inputs))
        return {name: SparseTensor(*result) if isinstance(result, tuple) else result
                for name, result in results.items()}

    @property
    def inputs(self) -> Dict[str, str]:
        """The type of each input, as the graph writes it."""
        return dict(self._model.inputs())

    @property
    def outputs(self) -> Dict[str, str]:
        """The type of each output, as the graph writes it."""
        return dict(self._model.outputs())

    @property
    def weights(self) -> Dict[str, Any]:
        """Arrays by storage key, without a copy."""
        return self._model.weights()

    @property
    def text(self) -> str:
        """The graph, as the bundle's file holds it."""
        return self._model.text()

    def __repr__(self) -> str:
        return f"Model({', '.join(self.inputs)} -> {', '.join(self.outputs)})"

    def release_memory(self) -> None:
        """Gives back what is kept for the next run."""
        self._model.release_memory()


class Diagnostic(NamedTuple):
    """severity: 'error' or 'warning'. line and column count from 1; 0: not of a text."""

    severity: str
    file: str
    line: int
    column: int
    message: str


def verify_bundle(path: Path) -> List[Diagnostic]:
    """Every problem and every warning; empty: the bundle is right."""
    return [Diagnostic(*one) for one in _core._verify_bundle(os.fspath(path))]


def read_safetensors(path: Path) -> Tuple[Dict[str, Any], Dict[str, str]]:
    """(arrays, metadata) of a safetensors file. bfloat16 comes as two bytes of type V2. FormatError: bad data."""
    return _core._read_safetensors(os.fspath(path))


def write_safetensors(path: Path, arrays: Mapping[str, Any], metadata: Optional[Mapping[str, str]] = None) -> None:
    """Arrays, numpy or torch, by name; the file appears whole or not at all."""
    _core._write_safetensors(os.fspath(path), dict(arrays), dict(metadata or {}))
