"""How a picture's tiles and a conversation become tokens, exactly as libmtmd and the chat template write them."""
from __future__ import annotations

import random
from dataclasses import dataclass

from .tokenizer import FAKE, FIRST_ROW_COLUMN, GLOBAL, Tokenizer

TILE, TOKENS_PER_TILE = 192, 36
BEFORE_OVERVIEW = "\n\n"  # also where it stands alone, unlike SmolVLM's: the exported file says so


@dataclass(frozen=True)
class Layout:
    """A grid of tiles and the overview behind it. Without a grid the overview stands alone."""

    rows: int
    columns: int
    overview_twice: bool = False  # a grid of one tile: the same picture as the overview, encoded once

    @property
    def tiles(self) -> int:
        """Tiles that are encoded."""
        return 1 if self.overview_twice else self.rows * self.columns + 1

    @property
    def canvas(self) -> tuple[int, int]:
        """(width, height) that a scene is drawn at. What is shown in one tile is drawn larger and scaled down."""
        return max(self.columns, 1 if self.rows else 2) * TILE * (2 if self.overview_twice else 1), \
            max(self.rows, 1 if self.columns else 2) * TILE * (2 if self.overview_twice else 1)


LAYOUTS = {"overview": Layout(0, 0), "twice": Layout(1, 1, True), "square": Layout(2, 2), "wide": Layout(1, 2), "tall": Layout(2, 1)}

GREETINGS = [
    (["Hello", "Hi", "Hello!", "Hi there!", "Hey"], "Hello! Show me a picture and ask a question."),
    (["Who are you?", "What are you?", "What is your name?", "Tell me about yourself."], "I am plimsoll-tiny, a very small vision model."),
    (["What can you do?", "Help", "How can you help me?"],
     "I can name objects, count them, tell colors and positions, and read short words in simple pictures."),
    (["Thanks", "Thank you", "Thank you!", "Thanks!"], "You are welcome."),
    (["Bye", "Goodbye", "Goodbye!"], "Goodbye!")]


def picture_tokens(tokenizer: Tokenizer, layout: Layout) -> list[int]:
    """Token ids; -1 - n stands for the n-th embedding of the picture (grid tiles row by row, then the overview)."""
    ids, done = [], 0

    def tile() -> list[int]:
        nonlocal done
        done += TOKENS_PER_TILE
        return [-1 - number for number in range(done - TOKENS_PER_TILE, done)]

    for row in range(layout.rows):
        for column in range(layout.columns):
            ids += [FAKE, FIRST_ROW_COLUMN + row * 6 + column] + tile()
        if row + 1 != layout.rows:
            ids += tokenizer("\n")
    return ids + tokenizer(BEFORE_OVERVIEW) + [FAKE, GLOBAL] + tile() + [FAKE]


def _as_typed(r: random.Random, question: str) -> str:
    dice = r.random()
    if dice < 0.06:
        return question.lower()
    if dice < 0.10:
        return question.rstrip("?.")
    if dice < 0.12:
        return question.lower().rstrip("?.")
    return question


def _first_turn(tokenizer: Tokenizer, r: random.Random, layout: Layout, question: str) -> list[int]:
    system = "You are a helpful assistant.\n\n" if r.random() < 0.02 else ""
    start = tokenizer(f"<|im_start|>{system}User:" + (" " if r.random() < 0.85 else ""))
    end, picture = tokenizer("<end_of_utterance>\nAssistant:"), picture_tokens(tokenizer, layout)
    if r.random() < 0.08:  # the picture behind the question
        return start + tokenizer(question + r.choice(["", " ", "\n"])) + picture + end
    return start + picture + tokenizer(r.choices(["", " ", "\n"], [80, 10, 10])[0] + question) + end


def conversation(tokenizer: Tokenizer, r: random.Random, layout: Layout, turns: list[tuple[str, str]], room: int) -> tuple[list[int], list[int]]:
    """Token ids of as many (question, answer) turns as fit in `room`, and a mask: 1 where the model answers."""
    ids: list[int] = []
    mask: list[int] = []
    for question, answer in turns:
        question = _as_typed(r, question)
        asked = tokenizer(f"\nUser: {question}<end_of_utterance>\nAssistant:") if ids else _first_turn(tokenizer, r, layout, question)
        said = tokenizer(f" {answer}<end_of_utterance>")
        if len(ids) + len(asked) + len(said) > room:
            break
        ids += asked + said
        mask += [0] * len(asked) + [1] * len(said)
    return ids, mask


def greeting(tokenizer: Tokenizer, r: random.Random) -> tuple[list[int], list[int]]:
    """A turn without a picture."""
    questions, answer = r.choice(GREETINGS)
    asked = tokenizer(f"<|im_start|>User: {_as_typed(r, r.choice(questions))}<end_of_utterance>\nAssistant:")
    said = tokenizer(f" {answer}<end_of_utterance>")
    return asked + said, [0] * len(asked) + [1] * len(said)
