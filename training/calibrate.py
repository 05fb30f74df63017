"""Makes a model say "I don't know." as early as the things that it knows allow.

    python3 -m training.calibrate DATA FOLDER NEW_FOLDER [--scenes 600] [--share 0.005]

Training ends with a model that hardly ever doubts what it knows, and so still gives strange things a name. The answer begins with
a token of its own, " I". Its row of the embeddings is made longer, until `share` more of fresh scenes of known things, drawn as
for training, would be answered with it. All other numbers stay as they are. Tests have no part in the choice.
"""
from __future__ import annotations

import argparse
import random
from pathlib import Path

import torch

from . import compose, sources
from .compose_set import Painter
from .export import write
from .model import Model
from .prompt import TILE
from .questions import DONT_KNOW, Questions
from .shipped import ask, load, load_weights, next_logits
from .tokenizer import Tokenizer
from .world import World

_MOST = 1.25  # a row that is longer by more would answer by itself
_OPEN_QUESTIONS = {"what", "cap", "desc"}


def _needed(logits: torch.Tensor, token: int) -> float:
    """By how much the token's row must grow to win. Infinite where it speaks against itself."""
    others = torch.cat([logits[:token], logits[token + 1:]]).max()
    return float(others / logits[token]) if logits[token] > 0 else float("inf")


def _doubt(tokenizer: Tokenizer) -> int:
    """The token that "I don't know." begins with."""
    return tokenizer(f"Assistant: {DONT_KNOW}")[len(tokenizer("Assistant:"))]


def factor(model: Model, tokenizer: Tokenizer, data: Path, scenes: int, share: float, seed: int) -> float:
    r = random.Random(seed)
    world = World(data, styles=[source.style for source in sources.drawings()])
    painter, token = Painter(world, data, "drawings"), _doubt(tokenizer)
    needed: list[float] = []
    while len(needed) < scenes:
        scene = compose.random_scene(world, r, "overview", r.choice(["one", "several", "count"]))
        asked = [each for each in Questions(scene, "plain").all() if each.task in _OPEN_QUESTIONS]
        if asked:
            picture = painter.paint(scene, 2 * TILE)
            needed.append(_needed(next_logits(model, *ask(model, tokenizer, picture, r.choice(asked).question)), token))
            if len(needed) % 100 == 0:
                print(f"{len(needed)} of {scenes} scenes", flush=True)
    needed.sort()
    lost = sum(each <= 1 for each in needed)
    print(f"{lost} of {scenes} known scenes are not known now; the next ones need", " ".join(f"{each:.3f}" for each in needed[lost:lost + 8]))
    return min(_MOST, needed[min(lost + int(share * scenes), scenes - 1)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("new_folder", type=Path)
    parser.add_argument("--scenes", type=int, default=600)
    parser.add_argument("--share", type=float, default=0.005, help="of known scenes that may be given up for it (0.005)")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    model, tokenizer = load(options.folder)
    longer = factor(model, tokenizer, options.data, options.scenes, options.share, options.seed)
    print(f"the row of \" I\" times {longer:.3f}")
    weights = load_weights(options.folder)
    weights["embeddings.weight"][_doubt(tokenizer)] *= longer
    write(options.new_folder, "q8_0", weights, tokenizer)


if __name__ == "__main__":
    main()
