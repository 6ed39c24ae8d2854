"""Scans out of files that other packages read: E57 (pye57), and PointCloud2 messages of ROS bags (rosbags)."""

from __future__ import annotations

import contextlib
import importlib
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Tuple

import numpy as np

from ._core import FormatError

Columns = Dict[str, Any]
BAGS = (".bag", ".db3", ".mcap")


class Found(NamedTuple):
    """positions (N, 3), in the type of the file; the sensor's pose in it, (4, 4), or None."""

    positions: Any
    attributes: Columns
    pose: Optional[Any]
    notes: List[str]


def _package(name: str, extra: str, path: str, what: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise ValueError(f"[read_scan] {path}: {what} needs {name.partition('.')[0]}: pip install "
                         f"'voxloom[{extra}]'") from None


class _NoSuchNumber(ValueError):
    """The caller's mistake, not the file's."""


@contextlib.contextmanager
def _naming(path: str) -> Iterator[None]:
    """Whatever the package raises is about the file."""
    try:
        yield
    except (FormatError, OSError, MemoryError, _NoSuchNumber):
        raise
    except Exception as error:  # each package has kinds of its own
        raise FormatError(f"[read_scan] {path}: {type(error).__name__}: {error}") from error


def _chosen(path: str, number: int, count: int, what: str) -> List[str]:
    """A note where there are several. FormatError: none; ValueError: not so many."""
    if count == 0:
        raise FormatError(f"[read_scan] {path}: there is no {what}")
    if not 0 <= number < count:
        raise _NoSuchNumber(f"[read_scan] {path}: number: expected one in [0, {count}), got {number}")
    return [f"{what} {number} of {count}"] if count > 1 else []


# --- E57 ---

_E57_NAMES = {"colorRed": "red", "colorGreen": "green", "colorBlue": "blue", "rowIndex": "row", "columnIndex": "column",
              "timeStamp": "time", "returnIndex": "return_number", "returnCount": "number_of_returns",
              "nor:normalX": "normal_x", "nor:normalY": "normal_y", "nor:normalZ": "normal_z"}


def read_e57(path: str, number: int, max_bytes: int) -> Found:
    """Scan `number` of an E57 file. Points that it marks invalid are left out."""
    pye57 = _package("pye57", "e57", path, "E57")
    with _naming(path):
        file = pye57.E57(path)
        try:
            notes = _chosen(path, number, file.scan_count, "scan")
            header = file.get_header(number)
            if header.point_count * 8 * len(header.point_fields) > max_bytes:
                raise FormatError(f"[read_scan] {path}: {header.point_count} points with {len(header.point_fields)} "
                                  f"fields are more than max_unpacked_bytes, {max_bytes}")
            left_out = sorted(set(header.point_fields) - set(pye57.e57.SUPPORTED_POINT_FIELDS))
            columns: Columns = file.read_scan_raw(number, ignore_unsupported_fields=True)
            pose = _pose_of(header) if header.has_pose() else None
        finally:
            file.close()
    notes += [f"the field '{name}' was left out" for name in left_out]
    positions, invalid = _e57_positions(path, columns)
    kept = np.ones(len(positions), bool) if invalid is None else np.asarray(invalid) == 0
    if not kept.all():
        notes.append(f"{int((~kept).sum())} points that the file marks invalid were left out")
    attributes = {_E57_NAMES.get(name, name): np.ascontiguousarray(values[kept]) for name, values in columns.items()}
    return Found(positions[kept], attributes, pose, notes)


def _e57_positions(path: str, columns: Columns) -> Tuple[Any, Any]:
    """Takes the coordinates, and what says which are invalid, out of the columns."""
    cartesian = [columns.pop(f"cartesian{axis}", None) for axis in "XYZ"]
    spherical = [columns.pop(f"spherical{name}", None) for name in ("Range", "Azimuth", "Elevation")]
    invalid = columns.pop("cartesianInvalidState", None), columns.pop("sphericalInvalidState", None)
    if all(axis is not None for axis in cartesian):
        return np.stack(cartesian, axis=1), invalid[0]
    if any(part is None for part in spherical):
        raise FormatError(f"[read_scan] {path}: the scan has neither cartesian nor spherical coordinates")
    distance, azimuth, elevation = (np.asarray(part, np.float64) for part in spherical)
    flat = distance * np.cos(elevation)
    return np.stack([flat * np.cos(azimuth), flat * np.sin(azimuth), distance * np.sin(elevation)], axis=1), invalid[1]


def _pose_of(header: Any) -> Any:
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = header.rotation_matrix, header.translation
    return pose


# --- PointCloud2 ---

_KINDS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 8: "f8"}  # sensor_msgs/PointField
_CLOUD = "sensor_msgs/msg/PointCloud2"


def read_bag(path: str, number: int, max_bytes: int) -> Found:
    """PointCloud2 message `number`, counted over all topics by time, of a ROS 1 bag, or a ROS 2 one in db3 or MCAP."""
    highlevel = _package("rosbags.highlevel", "ros", path, "a ROS bag")
    typesys = _package("rosbags.typesys", "ros", path, "a ROS bag")
    import pathlib

    with _naming(path):
        known = typesys.get_typestore(typesys.Stores.ROS2_HUMBLE)
        with highlevel.AnyReader([pathlib.Path(path)], default_typestore=known) as reader:
            clouds = [connection for connection in reader.connections if connection.msgtype == _CLOUD]
            notes = _chosen(path, number, sum(connection.msgcount for connection in clouds), "PointCloud2 message")
            for place, (connection, _, raw) in enumerate(reader.messages(connections=clouds)):
                if place == number:
                    message = reader.deserialize(raw, connection.msgtype)
                    topics = sorted({one.topic for one in clouds})
                    if len(topics) > 1:
                        notes.append(f"of topic {connection.topic}; topics: {', '.join(topics)}")
                    return cloud_of(message, path, notes, max_bytes)
    raise FormatError(f"[read_scan] {path}: the bag ends before PointCloud2 message {number}")


def cloud_of(message: Any, path: str, notes: List[str], max_bytes: int) -> Found:
    """A PointCloud2 of any layout. FormatError: fields or rows beyond its data."""
    width, height = int(message.width), int(message.height)
    step, row_step = int(message.point_step), int(message.row_step)
    data = np.ascontiguousarray(message.data, np.uint8).reshape(-1)
    needed = (height - 1) * row_step + width * step if width and height else 0
    if (height > 1 and row_step < width * step) or needed > data.size:
        raise FormatError(f"[read_scan] {path}: PointCloud2: {height} rows of {width} points of {step} bytes, {row_step} "
                          f"apart, in {data.size} bytes of data")
    layout = _layout_of(message, step, path, notes)
    if width * height * sum(kind.itemsize for _, kind, _ in layout) > max_bytes:
        raise FormatError(f"[read_scan] {path}: {width * height} points are more than max_unpacked_bytes, {max_bytes}")
    rows = np.lib.stride_tricks.as_strided(data, (height, width, step), (row_step, step, 1), writeable=False) \
        if needed else np.empty((height, width, step), np.uint8)
    points = np.ascontiguousarray(rows).reshape(width * height, step)
    columns: Columns = {}
    for name, kind, offset in layout:
        values = np.ascontiguousarray(points[:, offset : offset + kind.itemsize]).view(kind.base)
        column = values.astype(kind.base.newbyteorder("=")).reshape(len(points), *kind.shape)
        columns[name] = column
    missing = [axis for axis in "xyz" if axis not in columns or columns[axis].ndim != 1]
    if missing:
        raise FormatError(f"[read_scan] {path}: PointCloud2: expected the fields x, y and z, got {sorted(columns)}")
    positions = np.stack([columns.pop(axis) for axis in "xyz"], axis=1)
    _unpack_color(columns)
    return Found(positions, columns, None, notes)


def _layout_of(message: Any, step: int, path: str, notes: List[str]) -> List[Tuple[str, "np.dtype[Any]", int]]:
    order = ">" if message.is_bigendian else "<"
    layout: List[Tuple[str, np.dtype[Any], int]] = []
    for field in message.fields:
        name, count, offset = str(field.name), max(int(field.count), 1), int(field.offset)
        code = _KINDS.get(int(field.datatype))
        if code is None:
            raise FormatError(f"[read_scan] {path}: PointCloud2: field '{name}': expected a type from 1 to 8, got "
                              f"{field.datatype}")
        size = count * np.dtype(code).itemsize
        if offset + size > step:
            raise FormatError(f"[read_scan] {path}: PointCloud2: field '{name}': {size} bytes at {offset} of a point of "
                              f"{step}")
        if any(name == other for other, _, _ in layout):
            notes.append(f"a second field '{name}' was left out")
            continue
        base = np.dtype(order + code)
        layout.append((name, np.dtype((base, (count,))) if count > 1 else base, offset))
    return layout


def _unpack_color(columns: Columns) -> None:
    """rgb and rgba hold 0xAARRGGBB, as a float32 or a uint32."""
    for name in ("rgb", "rgba"):
        packed = columns.get(name)
        if packed is None or packed.ndim != 1 or packed.itemsize != 4 or "red" in columns:
            continue
        bits = columns.pop(name).view(np.uint32)
        for channel, shift in (("red", 16), ("green", 8), ("blue", 0)):
            columns[channel] = (bits >> shift & 255).astype(np.uint8)
        if name == "rgba":
            columns["alpha"] = (bits >> 24).astype(np.uint8)
