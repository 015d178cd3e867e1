"""Writes a trained run as the converter reads it: safetensors, config, tokenizer, calibration, dev figures, golden vectors.

    python -m training.export --run runs/mini --out runs/mini-export
    python -m training.export --checkpoint x.pt --config config.json --vocabulary vocab.txt --out runs/x-export
    npx mner-qg convert runs/mini-export --out public/models/mner-qg-mini

A checkpoint is read as data (`weights_only`): a state dict, or a dict that keeps one beside its optimiser.
"""
from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch

from .data.text import TextReader
from .golden import golden_vectors, save as save_golden
from .loop import save_weights
from .run import Run, load_run, load_weights
from .systems import SYSTEMS

TOKENIZER = {"tokenizer_class": "BertTokenizer", "do_lower_case": True, "strip_accents": None, "tokenize_chinese_chars": True, "model_max_length": 512,
             "unk_token": "[UNK]", "sep_token": "[SEP]", "pad_token": "[PAD]", "cls_token": "[CLS]", "mask_token": "[MASK]"}
STATES = ("average", "model", "state_dict", "model_state_dict")  # where training scripts keep the weights, best first


def read_checkpoint(path: Path, config: Path, vocabulary: Path, system: str | None) -> Run:
    """A PyTorch checkpoint as a run. Names may carry a wrapper's prefix (`module.`, `learns.`, `model.`)."""
    state = torch.load(path, map_location="cpu", weights_only=True)
    for key in STATES:
        if isinstance(state.get(key), dict):
            state = state[key]
            break
    weights = {}
    for name, value in state.items():
        for prefix in ("module.", "learns.", "model."):
            name = name.removeprefix(prefix)
        if isinstance(value, torch.Tensor) and not name.startswith("distil."):  # of training alone
            weights[name] = value
    plain = json.loads(config.read_text())
    return Run(*load_weights(plain | ({"system": system} if system else {}), weights), TextReader(vocabulary))


def export(run: Run, report: dict | None, out: Path, name: str, version: str) -> None:
    out.mkdir(parents=True, exist_ok=True)
    save_weights(run.model, out / "model.safetensors")
    config = {"system": run.system.name, **run.model.config.to_dict()}
    description = {"name": name, "version": version, "licence": "Apache-2.0"}
    if report:
        description |= run.system.describe(report, config)
    # Golden first: it writes a config of its own.
    save_golden(out / "golden", run.model, golden_vectors(run.system, run.model), with_weights=False)
    (out / "config.json").write_text(json.dumps(config, indent=2))
    (out / "description.json").write_text(json.dumps(description, indent=2))
    (out / "vocab.txt").write_text("\n".join(run.reader.vocabulary) + "\n", encoding="utf-8")
    (out / "tokenizer_config.json").write_text(json.dumps(TOKENIZER, indent=2) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--run", type=Path)
    source.add_argument("--checkpoint", type=Path, help="a .pt file; needs --config and --vocabulary")
    parser.add_argument("--config", type=Path)
    parser.add_argument("--vocabulary", type=Path)
    parser.add_argument("--system", choices=sorted(SYSTEMS), help="of the checkpoint, when its config does not say")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--name")
    parser.add_argument("--version", default="1.0.0")
    args = parser.parse_args()
    if args.checkpoint and not (args.config and args.vocabulary):
        parser.error("--checkpoint needs --config and --vocabulary")
    torch.manual_seed(0)
    report = None
    if args.run:
        run = load_run(args.run)
        if args.system not in (None, run.system.name):
            parser.error(f"{args.run} is of the system {run.system.name}")
        if (args.run / "report.json").exists():
            report = json.loads((args.run / "report.json").read_text())
    else:
        run = read_checkpoint(args.checkpoint, args.config, args.vocabulary, args.system)
    export(run, report, args.out, args.name or f"{run.system.name}-{run.model.config.size}", args.version)
    print(f"written: {args.out}")


if __name__ == "__main__":
    main()
