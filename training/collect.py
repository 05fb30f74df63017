"""Collects what scenes are drawn from: drawings, letters, words.

    python3 -m training.collect DATA [--only CONCEPT,CONCEPT...] [--packages FOLDER]

Writes DATA/drawings.bin and .json (training), DATA/openmoji.bin and .json (tests only), DATA/fonts.npz, DATA/words.txt.
"""
from __future__ import annotations

import argparse
import json
import time
import zlib
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from . import concepts, glyphs, packages, rasterise, sources, word_list

# Icon sets draw something else under these names: a bolt of lightning, memory, a badge, a baseball bat ...
_OTHER_MEANING = {"bolt", "ram", "seal", "bat", "mouse", "ring", "hook", "watch", "jar", "gear", "drum", "foot", "cap",
                  "salad", "pager", "ticket", "die", "turkey", "wave", "scale", "window", "comet", "shower", "lotus",
                  "duck", "crane", "apple", "phone", "anchor", "egg", "trumpet", "chicken", "spoon", "medal", "magnet", "key", "star", "heart", "melon", "pie", "coat", "otter", "swan",
                  "palette", "globe", "label", "record", "brain", "mouth", "nose", "necktie", "bone", "tent", "goose"}
_NOT_IN = {("streamline", "turkey"), ("game-icons", "clover")}  # the flag, a tool
_GAME_ICONS_UNKNOWN = 240  # icons of a set of thousands that share no word with a concept


@dataclass(frozen=True)
class Job:
    source: sources.DrawingSource
    package: str
    concept: int  # -1: a thing that the model shall not know
    label: str
    icon: str


def _open(source: sources.DrawingSource, package: Path):
    return rasterise.PictureFolder(package) if source.reader == "files" else rasterise.IconSet(package)


def _icons(source, reader, concept: concepts.Concept, codes: dict[str, str]) -> list[tuple[str, str]]:
    """(label, icon) of every drawing of a concept."""
    if (source.style, concept.name) in _NOT_IN:
        return []
    if source.names == "concept":
        if concept.name in _OTHER_MEANING:
            return []
        return [(concept.name, icon) for icon in reader.by_name(concept.name, source.variants)]
    found = []
    for label in concept.emoji:
        icons = reader.by_label(label) if source.names == "label" else reader.by_emoji(label, codes[label])
        found += [(label, icon) for icon in icons]
    return found


def _unknown_labels(emoji: list[dict]) -> list[str]:
    text = (concepts.HERE / "unknown.txt").read_text()
    listed = [label for line in text.splitlines() if not line.startswith("#") for label in line.split("|")]
    return listed + [each["label"] for each in emoji if each["label"].startswith("flag: ")]


def _unknown_jobs(source, reader, package: Path, labels: list[str], codes: dict[str, str], known: list[concepts.Concept]) -> list[Job]:
    if source.style == "game-icons":
        taken = {word for concept in known for word in concept.name.lower().split()}
        strange = [name for name in reader.names() if not taken & set(name.rstrip("s").split("-"))]
        strange = sorted(strange, key=lambda name: zlib.crc32(name.encode()))[:_GAME_ICONS_UNKNOWN]
        return [Job(source, str(package), -1, name, name) for name in strange]
    if source.style not in ("noto", "twemoji", "fluent-flat", "emojione"):
        return []
    return [Job(source, str(package), -1, label, icon) for label in labels if label in codes
            for icon in reader.by_emoji(label, codes[label])
            if not label.startswith("flag: ") or zlib.crc32((source.style + label).encode()) % 4 == 0]


def jobs(folder: Path, chosen: list[concepts.Concept], known: list[concepts.Concept], styles: set[str] | None) -> list[Job]:
    label_source = sources.labels()
    label_folder = packages.fetch(label_source["package"], label_source["version"], label_source["integrity"], folder)
    emoji = json.loads((label_folder / "en" / "data.json").read_text())
    codes = {each["label"]: each["hexcode"] for each in emoji}
    work = []
    for source in sources.drawings():
        if styles and source.style not in styles:
            continue
        package = packages.fetch(source.package, source.version, source.integrity, folder)
        reader = _open(source, package)
        for concept in chosen:
            work += [Job(source, str(package), known.index(concept), label, icon)
                     for label, icon in _icons(source, reader, concept, codes)]
        work += _unknown_jobs(source, reader, package, _unknown_labels(emoji), codes, known)
    return work


_readers: dict[str, object] = {}


def _draw(job: Job) -> bytes | None:
    reader = _readers.get(job.source.style)
    if reader is None:
        reader = _readers[job.source.style] = _open(job.source, Path(job.package))
    square = rasterise.fit(reader.picture(job.icon))
    return rasterise.webp(square) if square else None


def write(folder: Path, name: str, drawn: list[tuple[Job, bytes]], known: list[concepts.Concept]) -> None:
    entries, blob = [], bytearray()
    for job, picture in drawn:
        entries.append([job.concept, job.label, job.source.style, len(blob), len(picture)])
        blob += picture
    (folder / f"{name}.bin").write_bytes(blob)
    index = {"size": rasterise.SIZE, "concepts": [each.name for each in known], "drawings": entries}
    (folder / f"{name}.json").write_text(json.dumps(index))
    print(f"{name}: {len(entries)} drawings, {len(blob) / 2**20:.1f} MiB", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--packages", type=Path, help="where npm packages are kept (DATA/packages)")
    parser.add_argument("--only", help="these concepts, comma-separated, for a quick try")
    parser.add_argument("--styles", help="these styles, comma-separated, for a quick try")
    options = parser.parse_args()
    options.data.mkdir(parents=True, exist_ok=True)
    known = concepts.load()
    chosen = [each for each in known if each.name in options.only.split(",")] if options.only else known
    started = time.time()
    work = jobs(options.packages or options.data / "packages", chosen, known, set(options.styles.split(",")) if options.styles else None)
    with ProcessPoolExecutor() as pool:
        pictures = list(pool.map(_draw, work, chunksize=16))
    drawn = [(job, picture) for job, picture in zip(work, pictures) if picture]
    write(options.data, "drawings", [each for each in drawn if each[0].source.use == "training"], known)
    write(options.data, "openmoji", [each for each in drawn if each[0].source.use != "training"], known)
    glyphs.draw_atlas(options.data / "fonts.npz")
    word_list.write(options.data / "words.txt")
    print(f"{time.time() - started:.0f} s")


if __name__ == "__main__":
    main()
