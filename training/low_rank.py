"""An encoder that stays as it is, and what is added to its matrices: products of two thin ones, which are small to ship.

`X.low_rank.down` (r, inputs) and `X.low_rank.up` (outputs, r) beside `X.weight`, as the browser's weight loader reads them.
"""
from __future__ import annotations

import torch
from torch import nn
from torch.nn.utils import parametrize

INNER = ".parametrizations.weight."
SMALL = ("embeddings.norm.", "embeddings.shape.", "embeddings.segment.")  # besides biases and norms of the layers


class LowRank(nn.Module):
    def __init__(self, outputs: int, inputs: int, rank: int):
        super().__init__()
        self.down = nn.Parameter(torch.randn(rank, inputs) * inputs**-0.5)
        self.up = nn.Parameter(torch.zeros(outputs, rank))

    def forward(self, weight):
        return weight + self.up @ self.down


def add_low_rank(encoder: nn.Module, rank: int) -> list[nn.Parameter]:
    """Freezes the encoder but for deltas of its matrices, its biases and its norms; these are what learns."""
    for module in [m for m in encoder.layers.modules() if isinstance(m, nn.Linear)]:
        parametrize.register_parametrization(module, "weight", LowRank(*module.weight.shape, rank))
        module.parametrizations.weight.original.requires_grad_(False)
    for name, parameter in encoder.embeddings.named_parameters():
        parameter.requires_grad_(f"embeddings.{name}".startswith(SMALL))
    return [p for p in encoder.parameters() if p.requires_grad]


@torch.no_grad()
def merged(state: dict[str, torch.Tensor]) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """A state with deltas → the plain state, deltas added, and the deltas by the names of the add-on."""
    plain = {name: value for name, value in state.items() if INNER not in name}
    deltas = {}
    for name, value in state.items():
        if name.endswith(INNER + "original"):
            root = name.removesuffix(INNER + "original")
            down, up = state[f"{root}{INNER}0.down"], state[f"{root}{INNER}0.up"]
            plain[f"{root}.weight"] = value + up @ down
            deltas |= {f"{root}.low_rank.down": down, f"{root}.low_rank.up": up}
    return plain, deltas
