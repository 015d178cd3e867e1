"""The ONNX graphs against the golden vectors of the PyTorch network, for all shapes, and against the shipped folder's own self-test."""
import hashlib
import itertools
import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from folders import make_folder
from mner_qg.errors import MnerError
from mner_qg.folder import ModelFolder, Tensor, with_low_ranks
from mner_qg.names import NameHeads, assign_places, shifted
from mner_qg.network import build_graphs, photo_graph, tagger_graph, text_graph, trunk_graph
from mner_qg.onnx import export
from mner_qg.places import Places
from mner_qg.tagging import Crf, names_of

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "test" / "fixtures"
MODEL = ROOT / "public" / "models" / "mner-qg-mini"
KINDS = {"F32": np.float32, "I32": np.int32}


def read_safetensors(path):
    raw = path.read_bytes()
    size = int.from_bytes(raw[:8], "little")
    head = json.loads(raw[8 : 8 + size])
    head.pop("__metadata__", None)
    cut = lambda at: raw[8 + size + at[0] : 8 + size + at[1]]
    return {name: np.frombuffer(cut(entry["data_offsets"]), KINDS[entry["dtype"]]).reshape(entry["shape"]) for name, entry in head.items()}


def run(model, inputs):
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return dict(zip((output.name for output in session.get_outputs()), session.run(None, inputs)))


def read_golden(size):
    folder = FIXTURES / f"golden-{size}"
    golden = read_safetensors(folder / "golden.safetensors")
    tensors = {name: Tensor(values, None) for name, values in read_safetensors(folder / "model.safetensors").items()}
    close = lambda ours, name: np.testing.assert_allclose(ours, golden[name], rtol=1e-4, atol=2e-5 * np.abs(golden[name]).max(), err_msg=name)
    return json.loads((folder / "config.json").read_text()), tensors, golden, close


@pytest.mark.parametrize("size", ["tiny-mini", "tiny-base", "tiny-nanodet"])
def test_golden_vectors(size):
    config, tensors, golden, close = read_golden(size)
    inputs = {name: golden[f"input.{name}"].astype(np.int64) for name in ("ids", "segments", "shapes")}
    mask = golden["input.mask"].astype(np.float32)
    text = run(text_graph(config, tensors), {**inputs, "mask": mask})
    close(text["hidden"], "text_encoder")
    for name in ("start", "end", "existence"):
        close(text[name], f"text_only.{name}")
    maps = run(trunk_graph(config, tensors), {"pixels": np.ascontiguousarray(golden["input.pixels"].transpose(0, 3, 1, 2))})
    query = (inputs["segments"] == 0) & (mask > 0)
    place = np.arange(query.shape[1])[None]
    query &= (place > 0) & (place < query.sum(1, keepdims=True) - 1)
    photo = run(photo_graph(config, tensors), {"hidden": text["hidden"], "mask": mask, "query": query.astype(np.float32),
                                               "photo": np.zeros(len(mask), np.int64),
                                               **{name: values for name, values in maps.items() if not name.startswith("means_")}})
    for name in ("start", "end", "existence", "candidates", "none"):
        close(photo[name], f"output.{name}")
    close(photo["relevance"], "relevance")
    if config.get("nameHeads"):
        close(photo["aware"], "existence")
        close(photo["asked"], "query_vector")
        for k in range(len(config["image"]["strides"])):
            v = golden[f"image_encoder.{k}"]
            np.testing.assert_allclose(maps[f"said_{k}"].transpose(0, 2, 3, 1), v[..., -84:], rtol=1e-4, atol=1e-5)
            np.testing.assert_allclose(maps[f"means_{k}"], v[..., :-84].mean((1, 2)), rtol=1e-4, atol=1e-5)


def test_golden_vectors_of_the_heads_beside_the_network():
    config, tensors, golden, close = read_golden("tiny-nanodet")
    heads, given = NameHeads(config, tensors), {name[12:]: values for name, values in golden.items() if name.startswith("names.input.")}
    mentions, shifts, nones = [], [], []
    for name, (first, last) in enumerate(zip(given["first"], given["last"])):
        mentions.append(heads.mention(given["rows"][name], int(first), int(last), (5, 11)))
        places = Places(np.zeros((3, 4)), np.ones(3), 0.0, 3, *(given[part][name] for part in ("cells", "geometry", "classes", "ranks")))
        shift, none = heads.shifts(mentions[-1], given["query"][name], places, given["facts"][name], given["scene"][name])
        shifts.append(shift)
        nones.append(none)
    close(np.stack(mentions), "names.mention")
    close(np.stack(shifts), "names.shift")
    close(np.array(nones), "names.none")
    close(np.array([heads.relatedness(given["summary"][0], given["text"][0])]), "names.relatedness")
    close(heads.kinds(given["summary"][0])[None], "names.kinds")


def test_golden_vectors_of_a_tagger():
    config, tensors, golden, close = read_golden("tiny-bert-crf")
    inputs = {name: golden[f"input.{name}"].astype(np.int64) for name in ("ids", "segments", "shapes")}
    mask, first = golden["input.mask"].astype(np.float32), golden["input.first"] > 0
    [emissions] = run(tagger_graph(config, tensors), {**inputs, "mask": mask}).values()
    np.testing.assert_allclose(emissions[mask > 0], golden["output.emissions"][mask > 0], rtol=1e-4, atol=1e-4)
    crf, found, chances, partitions = Crf.of(tensors), [], [], []
    for row, words in enumerate(first):
        own = emissions[row, words].astype(np.float64)
        tags = crf.best(own)
        assert tags == golden["decode.tags"][row, words].tolist()
        found += [(row, *name) for name in names_of(tags)]
        chances += crf.chances(own, names_of(tags))
        partitions.append(crf.partition(own))
    assert found == [tuple(name) for name in golden["decode.names"].tolist()] and len(found) > 5
    assert any(last > first for _, first, last, _ in found)
    np.testing.assert_allclose(chances, golden["decode.chances"], rtol=1e-4, atol=1e-6)
    close(np.array(partitions), "decode.partition")


def test_shifts_make_no_chance_however_far_they_push_down():
    chances, none = shifted(np.array([0.99, 0.01, 0.001]), 0.0, 2, np.array([-12.0, -12, -2]), -3.0)
    assert chances.sum() + none == pytest.approx(1.001)
    same, still = shifted(np.array([0.5, 0.2, 0.001]), 0.3, 2, np.zeros(3), 0.0)
    assert same.tolist() == [0.5, 0.2, 0.001] and still == 0.3


def test_names_that_share_places_pay_for_it():
    """The best sum, found among all there are."""
    random = np.random.RandomState(3)
    for _ in range(50):
        chances = [random.dirichlet(np.ones(4) * 0.5) for _ in range(3)]
        price = random.choice([0.0, 0.3, 2.0])
        worth = lambda taken: sum(np.log(max(row[place], 1e-9)) for row, place in zip(chances, taken)) - price * (3 - len(set(taken)))
        best = max(worth(taken) for taken in itertools.product(range(4), repeat=3))
        assert worth(assign_places(chances, price)) == pytest.approx(best)


def test_low_ranks_are_added_to_what_they_belong_to():
    values = lambda *shape: np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    tensors = with_low_ranks({"x.weight": Tensor(values(3, 4), None), "x.low_rank.down": Tensor(values(2, 4), None),
                              "x.low_rank.up": Tensor(values(3, 2), None), "y.weight": Tensor(values(2), None)})
    assert sorted(tensors) == ["x.weight", "y.weight"]
    np.testing.assert_array_equal(tensors["x.weight"].values, values(3, 4) + values(3, 2) @ values(2, 4))


@pytest.mark.parametrize("floats", [False, True])
def test_export_of_the_shipped_folder(tmp_path, floats):
    told = export(MODEL, tmp_path, floats)
    inner = {name: told["selfTest"].pop(name) for name in ("hidden", "query")}  # rows that names ask by: no answers, and larger numbers
    assert max(told["selfTest"].values()) < 1e-4 and max(inner.values()) < 1e-3
    assert told["licence"] == "Apache-2.0"
    size = sum(entry["bytes"] for entry in told["files"] if entry["path"].endswith(".onnx"))
    stored = sum(shard["bytes"] for shard in ModelFolder.open(MODEL).manifest["shards"])
    assert (size > 3 * stored) if floats else (size < 1.1 * stored)
    assert told["graphs"]["text"]["inputs"]["ids"] == ["B", "L"]


def test_export_of_names_that_ask_for_themselves(tmp_path):
    told = export(make_folder("tiny", tmp_path / "folder"), tmp_path / "out")
    assert {"aware", "asked"} < told["graphs"]["photo"]["outputs"].keys() and "means_0" in told["graphs"]["trunk"]["outputs"]
    layers, stored = np.load(tmp_path / "out" / "heads.npz"), ModelFolder.open(tmp_path / "folder").tensors()
    heads = [name for name in stored if name.startswith(("entity_grounding.", "relatedness.", "image_kind."))]
    assert sorted(layers) == sorted(heads) and len(heads) > 30
    np.testing.assert_array_equal(layers["entity_grounding.mention.weight"], stored["entity_grounding.mention.weight"].values)
    entry = next(entry for entry in told["files"] if entry["path"] == "heads.npz")
    assert entry["sha256"] == hashlib.sha256((tmp_path / "out" / "heads.npz").read_bytes()).hexdigest()


def test_export_of_a_tagger(tmp_path):
    told = export(make_folder("bert-crf", tmp_path / "folder"), tmp_path / "out")
    assert list(told["graphs"]) == ["text"] and told["system"] == "bert-crf"
    assert told["graphs"]["text"]["outputs"] == {"emissions": ["B", "L", 9]} and np.shape(told["crf"]["transitions"]) == (9, 9)
    assert onnxruntime.InferenceSession(tmp_path / "out" / "text.onnx").get_modelmeta().custom_metadata_map["licence"] == "Apache-2.0"


def test_what_is_not_known_is_refused():
    folder = ModelFolder.open(MODEL)
    other = lambda **changed: ModelFolder(folder.path, {**folder.manifest, **changed})
    with pytest.raises(MnerError, match="another") as caught:
        build_graphs(other(system="another"))
    assert caught.value.code == "model-version-unsupported"
    with pytest.raises(MnerError, match="one way"):
        build_graphs(other(config={**folder.config, "oneWay": {"sharedLayers": 3, "sentenceStart": 16}}))
    config = {**folder.config, "image": {**folder.config["image"], "kind": "another-trunk"}}
    with pytest.raises(MnerError, match="another-trunk"):
        build_graphs(other(config=config))


def test_a_broken_folder_says_what_is_wrong(tmp_path):
    for entry in MODEL.iterdir():
        (tmp_path / entry.name).write_bytes(entry.read_bytes())
    spoiled = bytearray((tmp_path / "weights-3.bin").read_bytes())
    spoiled[1000] ^= 1
    (tmp_path / "weights-3.bin").write_bytes(spoiled)
    with pytest.raises(MnerError, match="weights-3.bin") as caught:
        ModelFolder.open(tmp_path).tensors()
    assert caught.value.code == "model-shard-corrupt"
    with pytest.raises(MnerError) as caught:
        ModelFolder.open(tmp_path / "nowhere")
    assert caught.value.code == "model-not-found"
