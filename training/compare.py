"""Asks two models the same sets with the program and shows where each is better, row by row.

    python3 -m training.compare RESULTS OLD_MODEL NEW_MODEL SET_FOLDER... [--sizes 384,192] [--plimsoll build/release/bin/plimsoll]

What is in RESULTS already is not asked again, and an interrupted run goes on.
"""
from __future__ import annotations

import argparse
import json
import subprocess
from pathlib import Path


def asked(plimsoll: str, model: str, questions: Path, size: int, result: Path) -> dict:
    if not result.exists():
        command = [plimsoll, "eval", "--questions", str(questions), "--model", model, "--image-size", str(size),
                   "--device-memory", "8GiB", "--json", str(result)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return json.loads(result.read_text())


def _share(score: dict) -> float:
    return 100 * score["right"] / score["asked"]


def rows(old: dict, new: dict) -> list[tuple[str, float, float, int]]:
    """(task, old %, new %, questions)."""
    table = [(task, _share(score), _share(new["tasks"][task]), score["asked"]) for task, score in sorted(old["tasks"].items())]
    return table + [("all", _share(old["all"]), _share(new["all"]), old["all"]["asked"])]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path)
    parser.add_argument("old")
    parser.add_argument("new")
    parser.add_argument("sets", type=Path, nargs="+")
    parser.add_argument("--sizes", default="384,192")
    parser.add_argument("--plimsoll", default="build/release/bin/plimsoll")
    options = parser.parse_args()
    options.results.mkdir(parents=True, exist_ok=True)
    worse = 0
    print("| set | image size | task | old | new | questions |\n| --- | --- | --- | --- | --- | --- |")
    for folder in options.sets:
        for size in map(int, options.sizes.split(",")):
            old, new = (asked(options.plimsoll, model, folder / "questions.jsonl", size,
                              options.results / f"{label}-{folder.name}-{size}.json")
                        for label, model in (("old", options.old), ("new", options.new)))
            for task, before, after, count in rows(old, new):
                worse += after < before - 1
                mark = "**" if after < before - 1 else ""
                print(f"| {folder.name} | {size} | {task} | {before:.1f} | {mark}{after:.1f}{mark} | {count} |", flush=True)
    print(f"\nworse by more than a point: {worse} rows")


if __name__ == "__main__":
    main()
