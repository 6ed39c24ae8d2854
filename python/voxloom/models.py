"""Bundles (NAME.lattice: a text graph and its weights) that run, other libraries' checkpoints as bundles, and
safetensors files."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Union

from . import _core
from .sparse import SparseTensor

if TYPE_CHECKING:
    from .scans import LabelClass

Path = Union[str, "os.PathLike[str]"]


class Agreement(NamedTuple):
    """How a bundle's run on the example compares with the network's: rows that were compared, whether every bit is the
    same, and the largest difference as a share of the largest value."""

    rows: int
    is_exact: bool
    largest_difference: float


class Bundle:
    """A graph and its weights in memory: what export and import_checkpoint make.

        bundle.save("unet.lattice")             # for voxloom run, segment, info, verify, and for C++
        voxloom.Model(bundle).run(...)

    agreement: of an exported network; None for others.
    """

    def __init__(self, bundle: _core._Bundle, agreement: Optional[Agreement] = None) -> None:
        self._bundle = bundle
        self.agreement = agreement

    @classmethod
    def read(cls, path: Path) -> Bundle:
        """FormatError: the first problem of the bundle, with its place."""
        return cls(_core._Bundle.read(os.fspath(path)))

    def save(self, path: Path, *, classes: Optional[Sequence[LabelClass]] = None,
             features: Optional[Sequence[str]] = None) -> None:
        """Writes the folder, whole or not at all; a bundle that stands there is replaced.

        For `voxloom segment` and PointLabeller: classes, the table of what the scores' columns mean (default: that of
        the simulated streets), and features, what a point's features are ("intensity", "height", ...: docs/training.md).
        """
        companions: Dict[str, str] = {}
        if classes is not None:
            table = [{"name": c.name, "color": list(c.color), "values": list(c.values)} for c in classes]
            companions["classes.json"] = json.dumps({"classes": table}, indent=1) + "\n"
        if features is not None:
            companions["features.json"] = json.dumps({"features": list(features)}) + "\n"
        self._bundle.save(os.fspath(path), companions)

    @property
    def text(self) -> str:
        """The graph, as the bundle's file holds it."""
        return self._bundle.text()

    @property
    def weights(self) -> Dict[str, Any]:
        """Arrays by storage key, without a copy."""
        return self._bundle.weights()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self.weights)} arrays)"


class Model:
    """A bundle that runs; it may be used from several threads.

        model = voxloom.Model("segmenter.lattice")          # a folder, or a Bundle
        results = model.run({"x_coords": coords, "x_features": features, "x_active": active})

    coordinates: how they are meant at the boundary, 'physical' (lattice coordinate times stride) or 'logical'.
    remembered_sets: sets whose kernel maps are kept for inputs that come again. fuse: batch norms go into weights.
    FormatError: the first problem of the bundle, with its place.
    """

    def __init__(self, path: Union[Path, Bundle], *, coordinates: str = "physical", remembered_sets: int = 4,
                 fuse: bool = True) -> None:
        if isinstance(path, Bundle):
            self._model = _core._Model.from_bundle(path._bundle, coordinates, remembered_sets, fuse)
        else:
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


@dataclass
class ImportReport:
    """What became of a checkpoint's tensors.

    library, axes, prefix: as they were told or found out. used: tensors. unused: names without a part in the bundle.
    statistics: counters of batch norms. notes: what else to know. unwrapped: what was taken off, from the outside in.
    others: what stood beside the tensors, and what it is.
    """

    library: str
    axes: str
    prefix: str
    used: int
    unused: List[str]
    statistics: List[str]
    notes: List[str]
    unwrapped: List[str] = field(default_factory=list)
    others: Dict[str, str] = field(default_factory=dict)


class ImportedBundle(Bundle):
    """A Bundle with the report of how it was made."""

    def __init__(self, bundle: _core._Bundle, report: ImportReport) -> None:
        super().__init__(bundle)
        self.report = report


def import_checkpoint(path: Path, network: str, *, from_library: Optional[str] = None, axes: Optional[str] = None,
                      entry: str = "", prefix: Optional[str] = None, spatial_shape: Optional[Sequence[int]] = None,
                      pointwise: str = "as_run", allow_unused: bool = False) -> ImportedBundle:
    """A published network's checkpoint (torch.save of any version, or safetensors) as a bundle: input "x", output
    "output". It is read without torch, and nothing in it is run.

    network: a name of importable_networks(). from_library: spconv, spconv1, minkowski, torchsparse, warpconvnet or
    mlx-lattice; None: names and shapes tell. axes: 'xyz' or 'zyx', the order of the network's coordinates; None: the
    network's own. entry: the checkpoint's entry with the weights; "": state_dict, model_state or model. prefix: what
    stands before the network's names; None: found out. spatial_shape: the grid at which a detection network cuts its
    coordinates off, in the order of the axes. pointwise: spconv's 1x1x1 weights 'as_run' or 'as_declared'.
    allow_unused: passes over tensors below the prefix that the network has no use for.
    FormatError: not such a file, or keys are missing or left over (all are listed). ValueError: an unknown name, or
    weights that several libraries could have made. docs/coming_from.md.
    """
    shape = None if spatial_shape is None else list(spatial_shape)
    made, told = _core._import_checkpoint(os.fspath(path), entry, network, from_library, axes, prefix, shape,
                                          pointwise, allow_unused)
    return ImportedBundle(made, ImportReport(**told))


def importable_networks() -> Dict[str, str]:
    """Names that import_checkpoint knows, and whose networks they are."""
    return dict(_core._importable_networks())


def read_checkpoint(path: Path, *, entry: str = "") -> Dict[str, Any]:
    """The tensors of a torch or safetensors file by name, as numpy arrays, without torch; nothing in it is run.

    FormatError: a file that is damaged, or holds more than a state dictionary.
    """
    tensors: Dict[str, Any] = _core._read_checkpoint(os.fspath(path), entry)[0]
    return tensors


def read_safetensors(path: Path) -> Tuple[Dict[str, Any], Dict[str, str]]:
    """(arrays, metadata) of a safetensors file. bfloat16 comes as two bytes of type V2. FormatError: bad data."""
    return _core._read_safetensors(os.fspath(path))


def write_safetensors(path: Path, arrays: Mapping[str, Any], metadata: Optional[Mapping[str, str]] = None) -> None:
    """Arrays, numpy or torch, by name; the file appears whole or not at all."""
    _core._write_safetensors(os.fspath(path), dict(arrays), dict(metadata or {}))
