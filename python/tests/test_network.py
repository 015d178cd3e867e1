"""The ONNX graphs against the golden vectors of the PyTorch network, for both shapes, and against the shipped folder's own self-test."""
import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from mner_qg.trunks import knows_trunk
from mner_qg.errors import MnerError
from mner_qg.folder import ModelFolder, Tensor
from mner_qg.network import build_graphs, photo_graph, text_graph, trunk_graph
from mner_qg.onnx import export

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


@pytest.mark.parametrize("size", ["tiny-mini", "tiny-base", "tiny-nanodet"])
def test_golden_vectors(size):
    folder = FIXTURES / f"golden-{size}"
    config = json.loads((folder / "config.json").read_text())
    golden = read_safetensors(folder / "golden.safetensors")
    tensors = {name: Tensor(values, None) for name, values in read_safetensors(folder / "model.safetensors").items()}
    close = lambda ours, name: np.testing.assert_allclose(ours, golden[name], rtol=1e-4, atol=2e-5 * np.abs(golden[name]).max(), err_msg=name)
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


@pytest.mark.skipif(not knows_trunk(ModelFolder.open(MODEL).config), reason="this version does not know the shipped model's image encoder")
@pytest.mark.parametrize("floats", [False, True])
def test_export_of_the_shipped_folder(tmp_path, floats):
    told = export(MODEL, tmp_path, floats)
    assert max(told["selfTest"].values()) < 1e-4
    assert told["licence"] == "Apache-2.0"
    size = sum(entry["bytes"] for entry in told["files"] if entry["path"].endswith(".onnx"))
    stored = sum(shard["bytes"] for shard in ModelFolder.open(MODEL).manifest["shards"])
    assert (size > 3 * stored) if floats else (size < 1.1 * stored)
    assert told["graphs"]["text"]["inputs"]["ids"] == ["B", "L"]


def test_what_is_not_known_is_refused():
    folder = ModelFolder.open(MODEL)
    other = lambda **changed: ModelFolder(folder.path, {**folder.manifest, **changed})
    with pytest.raises(MnerError, match="another") as caught:
        build_graphs(other(system="another"))
    assert caught.value.code == "model-version-unsupported"
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
