"""Composes sets of pictures with questions and answers, for `plimsoll eval`.

    python3 -m training.compose_set DATA FOLDER --set unseen --count 300

Sets: unseen (pairs of things never shown together), kinds (the ways of asking that go beyond the plain ones, a row each),
styles (drawings of icon sets), text (long words, small letters, fonts never trained on), openmoji (a style never trained on).
"""
from __future__ import annotations

import argparse
import json
import random
from dataclasses import dataclass, field
from pathlib import Path

import torch
from PIL import Image

from . import atlas, batches, compose
from .prompt import LAYOUTS
from .questions import Question, Questions
from .renderer import Renderer
from .scene import Scene
from .world import World

_MAIN_STYLES = ["noto", "fluent-flat", "fluent-3d", "noto-v1", "fxemoji"]
_ICON_STYLES = ["streamline", "icon-park", "phosphor", "game-icons"]
_PLAIN_TASKS = {"what", "cap", "desc", "yesno", "count", "color", "shape", "bg", "spatial", "side", "where", "ocr"}
_KINDS_OF_QUESTION = ["paraphrase", "new wording", "word", "category", "lookalike", "unknown"]
_SIDES = [256, 288, 320, 384]  # pixels of a picture's longer side


@dataclass(frozen=True)
class Recipe:
    world: dict = field(default_factory=dict)
    kinds: tuple[str | None, ...] = (None,)  # of scenes; None: as they come


RECIPES = {
    "unseen": Recipe({"styles": _MAIN_STYLES}),
    "kinds": Recipe({"styles": _MAIN_STYLES}),
    "styles": Recipe({"styles": _ICON_STYLES}, ("one", "several", "count")),
    "text": Recipe({"styles": _MAIN_STYLES, "held_out_fonts": True}, ("text",)),
    "openmoji": Recipe({"drawings": "openmoji", "any_pair": True}),
}


def _question(name: str, scene: Scene, r: random.Random, wanted: str | None) -> Question | None:
    if wanted == "paraphrase" or wanted == "new wording":
        asked = [each for each in Questions(scene, "other" if wanted == "paraphrase" else "unseen").all() if each.task in _PLAIN_TASKS]
        return r.choice(asked)._replace(task=wanted) if asked else None
    tasks = {wanted} if wanted else {"ocr"} if name == "text" else _PLAIN_TASKS
    asked = [each for each in Questions(scene, "plain").all() if each.task in tasks]
    return r.choice(asked) if asked else None


def _fits(name: str, scene: Scene, world: World) -> bool:
    if name == "text":  # small or long, or it is no harder than the plain ones
        return bool(scene.texts) and (min(text.size for text in scene.texts) < 0.1 or max(len(text.words) for text in scene.texts) >= 8)
    return world.may_meet([drawing.concept for drawing in scene.drawings if drawing.concept >= 0])


class Painter:
    """Draws single scenes at any size, on the CPU."""

    def __init__(self, world: World, data: Path, drawings: str):
        self._world, self._data, self._drawings, self._cpu = world, data, drawings, torch.device("cpu")
        self._letters = atlas.of_letters(data, self._cpu)

    def paint(self, scene: Scene, longer_side: int) -> Image.Image:
        aspect = scene.width / scene.height
        size = (longer_side, max(64, round(longer_side / aspect))) if aspect >= 1 else (max(64, round(longer_side * aspect)), longer_side)
        used = sorted({drawing.number for drawing in scene.drawings})
        pictures = atlas.stored(self._world, self._data, self._drawings, used or [0])
        for drawing in scene.drawings:
            drawing.number = used.index(drawing.number)
        counts, backgrounds, objects, _ = (torch.from_numpy(array) for array in batches.numbers_of([scene], size))
        renderer = Renderer(atlas.of_drawings(self._world, pictures, self._cpu, outlines=False), self._letters, self._cpu)
        return Image.fromarray(renderer.render(size, counts, backgrounds, objects)[0].permute(1, 2, 0).numpy())


def compose_set(data: Path, folder: Path, name: str, count: int, seed: int, styles: list[str] | None = None) -> list[dict]:
    recipe, r = RECIPES[name], random.Random(seed)
    world = World(data, training=False, **(recipe.world | ({"styles": styles} if styles else {})))
    painter = Painter(world, data, recipe.world.get("drawings", "drawings"))
    folder.mkdir(parents=True, exist_ok=True)
    rows: list[dict] = []
    while len(rows) < count:
        wanted = _KINDS_OF_QUESTION[len(rows) % len(_KINDS_OF_QUESTION)] if name == "kinds" else None
        kind = "unknown" if wanted == "unknown" else r.choice(recipe.kinds)
        scene = compose.random_scene(world, r, r.choices(["square", "wide", "tall"], [8, 1, 1])[0], kind)
        if wanted is None and scene.kind == "unknown" or not _fits(name, scene, world):
            continue
        asked = _question(name, scene, r, wanted)
        if asked is None:
            continue
        scene.background[9] = 0.0  # noise: it only makes the files large
        picture = f"{len(rows):04d}.png"
        painter.paint(scene, r.choice(_SIDES)).save(folder / picture, optimize=True)
        rows.append({"image": picture, "question": asked.question, "answer": asked.answer, "task": asked.task})
    (folder / "questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--set", choices=list(RECIPES), required=True)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--styles", help="these drawing styles instead of the set's own, comma-separated")
    parser.add_argument("--seed", type=int, default=20261124)
    options = parser.parse_args()
    rows = compose_set(options.data, options.folder, options.set, options.count, options.seed,
                       options.styles.split(",") if options.styles else None)
    print(f"{options.folder}: {len(rows)} questions")


if __name__ == "__main__":
    main()
