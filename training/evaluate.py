"""Scores a run or a converted model folder on dev, by its own system's measures.

    python -m training.evaluate --run runs/mini --data ../shared/data
"""
from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch

from .run import load_run
from .scoring import plot
from .systems import SYSTEMS
from .systems.mner_qg.config import OneWayConfig


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", required=True, help="folder with model.safetensors, config.json, vocab.txt; or a converted model folder")
    parser.add_argument("--system", choices=sorted(SYSTEMS), help="stop when the run is of another system")
    parser.add_argument("--data", required=True)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--plot", help="write a picture of F1 per type and of the calibration")
    parser.add_argument("--settings", help="report.json to take thresholds and calibration from, instead of tuning them anew")
    parser.add_argument("--one-way", type=int, metavar="N", help="of MNER-QG: read questions one way, sentences without them in the lower N layers")
    args = parser.parse_args()
    torch.manual_seed(0)
    run = load_run(args.run)
    if args.system not in (None, run.system.name):
        parser.error(f"{args.run} is of the system {run.system.name}")
    if args.one_way is not None:
        run.model.ask_one_way(OneWayConfig(args.one_way))
    settings = json.loads(Path(args.settings).read_text())["settings"] if args.settings else None
    report = run.system.evaluate(run.model, Path(args.data), run.reader, settings)
    if args.plot:
        plot(report, Path(args.plot))
    print(json.dumps(report, indent=2) if args.json else run.system.summary(report))


if __name__ == "__main__":
    main()
