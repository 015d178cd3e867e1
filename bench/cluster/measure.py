"""What a thousand tweets cost, in seconds of processor and in memory: this package, the command line in Node, and the same questions
put with transformers and PyTorch. Then the pool of Ray with one worker and with two.

    npm run build && python bench/cluster/measure.py --torch path/to/python-with-torch

Seconds of processor hardly depend on what else the machine does; tweets a second do, and are only worth what the machine was quiet.
"""
from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODEL = str(ROOT / "public" / "models" / "mner-qg-mini")
PHOTOS = ROOT / "public" / "examples"

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


def write(path: Path, rows: list[dict]) -> str:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def python(program: list[str]) -> dict:
    run = subprocess.run(program, capture_output=True, text=True, cwd=ROOT)
    if run.returncode != 0:
        sys.exit(run.stderr[-2000:])
    return json.loads(run.stdout.strip().split("\n")[-1])


def node(source: str, out: Path, photos: bool) -> dict:
    """Start and end included; a second run over eight rows says how much of it that is."""
    command = ["node", "dist/node/main.js", "annotate", source, "--out", str(out), "--restart", *(["--photos", str(PHOTOS)] if photos else [])]
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {"cpu": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, "wall": time.perf_counter() - begun}


def show(name: str, told: dict, count: int) -> None:
    peak = f"  {told['peak']:.0f} MiB" if "peak" in told else ""
    print(f"{name:<44} {1000 * told['cpu'] / count:7.1f} s of processor a thousand  {count / told['wall']:6.1f} tweets/s here{peak}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--input", help="JSON lines with texts (default: the fixture's, over and over)")
    parser.add_argument("--texts", type=int, default=512)
    parser.add_argument("--photos", type=int, default=96)
    parser.add_argument("--torch", help="a Python with torch and transformers")
    parser.add_argument("--skip-ray", action="store_true")
    args = parser.parse_args()
    fixture = json.loads((ROOT / "test" / "fixtures" / "tweets.json").read_text(encoding="utf-8"))
    given = [json.loads(line) for line in open(args.input, encoding="utf-8")] if args.input else fixture
    texts = [{"text": given[index % len(given)]["text"]} for index in range(args.texts)]
    pictured = [tweet for tweet in fixture if tweet.get("image")]
    seen = [pictured[index % len(pictured)] for index in range(args.photos)]
    print(f"load before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; {args.texts} texts, {args.photos} with photo")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plain, photo, few = write(folder / "texts.jsonl", texts), write(folder / "photos.jsonl", seen), write(folder / "few.jsonl", seen[:8])
        show("mner_qg, text alone, one thread", python([sys.executable, "-c", OURS, plain, MODEL, str(PHOTOS)]), len(texts))
        show("mner_qg, text and photo, one thread", python([sys.executable, "-c", OURS, photo, MODEL, str(PHOTOS)]), len(seen))
        if args.torch:
            job = str(Path(__file__).with_name("transformers_job.py"))
            show("transformers + PyTorch, text alone, one thread", python([args.torch, job, plain, MODEL]), len(texts))
        for title, source, rows in (("command line in Node, text alone", plain, texts), ("command line in Node, text and photo", photo, seen)):
            start, whole = node(few, folder / "few.out", True), node(source, folder / "node.out", rows is seen)
            show(title, {key: whole[key] - start[key] for key in whole}, len(rows) - 8)
        if not args.skip_ray:
            measure_ray(plain, folder, len(texts))


def measure_ray(source: str, folder: Path, count: int) -> None:
    import ray

    from mner_qg import ray as ours

    rates = []
    for workers in (1, 2):
        ray.init(num_cpus=workers, log_to_driver=False, logging_level="ERROR", include_dashboard=False, object_store_memory=200 * 2**20)
        ours.annotate(source, str(folder / f"warm{workers}"), model=MODEL, rows=count, workers=workers, quiet=True)
        begun = time.perf_counter()
        done = ours.annotate(source, str(folder / f"ray{workers}"), model=MODEL, rows=64, workers=workers, quiet=True)
        wall = time.perf_counter() - begun
        busy = sum(part.seconds for part in done)
        rates.append(count / busy * workers)
        print(f"Ray, {workers} workers: {count / wall:.1f} tweets/s with the pool's start, {count / busy * workers:.1f} while at work", flush=True)
        ray.shutdown()
    print(f"scaling from one to two while at work: {rates[1] / rates[0]:.2f}")


if __name__ == "__main__":
    main()
