"""What training leaves behind: the weights in half precision, and on the training machine all that goes on from there."""
from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch

from .model import Model

PART_BYTES = 15 << 20  # files small enough to be carried anywhere


def save_weights(model: Model, folder: Path, about: dict) -> None:
    """index.json and weights-0.bin, weights-1.bin, ...; the classifier and what did not learn stay behind."""
    blob, index = bytearray(), {}
    for name, tensor in model.named_parameters():
        name = name.replace("_orig_mod.", "")
        if tensor.requires_grad and not name.startswith("classifier"):
            index[name] = {"offset": len(blob), "shape": list(tensor.shape)}
            blob += tensor.detach().half().cpu().numpy().tobytes()
    folder.mkdir(parents=True, exist_ok=True)
    for number, begin in enumerate(range(0, len(blob), PART_BYTES)):
        (folder / f"weights-{number}.bin").write_bytes(blob[begin:begin + PART_BYTES])
    (folder / "index.json").write_text(json.dumps({"about": about, "tensors": index}))


def load_weights(folder: Path) -> dict[str, np.ndarray]:
    """Name -> float32 array."""
    index = json.loads((folder / "index.json").read_text())["tensors"]
    parts = sorted(folder.glob("weights-*.bin"), key=lambda path: int(path.stem.split("-")[1]))
    blob = b"".join(path.read_bytes() for path in parts)
    return {name: np.frombuffer(blob, np.float16, int(np.prod(entry["shape"])), entry["offset"]).reshape(entry["shape"]).astype(np.float32)
            for name, entry in index.items()}


@torch.no_grad()
def fill(model: Model, weights: dict[str, np.ndarray], whose: Path) -> None:
    """All but the classifier, which no file keeps."""
    for name, parameter in model.named_parameters():
        if name.startswith("classifier"):
            continue
        if name not in weights:
            raise SystemExit(f"{whose} has no {name}, it is a part of a model: training.export --onto makes a whole one of it")
        parameter.copy_(torch.from_numpy(weights[name].copy()).reshape(parameter.shape))


def save_state(path: Path, model: Model, optimizers: list[torch.optim.Optimizer], progress: dict) -> None:
    state = {"model": model.state_dict(), "optimizers": [each.state_dict() for each in optimizers], "progress": progress}
    torch.save(state, path.with_suffix(".new"))
    path.with_suffix(".new").replace(path)


def load_state(path: Path) -> dict | None:
    """In ordinary memory; None where training begins."""
    return torch.load(path, map_location="cpu") if path.exists() else None


def restore(state: dict, model: Model, optimizers: list[torch.optim.Optimizer]) -> None:
    model.load_state_dict(state["model"])
    for optimizer, stored in zip(optimizers, state["optimizers"]):
        optimizer.load_state_dict(stored)
