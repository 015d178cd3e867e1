"""The figures of docs/cluster.md are those of bench/cluster/results.json, and nobody else's."""
import importlib.util
import json
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SPEC = importlib.util.spec_from_file_location("measure", ROOT / "bench" / "cluster" / "measure.py")
measure = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(measure)

SOME = {"model": "m 1.0.0", "machine": "x, 2 cores", "date": "2026-01-01", "loadBefore": 0.1, "loadAfter": 1.5,
        "one": {"text": {"cpuPerThousand": 18.0, "tweetsPerSecond": 55.0, "peakMiB": 250}, "photo": {"cpuPerThousand": 36.0, "tweetsPerSecond": 27.0, "peakMiB": 350},
                "nodeText": {"cpuPerThousand": 79.0, "tweetsPerSecond": 12.0}, "nodePhoto": {"cpuPerThousand": 111.0, "tweetsPerSecond": 9.0}},
        "pool": {f"{kind}{workers}": {"tweetsPerSecond": rate * workers, "withStart": 1.0, "peakMiB": 400} for kind, rate in (("text", 50), ("photo", 20)) for workers in (1, 2)}}


def test_the_document_says_what_was_measured():
    results = json.loads(measure.RESULTS.read_text(encoding="utf-8")) if measure.RESULTS.exists() else None
    document = measure.DOCUMENT.read_text(encoding="utf-8")
    assert measure.write_figures(document, results) == document


def test_a_million_tweets_on_paper():
    lines = measure.section(SOME).split("\n")
    assert "| text alone | 50.0 | 100.0 | × 2.00 | 400 |" in lines
    assert lines[-1] == ("On paper, from the seconds of processor: a million tweets are 5.0 core hours (10.0 with photos), a billion 5,000.0 (10,000.0).")
    assert "PyTorch, the same four questions |  | |  |" in "\n".join(lines)  # not measured here: an empty cell, no invented figure
