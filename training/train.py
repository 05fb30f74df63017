"""Trains the model.

    python3 -m training.train DATA OUT --seconds 540 --total-seconds 1080
    torchrun --nproc_per_node 2 -m training.train DATA OUT --seconds 540 --total-seconds 1080

The rate of learning falls along --total-seconds. A run ends after --seconds and leaves OUT/state.pt, from which the next one
with the same arguments goes on, and OUT/weights, which training.export reads. --only changes a part of an earlier model:

    python3 -m training.train DATA OUT --weights FOLDER --only 'vision_layers.5|connector' --total-seconds 300
"""
from __future__ import annotations

import argparse
import math
import os
import re
import time
from pathlib import Path

import torch
import torch.distributed as distributed
import torch.nn.functional as F

from . import atlas, batches, checkpoint
from .model import Model
from .muon import Muon
from .prompt import LAYOUTS
from .renderer import Renderer, Tiler
from .tokenizer import Tokenizer
from .world import World

_WARM_UP_STEPS = 200
_LAST_RATE = 0.01  # of the first
_BLURRED_EVERY = 11  # steps: a batch that was scaled up from a picture of half the size
_AGREE_EVERY = 10  # steps: the GPUs ask the first one how much time has passed


class Team:
    """The GPUs that train together; one process each, alone without torchrun."""

    def __init__(self):
        self.rank, self.size = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
        gpu = torch.cuda.is_available()
        self.device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0))) if gpu else torch.device("cpu")

    def meet(self) -> None:
        """After all processes that make scenes were forked: a GPU that is in use does not survive that."""
        if self.device.type == "cuda":
            torch.cuda.set_device(self.device)
        if self.size > 1:
            distributed.init_process_group("nccl" if self.device.type == "cuda" else "gloo")

    def average_gradients(self, parameters: list[torch.nn.Parameter]) -> None:
        if self.size == 1:
            return
        together = torch.cat([parameter.grad.flatten() for parameter in parameters])
        distributed.all_reduce(together)
        together /= self.size
        begin = 0
        for parameter in parameters:
            parameter.grad.copy_(together[begin:begin + parameter.numel()].view_as(parameter))
            begin += parameter.numel()

    def agree(self, seconds: float) -> float:
        """The first one's figure."""
        if self.size == 1:
            return seconds
        figure = torch.tensor([seconds], dtype=torch.float64, device=self.device)
        distributed.broadcast(figure, 0)
        return float(figure)


def _optimizers(model: Model, kind: str, rate: float, matrix_rate: float, gpu: bool) -> list[torch.optim.Optimizer]:
    layers = {id(parameter) for part in (model.vision_layers, model.text_layers) for parameter in part.parameters() if parameter.ndim == 2}
    layers.add(id(model.connector.weight))
    learning = [(name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad]
    matrices = [parameter for _, parameter in learning if id(parameter) in layers]
    decayed = [p for n, p in learning if p.ndim == 2 and n != "positions" and id(p) not in layers]
    plain = [p for n, p in learning if p.ndim != 2 or n == "positions"]
    if kind == "adamw":
        decayed, matrices = decayed + matrices, []
    groups = [{"params": decayed, "weight_decay": 0.05}, {"params": plain, "weight_decay": 0.0}]
    chosen = [torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.98), **({"fused": True} if gpu else {}))]
    return chosen + ([Muon(matrices, lr=matrix_rate, weight_decay=0.01)] if matrices else [])


def rate_factor(step: int, part: float) -> float:
    """Of the learning rate, after `part` of the whole time."""
    falling = 0.5 * (1 + math.cos(math.pi * min(1.0, part)))
    return min(1.0, (step + 1) / _WARM_UP_STEPS) * (falling * (1 - _LAST_RATE) + _LAST_RATE)


def _compile(model: Model) -> None:
    import torch._dynamo as dynamo
    for limit in ("recompile_limit", "cache_size_limit"):  # a shape for each layout; the name depends on torch's version
        if hasattr(dynamo.config, limit):
            setattr(dynamo.config, limit, 64)
    model.compile_layers()


class Trainer:
    def __init__(self, options: argparse.Namespace, team: Team):
        torch.manual_seed(0)
        self.options, self.team, self.device = options, team, team.device
        state = checkpoint.load_state(options.out / "state.pt")
        progress = state["progress"] if state else {"step": 0, "scenes": 0, "seconds": 0.0}
        self.step, self.scenes, self.before = progress["step"], progress["scenes"], progress["seconds"]
        world, tokenizer = World(options.data), Tokenizer.load(options.data / "tokenizer.json")
        pictures = atlas.stored(world, options.data, "drawings")
        self.batches = batches.loader(options.data, options.seed, team.rank, self.step, options.tiles, options.workers)
        team.meet()
        drawings = atlas.of_drawings(world, pictures, self.device)
        self.renderer = Renderer(drawings, atlas.of_letters(options.data, self.device), self.device)
        self.tiler = Tiler(self.device)
        self.model = Model(len(tokenizer.tokens), world.classes).to(self.device)
        if options.only:
            for name, parameter in self.model.named_parameters():
                parameter.requires_grad = name.startswith("classifier") or re.search(options.only, name) is not None
        self.learning = [parameter for parameter in self.model.parameters() if parameter.requires_grad]
        self.optimizers = _optimizers(self.model, options.optimizer, options.rate, options.matrix_rate, self.device.type == "cuda")
        self.rates = [[group["lr"] for group in each.param_groups] for each in self.optimizers]
        if state:
            checkpoint.restore(state, self.model, self.optimizers)
            self.say(f"goes on after {self.step} steps, {self.before:.0f} s")
        elif options.weights:
            self._start_from(options.weights)
        if self.device.type == "cuda":
            torch.backends.cuda.matmul.allow_tf32 = True
            if not options.no_compile:
                _compile(self.model)

    def _start_from(self, weights: Path) -> None:
        if (weights / "index.json").exists():
            stored = checkpoint.load_weights(weights)
        else:
            from . import shipped  # needs llama.cpp's gguf package
            stored = shipped.load_weights(weights)
        tokens = stored.get("embeddings.weight", self.model.embeddings.weight)
        if len(tokens) != len(self.model.embeddings.weight):
            raise SystemExit(f"{weights} has {len(tokens)} tokens, the vocabulary has "
                             f"{len(self.model.embeddings.weight)}: take the tokenizer.json that it was trained with")
        checkpoint.fill(self.model, stored, weights)
        self.say(f"begins from {weights}, changes {sum(map(torch.numel, self.learning)) / 1e6:.1f} M of its numbers")

    def say(self, text: str) -> None:
        if self.team.rank == 0:
            print(text, flush=True)

    def losses(self, layout: str, batch: batches.Batch, blurred: bool) -> tuple[torch.Tensor, torch.Tensor]:
        """Of the answers' tokens, and of naming what the patches show."""
        shape = LAYOUTS[layout]
        with torch.no_grad():
            pictures = self.renderer.render(shape.canvas, batch.counts, batch.backgrounds, batch.objects)
            shown = self.renderer.labels(shape, batch.counts, batch.objects, batch.labels)
            if blurred:
                small = F.avg_pool2d(pictures.float(), 2)
                pictures = F.interpolate(small, scale_factor=2, mode="bilinear", align_corners=False).round().to(torch.uint8)
            tiles = self.tiler(shape, pictures)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda"):
            patches = self.model.see(tiles.flatten(0, 1))
            seen = self.model.connect(patches).view(len(pictures), -1, self.model.shape.width)
            naming = F.cross_entropy(self.model.classifier(patches).flatten(0, 1).float(), shown.flatten())
            states = self.model.read(self.model.embed(batch.ids, seen).to(seen.dtype)).flatten(0, 1)[batch.places]
            answers = F.cross_entropy((states @ self.model.embeddings.weight.t().to(states.dtype)).float(), batch.targets, ignore_index=-100)
        return answers, naming

    def _one_step(self, batch: batches.Batch, part: float) -> tuple[str, torch.Tensor]:
        layout = batches.layout_of_step(self.options.seed, self.step)
        factor = rate_factor(self.step, part)
        for optimizer, rates in zip(self.optimizers, self.rates):
            for group, rate in zip(optimizer.param_groups, rates):
                group["lr"] = rate * factor
        answers, naming = self.losses(layout, batch, self.step % _BLURRED_EVERY == 5)
        (answers + naming * (0.1 + 0.7 * (1 - part))).backward()
        self.team.average_gradients(self.learning)
        torch.nn.utils.clip_grad_norm_(self.learning, 1.0)
        for optimizer in self.optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        self.step += 1
        self.scenes += len(batch.counts) * self.team.size
        return layout, torch.stack([answers.detach(), naming.detach()])

    def run(self) -> None:
        begun, waited, seconds, figures, saved = time.time(), 0.0, 0.0, {}, 0.0
        while seconds < self.options.seconds and (not self.options.steps or self.step < self.options.steps):
            asked = time.time()
            batch = next(self.batches).to(self.device)
            waited += time.time() - asked
            layout, losses = self._one_step(batch, (self.before + seconds) / self.options.total_seconds)
            figures.setdefault(layout, []).append(losses)
            if self.step % _AGREE_EVERY == 0 or self.options.steps:
                seconds = self.team.agree(time.time() - begun)
            if self.step % 100 == 0 or self.step in (10, 30) or self.options.steps:
                self._report(seconds, waited, figures)
                figures, waited = {}, 0.0
            if seconds - saved >= self.options.save_seconds:
                self._save(self.before + seconds)
                saved = seconds
        self._save(self.before + seconds)

    def _report(self, seconds: float, waited: float, figures: dict) -> None:
        means = {layout: torch.stack(values).mean(0).tolist() for layout, values in sorted(figures.items())}
        losses = "  ".join(f"{layout} {answers:.3f} {naming:.3f}" for layout, (answers, naming) in means.items())
        self.say(f"step {self.step}  {self.before + seconds:.0f} s  {self.scenes / 1000:.0f} k scenes  waited {waited:.1f} s  {losses}")

    def _save(self, seconds: float) -> None:
        if self.team.rank == 0:
            self.options.out.mkdir(parents=True, exist_ok=True)
            progress = {"step": self.step, "scenes": self.scenes, "seconds": seconds}
            checkpoint.save_state(self.options.out / "state.pt", self.model, self.optimizers, progress)
            checkpoint.save_weights(self.model, self.options.out / "weights", progress)  # what did not learn is left out
        self.say(f"saved after {self.step} steps, {self.scenes / 1e6:.2f} M scenes, {seconds:.0f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seconds", type=float, default=math.inf, help="of this run")
    parser.add_argument("--total-seconds", type=float, required=True, help="of all runs together")
    parser.add_argument("--weights", type=Path, help="of an earlier model to begin from: OUT/weights, or a folder with its two GGUF files")
    parser.add_argument("--only", metavar="REGEX", help="change only the tensors with such a name; the others stay as --weights has them")
    parser.add_argument("--save-seconds", type=float, default=300, help="save whenever so much time has passed (300)")
    parser.add_argument("--steps", type=int, default=0, help="stop there, and report each step: for tests")
    parser.add_argument("--tiles", type=int, default=840, help="in a step on each GPU (840); a multiple of 15 fills every layout")
    parser.add_argument("--workers", type=int, default=14, help="processes that make scenes, for each GPU (14)")
    parser.add_argument("--optimizer", choices=["muon", "adamw"], default="muon")
    parser.add_argument("--rate", type=float, default=1.2e-3, help="of AdamW (1.2e-3)")
    parser.add_argument("--matrix-rate", type=float, default=0.02, help="of Muon (0.02)")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--no-compile", action="store_true")
    options = parser.parse_args()
    if options.only and not options.weights:
        parser.error("--only needs --weights")
    trainer = Trainer(options, Team())
    trainer.run()
    if trainer.team.size > 1:
        distributed.destroy_process_group()


if __name__ == "__main__":
    main()
