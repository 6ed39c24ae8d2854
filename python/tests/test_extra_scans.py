"""Scans of E57 files and ROS bags, made up here; skipped where pye57 or rosbags is not installed."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

import voxloom
from voxloom import _extra_scans

CODES = {"i1": 1, "u1": 2, "i2": 3, "u2": 4, "i4": 5, "u4": 6, "f4": 7, "f8": 8}


def columns_of(points=7, seed=0):
    rng = np.random.default_rng(seed)
    xyz = rng.normal(size=(points, 3)).astype(np.float32)
    return {"x": xyz[:, 0], "y": xyz[:, 1], "z": xyz[:, 2], "intensity": rng.integers(0, 60000, points).astype(np.uint16),
            "t": rng.normal(size=points), "level": rng.integers(-9, 9, points).astype(np.int8)}


def message_of(columns, order="<", height=1, padding=3, row_padding=0, gaps=2):
    """Fields with gaps between them, of points with bytes behind them, in rows with bytes behind them."""
    fields, offset = [], 1
    for name, values in columns.items():
        fields.append(SimpleNamespace(name=name, offset=offset, datatype=CODES[values.dtype.str[1:]], count=1))
        offset += values.itemsize + gaps
    step, count = offset + padding, len(next(iter(columns.values())))
    width = count // height
    data = np.full((height, width * step + row_padding), 0xEE, np.uint8)
    for field, values in zip(fields, columns.values()):
        raw = values.astype(values.dtype.newbyteorder(order)).view(np.uint8).reshape(height, width, -1)
        for i in range(raw.shape[2]):
            data[:, field.offset + i : width * step : step] = raw[:, :, i]
    return SimpleNamespace(height=height, width=width, fields=fields, is_bigendian=order == ">", point_step=step,
                           row_step=data.shape[1], data=data.reshape(-1), is_dense=True)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("height, row_padding", [(1, 0), (7, 0), (7, 5)])
def test_any_layout(order, height, row_padding):
    columns = columns_of()
    notes = []
    found = _extra_scans.cloud_of(message_of(columns, order, height, row_padding=row_padding), "a.bag", notes, 1 << 20)
    assert found.positions.dtype == np.float32 and notes == []
    assert np.array_equal(found.positions, np.stack([columns[a] for a in "xyz"], axis=1))
    assert list(found.attributes) == ["intensity", "t", "level"]
    for name, values in found.attributes.items():
        assert values.dtype == columns[name].dtype and values.dtype.isnative and np.array_equal(values, columns[name])


def test_packed_colors_and_vectors():
    columns = columns_of(2)
    columns = {a: columns[a] for a in "xyz"}
    columns["rgb"] = np.array([0x00102030, 0x00FF8001], np.uint32).view(np.float32)
    message = message_of(columns)
    message.fields.append(SimpleNamespace(name="normal", offset=message.fields[0].offset, datatype=7, count=1))
    message.fields.append(SimpleNamespace(name="pair", offset=0, datatype=2, count=2))
    message.fields.append(SimpleNamespace(name="pair", offset=0, datatype=2, count=1))
    notes = []
    found = _extra_scans.cloud_of(message, "a.bag", notes, 1 << 20)
    assert [found.attributes[c].tolist() for c in ("red", "green", "blue")] == [[16, 255], [32, 128], [48, 1]]
    assert found.attributes["pair"].shape == (2, 2) and notes == ["a second field 'pair' was left out"]


def broken(**changes):
    message = message_of(columns_of())
    for name, value in changes.items():
        setattr(message, name, value)
    return message


@pytest.mark.parametrize("message, said", [
    (broken(width=8), "in .* bytes of data"), (broken(height=2**31, row_step=2**31), "bytes of data"),
    (broken(height=7, width=1, row_step=3), "3 apart"), (broken(point_step=4), "bytes at"),
    (broken(fields=[SimpleNamespace(name="x", offset=0, datatype=9, count=1)]), "got 9"),
    (broken(fields=[SimpleNamespace(name="x", offset=0, datatype=7, count=2**31)]), "bytes at 0"),
    (broken(fields=[SimpleNamespace(name="x", offset=0, datatype=7, count=1)]), "expected the fields x, y and z"),
    (broken(width=0, height=0, data=np.zeros(0, np.uint8)), None)])
def test_what_does_not_fit_is_refused(message, said):
    if said is None:
        assert len(_extra_scans.cloud_of(message, "a.bag", [], 1 << 20).positions) == 0
        return
    with pytest.raises(voxloom.FormatError, match=r"\[read_scan\] a.bag: PointCloud2: .*" + said):
        _extra_scans.cloud_of(message, "a.bag", [], 1 << 20)


def test_the_bound_on_memory():
    with pytest.raises(voxloom.FormatError, match="more than max_unpacked_bytes, 10"):
        _extra_scans.cloud_of(message_of(columns_of()), "a.bag", [], 10)


@pytest.mark.parametrize("ending, package, extra", [
    (".e57", "pye57", "e57"), (".bag", "rosbags.highlevel", "ros"), (".mcap", "rosbags.highlevel", "ros")])
def test_without_the_package_the_extra_is_named(tmp_path, monkeypatch, ending, package, extra):
    monkeypatch.setitem(sys.modules, package, None)
    (tmp_path / ("a" + ending)).write_bytes(b"")
    with pytest.raises(ValueError, match=rf"pip install 'voxloom\[{extra}\]'"):
        voxloom.read_scan(tmp_path / ("a" + ending))
    with pytest.raises(FileNotFoundError):
        voxloom.read_scan(tmp_path / ("none" + ending))


# --- files ---


def write_bag(path, messages):
    pytest.importorskip("rosbags", reason="rosbags is not installed: no bag is read")
    from rosbags import rosbag1, rosbag2
    from rosbags.typesys import Stores, get_typestore

    is_first = path.suffix == ".bag"
    store = get_typestore(Stores.ROS1_NOETIC if is_first else Stores.ROS2_HUMBLE)
    t = store.types
    if is_first:
        writer = rosbag1.Writer(path)
    else:
        plugin = rosbag2.StoragePlugin.MCAP if path.suffix == ".mcap" else rosbag2.StoragePlugin.SQLITE3
        writer = rosbag2.Writer(path.parent / "bag", version=8, storage_plugin=plugin)
    with writer:
        connections = {}
        for stamp, (topic, message) in enumerate(messages):
            if topic not in connections:
                connections[topic] = writer.add_connection(topic, "sensor_msgs/msg/PointCloud2", typestore=store)
            time = t["builtin_interfaces/msg/Time"](0, stamp)
            header = t["std_msgs/msg/Header"](**({"seq": 0} if is_first else {}), stamp=time, frame_id="lidar")
            fields = [t["sensor_msgs/msg/PointField"](f.name, f.offset, f.datatype, f.count) for f in message.fields]
            whole = t["sensor_msgs/msg/PointCloud2"](header, message.height, message.width, fields, message.is_bigendian,
                                                     message.point_step, message.row_step, message.data, True)
            kind = "sensor_msgs/msg/PointCloud2"
            raw = store.serialize_ros1(whole, kind) if is_first else store.serialize_cdr(whole, kind)
            writer.write(connections[topic], stamp + 1, raw)
    if is_first:
        return path
    return next(p for p in (path.parent / "bag").iterdir() if p.suffix == path.suffix)


@pytest.mark.parametrize("ending", _extra_scans.BAGS)
def test_bags(tmp_path, ending):
    first, second = columns_of(seed=1), columns_of(seed=2)
    second["x"][3] = np.nan
    path = write_bag(tmp_path / ("scans" + ending), [("/a", message_of(first, ">")), ("/b", message_of(second))])
    scan = voxloom.read_scan(path)
    assert scan.position_type == "float32" and np.array_equal(scan.positions[:, 0], first["x"])
    assert np.array_equal(scan["intensity"], first["intensity"])
    assert scan.notes == ("PointCloud2 message 0 of 2", "of topic /a; topics: /a, /b")
    with pytest.raises(voxloom.FormatError, match="point 3: the position is not finite"):
        voxloom.read_scan(path, number=1)
    dropped = voxloom.read_scan(path, number=1, invalid="drop")
    assert len(dropped) == 6 and len(dropped["t"]) == 6 and "1 points whose positions are not finite" in dropped.notes[-1]
    with pytest.raises(ValueError, match=r"number: expected one in \[0, 2\), got 2"):
        voxloom.read_scan(path, number=2)
    cut = tmp_path / ("cut" + ending)
    cut.write_bytes(path.read_bytes()[:100])
    with pytest.raises(voxloom.FormatError, match="cut"):
        voxloom.read_scan(cut)


def test_e57(tmp_path):
    pye57 = pytest.importorskip("pye57", reason="pye57 is not installed: E57 is not read")
    rng = np.random.default_rng(0)
    # pye57 writes them in single precision.
    raw = {f"cartesian{axis}": rng.normal(size=9).astype(np.float32).astype(np.float64) for axis in "XYZ"}
    raw["intensity"] = rng.uniform(size=9).astype(np.float32)
    raw["colorRed"], raw["colorGreen"], raw["colorBlue"] = rng.integers(0, 256, (3, 9)).astype(np.uint8)
    raw["cartesianInvalidState"] = np.array([0, 0, 1, 0, 0, 0, 2, 0, 0], np.int8)
    file = pye57.E57(str(tmp_path / "a.e57"), mode="w")
    file.write_scan_raw(raw, rotation=np.array([np.sqrt(0.5), 0, 0, np.sqrt(0.5)]), translation=np.array([1.0, 2, 3]))
    file.write_scan_raw({name: values[:4] for name, values in raw.items()})
    file.close()
    kept = raw["cartesianInvalidState"] == 0
    scan = voxloom.read_scan(tmp_path / "a.e57")
    assert np.array_equal(scan.positions, np.stack([raw[f"cartesian{a}"] for a in "XYZ"], axis=1)[kept])
    assert np.array_equal(scan["red"], raw["colorRed"][kept]) and np.allclose(scan["intensity"], raw["intensity"][kept])
    assert np.allclose(scan.pose, [[0, -1, 0, 1], [1, 0, 0, 2], [0, 0, 1, 3], [0, 0, 0, 1]])
    assert scan.notes == ("scan 0 of 2", "2 points that the file marks invalid were left out")
    assert len(voxloom.read_scan(tmp_path / "a.e57", number=1)) == 3
    (tmp_path / "b.e57").write_bytes((tmp_path / "a.e57").read_bytes()[:64])
    with pytest.raises(voxloom.FormatError, match="b.e57"):
        voxloom.read_scan(tmp_path / "b.e57")
