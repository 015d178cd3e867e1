"""Trains a system: one command for all of them, one loop behind it.

    python -m training.train --config mini --encoder BERT_FOLDER --start runs/pretrain/encoder.pt \\
        --data ../shared/data --trunk ../shared/init/yolox-nano.npz --out runs/mini

Runs on one CPU or GPU as it stands, on several GPUs through `accelerate launch -m training.train …`. A stopped run goes on
where it was: give the same command again. `--system all` trains every row of the table (`training/all_systems.py`).
"""
from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch

from .all_systems import train_all
from .loop import Plan, run
from .scoring import plot_curves
from .systems import DEFAULT, SYSTEMS, System, find_system


def parser(system: System) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--system", choices=sorted(SYSTEMS), default=DEFAULT)
    parser.add_argument("--config", choices=sorted(system.presets), default=next(iter(system.presets)))
    parser.add_argument("--encoder", help="a Hugging Face BERT folder of the config's size, with vocab.txt; not needed to go on from a network")
    parser.add_argument("--start", help="encoder.pt of training.pretrain or training.mlm, or a run or model folder to go on from")
    parser.add_argument("--data", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=1e9, help="finish within this time: the learning rate reaches zero then")
    parser.add_argument("--tokens", type=int, default=512, help="word pieces a batch")
    parser.add_argument("--rate", type=float, default=1.2e-4)
    parser.add_argument("--head-rate", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--bf16", action="store_true", help="16-bit products: on a GPU, or on a CPU that has them")
    parser.add_argument("--accelerate", action="store_true", help="under `accelerate launch`: several GPUs, bf16")
    system.add_arguments(parser)
    return parser


def train(system: System, args: argparse.Namespace, weights=None) -> None:
    """`weights` of the losses, where a system has several, stand in for its own."""
    out = Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(args.seed)
    recipe = system.recipe(args)
    if weights is not None:
        recipe.weights = weights
    (out / "arguments.json").write_text(json.dumps(vars(args), indent=2))
    bf16 = args.bf16 or args.accelerate or torch.cuda.is_available()
    run(recipe, Plan(out, args.epochs, args.minutes, bf16=bf16, accelerate=args.accelerate))
    plot_curves(out)


def main() -> None:
    first = argparse.ArgumentParser(add_help=False)
    first.add_argument("--system", choices=["all", *sorted(SYSTEMS)], default=DEFAULT)
    known, rest = first.parse_known_args()
    if known.system == "all":
        return train_all(rest, parser, train)
    system = find_system(known.system)
    train(system, parser(system).parse_args())


if __name__ == "__main__":
    main()
