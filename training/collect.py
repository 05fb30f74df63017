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

from . import concepts, glyphs, packages, rasterise, sources, unknown, word_list

# Icon sets draw something else under these names: a bolt of lightning, memory, a badge, a baseball bat ...
_OTHER_MEANING = {"bolt", "ram", "seal", "bat", "mouse", "ring", "hook", "watch", "jar", "gear", "drum", "foot", "cap",
                  "salad", "pager", "ticket", "die", "turkey", "wave", "scale", "window", "comet", "shower", "lotus",
                  "duck", "crane", "apple", "phone", "anchor", "egg", "trumpet", "chicken", "spoon", "medal", "magnet", "key", "star", "heart", "melon", "pie", "coat", "otter", "swan",
                  "palette", "globe", "label", "record", "brain", "mouth", "nose", "necktie", "bone", "tent", "goose"}
_NOT_IN = {("streamline", "turkey"), ("game-icons", "clover")}  # the flag, a tool
_UNKNOWN_TESTED_STYLES = ("noto", "twemoji", "fluent-flat", "emojione")  # of emoji that tests show


@dataclass(frozen=True)
class Job:
    source: sources.DrawingSource
    package: str
    concept: int  # or one of unknown.py's
    label: str
    icon: str


def _open(source: sources.DrawingSource, package: Path):
    return rasterise.PictureFolder(package) if source.reader == "files" else rasterise.IconSet(package)


def _icons(source, reader, concept: concepts.Concept, codes: dict[str, str]) -> list[tuple[str, str]]:
    """(label, icon) of every drawing of a concept."""
    if source.names == "none" or (source.style, concept.name) in _NOT_IN:
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


def _unknown_emoji(source, reader, package: Path, emoji: list[dict], codes: dict[str, str]) -> list[Job]:
    def found(labels: list[str], number: int) -> list[Job]:
        return [Job(source, str(package), number, label, icon) for label in labels if label in codes
                for icon in (reader.by_label(label) if source.names == "label" else reader.by_emoji(label, codes[label]))]

    kept, trained = unknown.labels()
    flags = [each["label"] for each in emoji if each["label"].startswith("flag: ")]
    kept += [label for label in flags if zlib.crc32((source.style + label).encode()) % 4 == 0]
    if source.style in _UNKNOWN_TESTED_STYLES:
        return found(kept, unknown.UNKNOWN) + found(trained, unknown.UNKNOWN_TRAINED)
    return found([label for label in kept if not unknown.for_tests(label)] + trained, unknown.UNKNOWN_TRAINED)


def _unknown_icons(source, reader, package: Path, strangers: unknown.Strangers) -> list[Job]:
    kept = strangers.kept(reader.names(), source.unknown_kept)
    others = [name for name in reader.names() if name.endswith(source.variants) and name not in kept
              and not (source.unknown_kept and unknown.for_tests(name))]
    return [Job(source, str(package), unknown.UNKNOWN, name, name) for name in kept] + [
        Job(source, str(package), unknown.UNKNOWN_TRAINED, name, name) for name in strangers.trained(others, source.unknown)]


def jobs(folder: Path, chosen: list[concepts.Concept], known: list[concepts.Concept], styles: set[str] | None) -> list[Job]:
    label_source = sources.labels()
    label_folder = packages.fetch(label_source["package"], label_source["version"], label_source["integrity"], folder)
    emoji = json.loads((label_folder / "en" / "data.json").read_text())
    codes = {each["label"]: each["hexcode"] for each in emoji}
    strangers = unknown.Strangers([concept.name for concept in known], [label for concept in known for label in concept.emoji])
    work = []
    for source in sources.drawings():
        if styles and source.style not in styles:
            continue
        package = packages.fetch(source.package, source.version, source.integrity, folder)
        reader = _open(source, package)
        for concept in chosen:
            work += [Job(source, str(package), known.index(concept), label, icon)
                     for label, icon in _icons(source, reader, concept, codes)]
        if source.use != "training":
            continue
        work += _unknown_emoji(source, reader, package, emoji, codes) if source.names in ("emoji", "label") else (
            _unknown_icons(source, reader, package, strangers))
    tested = {job.label.lower() for job in work if job.concept == unknown.UNKNOWN and unknown.for_tests(job.label)}
    return [job for job in work if job.concept != unknown.UNKNOWN_TRAINED or job.label.lower() not in tested]


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
