"""The one training loop, and what it is made of: layer-wise learning rates, a moving average, checkpoints that resume.

What is trained, on what, and how it is judged is a `Recipe`; how long, how fast and in what precision is a `Plan`.
"""
from __future__ import annotations

import copy
import json
import math
import random
import time
from collections import defaultdict
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Sequence

import torch
from torch import nn


def parameter_groups(model: nn.Module, encoder: nn.Module, rate: float, decay: float, head_rate: float, weight_decay: float = 0.01) -> list[dict]:
    """The encoder's top layer learns at `rate`, each layer below at `decay` times the one above, everything else at `head_rate`."""
    depth = len(encoder.layers)
    rates: dict[int, float] = {}
    for parameter in encoder.embeddings.parameters():
        rates[id(parameter)] = rate * decay**depth
    # The shape embedding is new: it learns as fast as a head.
    rates[id(encoder.embeddings.shape.weight)] = head_rate
    for index, layer in enumerate(encoder.layers):
        for parameter in layer.parameters():
            rates[id(parameter)] = rate * decay ** (depth - 1 - index)
    groups: dict[tuple[float, float], list] = {}
    for parameter in model.parameters():
        if parameter.requires_grad:
            key = (rates.get(id(parameter), head_rate), weight_decay if parameter.dim() > 1 else 0.0)
            groups.setdefault(key, []).append(parameter)
    return [{"params": p, "lr": r, "weight_decay": w} for (r, w), p in groups.items()]


class Average:
    """Exponential moving average of a model's weights."""

    def __init__(self, model: nn.Module, decay: float = 0.999):
        self.model = copy.deepcopy(model).eval()
        for parameter in self.model.parameters():
            parameter.requires_grad_(False)
        self.decay, self.steps = decay, 0

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        self.steps += 1
        # Young averages follow quickly, so that the first steps do not linger.
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        mine, theirs = [], []
        for a, b in zip(self.model.state_dict().values(), model.state_dict().values()):
            if a.dtype.is_floating_point:
                mine.append(a)
                theirs.append(b)
            else:
                a.copy_(b)
        torch._foreach_lerp_(mine, theirs, 1 - decay)


def save_atomically(value: dict, path: Path) -> None:
    """A killed run leaves the old checkpoint or the new one, never half of one."""
    temporary = path.with_suffix(".tmp")
    torch.save(value, temporary)
    temporary.replace(path)


def save_weights(model: nn.Module, path: Path, without: tuple[str, ...] = ()) -> None:
    """`without`: beginnings of the names that lie in another folder."""
    save_tensors({k: v for k, v in model.state_dict().items() if not k.endswith("num_batches_tracked") and not k.startswith(without)}, path)


def save_tensors(tensors: dict[str, torch.Tensor], path: Path) -> None:
    from safetensors.torch import save_file

    weights = {k: v.contiguous().cpu() for k, v in tensors.items()}
    temporary = path.with_suffix(".tmp")
    save_file(weights, temporary)
    temporary.replace(path)


@dataclass
class Plan:
    out: Path
    epochs: float = 1
    minutes: float = 1e9  # the rate is zero then, wherever the run has got to
    warmup: int = 150  # steps, of a short run an eighth
    cosine: bool = False  # how the rate falls; else in a straight line
    clip: float = 1.0
    average: float = 0.998
    bf16: bool = False  # autocast, on a GPU as on a CPU that can
    accelerate: bool = False  # under `accelerate launch`: several GPUs
    show: int = 25  # steps between two lines of the log
    keep: int = 200  # steps between two checkpoints


class Recipe:
    """One kind of training. `learns` is what the optimiser, the average and the checkpoint hold; `rng` draws its data."""

    learns: nn.Module
    rng: random.Random
    device = torch.device("cpu")
    precision: Any = nullcontext  # to be entered round a forward pass

    def groups(self) -> list[dict]:
        return [{"params": [p for p in self.learns.parameters() if p.requires_grad]}]

    def epoch(self) -> Sequence:
        """The batches of one epoch, in order."""
        raise NotImplementedError

    def begin_step(self) -> None:
        self.learns.train()

    def loss(self, batch) -> tuple[torch.Tensor, dict[str, float]]:
        """To be minimised, and its parts for the log."""
        raise NotImplementedError

    def end_step(self) -> None:
        """Behind the optimiser's step, before the average takes it in."""

    def look(self, average: nn.Module, final: bool) -> dict | None:
        """At an epoch's end: scores the average on dev and keeps it. None: this epoch is not looked at."""
        raise NotImplementedError


class Step(nn.Module):
    """The loss as a module's forward: what several GPUs need to see to share their gradients."""

    def __init__(self, recipe: Recipe):
        super().__init__()
        self.learns, self.work = recipe.learns, recipe.loss

    def forward(self, batch):
        return self.work(batch)


def run(recipe: Recipe, plan: Plan) -> list[dict]:
    """Trains until the epochs or the minutes are over, going on from a checkpoint where there is one. Gives the dev reports."""
    plan.out.mkdir(parents=True, exist_ok=True)
    accelerator = None
    if plan.accelerate:
        from accelerate import Accelerator, DistributedDataParallelKwargs

        accelerator = Accelerator(kwargs_handlers=[DistributedDataParallelKwargs(find_unused_parameters=True)])
    leads = accelerator is None or accelerator.is_main_process
    recipe.device = accelerator.device if accelerator else torch.device("cuda" if torch.cuda.is_available() else "cpu")
    recipe.precision = lambda: torch.autocast(recipe.device.type, torch.bfloat16) if plan.bf16 else nullcontext()
    model = recipe.learns.to(recipe.device)
    optimiser = torch.optim.AdamW(recipe.groups(), betas=(0.9, 0.98))
    for group in optimiser.param_groups:
        group.setdefault("base", group["lr"])
    average = Average(model, plan.average)
    step, epoch, spent, history = 0, 0, 0.0, []
    checkpoint = plan.out / "checkpoint.pt"
    if checkpoint.exists():
        saved = torch.load(checkpoint, map_location=recipe.device, weights_only=True)
        model.load_state_dict(saved["model"])
        average.model.load_state_dict(saved["average"])
        optimiser.load_state_dict(saved["optimiser"])
        version, numbers, gauss = saved["rng"]
        recipe.rng.setstate((version, tuple(numbers), gauss))
        average.steps, step, epoch, spent = saved["average_steps"], saved["step"], saved["epoch"], saved["spent"]
        history = json.loads(saved["history"])
        print(f"resumed at epoch {epoch}, step {step}", flush=True)
    work = Step(recipe)
    if accelerator:
        work, optimiser = accelerator.prepare(work, optimiser)
    log = open(plan.out / "log.jsonl", "a")
    started, mean, total, progress = time.time() - spent, defaultdict(float), None, 0.0
    names = [p for group in optimiser.param_groups for p in group["params"]]

    def keep() -> None:
        if not leads:
            return
        save_atomically({"model": model.state_dict(), "average": average.model.state_dict(), "average_steps": average.steps,
                         "optimiser": optimiser.state_dict(), "rng": recipe.rng.getstate(), "step": step, "epoch": epoch,
                         "spent": time.time() - started, "history": json.dumps(history)}, checkpoint)

    while progress < 1 and epoch < plan.epochs:
        batches = recipe.epoch()
        if accelerator:  # all draw the same epoch and take their own share of it
            share = len(batches) // accelerator.num_processes
            batches = batches[accelerator.process_index :: accelerator.num_processes][:share]
        total = total or max(1, math.ceil(len(batches) * plan.epochs))
        for batch in batches:
            progress = max(step / total, (time.time() - started) / (plan.minutes * 60))
            if progress >= 1:
                break
            left = 0.5 + 0.5 * math.cos(math.pi * progress) if plan.cosine else 1 - progress
            for group in optimiser.param_groups:
                group["lr"] = group["base"] * min(1.0, (step + 1) / min(plan.warmup, max(1, total // 8))) * left
            recipe.begin_step()
            loss, parts = work(batch)
            optimiser.zero_grad(set_to_none=True)
            (accelerator.backward if accelerator else torch.Tensor.backward)(loss)
            nn.utils.clip_grad_norm_(names, plan.clip)
            optimiser.step()
            recipe.end_step()
            average.update(model)
            step += 1
            for key, value in parts.items():
                mean[key] += 0.02 * (value - mean[key]) if key in mean else value
            if leads and step % plan.show == 0:
                row = {"epoch": epoch, "step": step, "seconds": round(time.time() - started), **{k: round(v, 4) for k, v in mean.items()}}
                log.write(json.dumps(row) + "\n")
                log.flush()
                bar = "#" * int(20 * progress)
                print(f"[{bar:20}] {step}/{total} {' '.join(f'{k} {v:.3f}' for k, v in mean.items())} {row['seconds']}s", flush=True)
            if step % plan.keep == 0:
                keep()
        epoch += 1
        report = recipe.look(average.model, progress >= 1 or epoch >= plan.epochs) if leads else None
        if report is not None:
            history.append({"epoch": epoch, "step": step, **report})
            log.write(json.dumps({"dev": history[-1]}) + "\n")
            log.flush()
        keep()
    log.close()
    return history
