#!/usr/bin/env python3
# usage: package_test.py SOURCE_DIR
#
# The Dockerfile names files that are there and the packages that scripts/setup.sh names; the versions of CMake and of the
# project agree wherever they stand; pages that headers, sources and the Python package name are there.
import json
import re
import sys
import unittest
from pathlib import Path

ROOT = Path(sys.argv.pop())
TEXT = {name: (ROOT / name).read_text() for name in (
    "Dockerfile", "CMakeLists.txt", "CMakePresets.json", "scripts/setup.sh", "README.md", "CHANGELOG.md",
    "include/voxloom/version.h", "cmake/package.cmake")}


def packages_of_setup(name):
    listed = re.search(rf"^{name}=\((.*?)\)", TEXT["scripts/setup.sh"], re.M | re.S).group(1)
    return set(re.sub(r"#.*", "", listed).split())


class Dockerfile(unittest.TestCase):
    # Lines that end with a backslash go on.
    steps = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", TEXT["Dockerfile"], flags=re.M)).strip().splitlines()
    stages = "\n".join(steps).split("FROM ")[1:]

    def test_every_step_is_known(self):
        for step in filter(None, self.steps):
            self.assertRegex(step, r"^(FROM|RUN|COPY|WORKDIR|ENTRYPOINT) \S")

    def test_copies_what_is_there(self):
        for step in self.steps:
            words = step.split()
            if words and words[0] == "COPY" and not words[1].startswith("--from="):
                for source in words[1:-1]:
                    self.assertTrue((ROOT / source).exists(), source)

    def test_copies_what_the_release_build_reads(self):
        copied = {source for step in self.steps if step.startswith("COPY") for source in step.split()[1:-1]}
        wanted = {"CMakeLists.txt", "CMakePresets.json", "cmake", "include", "src", "models", "docs", "LICENSE"}
        self.assertLessEqual(wanted, copied)
        ignored = (ROOT / ".dockerignore").read_text().split()
        self.assertFalse(wanted & set(ignored))

    def test_installs_what_setup_installs(self):
        installed = [set(re.findall(r"(?<=--no-install-recommends)[^&]*", stage)[0].split()) for stage in self.stages]
        self.assertEqual(installed[0], packages_of_setup("packages") - {"ccache"})
        # Of each library that is linked, the half that runs.
        linked = {re.match(r"lib([a-z]+)|(zlib)", name).group() for name in installed[0]
                  if name in ("libtbb-dev", "libfmt-dev", "libpng-dev", "zlib1g-dev")}
        self.assertEqual({re.match(r"[a-z]+", name).group() for name in installed[1]}, linked)


class Versions(unittest.TestCase):
    minimum = re.search(r"cmake_minimum_required\(VERSION ([\d.]+)\)", TEXT["CMakeLists.txt"]).group(1)

    def test_one_minimum_of_cmake(self):
        presets = json.loads(TEXT["CMakePresets.json"])
        least = presets["cmakeMinimumRequired"]
        self.assertEqual(f"{least['major']}.{least['minor']}", self.minimum)
        self.assertLessEqual(presets["version"], 3, "what CMake 3.22 reads")
        for other in (ROOT / "tests" / "install").rglob("CMakeLists.txt"):
            for version in re.findall(r"cmake_minimum_required\(VERSION ([\d.]+)\)", other.read_text()):
                self.assertEqual(version, self.minimum, other)

    def test_the_changes_name_the_version_that_comes(self):
        version = ".".join(re.findall(r"VOXLOOM_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)",
                                      TEXT["include/voxloom/version.h"]))
        self.assertIn(f"## {version}", TEXT["CHANGELOG.md"])


class Pages(unittest.TestCase):
    def test_pages_that_are_named_are_there(self):
        places = [*(ROOT / "include").rglob("*.h"), *(ROOT / "src").rglob("*.h"), *(ROOT / "src").rglob("*.cpp"),
                  *(ROOT / "python" / "voxloom").rglob("*.py")]
        self.assertGreater(len(places), 500)
        for place in places:
            for page in re.findall(r"[\w./-]+\.md\b", place.read_text()):
                self.assertTrue((ROOT / page).is_file(), f"{place.relative_to(ROOT)} names {page}")


if __name__ == "__main__":
    unittest.main()
