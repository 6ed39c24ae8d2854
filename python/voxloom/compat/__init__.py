"""Drop-in replacements for other sparse convolution libraries, on voxloom's engine and a plain CPU.

    import voxloom.compat
    voxloom.compat.install("spconv")
    import spconv.pytorch as spconv          # code written for spconv runs as it is

or, with one import changed, ``import voxloom.compat.spconv.pytorch as spconv``. Which names work, which differ and
which are refused: docs/compat.md.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import sys
from types import ModuleType

__all__ = ["install", "uninstall"]

# Import name -> the packages that take its place: (name it goes by, module that stands there).
_STAND_INS: dict[str, tuple[tuple[str, str], ...]] = {
    "spconv": (("spconv", "voxloom.compat.spconv"), ("cumm", "voxloom.compat.spconv._cumm")),
    "torchsparse": (("torchsparse", "voxloom.compat.torchsparse"),),
    "MinkowskiEngine": (("MinkowskiEngine", "voxloom.compat.MinkowskiEngine"),
                        ("MinkowskiEngineBackend", "voxloom.compat.MinkowskiEngine.backend")),
}
_OPTIONAL = {"cumm"}  # what the library stands on: left alone where it is there


def install(name: str) -> ModuleType:
    """Puts the drop-in for library ``name`` under the library's own import names; gives the module back.

    name: "spconv", "torchsparse" or "MinkowskiEngine". Afterwards ``import spconv.pytorch`` finds the drop-in, in this
    process. Installing twice is once.

    ValueError: no such drop-in. ImportError: the real library can be imported, or was: nothing is ever hidden; take
    ``import voxloom.compat.<name>`` to use both side by side.
    """
    stand_ins = _stand_ins(name)
    for public, own in stand_ins:
        if _is_ours(public, own) or public in _OPTIONAL:
            continue
        where = _real_location(public)
        if where is not None:
            raise ImportError(
                f"voxloom.compat.install: '{public}' is installed ({where}) and would be hidden; "
                f"import {own} instead, or remove {public} from this environment",
                name=public,
            )
    for public, own in stand_ins:
        if not _is_ours(public, own) and (public not in _OPTIONAL or _real_location(public) is None):
            _put(public, own)
    return sys.modules[stand_ins[0][0]]


def uninstall(name: str) -> None:
    """Takes the drop-in's import names away again; modules that hold it keep it. ValueError: no such drop-in."""
    for public, own in _stand_ins(name):
        if _is_ours(public, own):
            for key in [key for key in sys.modules if key == public or key.startswith(public + ".")]:
                del sys.modules[key]


def _stand_ins(name: str) -> tuple[tuple[str, str], ...]:
    try:
        return _STAND_INS[name]
    except KeyError:
        known = ", ".join(sorted(_STAND_INS))
        raise ValueError(f"voxloom.compat.install: expected one of {known}, got {name!r}") from None


def _is_ours(public: str, own: str) -> bool:
    module = sys.modules.get(public)
    return module is not None and module is sys.modules.get(own)


def _real_location(public: str) -> str | None:
    """Where the real library lies; None: nowhere."""
    if public in sys.modules:
        module = sys.modules[public]
        return str(getattr(module, "__file__", None) or "imported already")
    spec = importlib.machinery.PathFinder.find_spec(public)
    if spec is None:
        return None
    return str(spec.origin or next(iter(spec.submodule_search_locations or []), "found"))


def _put(public: str, own: str) -> None:
    """The package `own` and all its public modules, under `public` too: the same module objects."""
    importlib.import_module(own)
    for part in getattr(sys.modules[own], "_MODULES", ()):
        importlib.import_module(f"{own}.{part}")
    for key in [key for key in sys.modules if key == own or key.startswith(own + ".")]:
        tail = key[len(own) :]
        if not any(piece.startswith("_") for piece in tail.split(".")):
            sys.modules[public + tail] = sys.modules[key]
