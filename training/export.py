"""Writes a trained run as the converter reads it: safetensors, config, tokenizer, calibration, dev figures, golden vectors.

    python -m training.export --run runs/mini --out runs/mini-export
    python -m training.export --checkpoint x.pt --config config.json --vocabulary vocab.txt --out runs/x-export
    npx mner-qg convert runs/mini-export --out public/models/mner-qg-mini

An add-on carries only what the folder does not have that it is made over:

    python -m training.export --run runs/systems/bert-crf --base public/models/mner-qg-mini --out runs/bert-crf-export
    npx mner-qg convert runs/bert-crf-export --base public/models/mner-qg-mini --out public/models/systems/bert-crf
    python -m training.export --run runs/systems/umt --base public/models/systems/bert-crf --out runs/umt-export
    npx mner-qg convert runs/umt-export --base public/models/systems/bert-crf --out public/models/systems/umt

A checkpoint is read as data (`weights_only`): a state dict, or a dict that keeps one beside its optimiser.
"""
from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

from .data.text import TextReader
from .golden import golden_vectors, save as save_golden
from .loop import save_tensors, save_weights
from .model_folder import decode_tensors, with_deltas
from .run import Run, load_run, load_weights
from .systems import DEFAULT, SYSTEMS

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


CLOSE = 0.02  # of what a base may differ from what was trained over it: eight bits


def own_weights(run: Run, base: dict[str, np.ndarray] | None, deltas: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """What an add-on over `base` brings: deltas instead of the matrices they belong to, and all that the base has not."""
    state = {k: v for k, v in run.model.state_dict().items() if not k.endswith("num_batches_tracked") and not k.startswith("head.untyped_crf.")}
    changed = {name.removesuffix(".low_rank.up") + ".weight" for name in deltas if name.endswith(".up")}
    own = {}
    for name, value in state.items():
        if name in changed:
            continue
        there = None if base is None else base.get(name)
        if there is None or there.shape != tuple(value.shape):
            own[name] = value
        elif run.system.needs:  # heads are trained over what the base holds in fewer bits
            theirs = torch.from_numpy(there)
            if (theirs - value).norm() > CLOSE * value.norm().clamp(min=1e-6):
                raise ValueError(f"{name} is not what the base has: give the folder that {run.system.name} was trained over")
        elif not np.array_equal(there, value.numpy()):
            own[name] = value
    return own | deltas


def export(run: Run, report: dict | None, out: Path, name: str, version: str, base: Path | None = None, deltas: dict | None = None) -> None:
    out.mkdir(parents=True, exist_ok=True)
    if base is None and run.system.needs:
        # Without a base to look at: a head and what it sees with; encoders and tagger lie in the folders it needs.
        save_weights(run.model, out / "model.safetensors", (*run.model.SHARED, "head.untyped_crf."))
    else:
        there = None if base is None else with_deltas(decode_tensors(base))
        save_tensors(own_weights(run, there, (deltas or {}) if base else {}), out / "model.safetensors")
    config = {"system": run.system.name, **run.model.config.to_dict()}
    description = {"name": name, "version": version, "licence": "Apache-2.0"}
    if run.system.needs:
        description["needs"] = {"text": run.system.needs, "image": DEFAULT}
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
    parser.add_argument("--base", type=Path, help="model folder that an add-on is made over")
    args = parser.parse_args()
    if args.checkpoint and not (args.config and args.vocabulary):
        parser.error("--checkpoint needs --config and --vocabulary")
    torch.manual_seed(0)
    report, deltas = None, None
    if args.run:
        run = load_run(args.run)
        if args.system not in (None, run.system.name):
            parser.error(f"{args.run} is of the system {run.system.name}")
        if (args.run / "report.json").exists():
            report = json.loads((args.run / "report.json").read_text())
        if (args.run / "low_rank.safetensors").exists():
            deltas = load_file(args.run / "low_rank.safetensors")
    else:
        run = read_checkpoint(args.checkpoint, args.config, args.vocabulary, args.system)
    export(run, report, args.out, args.name or f"{run.system.name}-{run.model.config.size}", args.version, args.base, deltas)
    print(f"written: {args.out}")


if __name__ == "__main__":
    main()
