"""How well MNER-QG reads what is not Twitter2015 or Twitter2017: strict F1 on dev of every other set, over the types it annotates.

    python -m training.outside --run public/models/mner-qg-mini --data data
"""
from __future__ import annotations

import argparse
import json
import random
from pathlib import Path

from . import metrics
from .data.corpora import CORPORA, read_corpus
from .data.examples import LABELS, make_example
from .run import load_run
from .scoring import to_token_spans
from .systems.mner_qg.evaluate import decode_all, predict_logits


def settings_of(run: Path) -> dict:
    """Threshold, least score and calibration of a model folder, or of a run that was evaluated."""
    if (run / "manifest.json").exists():
        manifest = json.loads((run / "manifest.json").read_text())
        c = manifest["calibration"]
        return {"threshold": manifest["config"]["decode"]["startThreshold"], "least": c["spanThreshold"], "a": c["span"]["a"], "b": c["span"]["b"]}
    return json.loads((run / "report.json").read_text())["settings"]


def score(examples, found, labels: list[str]) -> float:
    pick = lambda spans: [s for s in spans if s[2] in labels]
    gold = [pick(metrics.spans_from_tags(e.tweet.tags, "strict")) for e in examples]
    return metrics.score_spans(gold, [pick(to_token_spans(e, s)) for e, s in zip(examples, found)], labels)["f1"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--texts", type=int, default=300, help="of each set, by lot")
    args = parser.parse_args()
    found, s = load_run(args.run), settings_of(args.run)
    for corpus in CORPORA:
        if corpus.dev is None or corpus.name in ("t15", "t17"):
            continue
        tweets = read_corpus(args.data, corpus, "dev")
        tweets = random.Random(7).sample(tweets, min(args.texts, len(tweets)))
        known = [label for label, is_known in zip(LABELS, corpus.known) if is_known]
        examples = [make_example(t, found.reader) for t in tweets]
        spans = decode_all(examples, predict_logits(found.model, examples, found.reader), s["threshold"], s["least"], (s["a"], s["b"]))
        f1 = {"all": score(examples, spans, known), **{label: score(examples, spans, [label]) for label in known}}
        print(f"{corpus.name:9} {len(tweets):4}  " + "  ".join(f"{k} {v:.1f}" for k, v in f1.items()), flush=True)


if __name__ == "__main__":
    main()
