"""Whether a machine's renderer draws what another's does.

    python3 -m training.check_renderer DATA FILE --write     on one machine
    python3 -m training.check_renderer DATA FILE             on the other
"""
from __future__ import annotations

import argparse
import random
from pathlib import Path

import numpy as np
import torch

from . import atlas, batches, compose
from .prompt import LAYOUTS
from .renderer import Renderer, Tiler
from .world import World

_SCENES = 1  # of each kind
_ALLOWED = 3  # of 255: the two compilers round differently


def drawn(data: Path, device: torch.device) -> tuple[np.ndarray, np.ndarray]:
    """Overview tiles of scenes, and the labels of their patches."""
    world, r, layout = World(data, styles=["noto", "fluent-flat", "twemoji"]), random.Random(3), LAYOUTS["square"]
    scenes = [compose.random_scene(world, r, "square", kind) for kind in compose.KINDS for _ in range(_SCENES)]
    numbers = batches.numbers_of(scenes, layout.canvas)
    used = sorted({drawing.number for scene in scenes for drawing in scene.drawings})
    pictures = atlas.stored(world, data, "drawings", used)
    position = {number: place for place, number in enumerate(used)}
    drawings = numbers[2][numbers[2][..., 0] == 1]
    drawings[:, 1] = [position[int(number)] for number in drawings[:, 1]]
    numbers[2][numbers[2][..., 0] == 1] = drawings
    counts, backgrounds, objects, labels = (torch.from_numpy(array).to(device) for array in numbers)
    renderer = Renderer(atlas.of_drawings(world, pictures, device), atlas.of_letters(data, device), device)
    tiles = Tiler(device)(layout, renderer.render(layout.canvas, counts, backgrounds, objects))[:, -1]
    pixels = ((tiles + 1) * 127.5).round().to(torch.uint8)
    return pixels.cpu().numpy(), renderer.labels(layout, counts, objects, labels).cpu().numpy()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("file", type=Path)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    tiles, labels = drawn(options.data, torch.device("cuda" if torch.cuda.is_available() else "cpu"))
    if options.write:
        np.savez_compressed(options.file, tiles=tiles, labels=labels)
        return
    other = np.load(options.file)
    far = (np.abs(tiles.astype(int) - other["tiles"]) > _ALLOWED).mean()
    wrong = (labels != other["labels"]).mean()
    print(f"pixels apart by more than {_ALLOWED} of 255: {far:.2%}; labels that differ: {wrong:.2%}")
    if far > 0.01 or wrong > 0.005:
        raise SystemExit("the renderers disagree")


if __name__ == "__main__":
    main()
