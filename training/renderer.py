"""Draws batches of scenes from their numbers, on the GPU (cupy compiles render.inl at run time) or on the CPU (g++ does)."""
from __future__ import annotations

import ctypes
import hashlib
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import torch

from .atlas import Atlas
from .prompt import TILE, Layout
from .scene import MOST_OBJECTS

HERE = Path(__file__).parent
_PATCHES = 12  # along a tile's side


def _host_library() -> ctypes.CDLL:
    """Compiled once for each state of the sources, then kept in the temporary folder."""
    text = (HERE / "render.inl").read_bytes() + (HERE / "render_host.cpp").read_bytes()
    library = Path(tempfile.gettempdir()) / f"plimsoll-render-{hashlib.sha256(text).hexdigest()[:16]}.so"
    if not library.exists():
        built = library.with_suffix(f".{id(text)}.so")
        subprocess.run(["g++", "-O2", "-shared", "-fPIC", "-o", str(built), str(HERE / "render_host.cpp")], check=True)
        built.replace(library)
    return ctypes.CDLL(str(library))


class Renderer:
    def __init__(self, drawings: Atlas, letters: Atlas, device: torch.device):
        self._drawings, self._letters, self._device = drawings, letters, device
        self._points: dict[Layout, torch.Tensor] = {}
        if device.type == "cuda":
            import cupy
            source = "#define DEVICE __device__\n" + (HERE / "render.inl").read_text() + (HERE / "render_cuda.cu").read_text()
            self._module = cupy.RawModule(code=source, options=("--std=c++17",))
            self._kernels = {name: self._module.get_function(name) for name in ("render", "label")}
        else:
            self._host = _host_library()

    def _atlases(self) -> list:
        return [part for atlas in (self._drawings, self._letters) for part in (atlas.pixels, atlas.start, atlas.size, atlas.levels)]

    def _on_gpu(self, name: str, grid: tuple, block: tuple, arguments: list) -> None:
        import cupy
        values = tuple(each.data_ptr() if isinstance(each, torch.Tensor) else np.int32(each) for each in arguments)
        with cupy.cuda.ExternalStream(torch.cuda.current_stream().cuda_stream):
            self._kernels[name](grid, block, values)

    def _on_host(self, name: str, arguments: list) -> None:
        values = [ctypes.c_void_p(each.data_ptr()) if isinstance(each, torch.Tensor) else ctypes.c_int(each) for each in arguments]
        getattr(self._host, name)(*values)

    def render(self, canvas: tuple[int, int], counts: torch.Tensor, backgrounds: torch.Tensor, objects: torch.Tensor) -> torch.Tensor:
        """[scenes, 3, height, width] bytes."""
        (width, height), scenes = canvas, counts.shape[0]
        out = torch.empty((scenes, 3, height, width), dtype=torch.uint8, device=self._device)
        arguments = [width, height, MOST_OBJECTS, counts, backgrounds, objects, *self._atlases(), out]
        if self._device.type == "cuda":
            self._on_gpu("render", ((width + 31) // 32, (height + 7) // 8, scenes), (32, 8, 1), arguments)
        else:
            self._on_host("render", [scenes] + arguments)
        return out

    def labels(self, layout: Layout, counts: torch.Tensor, objects: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """The class of what each patch shows: [scenes, tiles * patches]."""
        points, scenes = self._places(layout), counts.shape[0]
        out = torch.empty((scenes, len(points)), dtype=torch.int64, device=self._device)
        arguments = [len(points), MOST_OBJECTS, counts, points, objects, labels, out]
        if self._device.type == "cuda":
            self._on_gpu("label", ((len(points) + 127) // 128, scenes, 1), (128, 1, 1), arguments)
        else:
            self._on_host("label", [scenes] + arguments)
        return out

    def _places(self, layout: Layout) -> torch.Tensor:
        """Centres of all patches on the canvas: those of the grid's tiles, then the overview's."""
        if layout not in self._points:
            (width, height), middle = layout.canvas, torch.arange(_PATCHES) + 0.5
            spans = []
            if layout.tiles > 1:
                spans = [(row * TILE, column * TILE, TILE, TILE) for row in range(layout.rows) for column in range(layout.columns)]
            spans.append((0, 0, height, width))
            tiles = [torch.stack(torch.meshgrid(top + middle * tall / _PATCHES, left + middle * wide / _PATCHES, indexing="ij"), -1)
                     for top, left, tall, wide in spans]
            self._points[layout] = torch.cat([tile.reshape(-1, 2).flip(1) for tile in tiles]).float().contiguous().to(self._device)
        return self._points[layout]


def _lanczos(source: int, target: int) -> torch.Tensor:
    """The matrix that resamples `source` pixels to `target`, as Pillow and libmtmd do it."""
    scale = source / target
    support, matrix = max(scale, 1.0), np.zeros((target, source))
    for pixel in range(target):
        centre = (pixel + 0.5) * scale
        low, high = max(0, int(centre - 3 * support + 0.5)), min(source, int(centre + 3 * support + 0.5))
        distance = (np.arange(low, high) - centre + 0.5) / support
        weights = np.where((distance >= -3) & (distance < 3), np.sinc(distance) * np.sinc(distance / 3), 0)
        matrix[pixel, low:high] = weights / weights.sum()
    return torch.tensor(matrix, dtype=torch.float32)


class Tiler:
    """Cuts pictures into a layout's tiles as the idefics3 preprocessor does."""

    def __init__(self, device: torch.device):
        # Whole numbers up to 255 survive half precision, and the GPU multiplies it much faster.
        self._kind = torch.float16 if device.type == "cuda" else torch.float32
        self._half = _lanczos(2 * TILE, TILE).to(device, self._kind)

    def __call__(self, layout: Layout, pictures: torch.Tensor) -> torch.Tensor:
        """[scenes, 3, height, width] bytes -> [scenes, tiles, 3, TILE, TILE], -1 to 1; the overview is last."""
        values = pictures.to(self._kind)
        small = self._overview(values)
        tiles = small[:, None]
        if layout.tiles > 1:
            scenes = len(pictures)
            grid = values.view(scenes, 3, layout.rows, TILE, layout.columns, TILE).permute(0, 2, 4, 1, 3, 5)
            tiles = torch.cat([grid.reshape(scenes, -1, 3, TILE, TILE), tiles], 1)
        return tiles.float() / 127.5 - 1

    def _overview(self, values: torch.Tensor) -> torch.Tensor:
        if values.shape[-1] != TILE:
            values = (values @ self._half.t()).round().clamp(0, 255)
        if values.shape[-2] != TILE:
            values = (self._half @ values).round().clamp(0, 255)
        return values
