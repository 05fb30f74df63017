"""Muon for the layers' matrices: momentum, made orthogonal by five Newton-Schulz steps, so that every direction of a matrix learns
at the same rate. Embeddings, patches, norms and biases stay with AdamW. In a trial of the same length on the same scenes it
decides whether `--optimizer muon` or `adamw` is taken (README.md)."""
from __future__ import annotations

import torch


def orthogonal(matrices: torch.Tensor, steps: int = 5) -> torch.Tensor:
    """[N, rows, columns] -> the same with singular values near 1. The coefficients are Keller Jordan's."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = matrices.to(torch.bfloat16 if matrices.is_cuda else torch.float32)
    tall = x.shape[-2] > x.shape[-1]
    if tall:
        x = x.transpose(-2, -1)
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(steps):
        square = x @ x.transpose(-2, -1)
        x = a * x + (b * square + c * square @ square) @ x
    return x.transpose(-2, -1) if tall else x


class Muon(torch.optim.Optimizer):
    def __init__(self, parameters: list[torch.nn.Parameter], lr: float, momentum: float = 0.95, weight_decay: float = 0.0):
        by_shape: dict[torch.Size, list[torch.nn.Parameter]] = {}
        for parameter in parameters:
            by_shape.setdefault(parameter.shape, []).append(parameter)
        groups = [{"params": members} for members in by_shape.values()]  # one product for all matrices of a shape
        super().__init__(groups, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self) -> None:
        for group in self.param_groups:
            members, momentum = group["params"], group["momentum"]
            gradients = torch.stack([member.grad for member in members])
            state = self.state[members[0]]
            if "momentum" not in state:
                state["momentum"] = torch.zeros_like(gradients)
            state["momentum"].lerp_(gradients, 1 - momentum)
            update = orthogonal(gradients.lerp(state["momentum"], momentum))  # Nesterov's
            rows, columns = members[0].shape
            factor = -group["lr"] * max(1.0, rows / columns) ** 0.5
            for member, change in zip(members, update.to(members[0].dtype)):
                member.mul_(1 - group["lr"] * group["weight_decay"]).add_(change, alpha=factor)
