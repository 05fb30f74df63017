"""Writes the two GGUF files from the weights that training left, and an empty system-prompt.txt.

    python3 -m training.export OUT/weights DATA/tokenizer.json FOLDER [--f16] [--onto FOLDER]
"""
from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from . import checkpoint, shipped
from .model import Shape
from .prompt import BEFORE_OVERVIEW, TILE
from .tokenizer import END, Tokenizer, is_special

sys.path.insert(0, str(Path(__file__).parents[1] / "third_party" / "llama.cpp" / "gguf-py"))
import gguf  # noqa: E402

_LONGEST_EDGE = 2 * TILE
_TYPES = {"q8_0": (gguf.GGMLQuantizationType.Q8_0, gguf.LlamaFileType.MOSTLY_Q8_0),
          "f16": (gguf.GGMLQuantizationType.F16, gguf.LlamaFileType.MOSTLY_F16)}
_TEMPLATE = (
    "<|im_start|>{% for message in messages %}"
    "{% if message['role'] == 'user' %}{{ 'User: ' }}{% elif message['role'] == 'assistant' %}{{ 'Assistant: ' }}{% endif %}"
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}{{ '<image>' }}{% elif part['type'] == 'text' %}{{ part['text'] }}{% endif %}{% endfor %}{% endif %}"
    "{% if message['role'] == 'system' %}{{ '\n\n' }}{% else %}{{ '<end_of_utterance>\n' }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}")


class Writer:
    def __init__(self, path: Path, architecture: str, name: str, kind: str):
        self._path, self._kind, (self._type, file_type) = path, kind, _TYPES[kind]
        self.gguf = gguf.GGUFWriter(str(path), architecture)
        self.gguf.add_name(name)
        self.gguf.add_description("A tiny SmolVLM-style vision-language model trained from scratch on synthetic scenes of "
                                  "emoji art, shapes and short words.")
        self.gguf.add_license("apache-2.0")
        self.gguf.add_size_label("22M")
        self.gguf.add_version("2")
        self.gguf.add_file_type(file_type)
        self.gguf.add_quantization_version(gguf.GGML_QUANT_VERSION)

    def matrix(self, name: str, values: np.ndarray) -> None:
        packed = gguf.quants.quantize(np.ascontiguousarray(values), self._type)
        self.gguf.add_tensor(name, packed, raw_dtype=self._type)

    def exact(self, name: str, values: np.ndarray) -> None:
        self.gguf.add_tensor(name, values)

    def close(self) -> None:
        self.gguf.write_header_to_file()
        self.gguf.write_kv_data_to_file()
        self.gguf.write_tensors_to_file()
        self.gguf.close()
        print(f"{self._path}: {self._path.stat().st_size} bytes")


def _describe_text(out: gguf.GGUFWriter, shape: Shape, tokenizer: Tokenizer) -> None:
    out.add_context_length(shape.context)
    out.add_embedding_length(shape.width)
    out.add_block_count(shape.layers)
    out.add_feed_forward_length(shape.hidden)
    out.add_head_count(shape.heads)
    out.add_head_count_kv(shape.kv_heads)
    out.add_rope_freq_base(shape.rope_base)
    out.add_layer_norm_rms_eps(shape.eps)
    out.add_rope_dimension_count(shape.head_width)
    out.add_key_length(shape.head_width)
    out.add_value_length(shape.head_width)
    out.add_vocab_size(len(tokenizer.tokens))
    out.add_tokenizer_model("gpt2")
    out.add_tokenizer_pre("smollm")
    out.add_token_list(tokenizer.tokens)
    out.add_token_types([gguf.TokenType.CONTROL if is_special(token) else gguf.TokenType.NORMAL for token in tokenizer.tokens])
    out.add_token_merges([" ".join(merge) for merge in tokenizer.merges])
    out.add_bos_token_id(1)
    out.add_eos_token_id(END)
    out.add_eot_token_id(END)
    out.add_pad_token_id(0)
    out.add_add_bos_token(False)
    out.add_add_eos_token(False)
    out.add_add_space_prefix(False)
    out.add_chat_template(_TEMPLATE)


def write_text(path: Path, kind: str, weights: dict[str, np.ndarray], shape: Shape, tokenizer: Tokenizer) -> None:
    writer = Writer(path, "llama", "plimsoll-tiny", kind)
    _describe_text(writer.gguf, shape, tokenizer)
    writer.matrix("token_embd.weight", weights["embeddings.weight"])
    writer.exact("output_norm.weight", weights["norm"])
    names = {"attn_q": "q", "attn_k": "k", "attn_v": "v", "attn_output": "o", "ffn_gate": "gate", "ffn_up": "up", "ffn_down": "down"}
    for layer in range(shape.layers):
        there, here = f"blk.{layer}.", f"text_layers.{layer}."
        writer.exact(there + "attn_norm.weight", weights[here + "norm1"])
        writer.exact(there + "ffn_norm.weight", weights[here + "norm2"])
        for name, ours in names.items():
            writer.matrix(f"{there}{name}.weight", weights[f"{here}{ours}.weight"])
    writer.close()


def _describe_vision(out: gguf.GGUFWriter, shape: Shape) -> None:
    out.add_clip_has_vision_encoder(True)
    out.add_vision_projection_dim(shape.width)
    out.add_clip_projector_type("idefics3")
    out.add_vision_image_size(TILE)
    out.add_vision_patch_size(shape.patch)
    out.add_vision_embedding_length(shape.vision_width)
    out.add_vision_feed_forward_length(shape.vision_hidden)
    out.add_vision_block_count(shape.vision_layers)
    out.add_vision_head_count(shape.vision_heads)
    out.add_vision_attention_layernorm_eps(shape.vision_eps)
    out.add_vision_image_mean([0.5] * 3)
    out.add_vision_image_std([0.5] * 3)
    out.add_vision_projector_scale_factor(shape.shuffle)
    out.add_vision_use_gelu(True)
    out.add_vision_preproc_image_size(_LONGEST_EDGE)
    out.add_string("plimsoll.vision.before_lone_overview", BEFORE_OVERVIEW)


def write_vision(path: Path, kind: str, weights: dict[str, np.ndarray], shape: Shape) -> None:
    writer = Writer(path, "clip", "plimsoll-tiny-mmproj", kind)
    _describe_vision(writer.gguf, shape)
    patches = weights["patch.weight"].reshape(shape.vision_width, 3, shape.patch, shape.patch)
    writer.exact("v.patch_embd.weight", patches.astype(np.float16) if kind == "f16" else patches)
    writer.exact("v.patch_embd.bias", weights["patch.bias"])
    writer.exact("v.position_embd.weight", weights["positions"])
    writer.exact("v.post_ln.weight", weights["post_norm.weight"])
    writer.exact("v.post_ln.bias", weights["post_norm.bias"])
    names = {"attn_q": "q", "attn_k": "k", "attn_v": "v", "attn_out": "o", "ffn_up": "up", "ffn_down": "down"}
    for layer in range(shape.vision_layers):
        there, here = f"v.blk.{layer}.", f"vision_layers.{layer}."
        for name, ours in names.items():
            writer.matrix(f"{there}{name}.weight", weights[f"{here}{ours}.weight"])
            writer.exact(f"{there}{name}.bias", weights[f"{here}{ours}.bias"])
        for norm in ("ln1", "ln2"):
            writer.exact(f"{there}{norm}.weight", weights[f"{here}{norm}.weight"])
            writer.exact(f"{there}{norm}.bias", weights[f"{here}{norm}.bias"])
    writer.matrix("mm.model.fc.weight", weights["connector.weight"])
    writer.close()


def write(folder: Path, kind: str, weights: dict[str, np.ndarray], tokenizer: Tokenizer) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / f"plimsoll-tiny-{kind}.gguf", kind, weights, Shape(), tokenizer)
    write_vision(folder / f"mmproj-plimsoll-tiny-{kind}.gguf", kind, weights, Shape())
    (folder / "system-prompt.txt").touch()  # it was trained without a system message; without this file the runtime gives one


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path)
    parser.add_argument("tokenizer", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--f16", action="store_true", help="half precision instead of Q8_0")
    parser.add_argument("--onto", type=Path, help="folder with an earlier model's files: what training.train --only left as it was")
    options = parser.parse_args()
    weights = (shipped.load_weights(options.onto) if options.onto else {}) | checkpoint.load_weights(options.weights)
    if "embeddings.weight" not in weights:
        parser.error(f"{options.weights} is a part of a model: name the earlier one with --onto")
    write(options.folder, "f16" if options.f16 else "q8_0", weights, Tokenizer.load(options.tokenizer))


if __name__ == "__main__":
    main()
