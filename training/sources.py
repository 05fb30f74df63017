"""The one list of what the model is made from: sources.json. Packages are pinned by version and hash."""
from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent


@dataclass(frozen=True)
class DrawingSource:
    """A package of drawings. `weight` is how often its style is drawn, against 1 for the common ones."""

    style: str
    title: str
    package: str
    version: str
    integrity: str
    licence: str
    holder: str
    reader: str  # "iconify": one JSON of SVG bodies; "files": a picture for each code point
    names: str  # how a concept finds its icon: by "emoji", by emoji "label", by the "concept"'s own name; "none": it has none here
    use: str  # "training" or "test only"
    weight: float
    variants: str = ""  # a suffix that picks one drawing style out of a package that has several
    unknown: int = 0  # how many icons without a known name are trained with as unknown things
    unknown_kept: int = 0  # how many more, of which a quarter is kept for tests


@dataclass(frozen=True)
class FontSource:
    package: str
    licence: str
    use: str
    faces: list[str]


def _list() -> dict:
    return json.loads((HERE / "sources.json").read_text())


def drawings() -> list[DrawingSource]:
    return [DrawingSource(**entry) for entry in _list()["drawings"]]


def fonts() -> list[FontSource]:
    return [FontSource(**entry) for entry in _list()["fonts"]]


def labels() -> dict:
    return _list()["labels"]


def words() -> dict:
    return _list()["words"]
