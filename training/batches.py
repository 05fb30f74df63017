"""Batches of scenes and conversations, made by worker processes as plain numbers; the GPU draws them."""
from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, NamedTuple

import numpy as np
import torch

from . import compose, prompt
from .prompt import LAYOUTS
from .questions import Questions
from .scene import BACKGROUND_NUMBERS, MOST_OBJECTS, OBJECT_NUMBERS
from .tokenizer import Tokenizer
from .world import World


@dataclass(frozen=True)
class Plan:
    share: float  # of the steps
    tokens: int  # room for a picture and its conversation


# One tile is asked about as often as five: it is what the smallest devices see.
PLANS = {"overview": Plan(0.34, 176), "twice": Plan(0.06, 208), "square": Plan(0.40, 344), "wide": Plan(0.10, 256), "tall": Plan(0.10, 256)}
_ANSWER_SHARE = 0.42  # of the tokens, at most


class Batch(NamedTuple):
    """Arrays where it is made: tensors would travel through /dev/shm, which is tiny in many containers."""

    counts: np.ndarray  # objects in each scene
    backgrounds: np.ndarray
    objects: np.ndarray
    labels: np.ndarray
    ids: np.ndarray
    places: np.ndarray  # of the tokens that are followed by a part of an answer, in the flattened batch
    targets: np.ndarray  # these parts; -100 where there are fewer

    def to(self, device: torch.device) -> Batch:
        return Batch(*(torch.from_numpy(array).to(device, non_blocking=True) for array in self))


def scenes_in(layout: str, tiles: int) -> int:
    return max(1, tiles // LAYOUTS[layout].tiles)


def numbers_of(scenes: list, canvas: tuple[int, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """What the renderer reads: counts, backgrounds, objects, labels."""
    counts, backgrounds = np.zeros(len(scenes), np.int32), np.zeros((len(scenes), BACKGROUND_NUMBERS), np.float32)
    objects, labels = (np.zeros((len(scenes), MOST_OBJECTS, width), np.float32) for width in (OBJECT_NUMBERS, 5))
    for place, scene in enumerate(scenes):
        drawn, classes = scene.numbers(*canvas)
        counts[place], backgrounds[place] = len(drawn), scene.background
        if drawn:
            objects[place, :len(drawn)], labels[place, :len(drawn)] = drawn, classes
    return counts, backgrounds, objects, labels


def _conversation(tokenizer: Tokenizer, r: random.Random, layout: str, scene, room: int) -> tuple[list[int], list[int]]:
    if layout == "overview" and r.random() < 0.02:
        return prompt.greeting(tokenizer, r)
    return prompt.conversation(tokenizer, r, LAYOUTS[layout], [each[1:] for each in Questions(scene).all()], room)


def make(world: World, tokenizer: Tokenizer, r: random.Random, layout: str, tiles: int) -> Batch:
    count, room = scenes_in(layout, tiles), PLANS[layout].tokens
    scenes = [compose.random_scene(world, r, layout) for _ in range(count)]
    ids, places, targets = np.zeros((count, room), np.int64), [], []
    for row, scene in enumerate(scenes):
        said, mask = _conversation(tokenizer, r, layout, scene, room)
        ids[row, :len(said)] = said
        answered = np.flatnonzero(mask[1:])
        places.append(answered + row * room)
        targets.append(np.array(said[1:], np.int64)[answered])
    most = int(count * room * _ANSWER_SHARE) // 64 * 64 + 64  # one shape for all batches of a layout
    fixed_places, fixed_targets = np.zeros(most, np.int64), np.full(most, -100, np.int64)
    all_places, all_targets = np.concatenate(places)[:most], np.concatenate(targets)[:most]
    fixed_places[:len(all_places)], fixed_targets[:len(all_targets)] = all_places, all_targets
    return Batch(*numbers_of(scenes, LAYOUTS[layout].canvas), ids, fixed_places, fixed_targets)


def layout_of_step(seed: int, step: int) -> str:
    """The same on every GPU, so that none waits for another's longer batch."""
    return random.Random(seed * 1_000_003 + step).choices(list(PLANS), [plan.share for plan in PLANS.values()])[0]


class Stream(torch.utils.data.IterableDataset):
    """Worker w of n makes the steps w, w + n, w + 2n ...; the loader hands them out in order."""

    def __init__(self, data: Path, seed: int, rank: int, first_step: int, tiles: int):
        self._data, self._seed, self._rank, self._first, self._tiles = data, seed, rank, first_step, tiles

    def __iter__(self) -> Iterator[Batch]:
        torch.set_num_threads(1)
        worker = torch.utils.data.get_worker_info()
        number, workers = (worker.id, worker.num_workers) if worker else (0, 1)
        world, tokenizer = World(self._data), Tokenizer.load(self._data / "tokenizer.json")
        step = self._first + number
        while True:
            r = random.Random((self._seed * 64 + self._rank) * 1_000_003 + step)
            yield make(world, tokenizer, r, layout_of_step(self._seed, step), self._tiles)
            step += workers


def _as_it_is(batch: Batch) -> Batch:
    return batch


def loader(data: Path, seed: int, rank: int, first_step: int, tiles: int, workers: int) -> Iterator[Batch]:
    stream = Stream(data, seed, rank, first_step, tiles)
    more = {"prefetch_factor": 4, "multiprocessing_context": "fork"} if workers else {}
    return iter(torch.utils.data.DataLoader(stream, batch_size=None, num_workers=workers, collate_fn=_as_it_is, **more))
