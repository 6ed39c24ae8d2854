"""Columns of text: numpy arrays of str here; in the core each word once, and a code per point."""

from __future__ import annotations

from typing import Any, Dict, List, Tuple

import numpy as np

Coded = Tuple[np.ndarray[Any, Any], List[str]]

_MOST_PADDED = 1 << 30  # bytes of an array that is as wide as its longest word


def from_core(attributes: Dict[str, Any]) -> Dict[str, np.ndarray[Any, Any]]:
    """Columns as numpy arrays. Text is of dtype str, or of objects, each a str, where a long word would make that huge."""
    columns: Dict[str, np.ndarray[Any, Any]] = {}
    for name, column in attributes.items():
        if isinstance(column, tuple):
            codes, words = column
            padded = 4 * codes.size * max((len(word) for word in words), default=0)
            column = np.array(words or [""], dtype=np.str_ if padded <= _MOST_PADDED else object)[codes]
        columns[name] = column
    return columns


def for_core(name: str, column: Any) -> Any:
    """What the core takes: numbers as they are, text as codes and words. ValueError: neither."""
    values = np.asarray(column)
    if values.dtype.kind == "S":
        values = np.char.decode(values, "utf-8")
    if values.dtype.kind == "O":
        if not all(isinstance(value, str) for value in values.flat):
            raise ValueError(f"[Scan] {name}: expected numbers or str, got objects of other kinds")
        codes_of: Dict[str, int] = {}
        codes = [codes_of.setdefault(str(value), len(codes_of)) for value in values.flat]
        return _coded(name, list(codes_of), np.array(codes, np.uint32).reshape(values.shape))
    if values.dtype.kind != "U":
        return np.ascontiguousarray(values)
    words, places = np.unique(values, return_inverse=True)
    return _coded(name, [str(word) for word in words], places.reshape(values.shape).astype(np.uint32))


def _coded(name: str, words: List[str], codes: np.ndarray[Any, Any]) -> Coded:
    try:
        "".join(words).encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"[Scan] {name}: a word holds what is no character: {error}") from None
    return np.ascontiguousarray(codes), words


def is_text(column: np.ndarray[Any, Any]) -> bool:
    return column.dtype.kind in "USO"
