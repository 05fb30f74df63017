"""Random scenes of eight kinds."""
from __future__ import annotations

import math
import random

from .concepts import UNCOUNTABLE
from .prompt import LAYOUTS
from .scene import Scene
from .unknown import UNKNOWN
from .world import SHAPES, SIGNS, World

KINDS = {"one": 26, "several": 24, "count": 12, "shapes": 10, "text": 17, "mixed": 5, "empty": 1, "unknown": 14}


def random_scene(world: World, r: random.Random, layout: str, kind: str | None = None) -> Scene:
    scene = Scene(world, r, _aspect(r, layout))
    scene.choose_background()
    kinds = KINDS if world.has_unknown else {each: share for each, share in KINDS.items() if each != "unknown"}
    scene.kind = kind or r.choices(list(kinds), list(kinds.values()))[0]
    # Small things are shown where tiles show them large enough, and half of the time where one tile has to do.
    scene.small = LAYOUTS[layout].tiles > 1 or r.random() < 0.5
    scene.smallest_text = 0.13 if not scene.small else 0.055 if LAYOUTS[layout].tiles > 1 else 0.075
    _COMPOSERS[scene.kind](scene)
    return scene


def _aspect(r: random.Random, layout: str) -> float:
    shape = LAYOUTS[layout]
    if shape.columns > shape.rows:
        return r.uniform(2, 3) if r.random() < 0.6 else 2.0
    if shape.rows > shape.columns:
        return 1 / (r.uniform(2, 3) if r.random() < 0.6 else 2.0)
    if shape.tiles == 1 and r.random() < 0.18:  # one tile shows every picture, also a wide or a tall one, squeezed
        return r.uniform(2, 3) ** r.choice([-1, 1])
    return 1.0 if r.random() < 0.55 else math.exp(r.uniform(-math.log(1.95), math.log(1.95)))


# ---- places on a grid


def _wide(scene: Scene) -> bool:
    return scene.width >= 1.9


def _tall(scene: Scene) -> bool:
    return scene.height >= 1.9


def _cells(r: random.Random, columns: int, rows: int, count: int) -> list[tuple[int, int]]:
    cells = [(column, row) for column in range(columns) for row in range(rows)]
    r.shuffle(cells)
    return cells[:count]


def _in_cell(scene: Scene, cell: tuple[int, int], grid: tuple[int, int], part: float) -> tuple[float, float, float]:
    """(x, y, size) of something that takes `part` of its cell."""
    (columns, rows), r = grid, scene.r
    size = min(scene.width / columns, scene.height / rows) * part
    free_x = max(0.0, scene.width / columns - size) / 2 / scene.width * 0.8
    free_y = max(0.0, scene.height / rows - size) / 2 / scene.height * 0.8
    return (cell[0] + 0.5) / columns + r.uniform(-free_x, free_x), (cell[1] + 0.5) / rows + r.uniform(-free_y, free_y), size


def _anywhere(scene: Scene, size: float) -> tuple[float, float]:
    r = scene.r
    return r.uniform(size / 2, scene.width - size / 2) / scene.width, r.uniform(size / 2, scene.height - size / 2) / scene.height


def _concepts(scene: Scene, count: int) -> list[int]:
    world, r = scene.world, scene.r
    for _ in range(50):
        of_kind = world.of_kind[r.choice(list(world.of_kind))] if r.random() < 0.3 else []
        chosen = r.sample(of_kind if len(of_kind) >= count else world.present, count)
        if world.may_meet(chosen):
            return chosen
    return chosen


# ---- what to write


def random_text(world: World, r: random.Random, large: bool) -> str:
    dice = r.random()
    if dice < 0.12:
        return "".join(r.choice("0123456789") for _ in range(r.randint(1, 4 if large else 6)))
    if dice < 0.24:
        return "".join(r.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ") for _ in range(r.randint(1, 6)))
    if dice < 0.36:
        word = r.choice(SIGNS)
    elif dice < 0.44:
        word = r.choice(world.names).split(" ")[-1].replace("-", "")
    elif dice < 0.62 and not large:
        word = r.choice(world.long_words)
    else:
        word = r.choice(world.short_words)
    case = r.random()
    if case < 0.5:
        word = word.upper()
    elif case < 0.75:
        word = word.capitalize()
    return word + (r.choice("!?") if r.random() < 0.03 else "")


# ---- the kinds


def _one(scene: Scene) -> None:
    r = scene.r
    if r.random() < 0.6:
        size = r.uniform(0.55, 1.0)
    else:
        size = r.uniform(0.2 if scene.small else 0.3, 0.6)
    x, y = (0.5, 0.5) if r.random() < 0.4 else _anywhere(scene, size)
    scene.draw(r.choice(scene.world.present), x, y, size)
    if r.random() < 0.08:
        scene.write(random_text(scene.world, r, not scene.small), r.random(), r.choice([0.1, 0.9]), 0.8, 0.07 if scene.small else 0.12, 0.16)


def _grid_for(scene: Scene, count: int) -> tuple[int, int]:
    r = scene.r
    if _wide(scene):
        return r.choice([(count, 1), (max(count, 3), 1), (4, 2)])
    if _tall(scene):
        return r.choice([(1, count), (1, max(count, 3)), (2, 4)])
    if count == 2:
        return r.choice([(2, 1), (1, 2), (2, 2), (2, 2), (3, 3), (3, 2)])
    if count == 3:
        return r.choice([(2, 2), (3, 3), (3, 1), (3, 2), (2, 3)])
    return r.choice([(2, 2), (3, 3), (3, 2)])


def _several(scene: Scene, mixed: bool = False) -> None:
    r = scene.r
    count = r.choices([2, 3, 4], [6, 3, 1 if scene.small else 0.4])[0]
    grid, chosen = _grid_for(scene, count), _concepts(scene, count)
    for place, cell in enumerate(_cells(r, *grid, count)):
        x, y, size = _in_cell(scene, cell, grid, r.uniform(0.62, 0.98))
        if mixed and place == 0:
            scene.shape(r.randrange(len(SHAPES)), r.choice(scene.visible_colours()), x, y, size)
        elif mixed and place == 1 and r.random() < 0.5:
            scene.write(random_text(scene.world, r, True)[:6], x, y, 0.9 / grid[0], 0.08 if scene.small else 0.13, 0.3, plate=True)
        else:
            scene.draw(chosen[place], x, y, size)


def _mixed(scene: Scene) -> None:
    _several(scene, mixed=True)


def _counting_grid(scene: Scene, count: int) -> tuple[int, int]:
    r = scene.r
    if _wide(scene):
        return (6, 2) if count > 6 else (6, 1) if count > 4 else r.choice([(4, 1), (6, 1), (5, 2)])
    if _tall(scene):
        return (2, 6) if count > 6 else (1, 6) if count > 4 else r.choice([(1, 4), (1, 6), (2, 5)])
    if count > 4:
        return r.choice([(3, 3), (3, 3), (4, 3), (3, 4)]) if scene.small else (3, 3)
    return r.choice([(3, 2), (2, 3), (3, 3)])


def _count(scene: Scene) -> None:
    world, r = scene.world, scene.r
    count, others = r.choices([1, 2, 3, 4, 5, 6], [1.5, 3, 3, 3, 2.5, 1.5])[0], r.choices([0, 1, 2, 3], [6, 2, 1, 1])[0]
    counted = r.choice([number for number in r.sample(world.present, min(8, len(world.present)))
                        if world.names[number] not in UNCOUNTABLE] or world.present)
    other = next((number for number in _concepts(scene, 2) if number != counted), counted)
    if other == counted or not world.may_meet([counted, other]):
        others = 0
    grid = _counting_grid(scene, count + others)
    cells = _cells(r, *grid, count + others)
    if r.random() < 0.3:
        _count_shapes(scene, grid, cells, count)
        return
    part, same = r.uniform(0.6, 0.95), world.drawing(r, counted) if r.random() < 0.6 else None
    for place, cell in enumerate(cells):
        x, y, size = _in_cell(scene, cell, grid, part * r.uniform(0.9, 1.04))
        scene.draw(counted if place < count else other, x, y, size, same if place < count else None)


def _count_shapes(scene: Scene, grid: tuple[int, int], cells: list[tuple[int, int]], count: int) -> None:
    r = scene.r
    (kind, other), colour, part = r.sample(range(len(SHAPES)), 2), r.choice(scene.visible_colours()), r.uniform(0.55, 0.85)
    for place, cell in enumerate(cells):
        x, y, size = _in_cell(scene, cell, grid, part * r.uniform(0.9, 1.04))
        scene.shape(kind if place < count else other, colour, x, y, size)


def _shapes(scene: Scene) -> None:
    r = scene.r
    count = r.choices([1, 2, 3], [4, 4, 2])[0]
    if _wide(scene):
        grid = r.choice([(3, 1), (4, 1)])
    elif _tall(scene):
        grid = r.choice([(1, 3), (1, 4)])
    elif count == 1 and r.random() < 0.5:
        grid = (1, 1)
    else:
        grid = r.choice([(2, 2), (3, 3), (2, 1), (1, 2)] if count < 3 else [(2, 2), (3, 3), (3, 1), (1, 3)])
    kinds, chosen = r.sample(range(len(SHAPES)), count), r.sample(scene.visible_colours(), count)
    for kind, colour, cell in zip(kinds, chosen, _cells(r, *grid, count)):
        scene.shape(kind, colour, *_in_cell(scene, cell, grid, r.uniform(0.5, 0.92)))


def _text(scene: Scene) -> None:
    world, r = scene.world, scene.r
    text = random_text(world, r, not scene.small)
    if r.random() < 0.3 and len(text) < 8:
        more = random_text(world, r, not scene.small)
        fits_a_line = len(text + more) < (12 if scene.small else 9)
        text += (" " if fits_a_line and r.random() < 0.4 else "\n") + more
    smallest = max(0.1, scene.smallest_text) if _wide(scene) or _tall(scene) else scene.smallest_text
    if r.random() < 0.3 and scene.height < 1.5:
        _sign_over_drawing(scene, text.replace("\n", " ") if len(text) < 10 else text.split("\n")[0], smallest)
    else:
        largest = 0.55 if r.random() < 0.45 else 0.25 if r.random() < 0.6 else 1.6 * smallest
        scene.write(text, r.uniform(0.2, 0.8), r.uniform(0.2, 0.8), r.uniform(0.5, 1), smallest, largest)


def _sign_over_drawing(scene: Scene, text: str, smallest: float) -> None:
    r, on_top, size = scene.r, scene.r.random() < 0.5, scene.r.uniform(0.35, 0.6)
    scene.write(text, 0.5, 0.17 if on_top else 0.83, 0.95, smallest, 0.26)
    half = size / 2 / scene.height + 0.01
    x, _ = _anywhere(scene, size)
    scene.draw(r.choice(scene.world.present), x, 1 - half if on_top else half, size)


def _empty(scene: Scene) -> None:
    pass


def _unknown(scene: Scene) -> None:
    r = scene.r
    count = r.choices([1, 2, 3], [6, 2, 1])[0]
    if count == 1:
        size = r.uniform(0.4, 1.0)
        scene.draw(UNKNOWN, *((0.5, 0.5) if r.random() < 0.5 else _anywhere(scene, size)), size, scene.world.unknown_drawing(r))
        return
    grid = _grid_for(scene, count)
    for cell in _cells(r, *grid, count):
        scene.draw(UNKNOWN, *_in_cell(scene, cell, grid, r.uniform(0.62, 0.98)), scene.world.unknown_drawing(r))


_COMPOSERS = {"one": _one, "several": _several, "mixed": _mixed, "count": _count, "shapes": _shapes, "text": _text, "empty": _empty,
              "unknown": _unknown}
