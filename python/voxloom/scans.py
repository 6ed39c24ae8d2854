"""Scans: files of points to named numpy columns and back, and pictures and pages of them."""

from __future__ import annotations

import html
import io
import json
import os
from dataclasses import dataclass, field, replace
from typing import Any, BinaryIO, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np

from . import _core, _extra_scans, _words
from ._core import LasRecords

Path = Union[str, "os.PathLike[str]"]
Three = Tuple[float, float, float]
Color = Tuple[int, int, int]

_MOST_SHOWN = 200_000  # points in a notebook's cell


def _columns(positions: Any) -> np.ndarray[Any, Any]:
    columns: np.ndarray[Any, Any] = np.ascontiguousarray(positions, np.float64)
    return columns


@dataclass(eq=False)
class Scan:
    """One point cloud: positions (N, 3) float64, relative to `origin`, and named attributes of N rows each.

    An attribute is (N) or (N, C) of the element type that its file had; text is of dtype str, or of objects, each a str,
    where one long word would make more than a gigabyte of that. Names that writers know: intensity, label,
    confidence, red, green, blue, classification and the other fields of LAS. position_type 'float32': every position
    came from one, and is written as one. quantization: (scale, offset), the lattice of LAS. pose: (4, 4), from the
    file's coordinates to those that many scans share; viewpoint: (4, 4), from the sensor's to the file's.
    middle: of all points, where it lies far from 0: the sensor is taken to be there unless there is a viewpoint.
    notes: what was guessed, left out or replaced in reading.
    """

    positions: np.ndarray[Any, Any]
    attributes: Dict[str, np.ndarray[Any, Any]] = field(default_factory=dict)
    origin: Three = (0.0, 0.0, 0.0)
    position_type: str = "float64"
    quantization: Optional[Tuple[Three, Three]] = None
    pose: Optional[np.ndarray[Any, Any]] = None
    viewpoint: Optional[np.ndarray[Any, Any]] = None
    las: Optional[LasRecords] = None
    notes: Tuple[str, ...] = ()
    middle: Optional[Three] = None

    def __post_init__(self) -> None:
        if getattr(self.positions, "ndim", 0) != 2 or self.positions.shape[1] != 3:
            came = getattr(self.positions, "shape", type(self.positions).__name__)
            raise ValueError(f"[Scan] positions: expected shape (N,3), got {came}")

    def __len__(self) -> int:
        return int(self.positions.shape[0])

    def __getitem__(self, name: str) -> np.ndarray[Any, Any]:
        return self.attributes[name]

    def __setitem__(self, name: str, values: Any) -> None:
        column = np.asarray(values)
        if column.ndim not in (1, 2) or column.shape[0] != len(self):
            raise ValueError(f"[Scan] {name}: expected a row for each of {len(self)} points, got shape {column.shape}")
        self.attributes[name] = column

    def __contains__(self, name: str) -> bool:
        return name in self.attributes

    def points(self, origin: Optional[Three] = None) -> np.ndarray[Any, Any]:
        """(N, 3) float32: the positions relative to the scan's origin, or to another one; subtracted in float64."""
        shift = 0.0 if origin is None else np.asarray(self.origin) - np.asarray(origin)
        points: np.ndarray[Any, Any] = (self.positions + shift).astype(np.float32)
        return points

    def features(self, names: Sequence[str]) -> np.ndarray[Any, Any]:
        """(N, C) float32: the named attributes side by side, component by component."""
        missing = [name for name in names if name not in self.attributes]
        if missing:
            raise ValueError(f"[Scan.features] no attribute '{missing[0]}': there are {sorted(self.attributes)}")
        texts = [name for name in names if _words.is_text(self.attributes[name])]
        if texts:
            raise ValueError(f"[Scan.features] the attribute '{texts[0]}' holds text, not numbers")
        columns = [self.attributes[name].reshape(len(self), -1) for name in names]
        return np.ascontiguousarray(np.concatenate(columns, axis=1), np.float32) if columns else np.empty(
            (len(self), 0), np.float32)

    def colors(self) -> Optional[np.ndarray[Any, Any]]:
        """(N, 3) uint8 of red, green and blue; None where there are none."""
        channels = [self.attributes.get(name) for name in ("red", "green", "blue")]
        if any(c is None or c.ndim != 1 or _words.is_text(c) for c in channels):
            return None
        joined = np.stack([c for c in channels if c is not None], axis=1)
        if np.issubdtype(joined.dtype, np.floating):
            joined = np.rint(np.clip(joined, 0, 1) * 255)
        elif joined.max(initial=0) > 255:
            joined = joined >> 8
        colors: np.ndarray[Any, Any] = np.ascontiguousarray(joined, np.uint8)
        return colors

    def _parts(self) -> Dict[str, Any]:
        def pose(value: Any) -> Any:
            return None if value is None else _columns(value)

        attributes = {name: _words.for_core(name, values) for name, values in self.attributes.items()}
        return {"positions": _columns(self.positions), "position_type": self.position_type, "attributes": attributes,
                "origin": tuple(self.origin), "middle": self.middle, "quantization": self.quantization,
                "pose": pose(self.pose), "viewpoint": pose(self.viewpoint), "las": self.las}

    def page(self, title: str = "points", *, most_points: int = 2_000_000,
             classes: Optional[Sequence[LabelClass]] = None) -> str:
        """A self-contained HTML page that shows the points: it turns, zooms and colours them.

        classes: of the attribute `label`, whose numbers are those of files (LabelClass.values), and whose words are names.
        """
        values = {name: np.ascontiguousarray(column, np.float32) for name, column in self.attributes.items()
                  if column.ndim == 1 and not _words.is_text(column) and name not in ("red", "green", "blue", "label")}
        kept = sorted(values, key=lambda name: name not in ("intensity", "confidence"))[:8]
        places, table = _places_of(self.attributes.get("label"), classes)
        return _core._page(self.points(), places, table, {name: values[name] for name in kept}, self.colors(),
                           tuple(self.origin), title, {}, most_points)

    def _repr_html_(self) -> str:
        page = html.escape(self.page(repr(self), most_points=_MOST_SHOWN), quote=True)
        return f'<iframe srcdoc="{page}" style="width:100%;height:480px;border:0"></iframe>'

    def __repr__(self) -> str:
        names = ", ".join(self.attributes)
        return f"Scan({len(self)} points{': ' + names if names else ''})"


class LabelClass(NamedTuple):
    """A class of points. values: its numbers in files; the first one is written."""

    name: str
    color: Color
    values: Tuple[int, ...]


def _places_of(labels: Optional[np.ndarray[Any, Any]],
               classes: Optional[Sequence[LabelClass]]) -> Tuple[Any, List[Tuple[str, Color]]]:
    """The class of each point as a place in a table of names and colours."""
    if labels is None or labels.ndim != 1:
        return None, []
    if classes is None:
        numbers, places = np.unique(labels, return_inverse=True)
        if len(numbers) > 255:
            return None, []
        return (np.ascontiguousarray(places.reshape(-1), np.int32),
                [(str(number) if _words.is_text(labels) else f"label {number}", _color_of(i))
                 for i, number in enumerate(numbers)])
    places = np.full(labels.shape, -1, np.int32)
    for i, one in enumerate(classes):
        places[labels == one.name if _words.is_text(labels) else np.isin(labels, one.values)] = i
    return places, [(one.name, one.color) for one in classes]


def _color_of(place: int) -> Color:
    hue = place * 0.618034 % 1.0 * 6.0
    def channel(shift: float) -> int:
        return int(60 + 180 * min(1.0, max(0.0, abs((hue + shift) % 6.0 - 3.0) - 1.0)))
    return channel(0.0), channel(4.0), channel(2.0)


def _text(path: Path) -> str:
    return os.fspath(path)


def _laspy(path: str) -> Any:
    try:
        import laspy
    except ImportError:
        raise ValueError(f"[read_scan] {path}: LAZ needs laspy and lazrs: pip install 'voxloom[laz]'") from None
    return laspy


def _unpack_laz(path: str, to: BinaryIO, max_unpacked_bytes: Optional[int]) -> None:
    """Writes the LAS file that a LAZ or COPC file packs, a piece at a time, records and extra bytes included."""
    laspy = _laspy(path)
    try:
        with laspy.open(path) as reader:
            header = reader.header
            unpacked = header.point_count * header.point_format.size
            if max_unpacked_bytes is not None and unpacked > max_unpacked_bytes:
                raise _core.FormatError(f"[read_scan] {path}: {unpacked} bytes unpacked, more than max_unpacked_bytes, "
                                        f"{max_unpacked_bytes}")
            # What COPC says of its own octree would not be true of the file that is written.
            header.vlrs[:] = [one for one in header.vlrs if one.user_id != "copc"]
            behind = [one for one in reader.evlrs or [] if one.user_id != "copc"]
            header.evlrs = None
            with laspy.open(to, "w", header=header, do_compress=False, closefd=False) as writer:
                for points in reader.chunk_iterator(1_000_000):
                    writer.write_points(points)
                if behind:
                    writer.write_evlrs(laspy.vlrs.vlrlist.VLRList(behind))
    except (laspy.errors.LaspyException, RuntimeError) as error:
        raise _core.FormatError(f"[read_scan] {path}: {error}") from error


def _unpacked_laz(path: str, max_unpacked_bytes: int) -> bytes:
    content = io.BytesIO()
    _unpack_laz(path, content, max_unpacked_bytes)
    return content.getvalue()


def unpack_laz(path: Path, to: Path) -> None:
    """Writes the LAS file that a LAZ or COPC file packs to `to`, whole or not at all, with all its records and extra bytes.

    FileExistsError where `to` is there. FormatError: bad data. ValueError: the extra voxloom[laz] is not installed.
    """
    source, target = _text(path), _text(to)
    if os.path.exists(target):
        raise FileExistsError(f"[unpack_laz] {target} is there already")
    part = f"{target}.{os.getpid()}.part"
    try:
        with open(part, "xb") as file:
            _unpack_laz(source, file, None)
        os.link(part, target)  # unlike a rename, never replaces
    finally:
        if os.path.exists(part):
            os.unlink(part)


def _from_package(path: str, found: _extra_scans.Found, invalid: str) -> Scan:
    """With what is wanted of positions that are not finite."""
    positions, attributes, pose, notes = found
    is_finite = np.isfinite(positions).all(axis=1)
    if invalid not in ("error", "drop", "keep"):
        raise ValueError(f"[read_scan] invalid: expected 'error', 'drop' or 'keep', got '{invalid}'")
    if invalid != "keep" and not is_finite.all():
        if invalid == "error":
            raise _core.FormatError(f"[read_scan] {path}: point {int(np.argmin(is_finite))}: the position is not "
                                    "finite")
        notes = [*notes, f"{int((~is_finite).sum())} points whose positions are not finite were left out"]
        positions, attributes = positions[is_finite], {name: a[is_finite] for name, a in attributes.items()}
    kind = "float32" if positions.dtype == np.float32 else "float64"
    return Scan(positions.astype(np.float64), attributes, position_type=kind, pose=pose, notes=tuple(notes))


def _scan_of(parts: Dict[str, Any], notes: Sequence[str]) -> Scan:
    return Scan(**{**parts, "attributes": _words.from_core(parts["attributes"])}, notes=tuple(notes))


def read_scan(path: Path, *, format: Optional[str] = None, invalid: str = "error",
              max_unpacked_bytes: int = 1 << 32, fields: Sequence[str] = (), number: int = 0) -> Scan:
    """Reads a scan by its content, then by its name: kitti, nuscenes, ply, pcd, las, text, npy, npz, ptx, pts; an ending
    without its dot, csv, is a name of its format, too.

    With extras also, by the file's ending, LAZ and COPC (voxloom[laz]), E57 (voxloom[e57]), and the PointCloud2
    messages of ROS bags, .bag, .db3 and .mcap (voxloom[ros]). number: which of the scans of an E57 file, or of the messages of a
    bag, by time.
    invalid: what to do with a position that is not finite: 'error', 'drop' or 'keep'. fields: names of the columns of
    a file that does not name them. FormatError: bad data, with file, byte or line, and reason.
    FileNotFoundError.
    """
    os.stat(path)  # FileNotFoundError, as Python says it
    ending = os.path.splitext(_text(path))[1].lower() if format is None else ""
    if ending == ".e57":
        return _from_package(_text(path), _extra_scans.read_e57(_text(path), number, max_unpacked_bytes), invalid)
    if ending in _extra_scans.BAGS:
        return _from_package(_text(path), _extra_scans.read_bag(_text(path), number, max_unpacked_bytes), invalid)
    if number != 0:
        raise ValueError(f"[read_scan] {_text(path)}: number: files of this kind hold one scan, got {number}")
    if ending == ".laz":
        content = _unpacked_laz(_text(path), max_unpacked_bytes)
        return parse_scan(content, _text(path)[:-1] + "s", invalid=invalid, max_unpacked_bytes=max_unpacked_bytes)
    parts, notes = _core._read_scan(_text(path), format, invalid, max_unpacked_bytes, list(fields), None)
    return _scan_of(parts, notes)


def parse_scan(content: bytes, name: str, *, format: Optional[str] = None, invalid: str = "error",
               max_unpacked_bytes: int = 1 << 32, fields: Sequence[str] = ()) -> Scan:
    """read_scan of bytes in memory; `name` stands for the file in messages and in the choice of the format."""
    parts, notes = _core._read_scan(name, format, invalid, max_unpacked_bytes, list(fields), content)
    return _scan_of(parts, notes)


def write_scan(path: Path, scan: Scan, *, format: Optional[str] = None, encoding: str = "binary", separator: str = "",
               classification: str = "", shift: bool = False, wide: bool = False) -> List[str]:
    """Writes a scan in the format that the name's ending tells, or `format`; the file appears whole or not at all.

    Text is written to text (csv and others) and npz; for other formats it is left out, which is a note.

    encoding: 'binary', 'ascii' or 'big_endian' (ply, pcd). Gives notes: what was guessed, left out or replaced.
    ValueError: what the format cannot hold. OSError: the file cannot be written.
    """
    notes: List[str] = _core._write_scan(_text(path), scan._parts(), format, encoding, separator, classification,
                                         shift, wide)
    return notes


def format_scan(scan: Scan, format: str, *, encoding: str = "binary", separator: str = "", classification: str = "",
                shift: bool = False, wide: bool = False) -> bytes:
    """The bytes that write_scan writes."""
    content: bytes = _core._write_scan(None, scan._parts(), format, encoding, separator, classification, shift, wide)
    return content


class ScanFormat(NamedTuple):
    name: str
    endings: Tuple[str, ...]
    is_written: bool


def scan_formats() -> List[ScanFormat]:
    """The formats that are read, and whether they are written."""
    return [ScanFormat(*one) for one in _core._scan_formats()]


# --- labels ---


def street_classes() -> List[LabelClass]:
    """The classes of the simulated streets, numbered in files as SemanticKITTI's are."""
    return [LabelClass(*one) for one in _core._street_classes()]


def read_classes(path: Path) -> List[LabelClass]:
    """A table of classes: {"classes": [{"name": ..., "color": [r, g, b], "values": [...]}, ...]}."""
    return [LabelClass(*one) for one in _core._read_classes(_text(path))]


@dataclass(eq=False)
class PointLabels:
    """classes: (N) uint16, places in `table`, 65535 for none (a point that was dropped, or whose scores are not
    numbers); confidence: (N) float32, the softmax of the class that won, 0 for none; unlabelled: what stands in files for
    none; tiles: runs it took; notes: what was guessed, left out or replaced in what the network read, and where the scan is unlike those
    of the training."""

    classes: np.ndarray[Any, Any]
    confidence: np.ndarray[Any, Any]
    tiles: int
    table: List[LabelClass]
    scan: Scan = field(repr=False)
    notes: Tuple[str, ...] = ()
    unlabelled: int = -1

    def labelled(self) -> Scan:
        """The scan with the attributes label (int32, a class's first number in files, or `unlabelled`), confidence, red,
        green, blue (of no class: black)."""
        places = np.minimum(self.classes, len(self.table))  # the last: none
        numbers = np.array([one.values[0] for one in self.table] + [self.unlabelled], np.int32)
        colors = np.array([one.color for one in self.table] + [(0, 0, 0)], np.uint8)[places]
        added = {"label": numbers[places], "confidence": self.confidence, "red": colors[:, 0],
                 "green": colors[:, 1], "blue": colors[:, 2]}
        return replace(self.scan, attributes={**self.scan.attributes, **added})

    def counts(self) -> Dict[str, int]:
        """Points of each class; those of none are not counted."""
        counts = np.bincount(self.classes[self.classes < len(self.table)], minlength=len(self.table))
        return {one.name: int(count) for one, count in zip(self.table, counts)}

    def _repr_html_(self) -> str:
        table = [*self.table, LabelClass("no class", (0, 0, 0), (self.unlabelled,))]
        page = self.labelled().page(repr(self.scan), most_points=_MOST_SHOWN, classes=table)
        return f'<iframe srcdoc="{html.escape(page, quote=True)}" style="width:100%;height:480px;border:0"></iframe>'


class PointLabeller:
    """Labels for the points of scans, by a bundle as `voxloom train` writes it; it may be used from several threads.

    FormatError: a bundle that cannot be read. ValueError: one that takes or gives something else.
    """

    def __init__(self, bundle: Path) -> None:
        self._labeller = _core._PointLabeller(_text(bundle))

    @property
    def classes(self) -> List[LabelClass]:
        return [LabelClass(*one) for one in self._labeller.classes()]

    @property
    def features(self) -> List[Any]:
        """What the network reads of each point, as features.json of the bundle says it: names, or dicts."""
        return list(json.loads(self._labeller.features())["features"])

    def label(self, scan: Scan, *, memory: int = 0, on_tile: Optional[Any] = None) -> PointLabels:
        """One class for every point.

        memory: bytes that the run may take beyond the scan and its labels (0: without bound); where one run takes
        more, it goes in tiles, with the same result. on_tile(tile, tiles): called before each of several; an
        exception of its own stops the run.
        """
        classes, confidence, tiles, notes = self._labeller.label(scan._parts(), memory, on_tile)
        return PointLabels(classes, confidence, tiles, self.classes, scan, tuple(notes), self._labeller.unlabelled())

    def scores(self, scan: Scan) -> np.ndarray[Any, Any]:
        """(N, classes) float32, in one run."""
        scores: np.ndarray[Any, Any] = self._labeller.scores(scan._parts())
        return scores

    def most_bytes(self, points: int) -> int:
        """What one run over so many points takes at most."""
        return int(self._labeller.most_bytes(points))

    def release_memory(self) -> None:
        """Gives back what the model keeps for its next run."""
        self._labeller.release_memory()


# --- pictures ---


def _picture(points: Any, colors: Any, is_perspective: bool, width: int, height: int, title: str,
             legend: Mapping[str, Color]) -> bytes:
    rows = np.ascontiguousarray(points, np.float32)
    if colors is None:
        colors = np.full((len(rows), 3), 90, np.uint8)
    named = [(name, color) for name, color in legend.items()]
    png: bytes = _core._picture(rows, np.ascontiguousarray(colors), is_perspective, width, height, title, named)
    return png


def view_from_above(points: Any, colors: Optional[Any] = None, *, width: int = 1280, height: int = 800,
                    title: str = "", legend: Mapping[str, Color] = {}) -> bytes:
    """A PNG of points (N, 3), x forward, y left, z up, in metres, with colors (N, 3) uint8; forward is up."""
    return _picture(points, colors, False, width, height, title, legend)


def view_in_perspective(points: Any, colors: Optional[Any] = None, *, width: int = 1280, height: int = 800,
                        title: str = "", legend: Mapping[str, Color] = {}) -> bytes:
    """A PNG of points (N, 3): around a sensor on a car from behind and above the origin, forward and down; of other clouds
    all of it, from outside, a room without its ceiling and the walls on this side. Edges of depth are shaded."""
    return _picture(points, colors, True, width, height, title, legend)


def write_page(path: Path, scan: Scan, title: str = "points", *, most_points: int = 2_000_000,
               classes: Optional[Sequence[LabelClass]] = None) -> None:
    """Scan.page into a file."""
    with open(path, "w", encoding="utf-8") as file:
        file.write(scan.page(title, most_points=most_points, classes=classes))
