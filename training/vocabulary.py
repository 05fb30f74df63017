"""Collects the words of the task language and builds the tokenizer; or takes that of an earlier model.

    python3 -m training.vocabulary DATA [--of FOLDER]
"""
from __future__ import annotations

import argparse
import collections
import random
import re
from pathlib import Path

from . import compose, concepts, phrasing
from .prompt import GREETINGS, LAYOUTS
from .questions import DONT_KNOW, Questions
from .tokenizer import Tokenizer, words_of
from .world import World

_SCENES = 40000
_ALWAYS = {"User", "Assistant", "You", " You", " are", " helpful", " assistant", " The", " A", " color", " please", " image", " picture",
           " white", " background"}


def task_words(world: World, scenes: int) -> set[str]:
    seen: collections.Counter[str] = collections.Counter()
    r = random.Random(1)
    for _ in range(scenes):
        scene = compose.random_scene(world, r, r.choice(list(LAYOUTS)))
        for each in Questions(scene).all():
            for text in (each.question, " " + each.answer):
                seen.update(words_of(re.sub(r'"[^"]*"', '""', text)))  # quoted text is read letter by letter
    words = {word for word, count in seen.items() if count >= 3 or word[0] == " "}
    for wordings in vars(phrasing).values():  # also those that are only tested: nobody asks in half words
        if isinstance(wordings, phrasing.Wordings):
            for wording in wordings.plain + wordings.other + wordings.unseen:
                words.update(words_of(re.sub(r"\{\w\}", "", wording)))
    for questions, answer in GREETINGS + [([], DONT_KNOW)]:
        words.update(word for text in questions + [" " + answer] for word in words_of(text))
    for name in world.names:
        words.update(words_of(" " + name) + words_of(" " + concepts.plural(name)))
    return words | _ALWAYS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--scenes", type=int, default=_SCENES)
    parser.add_argument("--of", metavar="FOLDER", type=Path, help="a model's two files, to go on with training that model")
    options = parser.parse_args()
    if options.of:
        from . import shipped  # needs llama.cpp's gguf package
        tokenizer = shipped.load_tokenizer(options.of)
    else:
        tokenizer = Tokenizer.of_words(task_words(World(options.data), options.scenes))
    tokenizer.save(options.data / "tokenizer.json")
    print(f"{len(tokenizer.tokens)} tokens, {len(tokenizer.merges)} merges")


if __name__ == "__main__":
    main()
