"""The model: SmolVLM's architecture (SigLIP, Idefics3's connector, Llama), with the same arithmetic as llama.cpp's graphs."""
from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F

from .prompt import TILE


@dataclass(frozen=True)
class Shape:
    vision_width: int = 384
    vision_layers: int = 6
    vision_heads: int = 6
    vision_hidden: int = 1536
    vision_eps: float = 1e-6
    patch: int = 16
    shuffle: int = 2  # patches along a side that become one token
    width: int = 384
    layers: int = 6
    heads: int = 6
    kv_heads: int = 2
    head_width: int = 64
    hidden: int = 1024
    eps: float = 1e-5
    rope_base: float = 10000.0
    context: int = 2048

    @property
    def patches(self) -> int:
        return TILE // self.patch


def _attention(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, causal: bool) -> torch.Tensor:
    if hasattr(F, "scaled_dot_product_attention"):
        return F.scaled_dot_product_attention(q, k, v, is_causal=causal)
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])  # torch 1.13, Debian 12's
    if causal:
        length = q.shape[-2]
        scores = scores.masked_fill(torch.ones(length, length, dtype=torch.bool, device=q.device).triu(1), -torch.inf)
    return scores.softmax(-1) @ v


class VisionLayer(nn.Module):
    def __init__(self, shape: Shape):
        super().__init__()
        width = shape.vision_width
        self.heads = shape.vision_heads
        self.ln1, self.ln2 = nn.LayerNorm(width, eps=shape.vision_eps), nn.LayerNorm(width, eps=shape.vision_eps)
        self.q, self.k, self.v, self.o = (nn.Linear(width, width) for _ in range(4))
        self.up, self.down = nn.Linear(width, shape.vision_hidden), nn.Linear(shape.vision_hidden, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, length, width = x.shape
        y = self.ln1(x)
        q, k, v = (part(y).view(batch, length, self.heads, width // self.heads).transpose(1, 2) for part in (self.q, self.k, self.v))
        x = x + self.o(_attention(q, k, v, causal=False).transpose(1, 2).reshape(batch, length, width))
        return x + self.down(F.gelu(self.up(self.ln2(x)), approximate="tanh"))


def _rms_norm(x: torch.Tensor, weight: torch.Tensor, eps: float) -> torch.Tensor:
    y = x.float()
    return (y * torch.rsqrt(y.pow(2).mean(-1, keepdim=True) + eps) * weight).to(x.dtype)


def _rotated(x: torch.Tensor, cosine: torch.Tensor, sine: torch.Tensor) -> torch.Tensor:
    """Neighbouring numbers are a pair, llama.cpp's "normal" order."""
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack((even * cosine - odd * sine, even * sine + odd * cosine), -1).flatten(-2)


class TextLayer(nn.Module):
    def __init__(self, shape: Shape):
        super().__init__()
        self.heads, self.kv_heads, self.head_width, self.eps = shape.heads, shape.kv_heads, shape.head_width, shape.eps
        self.norm1, self.norm2 = nn.Parameter(torch.ones(shape.width)), nn.Parameter(torch.ones(shape.width))

        def linear(source: int, target: int) -> nn.Linear:
            return nn.Linear(source, target, bias=False)

        self.q, self.o = linear(shape.width, shape.heads * shape.head_width), linear(shape.heads * shape.head_width, shape.width)
        self.k, self.v = (linear(shape.width, shape.kv_heads * shape.head_width) for _ in range(2))
        self.gate, self.up, self.down = linear(shape.width, shape.hidden), linear(shape.width, shape.hidden), linear(shape.hidden, shape.width)

    def forward(self, x: torch.Tensor, cosine: torch.Tensor, sine: torch.Tensor) -> torch.Tensor:
        batch, length, _ = x.shape
        y = _rms_norm(x, self.norm1, self.eps)
        q = self.q(y).view(batch, length, self.heads, self.head_width).transpose(1, 2)
        k, v = (part(y).view(batch, length, self.kv_heads, self.head_width).transpose(1, 2) for part in (self.k, self.v))
        q, k = _rotated(q, cosine, sine), _rotated(k, cosine, sine)
        k, v = self._for_each_head(k), self._for_each_head(v)
        x = x + self.o(_attention(q.to(v.dtype), k.to(v.dtype), v, causal=True).transpose(1, 2).reshape(batch, length, -1))
        y = _rms_norm(x, self.norm2, self.eps)
        return x + self.down(F.silu(self.gate(y)) * self.up(y))

    def _for_each_head(self, shared: torch.Tensor) -> torch.Tensor:
        batch, _, length, width = shared.shape
        shared = shared[:, :, None].expand(batch, self.kv_heads, self.heads // self.kv_heads, length, width)
        return shared.reshape(batch, self.heads, length, width)


class Model(nn.Module):
    """`classes`: what a patch can show. The classifier only helps training and is not part of the exported model."""

    def __init__(self, tokens: int, classes: int, shape: Shape = Shape()):
        super().__init__()
        self.shape = shape
        width = shape.vision_width
        self.patch = nn.Linear(3 * shape.patch ** 2, width)
        self.positions = nn.Parameter(torch.randn(shape.patches ** 2, width) * 0.02)
        self.vision_layers = nn.ModuleList(VisionLayer(shape) for _ in range(shape.vision_layers))
        self.post_norm = nn.LayerNorm(width, eps=shape.vision_eps)
        self.connector = nn.Linear(width * shape.shuffle ** 2, shape.width, bias=False)
        self.classifier = nn.Linear(width, classes)
        self.embeddings = nn.Embedding(tokens, shape.width)
        self.text_layers = nn.ModuleList(TextLayer(shape) for _ in range(shape.layers))
        self.norm = nn.Parameter(torch.ones(shape.width))
        self._begin()
        steps = torch.arange(0, shape.head_width, 2).float() / shape.head_width
        angles = torch.arange(shape.context).float()[:, None] * shape.rope_base ** -steps
        self.register_buffer("cosine", angles.cos(), persistent=False)
        self.register_buffer("sine", angles.sin(), persistent=False)

    def _begin(self) -> None:
        for module in self.modules():
            if isinstance(module, (nn.Linear, nn.Embedding)):
                nn.init.normal_(module.weight, std=0.02)
            if isinstance(module, nn.Linear) and module.bias is not None:
                nn.init.zeros_(module.bias)
        for layers in (self.vision_layers, self.text_layers):
            for layer in layers:  # the sum of all layers' outputs begins as large as one's
                layer.o.weight.data /= math.sqrt(2 * len(layers))
                layer.down.weight.data /= math.sqrt(2 * len(layers))

    def see(self, tiles: torch.Tensor) -> torch.Tensor:
        """[N, 3, TILE, TILE], -1 to 1 -> the patches' states [N, patches, width]."""
        shape, n = self.shape, tiles.shape[0]
        side, patch = shape.patches, shape.patch
        x = tiles.view(n, 3, side, patch, side, patch).permute(0, 2, 4, 1, 3, 5).reshape(n, side * side, 3 * patch * patch)
        x = self.patch(x)
        x = (x + self.positions).to(x.dtype)
        for layer in self.vision_layers:
            x = layer(x)
        return self.post_norm(x)

    def connect(self, x: torch.Tensor) -> torch.Tensor:
        """Patches' states -> embeddings for the text model; features of a square of patches in the order (dy, dx, feature)."""
        shape, n = self.shape, x.shape[0]
        side, step = shape.patches // shape.shuffle, shape.shuffle
        x = x.view(n, side, step, side, step, -1).permute(0, 1, 3, 2, 4, 5).reshape(n, side * side, -1)
        return self.connector(x)

    def embed(self, ids: torch.Tensor, picture: torch.Tensor) -> torch.Tensor:
        """ids [B, T], where -1 - n is the n-th of picture [B, N, width]; beyond the last it begins again (a tile used twice)."""
        words = self.embeddings(ids.clamp(min=0))
        place = (-ids - 1).clamp(min=0) % picture.shape[1]
        seen = torch.gather(picture, 1, place[..., None].expand(-1, -1, picture.shape[-1]))
        return torch.where((ids < 0)[..., None], seen.to(words.dtype), words)

    def read(self, x: torch.Tensor) -> torch.Tensor:
        """Embeddings [B, T, width] -> the last states, to be multiplied with the embeddings of the tokens."""
        cosine, sine = self.cosine[:x.shape[1]], self.sine[:x.shape[1]]
        for layer in self.text_layers:
            x = layer(x, cosine, sine)
        return _rms_norm(x, self.norm, self.shape.eps)

    def compile_layers(self) -> None:
        for layer in [*self.vision_layers, *self.text_layers]:
            layer.compile(dynamic=False)
