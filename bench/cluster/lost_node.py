"""Many rows on a cluster of three nodes on this machine, one of which is killed half-way. The output must be whole and that of a run
without faults.

    python bench/cluster/lost_node.py --rows 20000            # --tiny: with the tiny network of the golden vectors

The rows are the sample's texts with variations, and every part holds the same: one part done without Ray says what all must be.
"""
from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import threading
import time
from pathlib import Path

import ray
from ray.cluster_utils import Cluster

ROOT = Path(__file__).resolve().parents[2]
for place in ("python", "python/tests"):
    sys.path.insert(0, str(ROOT / place))
os.environ["PYTHONPATH"] = str(ROOT / "python")  # of the workers
MODEL = str(ROOT / "public" / "models" / "mner-qg-mini")
PART = 200


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--tiny", action="store_true", help="a hundredth of the work, the same code")
    args = parser.parse_args()
    from folders import make_folder
    from mner_qg import Annotator
    from mner_qg import ray as ours

    sample = [json.loads(line)["text"] for line in (ROOT / "python" / "sample.jsonl").read_text(encoding="utf-8").split("\n") if line]
    texts = [f"{sample[index % len(sample)]} {index}" for index in range(PART)]
    with tempfile.TemporaryDirectory() as name:
        folder, out = Path(name), Path(name) / "out"
        model = str(make_folder("tiny", folder / "tiny")) if args.tiny else MODEL
        results = Annotator(model, threads=1).annotate(texts)
        expected = [[(e.start, e.end, e.type, round(e.score, 4)) for e in result.entities] for result in results]
        assert sum(map(len, expected)) > PART // 4, "too few names to tell runs apart"
        with open(folder / "in.jsonl", "w", encoding="utf-8") as file:
            for index in range(args.rows):
                file.write(json.dumps({"id": f"t{index}", "text": texts[index % PART]}, ensure_ascii=False) + "\n")
        begun = time.monotonic()
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "object_store_memory": 200 * 2**20})
        nodes = [cluster.add_node(num_cpus=1, object_store_memory=200 * 2**20) for _ in range(2)]
        ray.init(address=cluster.address, log_to_driver=False, logging_level="ERROR")
        cluster.wait_for_nodes()
        lost: list[int] = []

        def lose() -> None:
            while (written := len(list(out.glob("part-*")))) < args.rows // PART // 2:
                time.sleep(0.2)
            cluster.remove_node(nodes[0], allow_graceful=False)
            lost.append(written)
            print(f"\na node killed after {written} parts", flush=True)

        thread = threading.Thread(target=lose)
        thread.start()
        done = ours.annotate(str(folder / "in.jsonl"), str(out), model=model, rows=PART)
        seconds = time.monotonic() - begun
        thread.join()
        ray.shutdown()
        cluster.shutdown()
        rows = [json.loads(line) for part in sorted(out.glob("part-*")) for line in part.read_text(encoding="utf-8").split("\n") if line]
        assert lost and [row["id"] for row in rows] == [f"t{index}" for index in range(args.rows)], "rows are missing, twice or out of order"
        units = lambda row: [(len(row["text"].encode("utf-16-le")[: 2 * e["start"]].decode("utf-16-le")),
                              len(row["text"].encode("utf-16-le")[: 2 * e["end"]].decode("utf-16-le")), e["type"], e["score"]) for e in row["entities"]]
        wrong = sum(units(row) != expected[index % PART] for index, row in enumerate(rows))
        print(f"{len(rows)} rows in {len(done)} parts, a node of three killed after {lost[0]}: {wrong} rows differ from a run without faults; {seconds:.0f} s")
        assert not wrong


if __name__ == "__main__":
    main()
