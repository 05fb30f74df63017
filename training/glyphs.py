"""The letters that scenes write with: 94 printable characters of each font face, drawn once at one size."""
from __future__ import annotations

from pathlib import Path

import numpy as np

from . import sources

CELL, EM = 64, 42  # pixels: of a character's square, and of the size its face is set in
ORIGIN_X, BASELINE = 10, 46  # where in the square a character's pen starts
FIRST, COUNT = 33, 94  # '!' to '~'
SPACE = 0.3  # width of a space, in ems


def _faces(font_folder: Path) -> dict[str, Path]:
    return {path.stem: path for path in sorted(font_folder.rglob("*")) if path.suffix in (".ttf", ".otf")}


def draw_atlas(path: Path, font_folder: Path = Path("/usr/share/fonts")) -> None:
    from PIL import Image, ImageDraw, ImageFont

    files = _faces(font_folder)
    names, squares, advances, boxes, held_out = [], [], [], [], []
    for source in sources.fonts():
        for face in source.faces:
            if face not in files:
                print(f"fonts: {face} is missing; apt-get install {source.package}")
                continue
            font = ImageFont.truetype(str(files[face]), EM)
            square, advance, box = np.zeros((COUNT, CELL, CELL), np.uint8), np.zeros(COUNT, np.float32), np.zeros((COUNT, 4), np.float32)
            for index in range(COUNT):
                letter, picture = chr(FIRST + index), Image.new("L", (CELL, CELL))
                ImageDraw.Draw(picture).text((ORIGIN_X, BASELINE), letter, fill=255, font=font, anchor="ls")
                square[index], advance[index] = np.array(picture), font.getlength(letter)
                box[index] = [side / CELL for side in picture.getbbox() or (ORIGIN_X, 0, ORIGIN_X + 1, BASELINE)]
            names.append(face)
            squares.append(square)
            advances.append(advance)
            boxes.append(box)
            held_out.append(source.use != "training")
    np.savez_compressed(path, atlas=np.stack(squares), advance=np.stack(advances), box=np.stack(boxes),
                        held_out=np.array(held_out), names=np.array(names))
    print(f"fonts: {len(names)} faces, {path.stat().st_size / 2**20:.1f} MiB")


class Glyphs:
    """Widths and boxes of the drawn characters, as plain lists: scenes ask for one number at a time."""

    def __init__(self, path: Path):
        stored = np.load(path)
        self.names = [str(name) for name in stored["names"]]
        self.advance = (stored["advance"] / EM).tolist()  # in ems
        self.box = stored["box"].tolist()  # left, top, right, bottom in the square, 0 to 1
        self.held_out = [bool(flag) for flag in stored["held_out"]]

    def width(self, face: int, line: str) -> float:
        """In ems."""
        advance = self.advance[face]
        return sum(advance[ord(letter) - FIRST] if letter != " " else SPACE for letter in line)
