"""Reads a pair of GGUF files back into the model, and lets it answer: to compare the training code with the runtime.

    python3 -m training.shipped FOLDER PICTURE QUESTION
"""
from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from . import checkpoint
from .model import Model, Shape
from .prompt import TILE, Layout, picture_tokens
from .tokenizer import END, Tokenizer

sys.path.insert(0, str(Path(__file__).parents[1] / "third_party" / "llama.cpp" / "gguf-py"))
import gguf  # noqa: E402

_VISION = {"attn_q": "q", "attn_k": "k", "attn_v": "v", "attn_out": "o", "ffn_up": "up", "ffn_down": "down", "ln1": "ln1", "ln2": "ln2"}
_TEXT = {"attn_q": "q", "attn_k": "k", "attn_v": "v", "attn_output": "o", "ffn_gate": "gate", "ffn_up": "up", "ffn_down": "down"}
_NAMES = {"token_embd.weight": "embeddings.weight", "output_norm.weight": "norm", "v.patch_embd.weight": "patch.weight",
          "v.patch_embd.bias": "patch.bias", "v.position_embd.weight": "positions", "v.post_ln.weight": "post_norm.weight",
          "v.post_ln.bias": "post_norm.bias", "mm.model.fc.weight": "connector.weight"}


def _our_name(name: str) -> str:
    if name in _NAMES:
        return _NAMES[name]
    parts = name.split(".")
    if parts[0] == "v":
        return f"vision_layers.{parts[2]}.{_VISION[parts[3]]}.{parts[4]}"
    norms = {"attn_norm": "norm1", "ffn_norm": "norm2"}
    if parts[2] in norms:
        return f"text_layers.{parts[1]}.{norms[parts[2]]}"
    return f"text_layers.{parts[1]}.{_TEXT[parts[2]]}.{parts[3]}"


def _files(folder: Path) -> tuple[Path, Path]:
    """The text model's and the vision part's."""
    return next(folder.glob("plimsoll-tiny-*.gguf")), next(folder.glob("mmproj-*.gguf"))


def load_weights(folder: Path) -> dict[str, np.ndarray]:
    """Name -> float32 array, as checkpoint.load_weights; exactly what the files say."""
    return {_our_name(tensor.name): np.array(gguf.quants.dequantize(tensor.data, tensor.tensor_type), np.float32)
            for path in _files(folder) for tensor in gguf.GGUFReader(path).tensors}


def load_tokenizer(folder: Path) -> Tokenizer:
    fields = gguf.GGUFReader(_files(folder)[0]).fields
    tokens, merges = (fields[f"tokenizer.ggml.{name}"].contents() for name in ("tokens", "merges"))
    return Tokenizer(tokens, [tuple(merge.split(" ")) for merge in merges])


def load(folder: Path) -> tuple[Model, Tokenizer]:
    tokenizer, weights = load_tokenizer(folder), load_weights(folder)
    model = Model(len(tokenizer.tokens), 1, Shape())
    checkpoint.fill(model, weights, folder)
    return model.eval(), tokenizer


@torch.no_grad()
def ask(model: Model, tokenizer: Tokenizer, picture: Image.Image, question: str) -> tuple[list[int], torch.Tensor]:
    """Token ids and the picture's embeddings, from the overview alone, as the runtime does at image size 192."""
    pixels = torch.from_numpy(np.array(picture.convert("RGB").resize((TILE, TILE), Image.LANCZOS)))
    seen = model.connect(model.see(pixels.permute(2, 0, 1)[None].float() / 127.5 - 1))
    return (tokenizer("<|im_start|>User: ") + picture_tokens(tokenizer, Layout(0, 0))
            + tokenizer(f"{question}<end_of_utterance>\nAssistant:")), seen


@torch.no_grad()
def next_logits(model: Model, ids: list[int], seen: torch.Tensor) -> torch.Tensor:
    return model.read(model.embed(torch.tensor([ids]), seen))[0, -1] @ model.embeddings.weight.t()


def answer(model: Model, tokenizer: Tokenizer, picture: Path, question: str, longest: int = 24) -> str:
    """Greedy."""
    ids, seen = ask(model, tokenizer, Image.open(picture), question)
    asked = len(ids)
    while len(ids) < asked + longest:
        ids.append(int(next_logits(model, ids, seen).argmax()))
        if ids[-1] == END:
            break
    return tokenizer.decode(ids[asked:]).strip()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("picture", type=Path)
    parser.add_argument("question")
    options = parser.parse_args()
    print(answer(*load(options.folder), options.picture, options.question))


if __name__ == "__main__":
    main()
