"""What tweets cost: seconds of processor and memory of this package, of the command line in Node, and of the same questions put with
transformers and PyTorch; then the pool of Ray with one worker and with two. Some four minutes on two quiet cores.

    npm run build:cli && python bench/cluster/measure.py --torch path/to/python-with-torch

Writes bench/cluster/results.json and, out of it, the figures of docs/cluster.md. Seconds of processor depend little on what else the machine
does; tweets a second are only worth what the machine was quiet, and the load is noted with them.
"""
from __future__ import annotations

import argparse
import json
import os
import platform
import re
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Optional

ROOT = Path(__file__).resolve().parents[2]
MODEL = str(ROOT / "public" / "models" / "mner-qg-mini")
PHOTOS = ROOT / "public" / "examples"
RESULTS, DOCUMENT = Path(__file__).with_name("results.json"), ROOT / "docs" / "cluster.md"
PART = 64  # rows of a part in the pool's runs
MARKS = "<!-- figures -->", "<!-- /figures -->"

OURS = """
import json, resource, sys, time
from pathlib import Path
from mner_qg import Annotator
rows = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
annotator = Annotator(sys.argv[2], threads=1)
photos = [Path(sys.argv[3]) / row["image"] if row.get("image") else None for row in rows]
texts = [row["text"] for row in rows]
annotator.annotate(texts[:8], photos[:8])
begun, used = time.perf_counter(), time.process_time()
for first in range(0, len(rows), 256):
    annotator.annotate(texts[first : first + 256], photos[first : first + 256])
print(json.dumps({"cpu": time.process_time() - used, "wall": time.perf_counter() - begun,
                  "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
"""


def write(path: Path, rows: list[dict[str, Any]]) -> str:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def of(told: dict[str, float], count: int) -> dict[str, float]:
    return {"cpuPerThousand": round(1000 * told["cpu"] / count, 2), "tweetsPerSecond": round(count / told["wall"], 2),
            **({"peakMiB": round(told["peak"])} if "peak" in told else {})}


def python(program: list[str]) -> dict[str, float]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join([str(ROOT / "python"), os.environ.get("PYTHONPATH", "")])}
    run = subprocess.run(program, capture_output=True, text=True, cwd=ROOT, env=environment)
    if run.returncode != 0:
        sys.exit(run.stderr[-2000:])
    return json.loads(run.stdout.strip().split("\n")[-1])


def node(source: str, out: Path, photos: bool) -> dict[str, float]:
    command = ["node", "dist/node/main.js", "annotate", source, "--out", str(out), "--restart", *(["--photos", str(PHOTOS)] if photos else [])]
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {"cpu": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, "wall": time.perf_counter() - begun}


def node_beyond_start(source: str, few: str, folder: Path, photos: bool) -> dict[str, float]:
    """A run's cost beyond that of a run over eight rows: start and end are not counted."""
    start, whole = (node(one, folder / "node.out", photos) for one in (few, source))
    return {key: max(1e-9, whole[key] - start[key]) for key in whole}


class Watch(threading.Thread):
    """The most memory that any of the pool's workers had, MiB."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak, self.over = 0.0, threading.Event()

    def run(self) -> None:
        while not self.over.wait(0.3):
            for status in Path("/proc").glob("[0-9]*/status"):
                try:
                    text = status.read_text()
                    if "MapWorker" in (status.parent / "cmdline").read_text():
                        self.peak = max(self.peak, int(re.search(r"VmHWM:\s+(\d+)", text).group(1)) / 1024)  # type: ignore[union-attr]
                except (OSError, AttributeError):
                    continue  # it ended meanwhile


def pool(source: str, folder: Path, workers: int, photos: bool) -> dict[str, float]:
    """Tweets a second between the first parts, which the start of the workers holds up, and the last."""
    import ray

    sys.path.insert(0, str(ROOT / "python"))
    from mner_qg import ray as ours

    os.environ["PYTHONPATH"] = str(ROOT / "python")
    ray.init(num_cpus=workers, log_to_driver=False, logging_level="ERROR", include_dashboard=False, object_store_memory=200 * 2**20)
    out, watch, begun = folder / f"ray-{workers}-{photos}", Watch(), time.time()
    watch.start()
    try:
        done = ours.annotate(source, str(out), model=MODEL, photos=str(PHOTOS) if photos else None, rows=PART, workers=workers, quiet=True)
    finally:
        watch.over.set()
        ray.shutdown()
    written = sorted(path.stat().st_mtime for path in out.glob("part-*"))
    first = written[2 * workers - 1]
    rows = sum(part.rows for part in done)
    return {"tweetsPerSecond": round(rows * (len(written) - 2 * workers) / len(written) / (written[-1] - first), 2),
            "withStart": round(rows / (written[-1] - begun), 2), "peakMiB": round(watch.peak)}


def measure(torch: Optional[str], scale: float) -> dict[str, Any]:
    fixture = json.loads((ROOT / "test" / "fixtures" / "tweets.json").read_text(encoding="utf-8"))
    pictured = [tweet for tweet in fixture if tweet.get("image")]
    rows = lambda tweets, count: [{**tweets[index % len(tweets)], "text": f"{tweets[index % len(tweets)]['text']} {index}"} for index in range(count)]
    plain = [{"text": tweet["text"]} for tweet in fixture]
    size = lambda count: max(16, round(count * scale))
    parts = lambda count, workers: PART * (3 * workers + max(1, round(count * scale / PART)))
    manifest = json.loads((Path(MODEL) / "manifest.json").read_text(encoding="utf-8"))
    results: dict[str, Any] = {
        "model": f"{manifest['name']} {manifest['version']}", "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "loadBefore": round(os.getloadavg()[0], 2), "date": time.strftime("%Y-%m-%d"), "one": {}, "pool": {}}
    with tempfile.TemporaryDirectory() as name:
        folder, one = Path(name), results["one"]

        def note(title: str, told: dict[str, float], count: int) -> None:
            one[title] = of(told, count)
            print(title, one[title], flush=True)

        texts, photos = write(folder / "texts", rows(plain, size(1024))), write(folder / "photos", rows(pictured, size(192)))
        note("text", python([sys.executable, "-c", OURS, texts, MODEL, str(PHOTOS)]), size(1024))
        note("photo", python([sys.executable, "-c", OURS, photos, MODEL, str(PHOTOS)]), size(192))
        few = write(folder / "few.jsonl", rows(plain, 8)), write(folder / "few-photos.jsonl", rows(pictured, 8))
        fewer = write(folder / "fewer.jsonl", rows(plain, 8 + size(160))), write(folder / "fewer-photos.jsonl", rows(pictured, 8 + size(64)))
        note("nodeText", node_beyond_start(fewer[0], few[0], folder, False), size(160))
        note("nodePhoto", node_beyond_start(fewer[1], few[1], folder, True), size(64))
        if torch:
            texts = write(folder / "texts", rows(plain, size(256)))
            note("torchText", python([torch, str(Path(__file__).with_name("transformers_job.py")), texts, MODEL]), size(256))
        for kind, count, tweets in (("text", 1280, plain), ("photo", 256, pictured)):
            for workers in (1, 2):
                source = write(folder / f"{kind}-{workers}.jsonl", rows(tweets, parts(count * workers, workers)))
                results["pool"][f"{kind}{workers}"] = pool(source, folder, workers, kind == "photo")
                print(kind, workers, results["pool"][f"{kind}{workers}"], flush=True)
    results["loadAfter"] = round(os.getloadavg()[0], 2)
    return results


def section(results: Optional[dict[str, Any]]) -> str:
    """The figures of docs/cluster.md."""
    if results is None:
        return "Not measured yet with the shipped model: `python bench/cluster/measure.py` writes the figures here."
    one, many = results["one"], results["pool"]
    cell = lambda name, key: f"{one[name][key]:.1f}" if name in one else ""
    megabytes = lambda name: f"{one[name]['peakMiB']}" if name in one else ""
    hours = lambda name, tweets: f"{one[name]['cpuPerThousand'] * tweets / 1000 / 3600:,.1f}"
    ratio = lambda kind: f"{many[f'{kind}2']['tweetsPerSecond'] / many[f'{kind}1']['tweetsPerSecond']:.2f}"
    lines = [
        f"{results['model']}, {results['machine']}, {results['date']}; load {results['loadBefore']} before. The fixture's tweets over and over, the demo's photos.",
        "Seconds of processor for a thousand tweets on one thread, start not counted:", "",
        "| | text alone | text and photo | memory (MiB) |", "| --- | --- | --- | --- |",
        f"| this package | {cell('text', 'cpuPerThousand')} | {cell('photo', 'cpuPerThousand')} | {megabytes('text')} / {megabytes('photo')} |",
        f"| `mner-qg annotate` in Node (WebAssembly) | {cell('nodeText', 'cpuPerThousand')} | {cell('nodePhoto', 'cpuPerThousand')} | |",
        f"| transformers + PyTorch, the same four questions | {cell('torchText', 'cpuPerThousand')} | | {megabytes('torchText')} |", "",
        "Tweets a second in Ray's pool, from the first parts to the last:", "",
        "| | 1 worker | 2 workers | from one to two | memory of a worker (MiB) |", "| --- | --- | --- | --- | --- |",
        *(f"| {title} | {many[f'{kind}1']['tweetsPerSecond']:.1f} | {many[f'{kind}2']['tweetsPerSecond']:.1f} | × {ratio(kind)} | {many[f'{kind}2']['peakMiB']} |"
          for kind, title in (("text", "text alone"), ("photo", "text and photo"))), "",
        f"On paper, from the seconds of processor: a million tweets are {hours('text', 1e6)} core hours ({hours('photo', 1e6)} with photos), a billion "
        f"{hours('text', 1e9)} ({hours('photo', 1e9)})."]
    return "\n".join(lines)


def write_figures(document: str, results: Optional[dict[str, Any]]) -> str:
    begin, end = (document.index(mark) for mark in MARKS)
    return f"{document[: begin + len(MARKS[0])]}\n{section(results)}\n{document[end:]}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--torch", help="a Python with torch and transformers")
    parser.add_argument("--scale", type=float, default=1.0, help="of the numbers of tweets; less than 1 to try it out")
    parser.add_argument("--out", type=Path, help="where the results go instead; the document is then left alone")
    args = parser.parse_args()
    results = measure(args.torch, args.scale)
    (args.out or RESULTS).write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    if args.out is None:
        DOCUMENT.write_text(write_figures(DOCUMENT.read_text(encoding="utf-8"), results), encoding="utf-8")
    print(section(results))


if __name__ == "__main__":
    main()
