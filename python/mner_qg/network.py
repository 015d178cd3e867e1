"""The networks as ONNX graphs. MNER-QG is three that share no weight: `text` (all there is without a photo), `trunk` (a photo, once),
`photo` (what the photo changes, per question). The exact definition is the PyTorch network in `training/`; golden vectors hold both
together.

B rows (a question put to a window of a text), L pieces, D text width, P photos, d common width, g cells a side.
"""
from __future__ import annotations

from typing import Any, Callable, Mapping, Optional

import numpy as np
import onnx
from onnx import TensorProto

from .errors import MnerError
from .folder import ModelFolder, Tensor
from .graph import Form, Graph
from .trunks import BOX, CLASSES, DETECTORS, add_trunk

VALUES = 5  # of a candidate: t_x, t_y, t_w, t_h, confidence
HIDDEN = -1e9  # added to the score of a piece that must not be looked at


def coordinates(grid: int) -> np.ndarray:
    """[1, 8, g, g]: left, top, right, bottom and centre of each cell in [-1, 1], and twice 1/g."""
    edge = np.linspace(-1, 1, grid + 1)
    low, high = edge[:-1], edge[1:]
    across = lambda row: np.broadcast_to(row[None, :], (grid, grid))
    down = lambda row: np.broadcast_to(row[:, None], (grid, grid))
    middle, size = (low + high) / 2, np.full((grid, grid), 1 / grid)
    return np.stack([across(low), down(low), across(high), down(high), across(middle), down(middle), size, size])[None].astype(np.float32)


def text_graph(config: dict[str, Any], tensors: Mapping[str, Tensor], form: Form = "int8") -> onnx.ModelProto:
    """ids, segments, shapes, mask [B, L] → hidden [B, L, D], start and end [B, L], existence [B]: logits without a photo."""
    graph = Graph("text", tensors, form)
    ids, segments, shapes = (graph.input(name, ["B", "L"], TensorProto.INT64) for name in ("ids", "segments", "shapes"))
    mask = graph.input("mask", ["B", "L"])
    hidden = _encode(graph, config, ids, segments, shapes, mask)
    graph.output(hidden, "hidden", ["B", "L", config["text"]["width"]])
    _add_heads(graph, config, hidden)
    return graph.model()


def _encode(graph: Graph, config: dict[str, Any], ids: str, segments: str, shapes: str, mask: str) -> str:
    text = config["text"]
    width, heads = text["width"], text["heads"]
    root = "text_encoder.embeddings"
    length = graph.add("Shape", ids, start=1, end=2)
    first = graph.add("Slice", graph.weight(f"{root}.position.weight"), graph.integers(0), length, graph.integers(0))
    x = graph.add("Add", graph.embed(ids, f"{root}.word"), first)
    for part, values in (("segment", segments), ("shape", shapes)):
        x = graph.add("Add", x, graph.embed(values, f"{root}.{part}"))
    x = graph.layer_norm(x, f"{root}.norm", text["normEpsilon"])
    # [B, 1, 1, L]: 0 where a piece stands, very low at padding.
    hide = graph.add("Mul", graph.add("Sub", graph.constant(1), mask), graph.constant(HIDDEN))
    hide = graph.add("Unsqueeze", hide, graph.integers(1, 2))
    for layer in range(text["layers"]):
        name = f"text_encoder.layers.{layer}"
        parts = [f"{name}.attention.{part}" for part in ("query", "key", "value")]
        # Three products of one matrix: the input is read once.
        qkv = graph.linear(x, *parts)
        q, k, v = graph.add_many("Split", 3, qkv, axis=-1, num_outputs=3)
        q, v = graph.split_heads(q, heads, width), graph.split_heads(v, heads, width)
        k = graph.add("Transpose", graph.add("Reshape", k, graph.integers(0, 0, heads, width // heads)), perm=[0, 2, 3, 1])
        scores = graph.add("Mul", graph.add("MatMul", q, k), graph.constant((width // heads) ** -0.5))
        weights = graph.add("Softmax", graph.add("Add", scores, hide), axis=-1)
        mixed = graph.linear(graph.join_heads(graph.add("MatMul", weights, v), width), f"{name}.attention.output")
        x = graph.layer_norm(graph.add("Add", x, mixed), f"{name}.attention.norm", text["normEpsilon"])
        up = graph.add("Gelu", graph.linear(x, f"{name}.feed_forward.up"), approximate="none")
        x = graph.layer_norm(graph.add("Add", x, graph.linear(up, f"{name}.feed_forward.down")), f"{name}.feed_forward.norm", text["normEpsilon"])
    return x


def _add_heads(graph: Graph, config: dict[str, Any], hidden: str, whole: bool = False) -> Optional[str]:
    """Existence awareness and the span and existence heads, as one product. `whole`: returns h' itself, too.

    Attention over the two labels is a sigmoid of one number per piece, and what it adds is one of two fixed vectors, mixed:
    h' = h + u0 + p·u1 with p = sigmoid(((h + e)·a + c)·D^-½), e the first piece's h. The heads are linear in h', so that all
    that has to be taken from h is a, start, end and existence: four columns.
    """
    get = lambda name: graph.tensor(name).floats().astype(np.float64)
    width = config["text"]["width"]
    labels = get("existence.labels")
    key = labels @ get("existence.key.weight").T + get("existence.key.bias")
    value = labels @ get("existence.value.weight").T + get("existence.value.bias")
    output = get("existence.output.weight")
    a = get("existence.query.weight").T @ (key[1] - key[0]) * width**-0.5
    c = get("existence.query.bias") @ (key[1] - key[0]) * width**-0.5
    u0, u1 = output @ value[0] + get("existence.output.bias"), output @ (value[1] - value[0])
    heads = np.concatenate([get("span_head.weight"), get("existence_head.weight")])  # [3, D]
    bias = np.concatenate([get("span_head.bias"), get("existence_head.bias")])
    columns = graph.add("MatMul", hidden, graph.constant(np.concatenate([a[None], heads]).T))  # [B, L, 4]
    ours, plain = graph.add_many("Split", 2, columns, graph.integers(1, 3), axis=-1)
    of_first = graph.add("Slice", ours, graph.integers(0), graph.integers(1), graph.integers(1))
    p = graph.add("Sigmoid", graph.add("Add", graph.add("Add", ours, of_first), graph.constant(c)))
    logits = graph.add("Add", graph.add("Add", plain, graph.constant(heads @ u0 + bias)), graph.add("Mul", p, graph.constant(heads @ u1)))
    start, end, exists = graph.add_many("Split", 3, logits, axis=-1, num_outputs=3)
    graph.output(graph.add("Squeeze", start, graph.integers(2)), "start", ["B", "L"])
    graph.output(graph.add("Squeeze", end, graph.integers(2)), "end", ["B", "L"])
    first = graph.add("Slice", exists, graph.integers(0), graph.integers(1), graph.integers(1))
    graph.output(graph.add("Squeeze", first, graph.integers(1, 2)), "existence", ["B"])
    if not whole:
        return None
    return graph.add("Add", graph.add("Add", hidden, graph.constant(u0)), graph.add("Mul", p, graph.constant(u1)))


def _grids(config: dict[str, Any]) -> list[int]:
    return [config["image"]["size"] // stride for stride in config["image"]["strides"]]


def shared_maps(config: dict[str, Any]) -> dict[str, int]:
    """What `trunk` gives and `photo` takes of every scale, by name: so many channels."""
    maps = {"reduced": config["width"], "matched": config["width"], "objects": len(config["anchors"][0]) * VALUES}
    return {**maps, "said": CLASSES + BOX} if config["image"]["kind"] in DETECTORS else maps


def trunk_graph(config: dict[str, Any], tensors: Mapping[str, Tensor], form: Form = "int8") -> onnx.ModelProto:
    """pixels [P, 3, S, S] → per scale k what every question shares: reduced_k and matched_k [P, d, g, g], objects_k [P, 5 × boxes, g, g].
    With a detector for encoder also said_k [P, 84, g, g]: the probability of each of its classes, and its box. Where names ask for
    themselves also means_k [P, c]: of all else that V_k holds, over the cells."""
    graph = Graph("trunk", tensors, form)
    size = config["image"]["size"]
    pixels = graph.input("pixels", ["P", 3, size, size])
    for k, (v, g) in enumerate(zip(add_trunk(graph, config, pixels), _grids(config))):
        u = graph.silu(graph.normed_convolution(v, f"common_width.scales.{k}"))
        count = graph.add("Concat", graph.add("Shape", u, end=1), graph.integers(8, g, g), axis=0)
        u = graph.add("Concat", u, graph.add("Expand", graph.constant(coordinates(g)), count), axis=1)
        values = {"reduced": graph.normed_convolution(u, f"cross_modality.vision.{k}.reduce"),
                  "matched": graph.convolution(u, f"grounding_head.match_cells.{k}"),
                  "objects": graph.convolution(v, f"grounding_head.objects.{k}")}
        if config["image"]["kind"] in DETECTORS:
            tower = config["image"]["channels"][k] - CLASSES - BOX
            seen, values["said"] = graph.add_many("Split", 2, v, graph.integers(tower, CLASSES + BOX), axis=1)
            if config.get("nameHeads"):
                graph.output(graph.add("ReduceMean", seen, graph.integers(2, 3), keepdims=0), f"means_{k}", ["P", tower])
        for name, channels in shared_maps(config).items():
            graph.output(values[name], f"{name}_{k}", ["P", channels, g, g])
    return graph.model()


def photo_graph(config: dict[str, Any], tensors: Mapping[str, Tensor], form: Form = "int8") -> onnx.ModelProto:
    """hidden of `text`, mask and query (1 at the question's own pieces) [B, L], which photo each row has [B], and `trunk`'s
    outputs → start, end, existence as in `text`, candidates [B, N, 5], none [B], relevance [B]; where names ask for themselves also
    aware [B, L, D] (what the heads see) and asked [B, d] (the question as a vector)."""
    graph = Graph("photo", tensors, form)
    d, width, heads = config["width"], config["text"]["width"], config["attentionHeads"]
    boxes, detects = len(config["anchors"][0]), config["image"]["kind"] in DETECTORS
    hidden = graph.input("hidden", ["B", "L", width])
    mask, asked = graph.input("mask", ["B", "L"]), graph.input("query", ["B", "L"])
    photo = graph.input("photo", ["B"], TensorProto.INT64)
    q = _pool_query(graph, hidden, asked)
    upright = lambda x: graph.add("Unsqueeze", x, graph.integers(1))
    wanted = upright(graph.add("Mul", graph.linear(q, "grounding_head.match_query"), graph.constant(d**-0.5)))
    classes = upright(graph.linear(q, "grounding_head.class_query")) if detects else ""
    query = graph.split_heads(graph.linear(hidden, "cross_modality.query"), heads, d)
    looked, candidates = [], []
    for k, g in enumerate(_grids(config)):
        shared = {name: graph.add("Gather", graph.input(f"{name}_{k}", ["P", channels, g, g]), photo, axis=0)
                  for name, channels in shared_maps(config).items()}
        f = _condition(graph, config, k, shared["reduced"], q)
        at = graph.add("Add", graph.convolution(f, f"grounding_head.scales.{k}"), shared["objects"])
        at = graph.add("Reshape", at, graph.integers(0, boxes, VALUES, g * g))
        flat = lambda x, channels: graph.add("Reshape", x, graph.integers(0, channels, g * g))
        match = upright(graph.add("MatMul", wanted, flat(shared["matched"], d)))  # [B, 1, 1, g·g]
        if detects:
            # What the question wants of the detector's classes speaks for a cell's first box, the detector's own.
            named = graph.add("Slice", shared["said"], graph.integers(0), graph.integers(CLASSES), graph.integers(1))
            known = upright(graph.add("MatMul", classes, flat(named, CLASSES)))
            match = graph.add("Concat", graph.add("Add", match, known), *[match] * (boxes - 1), axis=1)  # [B, boxes, 1, g·g]
        box, sure = graph.add_many("Split", 2, at, graph.integers(VALUES - 1, 1), axis=2)
        at = graph.add("Transpose", graph.add("Concat", box, graph.add("Add", sure, match), axis=2), perm=[0, 3, 1, 2])
        candidates.append(graph.add("Reshape", at, graph.integers(0, g * g * boxes, VALUES)))
        looked.append(_look(graph, k, query, f, heads, d, g))
    graph.output(graph.add("Concat", *candidates, axis=1), "candidates", ["B", "N", VALUES])
    graph.output(graph.add("Squeeze", graph.linear(q, "grounding_head.none"), graph.integers(1)), "none", ["B"])
    a = graph.linear(graph.add("Concat", *looked, axis=-1), "cross_modality.project")
    z = graph.add("Sigmoid", graph.linear(graph.add("Concat", hidden, a, axis=-1), "cross_modality.gate"))
    openness = graph.add("ReduceMean", z, graph.integers(2), keepdims=0)
    total = graph.add("ReduceSum", graph.add("Mul", openness, mask), graph.integers(1), keepdims=0)
    pieces = graph.add("Max", graph.add("ReduceSum", mask, graph.integers(1), keepdims=0), graph.constant(1))
    graph.output(graph.add("Div", total, pieces), "relevance", ["B"])
    aware = _add_heads(graph, config, graph.add("Add", hidden, graph.add("Mul", z, a)), whole=bool(config.get("nameHeads")))
    if aware is not None:
        graph.output(aware, "aware", ["B", "L", width])
        graph.output(q, "asked", ["B", d])
    return graph.model()


def _pool_query(graph: Graph, hidden: str, asked: str) -> str:
    """Attention pooling over the question's own pieces: [B, d]."""
    score = graph.add("Squeeze", graph.linear(hidden, "query_vector.score"), graph.integers(2))
    # The score itself goes where it is hidden: a question without pieces is then the mean of its row, as in the reference.
    low = graph.constant(-1e4)
    score = graph.add("Where", graph.add("Cast", asked, to=TensorProto.BOOL), score, low)
    weights = graph.add("Unsqueeze", graph.add("Softmax", score, axis=-1), graph.integers(1))
    return graph.linear(graph.add("Squeeze", graph.add("MatMul", weights, hidden), graph.integers(1)), "query_vector.project")


def _condition(graph: Graph, config: dict[str, Any], k: int, reduced: str, q: str) -> str:
    """The map of one scale as one question sees it: [B, d, g, g]."""
    name, d = f"cross_modality.vision.{k}", config["width"]
    condition = graph.add("Unsqueeze", graph.linear(q, f"{name}.condition"), graph.integers(2, 3))
    scale, shift = graph.add_many("Split", 2, condition, axis=1, num_outputs=2)
    f = graph.silu(graph.add("Add", graph.add("Mul", reduced, graph.add("Add", scale, graph.constant(1))), shift))
    mixed = graph.normed_convolution(f, f"{name}.mix", 1, d if config["depthwise"] else 1)
    return graph.add("Add", f, graph.normed_convolution(graph.silu(mixed), f"{name}.out"))


def _look(graph: Graph, k: int, query: str, f: str, heads: int, d: int, g: int) -> str:
    """Every piece looks at every cell of one scale: [B, L, d]."""
    cells = graph.add("Reshape", f, graph.integers(0, d, g * g))
    # Channels first, as the maps are: the weights [out, in] stand on the left, and nothing has to be turned.
    by_head = graph.integers(0, heads, d // heads, g * g)
    keys, values = (graph.add("Reshape", _linear_left(graph, cells, f"cross_modality.{part}.{k}"), by_head) for part in ("key", "value"))
    scores = graph.add("Mul", graph.add("MatMul", query, keys), graph.constant((d // heads) ** -0.5))
    seen = graph.add("MatMul", graph.add("Softmax", scores, axis=-1), graph.add("Transpose", values, perm=[0, 1, 3, 2]))
    return graph.join_heads(seen, d)


def _linear_left(graph: Graph, x: str, name: str) -> str:
    """A linear layer over the second axis of [B, in, n]."""
    bias = graph.tensor(f"{name}.bias").floats().reshape(1, -1, 1)
    return graph.add("Add", graph.add("MatMul", graph.weight(f"{name}.weight"), x), graph.keep(f"{name}.bias.upright", Tensor(bias, None)))


def tagger_graph(config: dict[str, Any], tensors: Mapping[str, Tensor], form: Form = "int8") -> onnx.ModelProto:
    """BERT+CRF up to its chain: ids, segments, shapes, mask [B, L] → emissions [B, L, tags]. The chain itself is decoding."""
    graph = Graph("text", tensors, form)
    ids, segments, shapes = (graph.input(name, ["B", "L"], TensorProto.INT64) for name in ("ids", "segments", "shapes"))
    hidden = _encode(graph, config, ids, segments, shapes, graph.input("mask", ["B", "L"]))
    graph.output(graph.linear(hidden, "tagger"), "emissions", ["B", "L", 1 + 2 * len(config["queries"])])
    return graph.model()


Builder = Callable[[dict[str, Any], Mapping[str, Tensor], Form], onnx.ModelProto]
GRAPHS: dict[str, dict[str, Builder]] = {
    "mner-qg": {"text": text_graph, "trunk": trunk_graph, "photo": photo_graph},
    "bert-crf": {"text": tagger_graph},
}


def build_graphs(folder: ModelFolder, form: Form = "int8", tensors: Optional[Mapping[str, Tensor]] = None) -> dict[str, onnx.ModelProto]:
    """The folder's network, by the graphs' names."""
    if folder.system not in GRAPHS:
        raise MnerError("model-version-unsupported", f"The system “{folder.system}” is not one that this package runs "
                        f"({', '.join(GRAPHS)}). Use `mner-qg annotate`, or a version of mner-qg that knows it.")
    if folder.config.get("oneWay"):
        raise MnerError("model-version-unsupported", "This model reads its questions one way (config.oneWay), which the Python package does not do. "
                        "Use `mner-qg annotate`, or a model without the setting.")
    weights = folder.tensors() if tensors is None else tensors
    return {name: build(folder.config, weights, form) for name, build in GRAPHS[folder.system].items()}
