"""Writes a trained run as the converter reads it: safetensors, config, tokenizer, calibration, dev figures, golden vectors.

    python -m training.export --run runs/mini --out runs/mini-export
    npx mner-qg convert runs/mini-export --out public/models/mner-qg-mini
"""
from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import save_file

from .evaluate import load_run
from .golden import golden_vectors, random_input, save as save_golden


TOKENIZER = {"tokenizer_class": "BertTokenizer", "do_lower_case": True, "strip_accents": None, "tokenize_chinese_chars": True, "model_max_length": 512,
             "unk_token": "[UNK]", "sep_token": "[SEP]", "pad_token": "[PAD]", "cls_token": "[CLS]", "mask_token": "[MASK]"}


def calibration(report: dict) -> dict:
    """Decoding thresholds and the maps from raw logits to probabilities, as the browser's manifest wants them."""
    s = report["settings"]
    none = report.get("grounding", {}).get("none", {}).get("calibration", {"a": 1.0, "b": 0.0})
    return {"spanThreshold": s["least"], "span": {"a": s["a"], "b": s["b"]}, "none": none}


def figures(report: dict) -> dict:
    """The dev figures a model card leads with."""
    out = {"expectedCalibrationError": report["settings"]["calibrationError"], "existenceF1": report["existence"]["f1"]}
    for name in ("twitter2015", "twitter2017"):
        out[name] = {mode: report[name][mode]["f1"] for mode in ("strict", "lenient")}
    if "grounding" in report:
        out["grounding"] = report["grounding"]
    return out


def export(run: Path, out: Path, name: str, version: str) -> None:
    model, _ = load_run(run)
    out.mkdir(parents=True, exist_ok=True)
    weights = {k: v.contiguous() for k, v in model.state_dict().items() if not k.endswith("num_batches_tracked")}
    save_file(weights, out / "model.safetensors")
    config = model.config.to_dict()
    description = {"name": name, "version": version, "licence": "Apache-2.0"}
    report = json.loads((run / "report.json").read_text()) if (run / "report.json").exists() else None
    if report:
        threshold = report["settings"]["threshold"]
        config["decode"] = {"startThreshold": threshold, "endThreshold": threshold}
        description |= {"calibration": calibration(report), "metrics": figures(report)}
    (out / "config.json").write_text(json.dumps(config, indent=2))
    (out / "description.json").write_text(json.dumps(description, indent=2))
    shutil.copyfile(run / "vocab.txt", out / "vocab.txt")
    (out / "tokenizer_config.json").write_text(json.dumps(TOKENIZER, indent=2) + "\n")
    vectors = golden_vectors(model, *random_input(model.config, 11))
    save_golden(out / "golden", model, vectors, with_weights=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--name", default="mner-qg-mini")
    parser.add_argument("--version", default="1.0.0")
    args = parser.parse_args()
    torch.manual_seed(0)
    export(Path(args.run), Path(args.out), args.name, args.version)
    print(f"written: {args.out}")


if __name__ == "__main__":
    main()
