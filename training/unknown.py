"""Things that the model shall say it does not know: unknown.txt, and icons that show nothing with a name of concepts.txt."""
from __future__ import annotations

import zlib
from pathlib import Path

UNKNOWN = -1  # instead of a concept's number; one label in four is kept for tests
UNKNOWN_TRAINED = -2  # all of them are trained with: nothing of them is kept
_FILE = Path(__file__).parent / "unknown.txt"
_TRAINED_HEADING = "[trained with]"
# Words of icons that may show a concept by another name, or its sign.
_MAY_SHOW = set("""account alarm badge bag beer beverage bill bin blossom book bookcase books bottle bug
    building burger business calendar call camcorder cash cd cellphone chat chip clip clock cog coin computer contact couple cup currency
    cut date delete device diamond digital disc display document dollar drink earth edit email emoji employee event face family favorite
    feather female file firework flashlight flower food footprint friend gemstone glass glasses group hand handset hat heart home house
    human hot idea image imac inbox instrument judge kid leaf letter light like location love mail male man map mic mobile money monitor
    moon motorbike mug music night note padlock page paper password payment pc people person pet photo picture pin plane plant police
    power profile rain rating recycle restaurant safe screen search sea security setting settings shirt shop shopping skate smartphone
    smartwatch smile smiley snow sofa soup sound speaker sport storm study suit sunglass table tablet tea team temperature time timer
    train transport trash travel tree trolley truck tv unlock user van vehicle video vip voice wallet water weather wheel winter wireless
    woman work world write zoom wordmark""".split())


def for_tests(label: str) -> bool:
    """By its label, so that a thing that tests show was seen in no style."""
    return zlib.crc32(label.encode()) % 4 == 0


def labels() -> tuple[list[str], list[str]]:
    """Labels of emoji: those of which a part is kept for tests, and those that are all trained with."""
    kept, trained = [], []
    chosen = kept
    for line in _FILE.read_text().splitlines():
        if line == _TRAINED_HEADING:
            chosen = trained
        elif line and not line.startswith("#"):
            chosen += line.split("|")
    return kept, trained


def words(name: str) -> set[str]:
    """Of a name or a label, in the singular."""
    return {word.rstrip("s") for word in name.lower().replace("-", " ").replace(":", " ").split()}


class Strangers:
    """Chooses icons that share no word with what has a name, nor with what is kept for tests."""

    def __init__(self, known_names: list[str], known_labels: list[str]):
        self._names = {word for name in known_names for word in name.lower().split()}
        tested = [label for label in labels()[0] if for_tests(label)]
        self._taken = {word for text in known_names + known_labels + tested for word in words(text)} | {
            word.rstrip("s") for word in _MAY_SHOW}

    def kept(self, names: list[str], count: int) -> list[str]:
        """`count` icons, of which a quarter is for tests. Chosen by names alone: a longer list would change the tests."""
        return _first([name for name in names if not self._names & set(name.rstrip("s").split("-"))], count)

    def trained(self, names: list[str], count: int) -> list[str]:
        """`count` icons for training."""
        return _first([name for name in names if not self._taken & words(name)], count)


def _first(names: list[str], count: int) -> list[str]:
    """Any, but always the same ones."""
    return sorted(names, key=lambda name: zlib.crc32(name.encode()))[:count]
