"""Puts the heads that `train_names` and `train_photo` have made into a run, ready for `training.export`.

    python -m training.systems.mner_qg.with_heads --run runs/grounded --names runs/names --photo runs/photo --report runs/student/report.json --out runs/mini
"""
from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

import torch

from ...loop import save_weights
from ...run import load_run
from .config import Config
from .model import MnerQg


def with_heads(model: MnerQg, names: dict[str, torch.Tensor], photo: dict[str, torch.Tensor], price: float, strength: float, ease: float) -> MnerQg:
    """`strength` of what decides that a name is not in the photo is kept, `ease` nats are taken off it."""
    names = {name: value.clone() for name, value in names.items()}
    names["price"].fill_(price)
    names["none_shift.weight"] *= strength
    names["none_shift.bias"] = names["none_shift.bias"] * strength - ease
    whole = MnerQg(Config.from_dict({**model.config.to_dict(), "nameHeads": True}))
    whole.load_state_dict({**model.state_dict(), **{f"entity_grounding.{name}": value for name, value in names.items()}, **photo})
    return whole.eval()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("run", "names", "photo", "report", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--price", type=float, default=1.3, help="of two names on one place, in nats")
    parser.add_argument("--strength", type=float, default=0.5, help="of what the names' head says of «not in the photo»")
    parser.add_argument("--ease", type=float, default=1.0, help="nats taken off it")
    args = parser.parse_args()
    read = lambda path: torch.load(path, map_location="cpu", weights_only=True)
    model = with_heads(load_run(args.run).model, read(args.names / "head.pt"), read(args.photo / "heads.pt"), args.price, args.strength, args.ease)
    args.out.mkdir(parents=True, exist_ok=True)
    save_weights(model, args.out / "model.safetensors")
    (args.out / "config.json").write_text(model.config.to_json())
    shutil.copyfile(args.run / "vocab.txt", args.out / "vocab.txt")
    report, scores = json.loads(args.report.read_text()), lambda path: json.loads(path.read_text())
    report["grounding"] = {**scores(args.run / "grounding.json"), "names": scores(args.names / "entity.json"), "photo": scores(args.photo / "photo.json")}
    (args.out / "report.json").write_text(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
