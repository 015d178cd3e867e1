"""Golden vectors: inputs and the outputs at every module boundary, which the TypeScript networks must reproduce.

    python -m training.golden --out test/fixtures          # tiny random networks of every system, small enough to commit
"""
from __future__ import annotations

import argparse
import json
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

from .loop import save_weights
from .systems import SYSTEMS, System, find_system
from .systems.system import Tensors


def randomise(model: nn.Module, seed: int) -> None:
    """Random everything, also what starts at zero or one, so that no part of the network can be left out unnoticed."""
    generator = torch.Generator().manual_seed(seed)
    normal = lambda t, scale: torch.randn(t.shape, generator=generator) * scale
    with torch.no_grad():
        for name, value in model.state_dict().items():
            if value.dtype == torch.int64:
                continue
            if name.endswith("running_var"):
                value.copy_(torch.rand(value.shape, generator=generator) + 0.5)
            elif name.endswith("norm.weight"):
                value.copy_(1 + normal(value, 0.2))
            elif value.dim() > 1:
                fan_in = value[0].numel()
                value.copy_(normal(value, (1.5 / fan_in) ** 0.5))
            else:
                value.copy_(normal(value, 0.1))


@contextmanager
def recorded(boundaries: dict[str, nn.Module], into: Tensors):
    """Writes down what each module gives. Maps come channels last, as the browser has them; of a tuple only what comes first."""

    def write(name: str):
        def hook(module, inputs, output):
            if isinstance(output, list):
                into.update({f"{name}.{k}": channels_last(t) for k, t in enumerate(output)})
            else:
                into[name] = channels_last(output[0] if isinstance(output, tuple) else output)

        return hook

    hooks = [module.register_forward_hook(write(name)) for name, module in boundaries.items()]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def channels_last(t: torch.Tensor) -> torch.Tensor:
    return t.permute(0, 2, 3, 1) if t.dim() == 4 else t


@torch.no_grad()
def golden_vectors(system: System, model: nn.Module, seed: int = 11) -> Tensors:
    model.eval()
    inputs, seen = system.example(model.config, seed), {}
    outputs = system.outputs(model, inputs, lambda: recorded(system.boundaries(model), seen))
    named = {f"input.{name}": channels_last(value) for name, value in inputs.items()}
    return {name: value.contiguous().clone() for name, value in (named | seen | outputs).items()}


def save(folder: Path, model: nn.Module, vectors: Tensors, with_weights: bool) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    as_saved = lambda v: v.to(torch.int32) if v.dtype == torch.int64 else v.float()
    (folder / "config.json").write_text(model.config.to_json())
    save_file({k: as_saved(v) for k, v in vectors.items()}, folder / "golden.safetensors")
    if with_weights:
        save_weights(model, folder / "model.safetensors")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True)
    parser.add_argument("--system", nargs="*", choices=sorted(SYSTEMS), default=list(SYSTEMS))
    args = parser.parse_args()
    for system in map(find_system, args.system):
        for preset in system.committed:
            config = system.presets[preset]()
            model = system.build(config, dropout=0.0)
            randomise(model, 7)
            save(Path(args.out) / f"golden-{config.size}", model, golden_vectors(system, model), with_weights=True)
            print(f"golden-{config.size}: {json.dumps(sum(p.numel() for p in model.parameters()))} parameters")


if __name__ == "__main__":
    main()
