"""Compares this package's answers with those of the command line, row by row: the same names, scores to 1e-4, boxes to a pixel.

    node dist/node/main.js annotate tweets.jsonl --photos photos --out node.jsonl
    python python/tests/compare.py tweets.jsonl node.jsonl --photos photos
"""
from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from mner_qg import Annotator
from mner_qg.results import to_json

ROUNDED = 0.5e-4  # both sides are written with four digits (boxes: one)


def differences(ours: dict[str, Any], theirs: dict[str, Any]) -> dict[str, float]:
    """The largest difference of a score and of a box's side; `names` counts names that only one of the two has."""
    if "error" in theirs or "error" in ours:
        same = ours.get("error", {}).get("code") == theirs.get("error", {}).get("code")
        return {"names": 0 if same else 1, "score": 0.0, "box": 0.0}
    key = lambda entity: (entity["start"], entity["end"], entity["type"])
    one, other = ({key(entity): entity for entity in row["entities"]} for row in (ours, theirs))
    score, box = 0.0, 0.0
    for place in one.keys() & other.keys():
        a, b = one[place], other[place]
        score = max(score, abs(a["score"] - b["score"]))
        if (a["box"] is None) != (b["box"] is None):
            box = float("inf")
        elif a["box"] is not None:
            box = max(box, *(abs(x - y) for x, y in zip(a["box"], b["box"])))
            score = max(score, abs(a["boxScore"] - b["boxScore"]))
    score = max([score, *(abs(ours["exists"][kind] - value) for kind, value in theirs["exists"].items())])
    return {"names": len(one.keys() ^ other.keys()), "score": score, "box": box}


def annotate_rows(annotator: Annotator, rows: list[dict[str, Any]], photos: Path | None) -> list[dict[str, Any]]:
    images = [None if photos is None or not row.get("image") else photos / row["image"] for row in rows]
    results = annotator.annotate([row["text"] for row in rows], images, errors=False)
    return [to_json({"id": row.get("id"), "text": row["text"], "image": row.get("image")}, result) for row, result in zip(rows, results)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("input")
    parser.add_argument("theirs")
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--model", default="public/models/mner-qg-mini")
    args = parser.parse_args()
    rows, theirs = ([json.loads(line) for line in Path(path).read_text(encoding="utf-8").split("\n") if line] for path in (args.input, args.theirs))
    if len(rows) != len(theirs):
        print(f"{len(rows)} rows here, {len(theirs)} there")
        return 1
    annotator = Annotator(args.model, threads=1)
    begun, used = time.perf_counter(), time.process_time()
    ours = annotate_rows(annotator, rows, args.photos)
    wall, used = time.perf_counter() - begun, time.process_time() - used
    found = [differences(a, b) for a, b in zip(ours, theirs)]
    names = sum(row["names"] for row in found)
    score, box = max(row["score"] for row in found), max(row["box"] for row in found)
    beyond = sum(row["score"] > 1e-4 + ROUNDED or row["box"] > 1 for row in found)
    print(f"{len(rows)} rows, {sum(len(row.get('entities', ())) for row in ours)} names: {names} differ; scores to {score:.4f}, boxes to {box:.1f} pixels, "
          f"{beyond} rows beyond 0.0001 or a pixel; {wall:.1f} s, {used:.1f} s of processor")
    for row, a, b in zip(found, ours, theirs):
        if row["names"] or row["box"] > 1:
            print(row, a.get("id"), a.get("entities", a.get("error")), b.get("entities", b.get("error")))
    return 1 if names or beyond else 0


if __name__ == "__main__":
    sys.exit(main())
