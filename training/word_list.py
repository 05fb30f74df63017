"""Words to read: short ones of Debian's word list."""
from __future__ import annotations

import base64
import re
from pathlib import Path

_SOURCE = Path("/usr/share/dict/words")
# Rude stems, in base64 so that nobody reads them by accident. A word that begins with one or contains it is left out.
_RUDE = base64.b64decode(
    "ZnVjayBzaGl0IGN1bnQgbmlnZyBmYWcgd2hvcmUgc2x1dCBiaXRjaCByYXBlIHJhcGkgcGVuaXMgdmFnaW4gYW51cyBhbmFsIHRpdHMgcGlzcyBj"
    "b2NrIGRpY2sgYXNzaCB0d2F0IHByaWNrIHBvcm4gc2V4IG5hemkga2lrZSBzcGljIGdvb2sgY2hpbmsgd2FuayBib29iIGVyZWN0IG9yZ3kgb3Jn"
    "aWUgaG9tbyBkeWtlIHRyYW5ueSBuZWdybyBzcGVybSBzbHV0IHBpbXAgaG9va2VyIGhlcm9pbiBtb2xlc3QgaW5jZXN0IHBlZG8=").decode().split()


def write(path: Path, longest: int = 12) -> None:
    words = _SOURCE.read_text().split()
    kept = sorted({word for word in words if re.fullmatch(r"[a-z]{2," + str(longest) + "}", word)
                   and not any(stem in word for stem in _RUDE)})
    path.write_text("\n".join(kept) + "\n")
    print(f"words: {len(kept)}")
