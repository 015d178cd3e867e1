"""Grounding over NanoDet's eyes, with the text encoder at rest: what looks at the photo learns, the detector's boxes stay.

Each cell has two boxes: the detector's own, used as it is, and a learnt one for what the detector was never taught (logos,
lettering, a place that fills the photo). The text encoder says the same of a query every time, so its words are kept.

    python -m training.systems.mner_qg.ground_nanodet --run public/models/mner-qg-mini --trunk nanodet-plus-m.npz --data ../shared/data --out runs/ground
"""
from __future__ import annotations

import argparse
import json
import random
import shutil
import time
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from ...data.examples import augment, make_example
from ...data.photos import COCO_CLASSES, iou, letterbox, suppress
from ...data.readers import Photos, read_conll
from ...data.signs import mark, poster
from ...data.views import OTHER_WORDS, PARAPHRASES, TEMPLATES, look, split
from ...encoders.nanodet import BOX, CLASSES, load_nanodet
from ...loop import Average, save_weights
from ...run import load_run
from .config import Config, nano
from .decode import decode_boxes
from .evaluate import grounding_scores
from .grounding import candidate_boxes, giou_loss
from .heads import GroundingHead
from .inputs import Row, collate
from .model import MnerQg

RIGHT = 0.5  # overlap from which a candidate's box is a right answer
SIGN_WORDS = {"lettering": ("lettering", "the title", "the words", "a poster", "a headline"), "logo": ("logo", "a logo", "a brand", "a sign")}


@dataclass
class View:
    """One look at one photo: V_k (the trunk is frozen), and the boxes in input pixels of what is known to be there."""

    features: list[torch.Tensor]
    boxes: dict[str, np.ndarray]
    complete: bool  # every thing of the 80 classes is boxed: what is not there is absent
    kind: str  # coco, thing, place, logo, sign
    label: str
    extent: np.ndarray  # where the photo lies in the square


@torch.no_grad()
def pass_boxes_on(head: GroundingHead) -> None:
    """Both boxes of a cell start as the detector's, the last channels of V_k; what queries say of boxes starts at zero."""
    for shared, own in zip(head.objects, head.scales):
        shared.weight.zero_(), shared.bias.zero_()
        for anchor in range(head.per_cell):
            at = 5 * anchor
            shared.weight[at : at + BOX, -BOX:, 0, 0] = torch.eye(BOX)
            own.weight[at : at + BOX] = 0
            own.bias[at : at + BOX] = 0


SURE = 20.0  # nats that a class the query names is worth where the detector is certain of it


@torch.no_grad()
def read_classes(model: MnerQg, phrases: "Phrases") -> None:
    """By ridge regression a query wants the class it names, whatever words it is named in."""
    wanted, rows = [], []
    for kind, name in enumerate(COCO_CLASSES):
        for query in {t.format(w) for w in [name, *OTHER_WORDS.get(name, [])] for t in TEMPLATES}:
            for state in phrases.states[query]:
                rows.append(model.query_vector(state[None], torch.ones(1, len(state), dtype=torch.bool))[0])
                wanted.append(F.one_hot(torch.tensor(kind), CLASSES).float() * SURE)
    for label, query in model.config.queries:
        for words in [query, *PARAPHRASES[label]]:
            for state in phrases.states[words]:
                rows.append(model.query_vector(state[None], torch.ones(1, len(state), dtype=torch.bool))[0])
                wanted.append(F.one_hot(torch.tensor(0), CLASSES).float() * SURE * (label == "PER"))
    x, y = torch.stack(rows), torch.stack(wanted)
    x = torch.cat([x, torch.ones(len(x), 1)], 1)
    solved = torch.linalg.solve(x.T @ x + 0.3 * torch.eye(x.shape[1]), x.T @ y)
    print(f"classes of queries: {((x @ solved).argmax(1) == y.argmax(1))[y.amax(1) > 0].float().mean():.3f} right", flush=True)
    model.grounding_head.class_query.weight.copy_(solved[:-1].T)
    model.grounding_head.class_query.bias.copy_(solved[-1])


@torch.no_grad()
def start_from_classes(model: MnerQg, phrases: "Phrases") -> None:
    """The choice starts as the detector's. What was learnt of the first boxes' confidence goes: 360 photos teach it to know them again."""
    head = model.grounding_head
    read_classes(model, phrases)
    for shared, own in zip(head.objects, head.scales):
        for conv in (shared, own):
            conv.weight[4], conv.bias[4] = 0, 0
    head.match_query.weight.mul_(0.3), head.match_query.bias.mul_(0.3)


BLEND = 0.5  # of what was learnt of confidences, beside the detector's classes
LESS = (-1.0, -0.5)  # nats off the detector's and the learnt box, so that type questions stay as sure as they were


@torch.no_grad()
def blend_with_classes(model: MnerQg, phrases: "Phrases") -> None:
    """The detector's classes choose, and what was learnt has half a say: the choice among things overfits, the rest does not."""
    head = model.grounding_head
    read_classes(model, phrases)
    for convs, shared in ((head.objects, True), (head.scales, False)):
        for conv in convs:
            for row, less in zip((4, 9), LESS):
                conv.weight[row] *= BLEND
                conv.bias[row] = conv.bias[row] * BLEND + (less if shared else 0)
    head.match_query.weight.mul_(BLEND), head.match_query.bias.mul_(BLEND)


def keep_detector_boxes(head: GroundingHead, rest: int) -> None:
    """No gradient for the rows of the first box, nor (`rest` = 1) for its confidence."""
    for convs in (head.objects, head.scales):
        for p in (p for conv in convs for p in (conv.weight, conv.bias)):
            p.grad[: BOX + rest] = 0


@torch.no_grad()
def detections(features: list[torch.Tensor], config: Config) -> tuple[np.ndarray, np.ndarray]:
    """Of one photo: the detector's box in every cell (N, 4), and its probability of every class there (N, 80)."""
    boxes, scores = [], []
    for v, stride in zip(features, config.image.strides):
        v = v.float()
        grid = v.shape[-1]
        y, x = torch.meshgrid(torch.arange(grid), torch.arange(grid), indexing="ij")
        centre, half = (torch.stack([x, y]) + 0.5 + v[-BOX:-2]) * stride, v[-2:].exp() * stride / 2
        boxes.append(torch.cat([centre - half, centre + half]).flatten(1).T)
        scores.append(v[-BOX - CLASSES : -BOX].flatten(1).T)
    return torch.cat(boxes).numpy(), torch.cat(scores).numpy()


def confident(features, config: Config, kind: int, least: float) -> list[np.ndarray]:
    boxes, scores = detections(features, config)
    index = np.nonzero(scores[:, kind] > least)[0]
    return [boxes[index[i]] for i in suppress(boxes[index], scores[index, kind], 0.6, 20)] if len(index) else []


@torch.no_grad()
def make_views(folder: Path, model: MnerQg, copies: int, seed: int, held: bool = False) -> list[View]:
    """Of the photos that are trained on; or, once each, of those that are `held` out."""
    config, photos, rng, views = model.config, Photos(folder), random.Random(seed), []
    coco, logos = (split(json.loads((folder / name).read_text()))[int(held)] for name in ("coco.json", "logos.json"))
    singles = [] if held else json.loads((folder / "single.json").read_text())
    plan = [(p["file"], p["boxes"], "coco", "", rng if c else None) for c in range(copies) for p in coco]
    plan += [(p["file"], [], p["kind"], p["label"].replace("_", " "), rng if c else None) for c in range(max(1, copies // 2)) for p in singles]
    plan += [(p["file"], p["boxes"], "logo", "", rng if c else None) for c in range(max(1, copies // 2)) for p in logos]
    plan += [(p["file"], p["boxes"], "sign", "", rng) for p in coco if not held]
    waiting: list = []

    def flush():
        if not waiting:
            return
        maps = model.image_encoder(torch.from_numpy(np.stack([w[0] for w in waiting])))
        for i, (_, grouped, kind, label, extent) in enumerate(waiting):
            features = [m[i].half() for m in maps]
            if kind in ("thing", "place"):
                for c, name in enumerate(COCO_CLASSES):
                    grouped[name] += confident(features, config, c, 0.45)
            if kind == "logo":
                grouped["person"] += confident(features, config, 0, 0.5)
            boxes = {k: np.array(v, dtype=np.float32) for k, v in grouped.items() if len(v)}
            views.append(View(features, boxes, kind == "coco", kind, label, extent))
        waiting.clear()

    for name, boxes, kind, label, chance in plan:
        rgb = photos.open(name)
        if rgb is None:
            continue
        if kind == "sign":
            what = "lettering" if rng.random() < 0.5 else "logo"
            rgb, box = (poster if what == "lettering" else mark)(rgb, rng)
            boxes = [{"label": what, "box": box}]
        rgb, kept = look(rgb, boxes, chance)
        pixels, place = letterbox(rgb, config.image)
        grouped = defaultdict(list)
        for b in kept:
            grouped[b["label"]].append(place.inside([b["box"]])[0])
        waiting.append((pixels, grouped, kind, label, place.inside([[0, 0, place.width, place.height]])[0].astype(np.float32)))
        if len(waiting) == 8:
            flush()
    flush()
    return views


class Phrases:
    """Queries as the frozen text encoder leaves them: the hidden rows of their own pieces, alone and beside tweets."""

    def __init__(self, model: MnerQg, reader, data: Path, brands: list[str], places: list[str], rng: random.Random):
        self.rng = rng
        tweets = [make_example(augment(t, rng), reader) for name in ("twitter2015", "twitter2017") for t in rng.sample(read_conll(data / name / "train.txt"), 900)]
        tweets = [e for e in tweets if 0 < len(e.ids) < 36]
        asked: dict[str, int] = {}
        for label, query in model.config.queries:
            asked[query] = 60
            asked |= {other: 8 for other in PARAPHRASES[label]}
        for name in COCO_CLASSES:
            for word in [name, *OTHER_WORDS.get(name, [])]:
                asked |= {template.format(word): 1 for template in TEMPLATES}
        asked |= {word: 1 for word in [*brands, *places, *(w for ws in SIGN_WORDS.values() for w in ws), *(f"{b} logo" for b in brands)]}
        rows, owner = [], []
        for query, beside in asked.items():
            for tweet in [None, *rng.choices(tweets, k=beside)]:
                rows.append(Row(query, tweet))
                owner.append(query)
        self.states: dict[str, list[torch.Tensor]] = defaultdict(list)
        order = sorted(range(len(rows)), key=lambda i: len(rows[i].example.ids) if rows[i].example else 0)
        for at in range(0, len(order), 64):
            part = order[at : at + 64]
            batch = collate([rows[i] for i in part], reader)
            with torch.no_grad():
                hidden = model.read(batch.ids, batch.segments, batch.shapes, batch.mask).question
            query = (batch.segments == 0) & batch.mask.bool()
            for j, i in enumerate(part):
                inside = int(query[j].sum()) - 1
                self.states[owner[i]].append(hidden[j, 1:inside].clone())

    def vectors(self, model: MnerQg, queries: list[str]) -> torch.Tensor:
        states = [self.states[q][0] if self.rng.random() < 0.4 else self.rng.choice(self.states[q]) for q in queries]
        length = max(len(s) for s in states)
        padded = torch.stack([F.pad(s, (0, 0, 0, length - len(s))) for s in states])
        mask = torch.tensor([[i < len(s) for i in range(length)] for s in states])
        return model.query_vector(padded, mask)


def class_phrase(name: str, rng: random.Random) -> str:
    return rng.choice(TEMPLATES).format(rng.choice([name, name, *OTHER_WORDS.get(name, [])]))


NONE = np.zeros((0, 4), dtype=np.float32)


def questions(view: View, rng: random.Random, ask) -> list[tuple[str, np.ndarray]]:
    """(query, right boxes) of one view; what nobody knows is not asked."""
    asked: list[tuple[str, np.ndarray]] = []
    if view.kind in ("coco", "thing", "place"):
        present = [label for label in view.boxes]
        rng.shuffle(present)
        asked += [(class_phrase(label, rng), view.boxes[label]) for label in present[: 3 if view.complete else 1]]
    if view.complete:
        absent = [c for c in COCO_CLASSES if c not in view.boxes]
        asked += [(class_phrase(label, rng), NONE) for label in rng.sample(absent, 2)]
        asked.append((ask("PER"), view.boxes.get("person", NONE)))
        if rng.random() < 0.5:
            asked.append((ask(rng.choice(["LOC", "ORG", "ORG", "OTHER"])), NONE))
        if rng.random() < 0.15:
            asked.append((rng.choice(SIGN_WORDS["logo"]), NONE))
    x0, y0, x1, y1 = view.extent
    w, h = x1 - x0, y1 - y0
    if view.kind == "place":
        most = np.array([[x0 + 0.04 * w, y0 + 0.06 * h, x1 - 0.04 * w, y1 - 0.04 * h]], dtype=np.float32)
        asked.append((rng.choice([ask("LOC"), ask("LOC"), view.label]), most))
    elif view.kind == "thing":
        found = [b for label, boxes in view.boxes.items() for b in boxes if label != "person"]
        box = max(found, key=lambda b: (b[2] - b[0]) * (b[3] - b[1])) if found else np.array([x0 + 0.1 * w, y0 + 0.1 * h, x1 - 0.1 * w, y1 - 0.1 * h])
        asked.append((rng.choice([ask("OTHER"), view.label, view.label]), np.array(box, dtype=np.float32)[None]))
    elif view.kind == "logo":
        brands = [b for b in view.boxes if b != "person"]
        every = np.concatenate([view.boxes[b] for b in brands]) if brands else NONE
        if brands:
            asked.append((ask("ORG"), every))
            brand = rng.choice(brands)
            asked.append((rng.choice([brand, f"{brand} logo", *SIGN_WORDS["logo"]]), every))
        if rng.random() < 0.4:
            asked.append((ask("PER"), view.boxes.get("person", NONE)))
        if rng.random() < 0.3:
            asked.append((ask("LOC"), NONE))
    elif view.kind == "sign":
        for what in view.boxes:
            asked.append((ask("ORG") if what == "logo" else ask(rng.choice(["OTHER", "OTHER", "ORG"])), view.boxes[what]))
            asked.append((rng.choice(SIGN_WORDS[what]), view.boxes[what]))
        if rng.random() < 0.3:
            asked.append((ask("LOC"), NONE))
    return asked


def salience(boxes: np.ndarray, extent: np.ndarray) -> np.ndarray:
    """A photo's main subject before the crowd: large and near the middle. 1 for the most salient of the boxes."""
    side = np.sqrt(np.maximum(1.0, (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])))
    off = np.abs((boxes[:, 0] + boxes[:, 2]) / 2 - (extent[0] + extent[2]) / 2) / max(1.0, (extent[2] - extent[0]) / 2)
    value = side * (1 - 0.3 * off)
    return value / value.max()


def overlaps(boxes: torch.Tensor, gold: torch.Tensor) -> torch.Tensor:
    """(N, 4), (m, 4) → (N, m)."""
    low, high = torch.maximum(boxes[:, None, :2], gold[None, :, :2]), torch.minimum(boxes[:, None, 2:], gold[None, :, 2:])
    shared = (high - low).clamp(min=0).prod(-1)
    area = lambda t: (t[..., 2:] - t[..., :2]).clamp(min=0).prod(-1)
    return shared / (area(boxes)[:, None] + area(gold)[None] - shared).clamp(min=1e-6)


def choice_loss(confidence, none, boxes, gold: list[np.ndarray], extents: list[np.ndarray], detector: list[bool] | None = None) -> torch.Tensor:
    """Cross-entropy with the mass of all right candidates together; a better box and a more salient thing count for more.
    Where `detector` says so only the detector's own boxes are right: a thing it knows is its to outline."""
    total = torch.logsumexp(torch.cat([confidence, none[:, None]], 1), 1)
    losses = []
    for row, wanted in enumerate(gold):
        if len(wanted) == 0:
            losses.append(total[row] - none[row])
            continue
        with torch.no_grad():
            shared = overlaps(boxes[row], torch.from_numpy(wanted))
            if detector is not None and detector[row]:
                shared[1::2] = 0
            right = torch.where(shared >= RIGHT, (shared - 0.4) / 0.6, 0.0)
            weight = (right * torch.from_numpy(salience(wanted, extents[row]) ** 0.7).float()).amax(1)
            if not (weight > 0).any():
                if shared.max() < 0.25:
                    continue  # no candidate can say it
                weight = (shared.amax(1) >= shared.max() * 0.95).float()
            weight = (weight / weight.max()).clamp(min=1e-12).log()
        losses.append(total[row] - torch.logsumexp(confidence[row] + weight, 0))
    return torch.stack(losses).mean()


def outline_loss(candidates, config: Config, everything: list[np.ndarray]) -> torch.Tensor:
    """The learnt box of the cells inside a thing outlines it, at the strides that fit its size."""
    grids = [config.image.size // s for s in config.image.strides]
    picked, wanted = [], []
    boxes = candidate_boxes(candidates, config)
    for row, gold in enumerate(everything):
        for box in gold[:8]:
            side, at = max(box[2] - box[0], box[3] - box[1]), 0
            for grid, stride in zip(grids, config.image.strides):
                if 0.9 <= side / stride <= 9 or (stride == 64 and side > 9 * 32):
                    cx, cy = (box[0] + box[2]) / 2 / stride, (box[1] + box[3]) / 2 / stride
                    for dx in (-1, 0, 1):
                        for dy in (-1, 0, 1):
                            x, y = int(cx) + dx, int(cy) + dy
                            near = abs(x + 0.5 - cx) < max(0.75, (box[2] - box[0]) / stride / 3) and abs(y + 0.5 - cy) < max(0.75, (box[3] - box[1]) / stride / 3)
                            if 0 <= x < grid and 0 <= y < grid and near:
                                picked.append(boxes[row, at + (y * grid + x) * config.boxesPerCell + 1])
                                wanted.append(box)
                at += grid * grid * config.boxesPerCell
    if not picked:
        return candidates.sum() * 0
    return giou_loss(torch.stack(picked), torch.from_numpy(np.array(wanted, dtype=np.float32))).mean()


@torch.no_grad()
def logo_scores(model: MnerQg, folder: Path, reader) -> dict:
    """The organisation question put to the logo photos that are held out."""
    model.eval()
    photos, query, found, seen = Photos(folder), dict(model.config.queries)["ORG"], [], []
    _, held = split(json.loads((folder / "logos.json").read_text()))
    batch = collate([Row(query, None, photo=0)], reader)
    for photo in held:
        pixels, place = letterbox(photos.open(photo["file"]), model.config.image)
        o = model(batch.ids, batch.segments, batch.shapes, batch.mask, model.encode_image(torch.from_numpy(pixels)[None]), batch.photo)
        box, _, none, _ = decode_boxes(o.candidates[0].numpy(), candidate_boxes(o.candidates, model.config)[0].numpy(), float(o.none[0]), place)
        found.append(iou(box, [b["box"] for b in photo["boxes"]]).max())
        seen.append(none < 0.5)
    v = np.array(found)
    return {"n": len(v), "accAt50": round(100 * float((v >= 0.5).mean()), 2), "accAt75": round(100 * float((v >= 0.75).mean()), 2), "saidSeen": round(100 * float(np.mean(seen)), 2)}


def shut_gate(model: MnerQg) -> None:
    """The new eyes have taught the text nothing: until they have, a photo changes no name, bit for bit."""
    nn.init.zeros_(model.cross_modality.project.weight)
    nn.init.zeros_(model.cross_modality.project.bias)


def with_new_eyes(run: Path, trunk: str | None) -> tuple[MnerQg, object]:
    """The run's text side with NanoDet's trunk; of the photo's side what does not depend on the trunk is taken over."""
    found = load_run(run)
    old, reader = found.model, found.reader
    if old.config.image.kind == "nanodet-plus":
        return old, reader
    config = replace(nano(), text=old.config.text, queries=old.config.queries, maxSpanWords=old.config.maxSpanWords, maxPieces=old.config.maxPieces)
    model = MnerQg(config)
    keep = ("text_encoder.", "query_vector.", "existence.", "span_head.", "existence_head.", "grounding_head.match_query.", "grounding_head.none.",
            "cross_modality.query.", "cross_modality.gate.")
    model.load_state_dict({k: v for k, v in old.state_dict().items() if k.startswith(keep)}, strict=False)
    load_nanodet(model.image_encoder, Path(trunk))
    pass_boxes_on(model.grounding_head)
    shut_gate(model)
    return model, reader


def save_run(model: MnerQg, run: Path, out: Path) -> None:
    (out / "config.json").write_text(model.config.to_json())
    shutil.copyfile(run / "vocab.txt", out / "vocab.txt")
    save_weights(model, out / "model.safetensors")


def finish(model: MnerQg, reader, data: Path, run: Path, out: Path) -> None:
    save_run(model, run, out)
    scores = {**grounding_scores(model.eval(), data / "photos", reader), "logos": logo_scores(model, data / "photos", reader)}
    print(json.dumps(scores), flush=True)
    (out / "grounding.json").write_text(json.dumps(scores, indent=2))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--trunk", help="NanoDet-plus's weights, for a run that has another trunk")
    parser.add_argument("--out", required=True)
    parser.add_argument("--views", help="file of views from an earlier call, made if it is not there")
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--dev-every", type=int, default=400)
    parser.add_argument("--photos", type=int, default=6)
    parser.add_argument("--copies", type=int, default=4)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--renew", action="store_true", help="start the choice anew from the detector's classes")
    parser.add_argument("--classes-only", action="store_true", help="of a run whose text has learnt more: fit its questions' classes, train nothing")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    rng, data, run, out = random.Random(args.seed), Path(args.data), Path(args.run), Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    model, reader = with_new_eyes(run, args.trunk)
    config = model.config
    model.eval().requires_grad_(False)
    if args.classes_only:
        read_classes(model, Phrases(model, reader, data, [], [], rng))
        return finish(model, reader, data, run, out)
    parts = [model.common_width, model.query_vector, model.cross_modality.vision, model.grounding_head]
    for part in parts:
        part.requires_grad_(True)
    cache = Path(args.views or out / "views.pt")
    if not cache.exists():
        torch.save(make_views(data / "photos", model, args.copies, 0), cache)
    views = torch.load(cache, weights_only=False)
    by_kind = defaultdict(list)
    for view in views:
        by_kind[view.kind].append(view)
    print({k: len(v) for k, v in by_kind.items()}, flush=True)
    brands = sorted({b for v in by_kind["logo"] for b in v.boxes if b != "person"})
    started = time.time()
    phrases = Phrases(model, reader, data, brands, sorted({v.label for k in ("thing", "place") for v in by_kind[k]}), rng)
    print(f"phrases {time.time() - started:.0f}s", flush=True)
    queries = dict(config.queries)
    ask = lambda label: rng.choice([queries[label]] * 6 + list(PARAPHRASES[label]))
    if args.renew:
        start_from_classes(model, phrases)
        print(json.dumps(grounding_scores(model.eval(), data / "photos", reader)), json.dumps(logo_scores(model, data / "photos", reader)), flush=True)
    if args.renew:
        # The detector's choice is better than what so few photos teach: only how sure to be, and the learnt boxes, go on learning.
        for part in (model.common_width, model.query_vector, model.grounding_head.match_query, model.grounding_head.match_cells):
            part.requires_grad_(False)
        parts = [model.cross_modality.vision, model.grounding_head]
    learning = nn.ModuleList(parts)
    distil = nn.Parameter(torch.tensor([1.0, -6.0]))
    decayed = [p for p in learning.parameters() if p.dim() > 1 and p.requires_grad]
    plain = [p for p in learning.parameters() if p.dim() <= 1 and p.requires_grad]
    optimiser = torch.optim.AdamW([{"params": decayed, "weight_decay": 0.02}, {"params": [*plain, distil], "weight_decay": 0.0}], lr=args.rate, betas=(0.9, 0.98))
    average = Average(learning, 0.995)
    kinds, chances = ["coco", "thing", "place", "logo", "sign"], [0.62, 0.05, 0.05, 0.16, 0.12]
    started, step, progress, mean = time.time(), 0, 0.0, {}
    while progress < 1:
        progress = max(step / args.steps, (time.time() - started) / (args.minutes * 60))
        learning.train()
        photos, asked, where, gold, extents, signs = [], [], [], [], [], []
        for _ in range(args.photos):
            view = rng.choice(by_kind[rng.choices(kinds, chances)[0]])
            for query, boxes in questions(view, rng, ask):
                asked.append(query), where.append(len(photos)), gold.append(boxes), extents.append(view.extent)
                signs.append(boxes if view.kind != "coco" and query not in (queries["PER"], *PARAPHRASES["PER"]) else NONE)
            photos.append(view)
        where = torch.tensor(where)
        features = [torch.stack([v.features[k] for v in photos]).float() for k in range(len(config.image.strides))]
        q = phrases.vectors(model, asked)
        with torch.autocast("cpu", torch.bfloat16):
            seen = model.prepare_photos(features)
            conditioned = model.cross_modality.see(seen.maps, q, where)
            candidates, none = model.grounding_head(conditioned, seen.maps, seen.objects, q, where)
        candidates, none = candidates.float(), none.float()
        with torch.no_grad():
            boxes = candidate_boxes(candidates, config)
        own = [photos[p].kind in ("coco", "thing") for p in where.tolist()] if args.renew else None
        losses = {"choice": choice_loss(candidates[..., 4], none, boxes, gold, extents, own), "outline": 0.7 * outline_loss(candidates, config, signs)}
        if step % 2 == 0:
            names = sorted(rng.sample(range(CLASSES), 24))
            named = phrases.vectors(model, [class_phrase(COCO_CLASSES[i], rng) for i in names])
            wanted = model.grounding_head.match_query(named)
            losses["classes"] = 0.02 * F.mse_loss(model.grounding_head.class_query(named), SURE * F.one_hot(torch.tensor(names), CLASSES).float())
            total = 0.0
            for cells, u, v in zip(model.grounding_head.match_cells, seen.maps, features):
                with torch.autocast("cpu", torch.bfloat16):
                    match = torch.einsum("tc,pchw->pthw", wanted, cells(u)) * model.grounding_head.scale
                target = v[:, -BOX - CLASSES : -BOX][:, names]
                each = F.binary_cross_entropy_with_logits(match.float() * distil[0] + distil[1], target, reduction="none")
                total = total + (each * (1 + 20 * target)).sum() / len(target)
            if not args.renew:
                losses["match"] = 0.006 * total
        rate = args.rate * min(1.0, (step + 1) / 40) * (0.5 + 0.5 * np.cos(np.pi * min(1.0, progress)))
        for g in optimiser.param_groups:
            g["lr"] = rate
        optimiser.zero_grad(set_to_none=True)
        sum(losses.values()).backward()
        keep_detector_boxes(model.grounding_head, int(args.renew))
        nn.utils.clip_grad_norm_(learning.parameters(), 2.0)
        optimiser.step()
        with torch.no_grad():  # decay must not move the detector's boxes either
            for conv in model.grounding_head.objects:
                conv.weight[: BOX + args.renew] = 0
                conv.weight[:BOX, -BOX:, 0, 0] = torch.eye(BOX)
        average.update(learning)
        step += 1
        for key, value in losses.items():
            mean[key] = float(value.detach()) if key not in mean else 0.97 * mean[key] + 0.03 * float(value.detach())
        if step % 25 == 0:
            print(f"{step}/{args.steps} {' '.join(f'{k} {v:.3f}' for k, v in mean.items())} {time.time() - started:.0f}s", flush=True)
        if step % args.dev_every == 0:
            kept = {k: v.clone() for k, v in learning.state_dict().items()}
            learning.load_state_dict(average.model.state_dict())
            print(json.dumps(grounding_scores(model.eval(), data / "photos", reader)), json.dumps(logo_scores(model, data / "photos", reader)), flush=True)
            save_run(model, run, out)
            learning.load_state_dict(kept)
    learning.load_state_dict(average.model.state_dict())
    if not args.renew:
        blend_with_classes(model.eval(), phrases)
    finish(model, reader, data, run, out)



if __name__ == "__main__":
    main()
