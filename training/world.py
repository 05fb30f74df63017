"""What scenes may be made of: which drawings, which fonts, which words, which things together."""
from __future__ import annotations

import json
import random
from pathlib import Path

from . import concepts, sources
from .glyphs import COUNT as LETTERS
from .glyphs import Glyphs
from .unknown import UNKNOWN, for_tests

SHAPES = ["circle", "square", "triangle", "diamond", "hexagon", "star", "heart", "cross"]
OUTLINED_STYLES = ("fluent-flat", "twemoji", "noto")  # those that outline variants are made of, see atlas.py
_OUTLINE_WEIGHTS = {"outline": 1.8, "outline-pale": 1.2}
SIGNS = ("stop open closed sale exit hello welcome yes no go cafe hotel taxi bus school bank pizza coffee help danger slow push pull "
         "love happy birthday free new hot cold police fire water milk tea menu wifi info news shop market home park zoo museum cinema "
         "post north south east west up down left right start end win game over play pause").split()


class World:
    """`training` decides the half of every split: pairs of concepts, unknown things, fonts. `styles` limits the drawings."""

    def __init__(self, data: Path, training: bool = True, styles: list[str] | None = None, held_out_fonts: bool = False,
                 drawings: str = "drawings", any_pair: bool = False):
        index = json.loads((data / f"{drawings}.json").read_text())
        self.training, self.concepts, self.drawing_size = training, concepts.load(), index["size"]
        self._any_pair = any_pair
        if index["concepts"] != [each.name for each in self.concepts]:
            raise SystemExit(f"{data / drawings}.json was made from other concepts: run training.collect again")
        self.drawings = index["drawings"]  # [concept, label, style, offset, length]
        self.names = [each.name for each in self.concepts]
        self.articles = [concepts.with_article(name) for name in self.names]
        self.plurals = [concepts.plural(name) for name in self.names]
        self.kinds = [each.category for each in self.concepts]
        self.clear_kind = [concepts.clear_kind(each) for each in self.concepts]
        self.lookalikes = concepts.lookalikes(self.concepts)
        self.changes_style = training and styles is None  # stronger changes of colour, proportion and turn
        self._pool(styles)
        self.present = [number for number, pool in enumerate(self._by_style) if pool]
        self.of_kind: dict[str, list[int]] = {}
        for number in self.present:
            self.of_kind.setdefault(self.kinds[number], []).append(number)
        self.glyphs = Glyphs(data / "fonts.npz")
        self.faces = [face for face, held_out in enumerate(self.glyphs.held_out) if held_out == held_out_fonts]
        self.words = (data / "words.txt").read_text().split()
        self.long_words = [word for word in self.words if len(word) >= 8]
        self.short_words = [word for word in self.words if len(word) <= 9]
        self.classes = 1 + len(self.names) + len(SHAPES) + LETTERS  # of a patch of the picture, see labels

    def _pool(self, styles: list[str] | None) -> None:
        weights = {source.style: source.weight for source in sources.drawings()} | _OUTLINE_WEIGHTS
        self._by_style: list[dict[str, list[int]]] = [{} for _ in self.names]
        unknown: dict[str, list[int]] = {}
        for number, (concept, label, style, _, _) in enumerate(self.drawings):
            if concept < 0:
                kept = concept == UNKNOWN and for_tests(label)
                if kept != self.training:
                    unknown.setdefault(style, []).append(number)
            elif styles is None or style in styles:
                self._by_style[concept].setdefault(style, []).append(number)
        self.outlined = [number for number, (concept, _, style, _, _) in enumerate(self.drawings)
                         if concept >= 0 and style in OUTLINED_STYLES]
        if self.changes_style:  # the atlas has the outline variants behind the drawings, in this order
            for place, number in enumerate(self.outlined):
                pool = self._by_style[self.drawings[number][0]]
                pool.setdefault("outline", []).append(len(self.drawings) + place)
                pool.setdefault("outline-pale", []).append(len(self.drawings) + len(self.outlined) + place)
        self._unknown = list(unknown.values())
        self._unknown_weights = [len(numbers) for numbers in unknown.values()]  # each as often as the others
        self._styles = [(list(pool), [weights[style] for style in pool]) for pool in self._by_style]

    def drawing(self, r: random.Random, concept: int) -> int:
        styles, weights = self._styles[concept]
        return r.choice(self._by_style[concept][r.choices(styles, weights)[0]])

    @property
    def has_unknown(self) -> bool:
        return bool(self._unknown)

    def unknown_drawing(self, r: random.Random) -> int:
        return r.choice(r.choices(self._unknown, self._unknown_weights)[0])

    def may_meet(self, together: list[int]) -> bool:
        """One pair of concepts in 23 is never shown in training. Tests show at least one of these, or a single concept."""
        if self._any_pair:
            return True
        unique = sorted(set(together))
        held_out = any((first * 7919 + second * 104729) % 23 == 0
                       for place, first in enumerate(unique) for second in unique[place + 1:])
        return not held_out if self.training else held_out or len(unique) < 2
