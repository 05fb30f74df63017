"""Turns the packages' drawings into square pictures with transparency, one for each concept, emoji and style."""
from __future__ import annotations

import io
import json
import re
from pathlib import Path

import cairo
import gi
from PIL import Image

gi.require_version("Rsvg", "2.0")
from gi.repository import Rsvg  # noqa: E402

SIZE = 160  # of a stored drawing; scenes draw it at any size up to twice that
_MARGIN = 2


def _slug(label: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", label.lower().replace("’", "").replace("ñ", "n")).strip("-")


def plain_code(code: str) -> str:
    """Code points without the variation selector, which some packages write and others do not."""
    return code.lower().replace("-fe0f", "")


def from_svg(svg: bytes) -> Image.Image | None:
    try:
        handle = Rsvg.Handle.new_from_data(svg)
        surface = cairo.ImageSurface(cairo.FORMAT_ARGB32, 2 * SIZE, 2 * SIZE)
        box = Rsvg.Rectangle()
        box.x, box.y, box.width, box.height = 0, 0, 2 * SIZE, 2 * SIZE
        handle.render_document(cairo.Context(surface), box)
    except gi.repository.GLib.Error:
        return None
    return Image.frombuffer("RGBa", (2 * SIZE, 2 * SIZE),
                            bytes(surface.get_data()), "raw", "BGRa", surface.get_stride(), 1)


def fit(picture: Image.Image | None) -> Image.Image | None:
    """What is drawn, cut out and scaled to the middle of a square; None where nothing is."""
    if picture is None:
        return None
    drawn = picture.getchannel("A" if picture.mode == "RGBA" else "a").point(lambda value: 255 if value > 8 else 0).getbbox()
    if not drawn:
        return None
    part = picture.crop(drawn)
    part = part if part.mode == "RGBa" else part.convert("RGBa")
    scale = (SIZE - 2 * _MARGIN) / max(part.size)
    width, height = (max(1, round(side * scale)) for side in part.size)
    part = part.resize((width, height), Image.LANCZOS).convert("RGBA")
    square = Image.new("RGBA", (SIZE, SIZE), (0, 0, 0, 0))
    square.paste(part, ((SIZE - width) // 2, (SIZE - height) // 2))
    return square


class IconSet:
    """A package of the Iconify project: all its icons in one JSON file."""

    def __init__(self, package: Path):
        self._icons = json.loads((package / "icons.json").read_text())
        self._by_code = {}
        if (package / "chars.json").exists():
            self._by_code = {plain_code(code): name for code, name in json.loads((package / "chars.json").read_text()).items()}
        self._joined = {name.replace("-", ""): name for name in self._icons["icons"]}

    def _resolve(self, name: str | None) -> str | None:
        if name in self._icons["icons"]:
            return name
        return self._icons.get("aliases", {}).get(name, {}).get("parent")

    def by_emoji(self, label: str, code: str) -> list[str]:
        slug = _slug(label)
        name = self._by_code.get(plain_code(code)) or slug
        name = self._resolve(name) or self._joined.get(slug.replace("-", ""))
        return [name] if name else []

    def by_label(self, label: str) -> list[str]:
        slug = _slug(label)
        return [name for name in [slug] + [f"{slug}-{number}" for number in range(1, 4)] if self._resolve(name)]

    def by_name(self, name: str, suffix: str) -> list[str]:
        icon = _slug(name.removeprefix("pair of ")) + suffix
        return [icon] if self._resolve(icon) else []

    def names(self) -> list[str]:
        return sorted(self._icons["icons"])

    def picture(self, name: str) -> Image.Image | None:
        icon = self._icons["icons"].get(self._resolve(name))
        if icon is None:
            return None

        def box(key: str, default: int) -> float:
            return icon.get(key, self._icons.get(key, default))

        body = icon["body"].replace("currentColor", "#222")
        return from_svg(f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
                        f'width="{2 * SIZE}" height="{2 * SIZE}" viewBox="{box("left", 0)} {box("top", 0)} '
                        f'{box("width", 16)} {box("height", 16)}">{body}</svg>'.encode())


class PictureFolder:
    """A package with one file for each emoji, named by its code points."""

    def __init__(self, package: Path):
        folder = next(path for path in (package / "assets", package / "color" / "svg") if path.is_dir())
        self._files = {plain_code(path.stem): path for path in folder.iterdir()}

    def by_emoji(self, _label: str, code: str) -> list[str]:
        return [plain_code(code)] if plain_code(code) in self._files else []

    def picture(self, code: str) -> Image.Image | None:
        path = self._files[code]
        return from_svg(path.read_bytes()) if path.suffix == ".svg" else Image.open(path).convert("RGBA")


def webp(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "WEBP", quality=60, method=4, alpha_quality=60, exact=False)
    return out.getvalue()
