"""What each part is worth: trains the same short run again with one sub-task left out, and prints a table of dev figures.

    python -m training.ablate --parts full existence grounding --minutes 10 --out runs/ablate -- --encoder … --start … --data …

Everything behind `--` goes to the trainer. Runs share seed, data order and length, and a run that is there already is not repeated.
"""
from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from .systems import find_system
from .systems.mner_qg.loss import LossWeights
from .train import parser as training_parser, train

PARTS = {
    "full": LossWeights(),
    "existence": LossWeights(existence=0.0),
    "grounding": LossWeights(choice=0.0, box=0.0, match=0.0),
    "match": LossWeights(match=0.0),
    "spans": LossWeights(span=0.0),
}


def table(rows: dict[str, dict]) -> str:
    lines = ["| left out | T15 strict F1 | T17 strict F1 | existence F1 | person Acc@0.5 | labels Acc@0.5 | none AUC |", "| --- | --- | --- | --- | --- | --- | --- |"]
    for name, r in rows.items():
        g = r.get("grounding")
        grounding = f"{g['person'].get('accAt50')} | {g['labels'].get('accAt50')} | {g['none']['auc']}" if g else "– | – | –"
        lines.append(f"| {'nothing' if name == 'full' else name} | {r['twitter2015']['strict']['f1']:.2f} | {r['twitter2017']['strict']['f1']:.2f} | "
                     f"{r['existence']['f1']:.2f} | {grounding} |")
    return "\n".join(lines)


def main() -> None:
    own, rest = sys.argv[1:], []
    if "--" in own:
        own, rest = own[: own.index("--")], own[own.index("--") + 1 :]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", nargs="+", choices=sorted(PARTS), default=["full", "existence", "grounding"])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--out", required=True)
    args = parser.parse_args(own)
    rows = {}
    for part in args.parts:
        out = Path(args.out) / part
        if not (out / "report.json").exists():
            system = find_system("mner-qg")
            train(system, training_parser(system).parse_args([*rest, "--minutes", str(args.minutes), "--epochs", "1", "--out", str(out)]), PARTS[part])
        rows[part] = json.loads((out / "report.json").read_text())
    print(table(rows))
    (Path(args.out) / "table.md").write_text(table(rows) + "\n")


if __name__ == "__main__":
    main()
