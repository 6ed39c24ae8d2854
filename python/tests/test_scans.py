"""Scans, labels, bundles, pictures and pages."""

import html
import sys

import numpy as np
import pytest

import voxloom
from voxloom import __main__
from conftest import SOURCE

BUNDLE = SOURCE / "models" / "street.lattice"


@pytest.fixture
def scan():
    rng = np.random.default_rng(0)
    made = voxloom.Scan(rng.uniform(-20, 20, (4000, 3)) * [1, 1, 0.1])
    made["intensity"] = rng.uniform(0, 1, 4000).astype(np.float32)
    made["ring"] = rng.integers(0, 64, 4000).astype(np.uint16)
    made["normal"] = rng.normal(size=(4000, 3)).astype(np.float32)
    return made


@pytest.mark.parametrize("name", ["a.ply", "a.pcd", "a.npy", "a.csv"])
def test_files_keep_columns_and_types(tmp_path, scan, name):
    del scan.attributes["normal"]  # not every format has attributes of several numbers
    voxloom.write_scan(tmp_path / name, scan)
    back = voxloom.read_scan(tmp_path / name)
    np.testing.assert_allclose(back.positions + back.origin, scan.positions, atol=1e-5)
    assert np.array_equal(back["ring"].astype(np.uint16), scan["ring"])
    np.testing.assert_allclose(back["intensity"], scan["intensity"], rtol=1e-6)
    if name != "a.csv":
        assert back["ring"].dtype == np.uint16 and back["intensity"].dtype == np.float32


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.npz"])
def test_columns_of_text_are_arrays_of_str(tmp_path, scan, name):
    words = np.array(["oak", "a,b", "", "Straße", 'say "so"', "7"])
    del scan.attributes["normal"]
    scan["kind"] = words[np.arange(len(scan)) % len(words)]
    voxloom.write_scan(tmp_path / name, scan)
    back = voxloom.read_scan(tmp_path / name)
    assert back["kind"].dtype.kind == "U" and np.array_equal(back["kind"], scan["kind"])
    scan["kind"] = back["kind"].astype(object)
    assert voxloom.write_scan(tmp_path / name, scan) == []
    assert np.array_equal(voxloom.read_scan(tmp_path / name)["kind"], back["kind"])
    assert voxloom.write_scan(tmp_path / "a.ply", scan) == ["ply has no place for 'kind': left out"]
    assert "kind" not in voxloom.read_scan(tmp_path / "a.ply")
    assert "kind" not in scan.page()
    with pytest.raises(ValueError, match="the attribute 'kind' holds text"):
        scan.features(["intensity", "kind"])
    scan["kind"] = np.array(["a\0b"] * len(scan))
    with pytest.raises(ValueError, match="kind: expected words"):
        voxloom.write_scan(tmp_path / name, scan)


def test_text_of_numpy(tmp_path):
    pairs = np.array([["a", "bc"], ["d", ""]])
    np.savez_compressed(tmp_path / "a.npz", points=np.zeros((2, 3)), pairs=pairs, raw=np.array([b"x", "ß".encode()]))
    back = voxloom.read_scan(tmp_path / "a.npz")
    assert np.array_equal(back["pairs"], pairs) and list(back["raw"]) == ["x", "ß"]
    voxloom.write_scan(tmp_path / "b.npz", back)
    with np.load(tmp_path / "b.npz") as arrays:
        assert np.array_equal(arrays["pairs"], pairs) and arrays["raw"].dtype == np.dtype("<U1")


def test_names_of_formats_are_also_endings(scan):
    del scan.attributes["normal"]
    assert voxloom.format_scan(scan, "csv").startswith(b"x,y,z,intensity,ring\n")
    assert voxloom.format_scan(scan, "tsv").startswith(b"x\ty\tz\t")


def test_bytes_in_memory(scan):
    content = voxloom.format_scan(scan, "ply")
    back = voxloom.parse_scan(content, "x.ply")
    assert np.array_equal(back.positions, scan.positions) and "ring" in back and len(back) == len(scan)


def test_poses_and_lattices_travel(tmp_path, scan):
    scan.quantization = ((0.001,) * 3, (0.0,) * 3)
    del scan.attributes["normal"]
    voxloom.write_scan(tmp_path / "a.las", scan)
    back = voxloom.read_scan(tmp_path / "a.las")
    assert back.quantization == scan.quantization and back.las is not None
    voxloom.write_scan(tmp_path / "b.las", back)
    assert np.array_equal(voxloom.read_scan(tmp_path / "b.las").positions, back.positions)


def test_laz(tmp_path, scan):
    laspy = pytest.importorskip("laspy", reason="laspy and lazrs are not installed: LAZ is not tested")
    del scan.attributes["normal"]
    voxloom.write_scan(tmp_path / "a.las", scan)
    laspy.read(tmp_path / "a.las").write(tmp_path / "a.laz", do_compress=True)
    assert (tmp_path / "a.laz").stat().st_size < (tmp_path / "a.las").stat().st_size
    plain, packed = voxloom.read_scan(tmp_path / "a.las"), voxloom.read_scan(tmp_path / "a.laz")
    assert np.array_equal(packed.positions, plain.positions) and packed.quantization == plain.quantization
    assert all(np.array_equal(packed[name], plain[name]) for name in plain.attributes)
    with pytest.raises(voxloom.FormatError, match="more than max_unpacked_bytes, 10"):
        voxloom.read_scan(tmp_path / "a.laz", max_unpacked_bytes=10)
    (tmp_path / "b.laz").write_bytes(b"LASF rubbish")
    with pytest.raises(voxloom.FormatError, match=r"b\.laz"):
        voxloom.read_scan(tmp_path / "b.laz")


def test_laz_is_unpacked_with_its_records(tmp_path, scan):
    laspy = pytest.importorskip("laspy", reason="laspy and lazrs are not installed: LAZ is not tested")
    del scan.attributes["normal"]
    voxloom.write_scan(tmp_path / "a.las", scan)
    whole = laspy.read(tmp_path / "a.las")
    whole.add_extra_dim(laspy.ExtraBytesParams("quality", "int16"))
    whole.quality = np.arange(len(whole.points))
    whole.vlrs.append(laspy.vlrs.known.WktCoordinateSystemVlr('LOCAL_CS["site"]'))
    whole.write(tmp_path / "a.laz", do_compress=True)
    assert __main__.main(["unpack", str(tmp_path / "a.laz"), str(tmp_path / "b.las")]) == 0
    unpacked = laspy.read(tmp_path / "b.las")
    assert np.array_equal(unpacked.quality, whole.quality) and np.array_equal(unpacked.X, whole.X)
    assert 'LOCAL_CS["site"]' in unpacked.header.vlrs.get("WktCoordinateSystemVlr")[0].string
    assert np.array_equal(voxloom.read_scan(tmp_path / "b.las").positions, voxloom.read_scan(tmp_path / "a.laz").positions)
    assert __main__.main(["unpack", str(tmp_path / "a.laz"), str(tmp_path / "b.las")]) == 2, "it is there already"
    (tmp_path / "bad.laz").write_bytes(b"LASF rubbish")
    assert __main__.main(["unpack", str(tmp_path / "bad.laz"), str(tmp_path / "c.las")]) == 2
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.las", "a.laz", "b.las", "bad.laz"]


def test_laz_without_laspy_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "laspy", None)
    (tmp_path / "a.laz").write_bytes(b"")
    with pytest.raises(ValueError, match=r"LAZ needs laspy and lazrs: pip install 'voxloom\[laz\]'"):
        voxloom.read_scan(tmp_path / "a.laz")


def test_errors(tmp_path, scan):
    with pytest.raises(FileNotFoundError):
        voxloom.read_scan(tmp_path / "none.ply")
    with pytest.raises(voxloom.FormatError, match="line 2: 'rubbish' is no word of a PLY header") as caught:
        voxloom.parse_scan(b"ply\nrubbish", "x.ply")
    assert isinstance(caught.value, ValueError)
    with pytest.raises(OSError):
        voxloom.write_scan(tmp_path / "no" / "folder.ply", scan)
    with pytest.raises(ValueError, match=r"\[read_scan\] format: expected one of 'kitti',.*got 'obj'"):
        voxloom.parse_scan(b"", "x", format="obj")
    with pytest.raises(ValueError, match=r"\[Scan\] ring: expected a row for each of 4000 points, got shape \(3,\)"):
        scan["ring"] = np.zeros(3)
    with pytest.raises(ValueError, match=r"\[write_scan\] intensity: expected integers or floats"):
        scan["intensity"] = np.zeros(len(scan), complex)
        voxloom.write_scan(tmp_path / "a.ply", scan)
    assert issubclass(voxloom.ResourceError, MemoryError)
    assert {f.name for f in voxloom.scan_formats()} >= {"kitti", "las", "ply"}


def test_memory_that_is_not_there_is_a_memory_error():
    scan = voxloom.Scan(np.zeros((1, 3)))
    header = (b"ply\nformat binary_little_endian 1.0\nelement vertex 4611686018427387904\nproperty float x\n"
              b"property float y\nproperty float z\nend_header\n")
    with pytest.raises((voxloom.FormatError, voxloom.ResourceError)):
        voxloom.parse_scan(header, "x.ply")
    x = voxloom.SparseTensor(np.zeros((1, 4), np.int32), np.ones((1, 1), np.float32))
    with pytest.raises(MemoryError):
        voxloom.to_dense(x, -(1 << 15), 1 << 15)
    assert len(scan) == 1


def test_features_and_points(scan):
    assert scan.features(["intensity", "normal"]).shape == (4000, 4)
    assert np.array_equal(scan.points(), scan.positions.astype(np.float32))
    np.testing.assert_allclose(scan.points((1, 0, 0))[:, 0], scan.positions[:, 0] - 1, rtol=1e-6, atol=1e-6)
    with pytest.raises(ValueError, match=r"\[Scan.features\] no attribute 'height'"):
        scan.features(["height"])


def test_labels(scan):
    labeller = voxloom.PointLabeller(BUNDLE)
    assert [c.name for c in labeller.classes] == [c.name for c in voxloom.street_classes()]
    labels = labeller.label(scan)
    assert labels.classes.shape == (4000,) and sum(labels.counts().values()) == 4000
    assert np.array_equal(labeller.scores(scan).argmax(1), labels.classes)
    named = labels.labelled()
    assert named["label"].dtype == np.int32 and named.colors().shape == (4000, 3) and "label" not in scan


def test_points_without_a_class():
    table = voxloom.street_classes()
    scan = voxloom.Scan(np.zeros((3, 3)))
    labels = voxloom.PointLabels(np.array([1, 65535, 1], np.uint16), np.array([1, 0, 1], np.float32), 1, table, scan,
                                 unlabelled=7)
    named = labels.labelled()
    assert named["label"].tolist() == [table[1].values[0], 7, table[1].values[0]]
    assert named["red"].tolist() == [table[1].color[0], 0, table[1].color[0]]
    assert labels.counts()[table[1].name] == 2 and sum(labels.counts().values()) == 2
    assert "no class" in html.unescape(labels._repr_html_())


def test_tiles_give_the_same_labels_and_tell_how_far_they_are():
    wide = voxloom.Scan(np.random.default_rng(1).uniform(-300, 300, (6000, 3)) * [1, 1, 0.01])
    labeller = voxloom.PointLabeller(BUNDLE)
    memory = labeller.most_bytes(6000) // 3
    tiles = []
    cut = labeller.label(wide, memory=memory, on_tile=lambda tile, of: tiles.append((tile, of)))
    assert cut.tiles > 1 and len(tiles) == cut.tiles and {of for _, of in tiles} == {cut.tiles}
    assert np.array_equal(cut.classes, labeller.label(wide).classes)
    with pytest.raises(ValueError, match="are too little"):
        labeller.label(wide, memory=1000)

    def refuse(tile, tiles):
        raise KeyError("enough")

    with pytest.raises(KeyError, match="enough"):
        labeller.label(wide, memory=memory, on_tile=refuse)


def test_bundles(tmp_path, scan):
    model = voxloom.Model(BUNDLE)
    assert model.inputs["points"] == "tensor<?x3xf32>" and list(model.outputs) == ["scores"]
    assert "lattice.conv3d" in model.text and voxloom.verify_bundle(BUNDLE) == []
    points = scan.points()
    inputs = {"points": points, "features": np.zeros((4000, 3), np.float32), "batch": np.zeros(4000, np.int32),
              "active": np.array([4000], np.int32)}
    scores = model.run(inputs)["scores"]
    assert scores.shape == (4000, 12) and np.array_equal(scores, model.run(inputs)["scores"])
    with pytest.raises(ValueError, match="active"):
        model.run({k: v for k, v in inputs.items() if k != "active"})
    with pytest.raises(voxloom.FormatError):
        voxloom.Model(tmp_path)
    assert voxloom.verify_bundle(tmp_path)[0].severity == "error"


def test_safetensors(tmp_path):
    arrays = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.array([1, 2], np.int64)}
    voxloom.write_safetensors(tmp_path / "x.safetensors", arrays, {"made": "here"})
    back, metadata = voxloom.read_safetensors(tmp_path / "x.safetensors")
    assert metadata == {"made": "here"} and all(np.array_equal(back[k], v) for k, v in arrays.items())


def test_pictures_and_pages(tmp_path, scan):
    for draw in (voxloom.view_from_above, voxloom.view_in_perspective):
        assert draw(scan.points(), width=200, height=100, legend={"car": (1, 2, 3)}).startswith(b"\x89PNG")
    shown = scan._repr_html_()
    assert shown.startswith("<iframe srcdoc=") and "Scan(4000 points" in html.unescape(shown)
    labels = voxloom.PointLabeller(BUNDLE).label(scan)
    assert "vegetation" in html.unescape(labels._repr_html_())
    voxloom.write_page(tmp_path / "x.html", scan)
    assert (tmp_path / "x.html").read_text(encoding="utf-8").startswith("<!")
