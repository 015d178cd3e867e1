"""`python -m training.train --system all`: every system of the table, three seeds each, and the table.

The shared tagger first (unless --tagger names one), then the heads on its frozen sentences. A run that is there is not repeated.
The seed in the middle is the one to ship: `<out>/<system>` is a copy of it.
"""
from __future__ import annotations

import argparse
import json
import shutil
import statistics
from pathlib import Path

from .scoring import SETS
from .systems import DEFAULT, SYSTEMS, find_system

COLUMNS = ("no photo", "visual words", "wrong photo")


def strict(report: dict, column: str, name: str) -> float:
    return report["columns"][column][name] if "columns" in report else report[name]["strict"]["f1"]


def spread(values: list[float]) -> str:
    return f"{statistics.mean(values):.2f}" + (f" ± {statistics.stdev(values):.2f}" if len(values) > 1 else "")


def table(reports: dict[str, list[dict]]) -> str:
    """Strict F1 on dev, mean ± deviation over the seeds."""
    head = [f"T{name[-2:]} {column}" for column in COLUMNS for name in SETS]
    lines = [f"| system | {' | '.join(head)} |", "| --- |" + " ---: |" * len(head)]
    for system, runs in reports.items():
        cells = [spread([strict(r, column, name) for r in runs]) if "columns" in runs[0] or column == COLUMNS[0] else "–"
                 for column in COLUMNS for name in SETS]
        lines.append(f"| {system} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def train_all(rest: list[str]) -> None:
    from .train import parser as parser_of, train

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--tagger", type=Path, help="a run or folder of bert-crf; without it one is trained from --start")
    parser.add_argument("--start", help="run or folder whose text encoder the tagger starts from")
    parser.add_argument("--low-rank", type=int, default=0, help="of the tagger: what is added to the encoder of --start")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--tagger-epochs", type=int, default=4)
    parser.add_argument("--only", nargs="*", choices=sorted(SYSTEMS), help="of the heads, just these")
    args, rest = parser.parse_known_args(rest)
    tagger = args.tagger or args.out / "bert-crf"
    if not (tagger / "report.json").exists() and not (tagger / "manifest.json").exists():
        system = find_system("bert-crf")
        # What only heads know is not the tagger's.
        own, _ = parser_of(system).parse_known_args([*rest, "--start", args.start or "", "--out", str(tagger), "--epochs", str(args.tagger_epochs),
                                                     "--rate", "5e-5", "--low-rank", str(args.low_rank), "--system", "bert-crf"])
        train(system, own)
    reports: dict[str, list[dict]] = {}
    if (tagger / "report.json").exists():
        reports["bert-crf"] = [read(tagger)]
    names = [name for name in SYSTEMS if name not in (DEFAULT, "bert-crf") and (not args.only or name in args.only)]
    runs: dict[str, list[Path]] = {name: [] for name in names}
    for seed in range(args.seeds):  # each system once before any twice: a table that is cut short has all its rows
        for name in names:
            system, out = find_system(name), args.out / "seeds" / f"{name}-{seed}"
            if not (out / "report.json").exists():
                train(system, parser_of(system).parse_args([*rest, "--system", name, "--tagger", str(tagger), "--out", str(out), "--seed", str(seed)]))
            runs[name].append(out)
            by_score = sorted(runs[name], key=lambda run: sum(strict(read(run), "visual words", s) for s in SETS))
            shutil.copytree(by_score[len(by_score) // 2], args.out / name, dirs_exist_ok=True, ignore=shutil.ignore_patterns("checkpoint.pt"))
            reports[name] = [read(run) for run in runs[name]]
            (args.out / "table.md").write_text(table(reports))
    print(table(reports))


def read(run: Path) -> dict:
    return json.loads((run / "report.json").read_text())
