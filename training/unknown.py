"""Which unknown things are kept for tests."""
import zlib


def for_tests(label: str) -> bool:
    """By its label, so that a thing that tests show was seen in no style."""
    return zlib.crc32(label.encode()) % 4 == 0
