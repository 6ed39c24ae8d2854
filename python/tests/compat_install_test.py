"""voxloom.compat.install: the drop-ins under the libraries' own names, and what of spconv is refused."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

pytest.importorskip("torch")


def in_another_process(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_installs_under_the_librarys_own_name() -> None:
    said = in_another_process(
        """
        import sys
        sys.path = [entry for entry in sys.path if "spconv-2" not in entry]
        import voxloom.compat
        try:
            voxloom.compat.install("spconv")
        except ImportError as refusal:
            print(refusal); sys.exit()
        voxloom.compat.install("spconv")
        import spconv, spconv.pytorch as sp
        import spconv.pytorch.functional as Fsp
        from spconv.core import ConvAlgo
        from spconv.pytorch import SparseModule, SubMConv3d, ops
        from spconv.pytorch.conv import SparseConvolution
        from spconv.pytorch.modules import is_spconv_module
        from spconv.pytorch.utils import PointToVoxel
        from spconv.utils import Point2VoxelCPU3d
        import cumm.tensorview as tv
        import voxloom.compat.spconv.pytorch as own
        assert sp is own and sp.ConvAlgo is ConvAlgo and spconv.__version__ == "2.3.8"
        assert spconv.constants.SPCONV_ALLOW_TF32 is False and issubclass(SubMConv3d, SparseConvolution)
        assert "spconv._geometry" not in sys.modules
        voxloom.compat.uninstall("spconv")
        assert "spconv.pytorch" not in sys.modules
        print("installed")
        """
    )
    assert said == "installed" or "would be hidden" in said


def test_never_hides_a_real_library(tmp_path: Path) -> None:
    (tmp_path / "spconv").mkdir()
    (tmp_path / "spconv" / "__init__.py").write_text("real = True\n")
    said = in_another_process(
        f"""
        import sys
        sys.path.insert(0, {str(tmp_path)!r})
        import voxloom.compat
        for _ in range(2):
            try:
                voxloom.compat.install("spconv")
            except ImportError as refusal:
                print(refusal)
            import spconv
            assert spconv.real
        """
    )
    assert said.count("would be hidden") == 2
    import voxloom.compat

    with pytest.raises(ValueError, match="expected one of"):
        voxloom.compat.install("numpy")


def test_what_cannot_be_had_says_why() -> None:
    import voxloom.compat.spconv.utils as utils
    from voxloom.compat.spconv.pytorch import quantization

    with pytest.raises(NotImplementedError, match="int8"):
        quantization.get_default_spconv_qconfig_mapping  # noqa: B018
    with pytest.raises(NotImplementedError, match="CUDA"):
        utils.Point2VoxelGPU3d([1.0], [0.0], 1, 1, 1)
    with pytest.raises(NotImplementedError, match="boxes"):
        utils.rbbox_iou(None, None, None, 0.5)
