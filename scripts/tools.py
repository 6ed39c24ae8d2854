#!/usr/bin/env python3
"""Files of ours in other tools' hands, and theirs in ours.

usage: tools.py VOXLOOM

Writes one cloud with colours, normals, intensities and labels in every format that both sides know, with VOXLOOM and
with Open3D, laspy, pypcd4, plyfile, PCL's programs and CloudCompare, reads each with the others, and prints a table: what came through
as it was. Fails where something that the format holds did not. scripts/test_tools.sh fetches the tools.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import laspy
import numpy as np
import open3d as o3d
import plyfile
import pypcd4

PARTS = {
    "positions": ("x", "y", "z"),
    "colours": ("red", "green", "blue"),
    "normals": ("nx", "ny", "nz"),
    "intensity": ("intensity",),
    "label": ("label",),
}
Cloud = dict[str, np.ndarray]


def cloud() -> Cloud:
    rng = np.random.default_rng(5)
    n = 1000
    normals = rng.normal(size=(n, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    made = {axis: rng.uniform(-50, 50, n).round(3).astype("f4") for axis in "xyz"}
    made |= {name: rng.integers(0, 256, n).astype("u1") for name in PARTS["colours"]}
    made |= {name: normals[:, i].astype("f4") for i, name in enumerate(PARTS["normals"])}
    made["intensity"] = rng.uniform(0, 1, n).astype("f4")
    made["label"] = rng.integers(0, 30, n).astype("i4")
    return made


class Failure(Exception):
    """What a tool said."""


def run(*words: str | Path) -> str:
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True)
    if done.returncode != 0:
        raise Failure((done.stderr or done.stdout).strip().splitlines()[-1][:100])
    return done.stdout


def stack(data: Cloud, names: tuple[str, ...]) -> np.ndarray:
    return np.stack([data[name] for name in names], 1)


def columns(names: tuple[str, ...], rows: np.ndarray) -> Cloud:
    return {name: rows[:, i] for i, name in enumerate(names)}


# --- readers: whatever a tool shows, under our names ---

def by_voxloom(file: Path) -> Cloud:
    out = file.parent / "back.npz"
    run(PROGRAM, "convert", file, out)
    with np.load(out) as arrays:
        found = {name: arrays[name] for name in arrays.files}
    return found | columns(("x", "y", "z"), found.pop("points"))


def by_open3d(file: Path) -> Cloud:
    read = o3d.io.read_point_cloud(str(file), format=file.suffix[1:])
    found = columns(PARTS["positions"], np.asarray(read.points))
    if read.has_colors():
        found |= columns(PARTS["colours"], np.rint(np.asarray(read.colors) * 255))
    if read.has_normals():
        found |= columns(PARTS["normals"], np.asarray(read.normals))
    return found


def by_open3d_tensors(file: Path) -> Cloud:
    read = o3d.t.io.read_point_cloud(str(file), format=file.suffix[1:])
    arrays = {name: value.numpy() for name, value in read.point.items()}
    found = columns(PARTS["positions"], arrays.pop("positions"))
    for theirs, part in (("colors", "colours"), ("normals", "normals")):
        if theirs in arrays:
            found |= columns(PARTS[part], arrays.pop(theirs))
    return found | {name: values[:, 0] for name, values in arrays.items() if values.ndim == 2}


def by_plyfile(file: Path) -> Cloud:
    vertex = plyfile.PlyData.read(str(file))["vertex"]
    return {p.name: np.asarray(vertex[p.name]) for p in vertex.properties}


def by_pypcd4(file: Path) -> Cloud:
    read = pypcd4.PointCloud.from_path(file)
    found = {name: read.numpy((name,))[:, 0] for name in read.fields if not name.startswith("_")}
    found = {name.replace("normal_", "n"): values for name, values in found.items()}
    for packed in ("rgb", "rgba"):
        if packed in found:
            bits = read.pc_data[packed].astype("f4" if packed == "rgb" else "u4").view("u4")
            found |= {"red": bits >> 16 & 255, "green": bits >> 8 & 255, "blue": bits & 255}
    return found


def by_laspy(file: Path) -> Cloud:
    read = laspy.read(str(file))
    found = {name: np.asarray(read[name]) for name in read.point_format.dimension_names}
    found |= {"x": np.asarray(read.x), "y": np.asarray(read.y), "z": np.asarray(read.z)}
    found["label"] = found["classification"]
    for name in PARTS["colours"]:
        found[name] = found[name] / 256
    # What the field of 16 bits does not hold is in extra bytes.
    found["intensity"] = found.get("exact_intensity", found["intensity"] / 65535)
    return found


def by_pcl(file: Path) -> Cloud:
    """PCL's own reader, as text by its own writer, which plain Python reads."""
    out = file.parent / "pcl_text.pcd"
    if file.suffix == ".ply":
        middle = file.parent / "pcl_middle.pcd"
        run("pcl_ply2pcd", file, middle)
        file = middle
    run("pcl_convert_pcd_ascii_binary", file, out, "0")
    lines = out.read_text().splitlines()
    header = {line.split()[0]: line.split()[1:] for line in lines[:11] if not line.startswith("#")}
    start = next(i for i, line in enumerate(lines) if line.startswith("DATA")) + 1
    rows = [line.split() for line in lines[start:]]
    found = {}
    for i, (name, kind, size) in enumerate(zip(header["FIELDS"], header["TYPE"], header["SIZE"])):
        values = np.array([float(row[i]) for row in rows])
        name = name.replace("normal_", "n")
        if name in ("rgb", "rgba"):
            bits = values.astype("f4").view("u4") if kind == "F" else values.astype("u4")
            found |= {"red": bits >> 16 & 255, "green": bits >> 8 & 255, "blue": bits & 255}
        elif name != "_":
            found[name] = values
    return found


def cloudcompare(*words: str | Path) -> None:
    """Its command line works without a screen. It ends with 0 whatever happened: what it made tells."""
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen"}
    command = ["CloudCompare", "-SILENT", "-AUTO_SAVE", "OFF", *(str(w) for w in words)]
    made = Path(words[-1])
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120)
    if not made.exists():
        raise Failure(next((line for line in done.stdout.splitlines() if "an't" in line), "it wrote nothing")[:100])


def by_cloudcompare_text(file: Path) -> Cloud:
    return by_cloudcompare(file)


def by_cloudcompare(file: Path) -> Cloud:
    """As text by its own writer, which plain Python reads."""
    out = file.parent / "cloudcompare_text.txt"
    out.unlink(missing_ok=True)
    cloudcompare("-O", file, "-C_EXPORT_FMT", "ASC", "-PREC", "9", "-ADD_HEADER", "-SEP", "SPACE", "-SAVE_CLOUDS",
                 "FILE", out)  # fmt: skip
    lines = out.read_text().splitlines()
    names = [name.lower().removeprefix("scalar_") for name in lines[0].lstrip("/").split()]
    short = {"r": "red", "g": "green", "b": "blue"}
    rows = np.array([[float(cell) for cell in line.split()] for line in lines[1:]])
    return columns(tuple(short.get(name, name) for name in names), rows)


# --- writers ---

def write_npz(data: Cloud, file: Path) -> None:
    np.savez(file, points=stack(data, PARTS["positions"]),
             **{name: values for name, values in data.items() if name not in "xyz"})  # fmt: skip


def ours(*options: str):
    def write(data: Cloud, file: Path) -> None:
        source = file.parent / "source.npz"
        write_npz(data, source)
        run(PROGRAM, "convert", source, file, *options)

    return write


def open3d_cloud(data: Cloud):
    made = o3d.geometry.PointCloud(o3d.utility.Vector3dVector(stack(data, PARTS["positions"]).astype("f8")))
    made.colors = o3d.utility.Vector3dVector(stack(data, PARTS["colours"]) / 255)
    made.normals = o3d.utility.Vector3dVector(stack(data, PARTS["normals"]).astype("f8"))
    return made


def with_open3d(**options):
    def write(data: Cloud, file: Path) -> None:
        if not o3d.io.write_point_cloud(str(file), open3d_cloud(data), **options):
            raise Failure("write_point_cloud gave False")

    return write


def with_open3d_tensors(data: Cloud, file: Path) -> None:
    made = o3d.t.geometry.PointCloud(o3d.core.Tensor(stack(data, PARTS["positions"])))
    made.point["colors"] = o3d.core.Tensor(stack(data, PARTS["colours"]))
    made.point["normals"] = o3d.core.Tensor(stack(data, PARTS["normals"]))
    for name in ("intensity", "label"):
        made.point[name] = o3d.core.Tensor(data[name][:, None])
    if not o3d.t.io.write_point_cloud(str(file), made):
        raise Failure("write_point_cloud gave False")


def with_plyfile(**options):
    def write(data: Cloud, file: Path) -> None:
        rows = np.zeros(len(data["x"]), [(name, values.dtype) for name, values in data.items()])
        for name, values in data.items():
            rows[name] = values
        plyfile.PlyData([plyfile.PlyElement.describe(rows, "vertex")], **options).write(str(file))

    return write


def with_laspy(version: str, point_format: int):
    def write(data: Cloud, file: Path) -> None:
        header = laspy.LasHeader(version=version, point_format=point_format)
        header.scales, header.offsets = np.full(3, 0.001), np.zeros(3)
        made = laspy.LasData(header)
        made.x, made.y, made.z = (data[axis].astype("f8") for axis in "xyz")
        made.intensity = np.rint(data["intensity"] * 65535).astype("u2")
        made.classification = data["label"].astype("u1")
        for name in PARTS["colours"]:
            made[name] = data[name].astype("u2") * 256
        made.write(str(file))

    return write


def with_pypcd4(encoding):
    def write(data: Cloud, file: Path) -> None:
        names = ("x", "y", "z", "rgb", "normal_x", "normal_y", "normal_z", "intensity", "label")
        rgb = pypcd4.PointCloud.encode_rgb(stack(data, PARTS["colours"]))
        arrays = [data["x"], data["y"], data["z"], rgb, data["nx"], data["ny"], data["nz"], data["intensity"],
                  data["label"].astype("u4")]  # fmt: skip
        types = (np.float32,) * 8 + (np.uint32,)
        pypcd4.PointCloud.from_points(arrays, names, types).save(file, encoding=encoding)

    return write


def with_pcl(form: str):
    """Ours through PCL's programs."""

    def write(data: Cloud, file: Path) -> None:
        middle = file.parent / "ours_for_pcl.pcd"
        ours()(data, middle)
        if form == "ply":
            run("pcl_pcd2ply", middle, file)
        else:
            run("pcl_convert_pcd_ascii_binary", middle, file, form)

    return write


def with_cloudcompare(*options: str):
    """Ours through its readers and writers."""

    def write(data: Cloud, file: Path) -> None:
        middle = file.parent / "ours_for_cloudcompare.ply"
        ours()(data, middle)
        cloudcompare("-O", middle, *options, "-SAVE_CLOUDS", "FILE", file)

    return write


# --- the table ---

# What a format does not hold, and what a tool does not show: nothing that could be lost there.
HOLDS = {"las": {"positions", "colours", "intensity", "label"}}
SHOWS = {"open3d": {"positions", "colours", "normals"},
         # Its command line takes the first scalar field of a PLY file, and none of text.
         "cloudcompare": {"positions", "colours", "normals", "intensity"},
         "cloudcompare text": {"positions", "colours", "normals"}}  # fmt: skip
# What a tool loses while it writes: see findings/pypcd4_ascii_colours.sh.
LOSES = {("pypcd4", "ascii.pcd"): {"colours"}}
# A tool that keeps a normal in few bits.
COARSE = {"cloudcompare": {"normals": 3e-3}, "cloudcompare text": {"normals": 3e-3}}
TOLERANCE = {"positions": 6e-4, "colours": 1e-9, "normals": 1e-5, "intensity": 1e-5, "label": 0}


def verdict(data: Cloud, found: Cloud, part: str, is_shown: bool, tolerance: float) -> tuple[str, bool]:
    names = PARTS[part]
    if any(name not in found for name in names):
        return ("lost" if is_shown else "-"), is_shown
    if len(found[names[0]]) != len(data["x"]):
        return f"{len(found[names[0]])} points", True
    error = max(float(np.abs(found[name].astype("f8") - data[name].astype("f8")).max()) for name in names)
    if part == "positions" and error == 0:
        return "exact", False
    if error <= tolerance:
        return ("right" if part != "positions" else f"to {error:.0e}"), False
    return f"WRONG by {error:.2g}", True


def known(intensity_of: Cloud) -> Cloud:
    """LAS keeps 16 bits; ours reads them as they are."""
    for name, top in (("intensity", 65535), ("red", 256), ("green", 256), ("blue", 256)):
        if intensity_of.get(name) is not None and intensity_of[name].dtype == np.uint16:
            intensity_of[name] = intensity_of[name] / top
    if "label" not in intensity_of and "classification" in intensity_of:
        intensity_of["label"] = intensity_of["classification"]
    return intensity_of


def row(data: Cloud, writer: str, write, file: Path, reader: str, read) -> bool:
    shown = HOLDS.get(file.suffix[1:], set(PARTS)) & SHOWS.get(writer, set(PARTS)) & SHOWS.get(reader, set(PARTS))
    gone = LOSES.get((writer, file.name), set())
    try:
        file.unlink(missing_ok=True)
        write(data, file)
        found = known(read(file))
        tolerances = TOLERANCE | COARSE.get(writer, {}) | COARSE.get(reader, {})
        verdicts = {part: verdict(data, found, part, part in shown, tolerances[part]) for part in PARTS}
        verdicts |= {part: ("its loss", False) for part in gone}
    except Exception as error:  # a tool that fails is a row of the table
        print(f"{writer:16} {file.name:24} {reader:16} FAILS: {str(error)[:90]}")
        return False
    print(f"{writer:16} {file.name:24} {reader:16} " + " ".join(f"{v[0]:10}" for v in verdicts.values()))
    return not any(is_bad for _, is_bad in verdicts.values())


def main() -> int:
    data = cloud()
    has_pcl = shutil.which("pcl_convert_pcd_ascii_binary") is not None
    ply, pcd = [by_open3d, by_open3d_tensors, by_plyfile], [by_open3d, by_open3d_tensors, by_pypcd4]
    if has_pcl:
        ply, pcd = [*ply, by_pcl], [*pcd, by_pcl]
    has_cloudcompare = shutil.which("CloudCompare") is not None
    if has_cloudcompare:
        ply = [*ply, by_cloudcompare]
    names = {by_open3d: "open3d", by_open3d_tensors: "open3d tensors", by_plyfile: "plyfile", by_pypcd4: "pypcd4",
             by_laspy: "laspy", by_pcl: "pcl", by_cloudcompare: "cloudcompare",
             by_cloudcompare_text: "cloudcompare text", by_voxloom: "voxloom"}  # fmt: skip
    out = [("binary.ply", ours(), ply), ("ascii.ply", ours("--encoding", "ascii"), ply),
           ("big.ply", ours("--encoding", "big-endian"), ply), ("binary.pcd", ours(), pcd),
           ("ascii.pcd", ours("--encoding", "ascii"), pcd), ("a.las", ours(), [by_laspy])]  # fmt: skip
    into = [("open3d", "binary.ply", with_open3d()), ("open3d", "ascii.ply", with_open3d(write_ascii=True)),
            ("open3d", "binary.pcd", with_open3d()), ("open3d", "ascii.pcd", with_open3d(write_ascii=True)),
            ("open3d", "compressed.pcd", with_open3d(compressed=True)),
            ("open3d tensors", "tensors.ply", with_open3d_tensors),
            ("open3d tensors", "tensors.pcd", with_open3d_tensors),
            ("plyfile", "binary.ply", with_plyfile()), ("plyfile", "text.ply", with_plyfile(text=True)),
            ("plyfile", "big.ply", with_plyfile(byte_order=">")),
            ("pypcd4", "ascii.pcd", with_pypcd4(pypcd4.Encoding.ASCII)),
            ("pypcd4", "binary.pcd", with_pypcd4(pypcd4.Encoding.BINARY)),
            ("pypcd4", "compressed.pcd", with_pypcd4(pypcd4.Encoding.BINARY_COMPRESSED)),
            ("laspy", "v12.las", with_laspy("1.2", 3)), ("laspy", "v14.las", with_laspy("1.4", 7))]  # fmt: skip
    if has_pcl:
        into += [("pcl", "ascii.pcd", with_pcl("0")), ("pcl", "binary.pcd", with_pcl("1")),
                 ("pcl", "compressed.pcd", with_pcl("2")), ("pcl", "a.ply", with_pcl("ply"))]  # fmt: skip
    else:
        print("tools: PCL's programs are not there (Debian: pcl-tools)")
    if has_cloudcompare:
        out += [("a.txt", ours(), [by_cloudcompare_text])]
        into += [("cloudcompare", "binary.ply", with_cloudcompare("-C_EXPORT_FMT", "PLY", "-PLY_EXPORT_FMT", "BINARY_LE")),
                 ("cloudcompare", "ascii.ply", with_cloudcompare("-C_EXPORT_FMT", "PLY", "-PLY_EXPORT_FMT", "ASCII")),
                 ("cloudcompare", "a.txt", with_cloudcompare("-C_EXPORT_FMT", "ASC", "-PREC", "9", "-ADD_HEADER",
                                                             "-ADD_PTS_COUNT"))]  # fmt: skip
    else:
        print("tools: CloudCompare is not there (Debian: cloudcompare)")
    print(f"{'written by':16} {'file':24} {'read by':16} " + " ".join(f"{part:10}" for part in PARTS))
    failed = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, write, readers in out:
            for read in readers:
                failed += not row(data, "voxloom", write, folder / file, names[read], read)
        beyond = data | {"intensity": data["intensity"] * 2}
        failed += not row(beyond, "voxloom", ours(), folder / "extra_bytes.las", "laspy", by_laspy)
        for writer, file, write in into:
            failed += not row(data, writer, write, folder / file, "voxloom", by_voxloom)
    print(", ".join(f"{name} {version(name)}" for name in ("open3d", "laspy", "plyfile", "pypcd4")) +
          f": {failed} rows are not right")  # fmt: skip
    return 1 if failed else 0


if __name__ == "__main__":
    PROGRAM = sys.argv[1] if len(sys.argv) == 2 else sys.exit(__doc__)
    sys.exit(main())
