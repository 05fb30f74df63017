"""All drawings in memory, each with a pyramid of halved sizes, and the outline variants made of some of them."""
from __future__ import annotations

import io
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from .glyphs import CELL
from .world import World

DRAWING_LEVELS, LETTER_LEVELS = 5, 3


def decode(picture: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(picture)).convert("RGBA"))


def stored(world: World, data: Path, name: str, numbers: list[int] | None = None) -> np.ndarray:
    """[drawings, size, size, 4]; all of them, or the numbered ones."""
    blob = (data / f"{name}.bin").read_bytes()
    chosen = world.drawings if numbers is None else [world.drawings[number] for number in numbers]
    pictures = [blob[offset:offset + length] for *_, offset, length in chosen]
    if len(pictures) < 64:
        return np.stack([decode(picture) for picture in pictures])
    with ProcessPoolExecutor() as pool:
        return np.stack(list(pool.map(decode, pictures, chunksize=64)))


def premultiplied(pictures: torch.Tensor) -> torch.Tensor:
    """[N, size, size, 4] bytes -> [N, 4, size, size], 0 to 1."""
    values = pictures.float().permute(0, 3, 1, 2) / 255
    return torch.cat([values[:, :3] * values[:, 3:], values[:, 3:]], 1)


def outlined(pictures: torch.Tensor, pale: bool) -> torch.Tensor:
    """The drawing in fewer colours with dark contour lines; `pale` also washes the colours out and draws thicker lines."""
    size = pictures.shape[-1]
    inner = int(size * 0.92)  # room for the line around
    before, after = (size - inner) // 2, size - inner - (size - inner) // 2
    pictures = F.pad(F.interpolate(pictures, (inner, inner), mode="bilinear", align_corners=False), [before, after, before, after])
    alpha = pictures[:, 3:]
    colour = pictures[:, :3] / alpha.clamp(min=0.02)
    colour = 0.5 * colour + 0.5 * (colour * 5).round() / 5
    flat = torch.cat([colour * alpha, alpha], 1)
    if pale:
        colour = colour * 0.4 + 0.6
    sobel = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]], device=pictures.device).view(1, 1, 3, 3).repeat(4, 1, 1, 1)
    smooth = F.avg_pool2d(flat, 3, 1, 1)
    slope = (F.conv2d(smooth, sobel, padding=1, groups=4).pow(2)
             + F.conv2d(smooth, sobel.transpose(2, 3), padding=1, groups=4).pow(2)).sum(1, keepdim=True).sqrt()
    inside_lines = F.max_pool2d((slope > (0.6 if pale else 0.85)).float(), 5 if pale else 3, 1, 2 if pale else 1)
    grown = F.max_pool2d(alpha, 7, 1, 3)
    around = (grown - F.avg_pool2d((alpha > 0.9).float(), 5, 1, 2) * grown).clamp(0, 1)
    line = F.avg_pool2d(torch.maximum(inside_lines * grown, around), 3, 1, 1)
    return torch.cat([colour * grown * (1 - line) + 0.03 * line, grown], 1).clamp(0, 1)


class Atlas:
    """`pixels` is flat: level by level, in each the pictures one after the other; `start[level]` counts pixels."""

    def __init__(self, size: int, levels: int, channels: int, device: torch.device):
        self.size, self.levels, self.channels, self.device = size, levels, channels, device
        self._parts: list[list[torch.Tensor]] = [[] for _ in range(levels)]

    def add(self, pictures: torch.Tensor) -> None:
        """[N, channels, size, size], 0 to 1."""
        for level in range(self.levels):
            if level:
                pictures = F.avg_pool2d(pictures, 2)
            self._parts[level].append((pictures * 255 + 0.5).clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).reshape(-1))

    def finish(self) -> Atlas:
        levels = [torch.cat(parts) for parts in self._parts]
        starts = np.cumsum([0] + [level.numel() // self.channels for level in levels[:-1]])
        self.pixels, self.start = torch.cat(levels), torch.tensor(starts, dtype=torch.int64, device=self.device)
        self._parts = []
        return self


def of_drawings(world: World, pictures: np.ndarray, device: torch.device, outlines: bool = True) -> Atlas:
    """Of stored() pictures. Scenes that change styles expect the outline variants behind all drawings."""
    atlas = Atlas(world.drawing_size, DRAWING_LEVELS, 4, device)
    for begin in range(0, len(pictures), 256):
        atlas.add(premultiplied(torch.from_numpy(pictures[begin:begin + 256]).to(device)))
    if outlines and world.changes_style:
        for pale in (False, True):
            for begin in range(0, len(world.outlined), 128):
                chosen = torch.from_numpy(pictures[world.outlined[begin:begin + 128]]).to(device)
                atlas.add(outlined(premultiplied(chosen), pale))
    return atlas.finish()


def of_letters(data: Path, device: torch.device) -> Atlas:
    squares = torch.from_numpy(np.load(data / "fonts.npz")["atlas"].reshape(-1, 1, CELL, CELL))
    atlas = Atlas(CELL, LETTER_LEVELS, 1, device)
    atlas.add(squares.to(device).float() / 255)
    return atlas.finish()
