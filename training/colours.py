"""The eleven colours that have names, and the shades they are drawn in."""
from __future__ import annotations

import random

COLOURS = {"red": (215, 30, 35), "orange": (250, 140, 20), "yellow": (250, 220, 30), "green": (40, 160, 60),
           "blue": (35, 85, 215), "purple": (130, 50, 175), "pink": (250, 130, 185), "brown": (125, 75, 35),
           "black": (15, 15, 18), "white": (250, 250, 250), "gray": (135, 135, 138)}
NAMES = list(COLOURS)
_LIGHT = {"green": (120, 205, 125), "blue": (120, 180, 245), "purple": (175, 130, 225), "yellow": (252, 238, 130),
          "pink": (252, 180, 215), "orange": (252, 175, 90), "brown": (165, 115, 70), "red": (235, 70, 70),
          "gray": (175, 175, 178)}
_DARK = {"green": (20, 105, 40), "blue": (20, 40, 140), "purple": (85, 20, 120), "red": (160, 15, 20),
         "gray": (95, 95, 98), "brown": (90, 52, 22), "pink": (238, 90, 150)}
# People would not agree on these, so one of a pair is never asked about or drawn beside the other.
CONFUSED = {frozenset(pair) for pair in [
    ("red", "orange"), ("red", "pink"), ("red", "brown"), ("orange", "yellow"), ("orange", "brown"), ("purple", "pink"),
    ("blue", "purple"), ("gray", "white"), ("gray", "black"), ("brown", "black")]}


def shade(r: random.Random, name: str) -> tuple[float, float, float]:
    """A colour, 0 to 1 a channel, that everybody would call by this name."""
    dice, base = r.random(), COLOURS[name]
    if dice < 0.3 and name in _LIGHT:
        base = _LIGHT[name]
    elif dice < 0.5 and name in _DARK:
        base = _DARK[name]
    return tuple(min(255.0, max(0.0, value + r.uniform(-12, 12))) / 255 for value in base)


def brightness(colour) -> float:
    return 0.3 * colour[0] + 0.59 * colour[1] + 0.11 * colour[2]
