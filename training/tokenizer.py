"""Byte-level BPE, so made that every word of the task language is one token and all else falls back to letters.

Merges are left-to-right chains: each prefix of a word is a token too. llama.cpp reads it as a `gpt2` model with the
pre-tokenizer `smollm`; `_PIECES` splits text as that does.
"""
from __future__ import annotations

import json
import re
from pathlib import Path

SPECIAL = (["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<end_of_utterance>", "<fake_token_around_image>", "<image>", "<global-img>"]
           + [f"<row_{row}_col_{column}>" for row in range(1, 7) for column in range(1, 7)])
END, FAKE, GLOBAL, FIRST_ROW_COLUMN = 3, 4, 6, 7
_PIECES = re.compile(r"'s|'t|'re|'ve|'m|'ll|'d| ?[^\W\d_]+| ?[^\s\w]+|\s+(?!\S)|\s+|.", re.S)
_VOCABULARY_STEP = 32  # the number of tokens is a multiple of it


def _byte_letters() -> dict[int, str]:
    """GPT-2's table: a printable character for each byte."""
    shown = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
    hidden = [byte for byte in range(256) if byte not in shown]
    return {byte: chr(byte) for byte in shown} | {byte: chr(256 + place) for place, byte in enumerate(hidden)}


_LETTER = _byte_letters()
_BYTE = {letter: byte for byte, letter in _LETTER.items()}


def _letters(text: str) -> str:
    return "".join(_LETTER[byte] for byte in text.encode())


def words_of(text: str) -> list[str]:
    """The pieces of a text that consist of letters; a leading space belongs to them."""
    return [piece for part in re.split(r"\d", text) for piece in _PIECES.findall(part) if re.fullmatch(r" ?[A-Za-z]+", piece)]


def is_special(token: str) -> bool:
    return token in SPECIAL or token.startswith("<|reserved")


class Tokenizer:
    def __init__(self, tokens: list[str], merges: list[tuple[str, str]]):
        self.tokens, self.merges = tokens, merges
        self.id = {token: number for number, token in enumerate(tokens)}
        self._rank = {merge: rank for rank, merge in enumerate(merges)}
        self._words: dict[str, list[int]] = {}
        self._special = re.compile("(" + "|".join(re.escape(each) for each in sorted(SPECIAL, key=len, reverse=True)) + ")")

    @classmethod
    def of_words(cls, words: set[str]) -> Tokenizer:
        tokens, merges = SPECIAL + [_LETTER[byte] for byte in range(256)], []
        have = set(tokens)

        def add(left: str, right: str) -> None:
            if left + right not in have:
                have.add(left + right)
                tokens.append(left + right)
                merges.append((left, right))

        add(_letters("\n"), _letters("\n"))
        ordered = sorted((_letters(word) for word in words if len(word) > 1), key=lambda word: (len(word), word))
        for length in range(2, max(map(len, ordered)) + 1):  # short before long: a chain's links come in order
            for word in ordered:
                if len(word) >= length:
                    add(word[:length - 1], word[length - 1])
        while len(tokens) % _VOCABULARY_STEP:
            tokens.append(f"<|reserved_{len(tokens)}|>")
        return cls(tokens, merges)

    @classmethod
    def load(cls, path: Path) -> Tokenizer:
        stored = json.loads(path.read_text())
        return cls(stored["tokens"], [tuple(merge) for merge in stored["merges"]])

    def save(self, path: Path) -> None:
        path.write_text(json.dumps({"tokens": self.tokens, "merges": self.merges}))

    def _merge(self, word: str) -> list[int]:
        parts, never = list(_letters(word)), len(self.merges)
        while len(parts) > 1:
            rank, place = min((self._rank.get((parts[i], parts[i + 1]), never), i) for i in range(len(parts) - 1))
            if rank == never:
                break
            parts[place:place + 2] = [parts[place] + parts[place + 1]]
        return [self.id[part] for part in parts]

    def _word(self, word: str) -> list[int]:
        ids = self._words.get(word)
        if ids is None:
            ids = self._words[word] = self._merge(word)
        return ids

    def __call__(self, text: str) -> list[int]:
        ids: list[int] = []
        for part in self._special.split(text):
            if part in SPECIAL:
                ids.append(self.id[part])
                continue
            for piece in re.split(r"(\d)", part):
                for word in _PIECES.findall(piece):
                    ids += self._word(word)
        return ids

    def decode(self, ids: list[int]) -> str:
        shown = (self.tokens[number] for number in ids)
        return bytes(_BYTE[letter] for token in shown if not is_special(token) for letter in token).decode("utf8", "replace")
