"""Writes ATTRIBUTION.md from sources.json: whose drawings, words and letters a model was made from.

    python3 -m training.attribution           writes it
    python3 -m training.attribution --check   fails where it is not up to date
"""
from __future__ import annotations

import argparse
from pathlib import Path

from . import sources

_FILE = Path(__file__).parent / "ATTRIBUTION.md"
_LICENCES = {"Apache-2.0": "https://www.apache.org/licenses/LICENSE-2.0", "CC-BY-4.0": "https://creativecommons.org/licenses/by/4.0/",
             "CC-BY-3.0": "https://creativecommons.org/licenses/by/3.0/", "CC-BY-SA-4.0": "https://creativecommons.org/licenses/by-sa/4.0/"}
_MIT = """\
> Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation
> files (the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy,
> modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the
> Software is furnished to do so, subject to the following conditions:
>
> The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
> Software.
>
> THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
> WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
> COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE,
> ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""


def _licence(name: str) -> str:
    return f"[{name}]({_LICENCES[name]})" if name in _LICENCES else name


def text() -> str:
    drawings, labels, words = sources.drawings(), sources.labels(), sources.words()
    lines = ["# Attribution", "", "Generated from `sources.json` by `python3 -m training.attribution`.", "",
             "A model that `training/` makes is made from these. The drawings are changed: rasterised, recoloured, turned, stretched,",
             "outlined and composed into scenes. No photographs, no text from the net and no outputs of other models are used.", "",
             "| drawings | © | package | licence | used for |", "| --- | --- | --- | --- | --- |"]
    lines += [f"| {each.title} | {each.holder} | `{each.package}` {each.version} | {_licence(each.licence)} | {each.use} |" for each in drawings]
    lines += ["", f"Labels: {labels['title']}, © {labels['holder']}, `{labels['package']}` {labels['version']}, {labels['licence']}.",
              f"Words: {words['title']}, {words['licence']}; {words['use']}.", "",
              "Fonts draw words in the scenes; no font data is in a model.", "", "| fonts (Debian package) | licence | used for |", "| --- | --- | --- |"]
    lines += [f"| `{each.package}` | {each.licence} | {each.use} |" for each in sources.fonts()]
    holders = sorted({each.holder for each in drawings if each.licence == "MIT"} | {labels["holder"]})
    lines += ["", f"MIT License. Copyright (c) {'; '.join(holders)}", "", _MIT]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    if not options.check:
        _FILE.write_text(text())
    elif not _FILE.exists() or _FILE.read_text() != text():
        raise SystemExit(f"{_FILE} is not up to date; run python3 -m training.attribution")


if __name__ == "__main__":
    main()
