"""A scene: a background and what is on it, with every place known, and the numbers that the renderer draws it from.

Places are fractions of the picture; sizes are fractions of its short side.
"""
from __future__ import annotations

import math
import random
from dataclasses import dataclass

from . import colours
from .concepts import plural, with_article
from .glyphs import BASELINE, CELL, EM, FIRST, ORIGIN_X, SPACE
from .unknown import UNKNOWN
from .world import SHAPES, World

OBJECT_NUMBERS, BACKGROUND_NUMBERS, MOST_OBJECTS = 20, 24, 40  # as render.inl reads them
_DRAWING, _LETTER, _SHAPE = 1, 2, 3
_PLATE = 8  # the shape under a text
_LINE_HEIGHT = 1.18


@dataclass(slots=True)
class Drawing:
    concept: int  # UNKNOWN: something without a name
    name: str
    article: str
    plural: str
    number: int  # of the drawing in the atlas
    x: float
    y: float
    size: float
    turn: float = 0.0  # degrees
    mirrored: bool = False
    gain: tuple[float, float, float] = (1.0, 1.0, 1.0)
    saturation: float = 1.0
    opacity: float = 1.0
    stretch: float = 1.0


@dataclass(slots=True)
class Shape:
    kind: int
    colour: str
    name: str
    article: str
    plural: str
    rgb: tuple[float, float, float]
    x: float
    y: float
    size: float
    turn: float = 0.0


@dataclass(slots=True)
class Text:
    lines: list[str]
    face: int
    rgb: tuple[float, float, float]
    plate: tuple[float, float, float] | None
    x: float
    y: float
    size: float  # of an em
    width: float  # in ems
    turn: float = 0.0

    @property
    def words(self) -> str:
        return " ".join(self.lines)


class Scene:
    def __init__(self, world: World, r: random.Random, aspect: float = 1.0):
        self.world, self.r = world, r
        self.width, self.height = (aspect, 1.0) if aspect >= 1 else (1.0, 1.0 / aspect)
        self.drawings: list[Drawing] = []
        self.shapes: list[Shape] = []
        self.texts: list[Text] = []
        self.order: list[Drawing | Shape | Text] = []  # drawn from first to last
        self.background_name: str | None = None  # None: a pattern, or colours without a name
        self.background = [0.0] * BACKGROUND_NUMBERS
        self.background[13] = 1.0  # contrast

    # ---- background

    def choose_background(self) -> None:
        r, numbers = self.r, self.background
        numbers[10] = r.randrange(1, 1 << 20)  # seed of noise
        if r.random() < 0.58:
            self._named_background()
        else:
            self._pattern()
        if r.random() < 0.25:
            numbers[9] = r.uniform(0.02, 0.15)  # noise
        if r.random() < 0.2:
            numbers[13], numbers[14] = r.uniform(0.85, 1.1), r.uniform(-0.04, 0.04)

    def plain_background(self, name: str, rgb) -> None:
        self.background_name = name
        self.background[1:4] = self.background[4:7] = rgb

    def _named_background(self) -> None:
        r, numbers = self.r, self.background
        name = r.choice(colours.NAMES) if r.random() < 0.75 else "white"
        rgb = (1.0, 1.0, 1.0) if name == "white" and r.random() < 0.6 else colours.shade(r, name)
        self.plain_background(name, rgb)
        if r.random() < 0.3:  # a gradient within the colour
            factor = r.uniform(0.85, 1.1)
            numbers[0], numbers[7] = 1, r.uniform(0, 6.28)
            numbers[4:7] = [min(1.0, value * factor) for value in rgb]

    def _pattern(self) -> None:
        r, numbers = self.r, self.background
        numbers[0] = r.choice([1, 1, 2, 3, 4, 4, 5, 6])
        numbers[1:4] = [r.random() for _ in range(3)]
        if r.random() < 0.4:
            numbers[4:7] = [r.random() for _ in range(3)]
        else:
            numbers[4:7] = [min(1.0, max(0.0, value + r.uniform(-0.3, 0.3))) for value in numbers[1:4]]
        numbers[7], numbers[8], numbers[11] = r.uniform(0, 6.28), r.uniform(2, 9), r.random()
        numbers[12] = r.uniform(0.45, 0.8) if numbers[0] == 6 else r.uniform(0.2, 0.8)

    def visible_colours(self) -> list[str]:
        """Names of the colours that stand out from this background."""

        def far(name: str, rgb) -> bool:
            return math.dist([value / 255 for value in colours.COLOURS[name]], rgb) > 0.42

        numbers = self.background
        visible = [name for name in colours.NAMES
                   if name != self.background_name and frozenset((name, self.background_name)) not in colours.CONFUSED
                   and (self.background_name or (far(name, numbers[1:4]) and far(name, numbers[4:7])))]
        return visible if len(visible) >= 3 else colours.NAMES

    # ---- what is on it

    def draw(self, concept: int, x: float, y: float, size: float, number: int | None = None) -> Drawing:
        r, world = self.r, self.world
        if number is None:
            number = world.drawing(r, concept)
        if concept < 0:
            drawing = Drawing(UNKNOWN, "thing", "a thing", "things", number, x, y, size)
        else:
            drawing = Drawing(concept, world.names[concept], world.articles[concept], world.plurals[concept], number, x, y, size)
        self._vary(drawing)
        self.drawings.append(drawing)
        self.order.append(drawing)
        return drawing

    def _vary(self, drawing: Drawing) -> None:
        r = self.r
        drawing.mirrored = r.random() < 0.4
        if r.random() < 0.5:
            drawing.turn = r.gauss(0, 6)
        if r.random() < 0.06:
            drawing.turn = r.uniform(-35, 35)
        if r.random() < 0.5:
            drawing.gain = (r.uniform(0.85, 1.12), r.uniform(0.85, 1.12), r.uniform(0.85, 1.12))
        if r.random() < 0.35:
            drawing.saturation = r.uniform(0.5, 1.3)
        if r.random() < 0.07:
            drawing.opacity = r.uniform(0.7, 1)
        if self.world.changes_style:
            if r.random() < 0.25:
                drawing.gain = (r.uniform(0.6, 1.35), r.uniform(0.6, 1.35), r.uniform(0.6, 1.35))
            if r.random() < 0.3:
                drawing.saturation = r.uniform(0.2, 1.5)
            if r.random() < 0.4:
                drawing.stretch = math.exp(r.gauss(0, 0.12))
            if r.random() < 0.3:
                drawing.turn = r.gauss(0, 14)
        if r.random() < 0.04:
            drawing.saturation = 0.0

    def shape(self, kind: int, colour: str, x: float, y: float, size: float) -> Shape:
        r, name = self.r, SHAPES[kind]
        may_turn = kind not in (1, 3)  # a turned square is a diamond
        shape = Shape(kind, colour, name, with_article(f"{colour} {name}"), f"{colour} {plural(name)}", colours.shade(r, colour),
                      x, y, size, r.uniform(-12, 12) if may_turn and r.random() < 0.4 else 0.0)
        self.shapes.append(shape)
        self.order.append(shape)
        return shape

    def write(self, text: str, x: float, y: float, widest: float, smallest: float, largest: float, plate: bool = False) -> Text | None:
        """Text at most `widest` of the picture's width, its em between the limits; None where that is impossible."""
        r, lines = self.r, text.split("\n")
        face = r.choice(self.world.faces)
        width = max(self.world.glyphs.width(face, line) for line in lines)
        em = min(widest * self.width / max(width, 0.3), largest)
        if len(lines) * em * 1.2 > self.height * 0.9:
            em = self.height * 0.9 / len(lines) / 1.2
        em = max(em * r.uniform(0.75, 1), smallest)
        if width * em > self.width * 0.97:
            return None
        half_width, half_height = width * em / 2 / self.width + 0.015, len(lines) * em * 0.62 / self.height + 0.01
        x, y = min(max(x, half_width), 1 - half_width), min(max(y, half_height), 1 - half_height)
        turn = r.uniform(-7, 7) if r.random() < 0.2 and len(lines) == 1 and half_width < 0.4 else 0.0
        under = self._plate(plate)
        written = Text(lines, face, self._ink(under), under, x, y, em, width, turn)
        self.texts.append(written)
        self.order.append(written)
        return written

    def _plate(self, wanted: bool):
        plain = self.background[0] == 0 and self.background[9] < 0.1
        if wanted or not plain or self.r.random() < 0.15:
            return colours.shade(self.r, self.r.choice(colours.NAMES))
        return None

    def _ink(self, plate) -> tuple[float, float, float]:
        r, numbers = self.r, self.background
        under = plate or [(first + second) / 2 for first, second in zip(numbers[1:4], numbers[4:7])]
        base = colours.brightness(under)
        for _ in range(20):
            if r.random() < 0.5:
                ink = (0.05, 0.05, 0.05) if base > 0.5 else (1.0, 1.0, 1.0)
            else:
                ink = colours.shade(r, r.choice(colours.NAMES))
            if abs(colours.brightness(ink) - base) > 0.35:
                return ink
        return (0.0, 0.0, 0.0) if base > 0.5 else (1.0, 1.0, 1.0)

    # ---- numbers for the renderer

    def numbers(self, canvas_width: int, canvas_height: int) -> tuple[list[list[float]], list[list[float]]]:
        """For each object what render.inl reads, and [class, left, top, right, bottom] of its patches' label."""
        unit_x, unit_y = self.width / canvas_width, self.height / canvas_height
        objects: list[list[float]] = []
        labels: list[list[float]] = []
        for each in self.order:
            if isinstance(each, Drawing):
                width, height = each.size * min(1.0, each.stretch), each.size / max(1.0, each.stretch)
                place = _place(each.x * self.width, each.y * self.height, width, height, each.turn, each.mirrored, unit_x, unit_y)
                level = math.log2(max(1e-6, self.world.drawing_size * max(unit_x, unit_y) / each.size))
                objects.append([_DRAWING, each.number, *place[0], level, *each.gain, each.opacity, each.saturation, *place[1], 0, 0])
                labels.append([1 + each.concept, 0.12, 0.12, 0.88, 0.88])
            elif isinstance(each, Shape):
                place = _place(each.x * self.width, each.y * self.height, each.size, each.size, each.turn, False, unit_x, unit_y)
                objects.append([_SHAPE, each.kind, *place[0], 0, *each.rgb, 1, 1, *place[1], 0, 0])
                labels.append([1 + len(self.world.names) + each.kind, 0.2, 0.2, 0.8, 0.8])
            else:
                self._letters(each, unit_x, unit_y, objects, labels)
        return objects[:MOST_OBJECTS], labels[:MOST_OBJECTS]

    def _letters(self, text: Text, unit_x: float, unit_y: float, objects: list, labels: list) -> None:
        em, rows, glyphs = text.size, len(text.lines), self.world.glyphs
        centre_x, centre_y = text.x * self.width, text.y * self.height
        if text.plate is not None:
            plate_width = min(text.width * em + 0.5 * em, self.width * 1.02)
            place = _place(centre_x, centre_y, plate_width, em * (1.22 * rows + 0.25), text.turn, False, unit_x, unit_y)
            objects.append([_SHAPE, _PLATE, *place[0], 0, *text.plate, 1, 1, *place[1], 0, 0])
            labels.append([0, 0, 0, 1, 1])
        cosine, sine = math.cos(math.radians(text.turn)), math.sin(math.radians(text.turn))
        cell = em * CELL / EM
        level = math.log2(max(1e-6, CELL * max(unit_x, unit_y) / cell))
        for row, line in enumerate(text.lines):
            pen = -glyphs.width(text.face, line) * em / 2
            down = (row - (rows - 1) / 2) * em * _LINE_HEIGHT + em * 0.34 + (CELL / 2 - BASELINE) / EM * em
            for letter in line:
                if letter == " ":
                    pen += SPACE * em
                    continue
                glyph = ord(letter) - FIRST
                along = pen + (CELL / 2 - ORIGIN_X) / EM * em
                pen += glyphs.advance[text.face][glyph] * em
                x, y = centre_x + cosine * along - sine * down, centre_y + sine * along + cosine * down
                place = _place(x, y, cell, cell, text.turn, False, unit_x, unit_y)
                objects.append([_LETTER, text.face * 94 + glyph, *place[0], level, *text.rgb, 1, 1, *place[1], 0, 0])
                labels.append([1 + len(self.world.names) + len(SHAPES) + glyph, *glyphs.box[text.face][glyph]])


def _place(x: float, y: float, width: float, height: float, turn: float, mirrored: bool, unit_x: float, unit_y: float):
    """The map from pixels to an object's own square (0 to 1), and its box in pixels."""
    cosine, sine = (1.0, 0.0) if turn == 0 else (math.cos(math.radians(turn)), math.sin(math.radians(turn)))
    a, b, c = cosine * unit_x / width, sine * unit_y / width, 0.5 - (cosine * x + sine * y) / width
    d, e, f = -sine * unit_x / height, cosine * unit_y / height, 0.5 - (-sine * x + cosine * y) / height
    if mirrored:
        a, b, c = -a, -b, 1 - c
    half_x = (abs(cosine) * width + abs(sine) * height) / 2 / unit_x + 1
    half_y = (abs(sine) * width + abs(cosine) * height) / 2 / unit_y + 1
    pixel_x, pixel_y = x / unit_x, y / unit_y
    return (a, b, c, d, e, f), (pixel_x - half_x, pixel_y - half_y, pixel_x + half_x, pixel_y + half_y)
