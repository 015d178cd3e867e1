"""Faults on a real Ray cluster of several nodes on this machine: whatever is lost on the way, the output is that of a run without faults.

The long ones are marked `cluster` and left out of the short run: `pytest python/tests -m "not cluster"`.
"""
import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

ray = pytest.importorskip("ray")
import psutil
import pyarrow as pa
from ray.cluster_utils import Cluster

from mner_qg import Annotator, MnerError
from mner_qg import ray as ours
from mner_qg.corpus import open_place
from mner_qg.folder import MANIFEST
from mner_qg.parts import Settings, annotate_part

ROOT = Path(__file__).resolve().parents[2]
MODEL = str(ROOT / "public" / "models" / "mner-qg-mini")
PHOTOS = str(ROOT / "public" / "examples")
ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])  # workers cannot import this file
TWEETS = json.loads((ROOT / "test" / "fixtures" / "tweets.json").read_text(encoding="utf-8"))
DEADLY = "This row ends whoever reads it"


class Slow(Annotator):
    """Leaves time to kill it in the middle."""

    def annotate(self, *args, **kwargs):
        time.sleep(0.5)
        return super().annotate(*args, **kwargs)


class Mortal(Annotator):
    """Dies, as a process does whose decoder crashes, of one row."""

    def annotate(self, texts, *args, **kwargs):
        if DEADLY in texts:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().annotate(texts, *args, **kwargs)


@pytest.fixture(scope="module")
def here():
    return Annotator(MODEL, threads=1)


@pytest.fixture
def cluster():
    """A head and two more nodes, one worker each. Nodes that are lost leave no room for their workers elsewhere."""
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "object_store_memory": 200 * 2**20})
    nodes = [made.add_node(num_cpus=1, object_store_memory=200 * 2**20) for _ in range(2)]
    ray.init(address=made.address, log_to_driver=False, logging_level="ERROR")
    made.wait_for_nodes()
    yield made, nodes
    ray.shutdown()
    made.shutdown()


def write_rows(path, count, photos=False):
    with open(path, "w", encoding="utf-8") as file:
        for index in range(count):
            tweet = TWEETS[index % len(TWEETS)]
            row = {"id": f"t{index}", "text": f"{tweet['text']} {index}", **({"image": tweet["image"]} if photos and tweet.get("image") else {})}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def undisturbed(annotator, source, output, rows, photos=None, form="jsonl"):
    """The same parts in this process, without Ray."""
    digest = hashlib.sha256((Path(MODEL) / MANIFEST).read_bytes()).hexdigest()
    settings = Settings(str(output), form, photos, None, False, digest, None)
    fs, path = open_place(str(source))
    return [annotate_part(annotator, settings, part) for part in ours.cut_file(fs, path, ours.format_of(path), rows)]


def content(folder):
    return {entry.name: entry.read_bytes() for entry in sorted(Path(folder).iterdir()) if entry.is_file()}


def rows_of(folder):
    return [json.loads(line) for part in content(folder).values() for line in part.decode().split("\n") if line]


def after(output, parts, act):
    """Does something once so many parts are written; the thread ends with what it did."""

    def wait():
        until = time.monotonic() + 120
        while len(list(Path(output).glob("part-*"))) < parts and time.monotonic() < until:
            time.sleep(0.05)
        act()

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def workers_of(node):
    found = []
    for process in node.all_processes["raylet"]:
        for child in psutil.Process(process.process.pid).children(recursive=True):
            try:
                if "MapWorker" in " ".join(child.cmdline()):
                    found.append(child)
            except psutil.Error:  # it has ended meanwhile
                continue
    return found


def kill_worker(node, before):
    """Kills one that was not killed before, as soon as there is one."""
    until = time.monotonic() + 120
    while time.monotonic() < until:
        for worker in workers_of(node):
            if worker.pid not in before:
                worker.kill()
                return worker.pid
        time.sleep(0.1)
    raise AssertionError("there was no worker to kill")


def run(source, output, rows, **options):
    return ours.annotate(str(source), str(output), model=MODEL, rows=rows, quiet=True, **options)


@pytest.mark.cluster
def test_a_killed_worker_costs_nothing(tmp_path, here):
    """The one that every change runs: a pool of two, one of them killed twice, and rows that cannot be used."""
    write_rows(tmp_path / "in.jsonl", 120)
    with open(tmp_path / "in.jsonl", "a", encoding="utf-8") as file:
        file.write('{"text": \n{"text": "Anna"}\n{"id": 1}\n["text"]\n{"text": "half \\ud83d of a character, Anna"}\n')
    with open(tmp_path / "in.jsonl", "ab") as file:
        file.write(b'{"text": "\xff\xfe"}\n')
    undisturbed(here, tmp_path / "in.jsonl", tmp_path / "expected", 10)
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 2, "object_store_memory": 200 * 2**20})
    ray.init(address=made.address, log_to_driver=False, logging_level="ERROR")
    head, killed = made.head_node, []
    try:
        def kill():
            for _ in range(2):
                killed.append(kill_worker(head, killed))
                time.sleep(1)

        thread = after(tmp_path / "out", 2, kill)
        done = run(tmp_path / "in.jsonl", tmp_path / "out", 10, make=Slow)
        thread.join()
    finally:
        ray.shutdown()
        made.shutdown()
    assert len(killed) == 2 and sum(part.rows for part in done) == 126 and sum(part.failed for part in done) == 4
    assert content(tmp_path / "out") == content(tmp_path / "expected")
    assert not list((tmp_path / "out").rglob("*.tmp")) and not list((tmp_path / "out").rglob("*.begun"))


@pytest.mark.cluster
def test_a_lost_node(cluster, tmp_path, here):
    made, nodes = cluster
    write_rows(tmp_path / "in.jsonl", 600)
    undisturbed(here, tmp_path / "in.jsonl", tmp_path / "expected", 20)
    thread = after(tmp_path / "out", 10, lambda: made.remove_node(nodes[0], allow_graceful=False))
    done = run(tmp_path / "in.jsonl", tmp_path / "out", 20, make=Slow)
    thread.join()
    assert len(ray.nodes()) == 3 and sum(node["Alive"] for node in ray.nodes()) == 2
    assert content(tmp_path / "out") == content(tmp_path / "expected")
    assert [row["id"] for row in rows_of(tmp_path / "out")] == [f"t{index}" for index in range(600)]
    assert [part.number for part in done] == list(range(30))


@pytest.mark.cluster
def test_broken_photos_and_a_deadly_row(cluster, tmp_path, here):
    photos = tmp_path / "photos"
    photos.mkdir()
    whole = (Path(PHOTOS) / "astronaut.jpg").read_bytes()
    (photos / "whole.jpg").write_bytes(whole)
    (photos / "half.jpg").write_bytes(whole[:5000])
    write_rows(tmp_path / "in.jsonl", 40)
    with open(tmp_path / "in.jsonl", "a", encoding="utf-8") as file:
        for image in ("whole.jpg", "half.jpg", "gone.jpg", "../in.jsonl", "https://example.org/a.jpg", "whole"):
            file.write(json.dumps({"text": "Eileen Collins at NASA", "image": image}) + "\n")
        file.write(json.dumps({"text": DEADLY}) + "\n")
    write_rows(tmp_path / "more.jsonl", 20)
    with open(tmp_path / "in.jsonl", "ab") as file:
        file.write((tmp_path / "more.jsonl").read_bytes())
    undisturbed(here, tmp_path / "in.jsonl", tmp_path / "expected", 10, photos=str(photos))
    run(tmp_path / "in.jsonl", tmp_path / "out", 10, photos=str(photos), make=Mortal)
    expected, found = rows_of(tmp_path / "expected"), rows_of(tmp_path / "out")
    dead = next(index for index, row in enumerate(found) if row["text"] == DEADLY)
    assert found[dead]["error"]["code"] == "worker-failed"
    # Read alone rather than in a batch, a row's numbers may differ in the last digit.
    part = range(dead // 10 * 10, dead // 10 * 10 + 10)
    for index, (ours_, theirs) in enumerate(zip(found, expected, strict=True)):
        if index not in part:
            assert ours_ == theirs
        elif index != dead and "entities" in theirs:
            assert [(e["start"], e["end"], e["type"]) for e in ours_["entities"]] == [(e["start"], e["end"], e["type"]) for e in theirs["entities"]]
    codes = [row.get("error", {}).get("code") for row in found[40:46]]
    assert codes == [None, None, None, "input-invalid", "input-invalid", None]
    notices = [[notice["code"] for notice in row.get("notices", [])] for row in found[40:46]]
    assert notices == [[], ["image-truncated"], ["image-unreadable"], [], [], []]
    assert found[40]["entities"][0]["box"] == found[45]["entities"][0]["box"] is not None
    assert found[41]["entities"] and found[41]["entities"][0]["box"] is None


@pytest.mark.cluster
@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small disk")
def test_a_full_disk(cluster, tmp_path, here):
    write_rows(tmp_path / "in.jsonl", 400)
    undisturbed(here, tmp_path / "in.jsonl", tmp_path / "expected", 20)
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=192k", "tmpfs", str(disk)]).returncode != 0:
        pytest.skip("may not mount a disk here")
    try:
        with pytest.raises(MnerError, match="No space left") as caught:
            run(tmp_path / "in.jsonl", disk / "out", 20)
        assert caught.value.code == "output-unwritable"
        written = content(disk / "out")
        assert 0 < len(written) < 20 and not list(disk.rglob("*.tmp"))
        assert all(content(tmp_path / "expected")[name] == part for name, part in written.items())
        subprocess.run(["mount", "-o", "remount,size=16m", str(disk)], check=True)
        run(tmp_path / "in.jsonl", disk / "out", 20)
        assert content(disk / "out") == content(tmp_path / "expected")
    finally:
        subprocess.run(["umount", str(disk)], check=False)


@pytest.mark.cluster
def test_going_on_after_a_stop(cluster, tmp_path, here):
    """Parts that are written and sound stay; one that was spoiled is done again; of changed input only what changed is."""
    write_rows(tmp_path / "in.jsonl", 60)
    first = run(tmp_path / "in.jsonl", tmp_path / "out", 10)
    before = content(tmp_path / "out")
    (tmp_path / "out" / "part-000002.jsonl").write_bytes(before["part-000002.jsonl"][:-40])
    again = run(tmp_path / "in.jsonl", tmp_path / "out", 10)
    assert content(tmp_path / "out") == before
    assert [part.number for part in again if part.seconds > 0] == [2] and all(part.seconds > 0 for part in first)
    write_rows(tmp_path / "in.jsonl", 35)
    shorter = run(tmp_path / "in.jsonl", tmp_path / "out", 10)
    assert [part.number for part in shorter if part.seconds > 0] == [3]
    assert [row["id"] for row in rows_of(tmp_path / "out")] == [f"t{index}" for index in range(35)]


@pytest.mark.cluster
def test_parquet_in_parquet_out(cluster, tmp_path, here):
    rows = [{"id": f"p{index}", **TWEETS[index % len(TWEETS)]} for index in range(50)]
    for row in rows:
        row.setdefault("image", None)
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "in.parquet", row_group_size=17)
    run(tmp_path / "in.parquet", tmp_path / "out", 12, photos=PHOTOS)
    undisturbed(here, tmp_path / "in.parquet", tmp_path / "expected", 12, photos=PHOTOS, form="parquet")
    assert content(tmp_path / "out") == content(tmp_path / "expected")
    found = [row for part in sorted((tmp_path / "out").glob("*.parquet")) for row in pq.read_table(part).to_pylist()]
    assert [row["id"] for row in found] == [row["id"] for row in rows]
    assert any(entity["box"] for row in found for entity in row["entities"])
