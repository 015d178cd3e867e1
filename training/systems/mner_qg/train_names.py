"""Trains the entity head: texts whose names a photo's boxes can answer, and real tweets that say who of them is in the photo.

Everything else is frozen, so that texts and photos are read once: `texts` and `photos` files keep what was read.

    python -m training.systems.mner_qg.train_names --run runs/ground --data ../shared/data --out runs/entity
"""
from __future__ import annotations

import argparse
import json
import random
import time
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from ... import metrics
from ...data.cues import SPLICED, TEMPLATES, Text, names_of, splice, write
from ...data.examples import LABELS, augment, make_example
from ...data.photos import COCO_CLASSES, iou, letterbox, suppress
from ...data.readers import Photos, entity_spans, read_boxes, read_captions, read_conll
from ...data.signs import mark, poster
from ...data.views import look, split
from ...loop import Average
from ...run import load_run
from ...scoring import fit_calibration
from .entity_grounding import EntityGrounding, shifted
from .grounding import candidate_boxes
from .inputs import Row, collate
from .model import MnerQg
from .photo_facts import PhotoFacts, Places, facts_of, find_places, geometry, photo_facts, ranks

MOST = 16  # places of one question
JOINTS = {"and", "&", ",", "+", "x", "/", "with"}


@dataclass
class Mention:
    label: int
    row: int  # which of the text's rows found it
    first: int
    last: int
    order: int  # k-th name of its type
    count: int  # names of its type
    words: int
    joined: bool  # to the name before
    tagged: bool  # written with @ or #
    role: str
    visible: bool | None = None


@dataclass
class ReadText:
    rows: list[torch.Tensor]  # H'' of each question that has names here, (L, d_t)
    sentence: list[tuple[int, int]]
    mentions: list[Mention]
    kind: str
    thing: str
    caption: str = ""


@dataclass
class ReadPhoto:
    kind: str
    held: bool
    facts: PhotoFacts
    places: list[Places]  # of the four questions
    objects: dict[str, np.ndarray]  # boxes in photo pixels


# ---------- reading

@torch.no_grad()
def read_texts(model: MnerQg, reader, texts: list[Text], captions: list[str] | None = None) -> list[ReadText]:
    queries, rows, out = model.config.queries, [], []
    for at, text in enumerate(texts):
        example = make_example(text.tweet, reader, limit=80, lenient=True)
        # a role for every span in order of the text
        spans = sorted(example.spans)
        if len(spans) != len(text.roles) or not spans:
            out.append(None)
            continue
        per_type = defaultdict(int)
        for *_, label in spans:
            per_type[label] += 1
        order, mentions, before = defaultdict(int), [], None
        used: list[int] = []
        for (a, b, label), role, seen in zip(spans, text.roles, text.visible or [None] * len(spans)):
            if label not in used:
                used.append(label)
                rows.append((at, label, Row(queries[label][1], example)))
            between = text.tweet.text[example.offsets[before][1] : example.offsets[a][0]].strip().lower() if before is not None else None
            written = text.tweet.text[example.offsets[a][0]]
            begin = len(reader.query(queries[label][1])) + 2
            mentions.append(Mention(label, used.index(label), a + begin, b + begin, order[label], per_type[label], int(example.words[b] - example.words[a]) + 1,
                                    between in JOINTS, written in "@#", role, seen))
            order[label] += 1
            before = b
        out.append(ReadText([None] * len(used), [None] * len(used), mentions, text.kind, text.thing, captions[at] if captions else ""))
    rows = [r for r in rows if out[r[0]] is not None]
    rows.sort(key=lambda r: len(r[2].example.ids))
    place = defaultdict(list)
    for text_at, label, _ in rows:
        place[text_at].append(label)
    for at in range(0, len(rows), 64):
        part = rows[at : at + 64]
        batch = collate([r[2] for r in part], reader)
        with torch.autocast("cpu", torch.bfloat16):
            read = model.read(batch.ids, batch.segments, batch.shapes, batch.mask)
        hidden = read.spread(model.existence(read.hidden.float()), batch.ids.shape[1])
        for j, (text_at, label, row) in enumerate(part):
            text = out[text_at]
            which = next(m.row for m in text.mentions if m.label == label)
            length = int(batch.mask[j].sum())
            text.rows[which] = hidden[j, :length].half()
            text.sentence[which] = (batch.offset[j], length)
    return out


def type_answers(model: MnerQg, reader, features, calibration, places: list) -> list[tuple[PhotoFacts, list[Places]]]:
    """Of a few photos: their facts and the four questions' places."""
    photos = model.prepare_photos(features)
    batch = collate([Row(query, None) for _, query in model.config.queries], reader)
    q = model.ask(model.read(batch.ids, batch.segments, batch.shapes, batch.mask))
    out = []
    for i, where in enumerate(places):
        facts = photo_facts(model, features, photos, i, where)
        at = torch.full((len(q),), i)
        with torch.autocast("cpu", torch.bfloat16):
            conditioned = model.cross_modality.see(photos.maps, q, at)
        candidates, none = model.grounding_head([c.float() for c in conditioned], photos.maps, photos.objects, q, at)
        boxes = candidate_boxes(candidates, model.config)
        out.append((facts, [find_places(candidates[t].numpy(), float(none[t]), where.back(boxes[t].numpy()), facts, model.config.boxesPerCell, calibration) for t in range(len(q))]))
    return out


def detected(facts: PhotoFacts, least: float = 0.45) -> dict[str, np.ndarray]:
    found = {}
    for kind, name in enumerate(COCO_CLASSES):
        index = np.nonzero((facts.classes[:, kind] > least) & (facts.classes.argmax(1) == kind))[0]
        if len(index):
            found[name] = np.array([facts.boxes[index[i]] for i in suppress(facts.boxes[index], facts.classes[index, kind], 0.5, 20)])
    return found


def needed(facts: PhotoFacts, places: list[Places]) -> tuple[PhotoFacts, list[Places]]:
    """Only the cells that places, detections and the likeliest of each class stand on: thousands of photos are kept at once."""
    kept = np.unique(np.concatenate([facts.detected, *(p.cells for p in places), facts.classes.argmax(0)]).astype(np.int64))
    moved = lambda cells: np.searchsorted(kept, np.asarray(cells, dtype=np.int64))
    few = replace(facts, boxes=facts.boxes[kept], classes=facts.classes[kept], matched=facts.matched[kept], detected=moved(facts.detected).tolist())
    return few, [replace(p, cells=moved(p.cells)) for p in places]


@torch.no_grad()
def read_photos(model: MnerQg, reader, data: Path, calibration, rng: random.Random, tweets: int | None) -> list[ReadPhoto]:
    photos, plan = Photos(data), []
    for name in ("coco", "logos"):
        train, held = split(json.loads((data / "photos" / f"{name}.json").read_text()))
        if name == "logos":
            train, held = train[::8], held[::4]
        for rows, is_held in ((train, False), (held, True)):
            for p in rows:
                kind = "coco" if name == "coco" else "logo"
                plan.append((f"photos/{p['file']}", p["boxes"], kind, is_held, None))
                if kind == "coco" and not is_held:
                    plan.append((f"photos/{p['file']}", p["boxes"], "coco", False, rng))
                if kind == "coco" and rng.random() < 0.35:
                    plan.append((f"photos/{p['file']}", None, "sign", is_held, None))
    singles = json.loads((data / "photos" / "single.json").read_text())
    plan += [(f"photos/{p['file']}", [], p["kind"], i % 5 == 0, None) for i, p in enumerate(singles)]
    ids = [line.split("\t")[0] for line in (data / "pairs" / "tweets.tsv").read_text(encoding="utf-8").splitlines() if "\t" in line]
    plan += [(f"pairs/tweets/{name}.jpg", [], "tweet", i % 5 == 0, None) for i, name in enumerate(ids[:tweets])]
    out, waiting = [], []

    def flush():
        if not waiting:
            return
        features = model.image_encoder(torch.from_numpy(np.stack([w[0] for w in waiting])))
        for (_, where, boxes, kind, held), (facts, places) in zip(waiting, type_answers(model, reader, features, calibration, [w[1] for w in waiting])):
            objects = defaultdict(list)
            for b in boxes:
                objects[b["label"]].append(b["box"])
            objects = {k: np.array(v, dtype=np.float64) for k, v in objects.items()}
            if kind not in ("coco", "sign"):
                objects = {**detected(facts), **({"logo": np.concatenate(list(objects.values()))} if kind == "logo" and objects else {})}
            out.append(ReadPhoto(kind, held, *needed(facts, places), objects))
            if len(out) % 200 == 0:
                print(f"{len(out)} of {len(plan)} photos", flush=True)
        waiting.clear()

    for name, boxes, kind, held, chance in plan:
        rgb = photos.open(name)
        if rgb is None:
            continue
        if kind == "sign":
            what = rng.choice(("lettering", "lettering", "logo"))
            rgb, box = (poster if what == "lettering" else mark)(rgb, rng)
            boxes = [{"label": what, "box": box}]
        rgb, boxes = look(rgb, boxes, chance)
        pixels, where = letterbox(rgb, model.config.image)
        waiting.append((pixels, where, boxes, kind, held))
        if len(waiting) == 8:
            flush()
    flush()
    if photos.troubles:
        print(f"photos left out: {dict(photos.troubles)}", flush=True)
    return out


# ---------- which text goes with which photo, and what is then right

def area(boxes: np.ndarray) -> np.ndarray:
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])


def main_people(photo: ReadPhoto) -> np.ndarray:
    people = photo.objects.get("person", np.zeros((0, 4)))
    if not len(people):
        return people
    size = area(people)
    return people[(size >= 0.015 * photo.facts.width * photo.facts.height) & (size >= 0.25 * size.max())]


def right_boxes(text: ReadText, photo: ReadPhoto) -> dict[str, np.ndarray] | None:
    """role → its boxes; None where this photo does not answer this text."""
    people, every = main_people(photo), photo.objects.get("person", np.zeros((0, 4)))
    none = np.zeros((0, 4))
    width = photo.facts.width
    middle = (people[:, 0] + people[:, 2]) / 2
    if text.kind in ("sides", "three", "side"):
        count = 3 if text.kind == "three" else 2
        if len(people) != count or len(every) > count + 2:
            return None
        order = np.argsort(middle)
        if (np.diff(middle[order]) < 0.1 * width).any() or any(iou(people[a], people[b])[0, 0] > 0.4 for a in order for b in order if a < b):
            return None
        sorted_people = people[order]
        names = ["left", "right"] if count == 2 else ["left", "middle", "right"]
        return {name: sorted_people[i : i + 1] for i, name in enumerate(names)} | {"none": none}
    if text.kind == "depth":
        size = area(every)
        big = np.argsort(-size)[:2]
        if len(every) != 2 or size[big[0]] < 2 * size[big[1]] or size[big[1]] < 0.004 * width * photo.facts.height:
            return None
        return {"front": every[big[:1]], "back": every[big[1:2]], "none": none}
    if text.kind == "thing":
        things = photo.objects.get(text.thing, none)
        if len(things) != 1 or not 2 <= len(people) or len(every) > 4:
            return None
        low, high = np.maximum(people[:, :2], things[0, :2]), np.minimum(people[:, 2:], things[0, 2:])
        shared = np.clip(high - low, 0, None).prod(1) / max(1.0, area(things)[0])
        best = shared.argmax()
        if shared[best] < 0.2 or np.sort(shared)[-2] > 0.4 * shared[best]:
            return None
        return {"with": people[best : best + 1], "other": np.delete(people, best, 0), "none": none}
    if text.kind in ("any", "absent2"):
        return {"any": people, "none": none, "unknown": None} if len(people) >= 2 else None
    if text.kind in ("single", "absent"):
        if not len(people):
            return None
        size = area(people)
        return {"main": people[size >= 0.5 * size.max()], "any": people, "none": none}
    if text.kind == "nobody":
        return {"none": none} if not len(every) and photo.facts.classes[:, 0].max() < 0.25 else None
    if text.kind == "own":
        things = photo.objects.get(text.thing, none)
        return {"own": things, "any": people if len(people) else none, "none": none} if len(things) else None
    if text.kind == "place":
        w, h = photo.facts.width, photo.facts.height
        return {"place": np.array([[0.04 * w, 0.06 * h, 0.96 * w, 0.96 * h]])} if photo.kind == "place" else None
    if text.kind == "everyday":
        return {"none": none} if photo.kind == "coco" else None
    if text.kind in ("logo", "sign"):
        role = "logo" if text.kind == "logo" else "lettering"
        return {role: photo.objects[role]} if photo.kind in ("logo", "sign") and role in photo.objects else None
    raise ValueError(text.kind)


WORDS_OF = {name: {name, *(name.split())} for name in COCO_CLASSES}
PEOPLE = set("man woman men women people person girl boy girls boys child children player players lady guy crowd group team couple kids baby singer band fans students".split())
MANY = set("men women people girls boys children players crowd group team fans students kids band couple".split())
TWO = set("two couple".split())
LETTERS = set("sign text words poster cover screenshot advertisement logo tweet page letter quote".split())


def bucket(caption: str) -> tuple[str, frozenset]:
    """What a caption says of people, and which classes it names, all else left out: captions repeat names."""
    words = caption.lower().split()
    people = "none"
    if PEOPLE & set(words):
        people = "many" if MANY & set(words) and not TWO & set(words) else "two" if TWO & set(words) else "one"
    things = frozenset(c for c in COCO_CLASSES if c != "person" and c in caption.lower())
    if LETTERS & set(words):
        things |= {"lettering"}
    return people, things


def photo_bucket(photo: ReadPhoto) -> str:
    people = main_people(photo)
    return "none" if not len(people) else "one" if len(people) == 1 else "two" if len(people) == 2 else "many"


class LookAlikes:
    """For a caption, photos that show the same: as many people, and the same things where there are some."""

    def __init__(self, photos: list[ReadPhoto]):
        self.by_people, self.by_thing = defaultdict(list), defaultdict(list)
        for p in photos:
            key = photo_bucket(p)
            self.by_people[key].append(p)
            for thing in p.objects:
                self.by_thing[key, thing].append(p)

    def pick(self, caption: str, rng: random.Random) -> ReadPhoto:
        people, things = bucket(caption)
        options = [p for t in things for p in self.by_thing.get((people, t), [])]
        return rng.choice(options or self.by_people[people])


# ---------- batches

def arrays(text: ReadText, mention: Mention, photo: ReadPhoto) -> dict:
    places = photo.places[mention.label]
    kept = photo.__dict__.setdefault("kept", {})
    if mention.label not in kept:
        count = len(places.boxes)
        pad = lambda a: np.concatenate([a, np.zeros((MOST - count, *a.shape[1:]))]).astype(np.float32)
        kept[mention.label] = {
            "cells": pad(photo.facts.matched[places.cells]), "geometry": pad(geometry(places.boxes, photo.facts.width, photo.facts.height)),
            "classes": pad(photo.facts.classes[places.cells]), "ranks": pad(ranks(places, photo.facts)), "chances": pad(places.chances),
            "none": np.float32(places.none), "scene": photo.facts.scene.astype(np.float32)}
    nones = [p.none for p in photo.places]
    return {**kept[mention.label], "facts": facts_of(nones, mention.label, places, photo.facts, mention).astype(np.float32)}


def batch_of(items: list[tuple[ReadText, Mention, ReadPhoto]]) -> dict[str, torch.Tensor]:
    rows = [t.rows[m.row] for t, m, _ in items]
    length = max(len(r) for r in rows)
    out = {"rows": torch.stack([F.pad(r.float(), (0, 0, 0, length - len(r))) for r in rows])}
    at = torch.arange(length)[None]
    bounds = torch.tensor([t.sentence[m.row] for t, m, _ in items])
    out["sentence"] = (at >= bounds[:, :1]) & (at < bounds[:, 1:])
    out["first"], out["last"] = torch.tensor([m.first for _, m, _ in items]), torch.tensor([m.last for _, m, _ in items])
    each = [arrays(*item) for item in items]
    for key in each[0]:
        out[key] = torch.from_numpy(np.stack([e[key] for e in each]))
    out["label"] = torch.tensor([m.label for _, m, _ in items])
    return out


def run_head(head: EntityGrounding, batch: dict, q: torch.Tensor):
    """Chances after the head's shift: (N, J) and (N,)."""
    m = head.mentions(batch["rows"], batch["sentence"], batch["first"], batch["last"])
    shift, none_shift = head(m, q[batch["label"]], batch["cells"], batch["geometry"], batch["classes"], batch["ranks"], batch["facts"], batch["scene"])
    return shifted(batch["chances"], batch["none"], batch["ranks"][..., 4] > 0.5, shift, none_shift), (shift, none_shift)


def targets(items, roles: list[dict]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Per name: weights of right places (N, J), whether it is seen (1, 0, or -1 unknown), whether its place is known."""
    weight, seen, known = np.zeros((len(items), MOST), dtype=np.float32), np.full(len(items), -1.0, dtype=np.float32), np.zeros(len(items), dtype=bool)
    for i, ((text, mention, photo), role) in enumerate(zip(items, roles)):
        boxes = role.get(mention.role) if role else None
        if mention.visible is not None:
            seen[i] = float(mention.visible)
            known[i] = not mention.visible
            continue
        if boxes is None:
            continue
        seen[i] = float(len(boxes) > 0)
        known[i] = True
        if len(boxes):
            places = photo.places[mention.label]
            shared = iou(places.boxes, boxes).max(1)
            right = np.where(shared >= 0.5, (shared - 0.3) / 0.7, 0)
            known[i] = right.max() > 0
            weight[i, : len(right)] = right / max(right.max(), 1e-9)
    return torch.from_numpy(weight), torch.from_numpy(seen), torch.from_numpy(known)


def loss_of(chances, none, shift, weight, seen, known, before, alone) -> dict[str, torch.Tensor]:
    tiny = 1e-7
    right = (chances * weight).sum(-1)
    place = torch.where(seen > 0.5, -(right + tiny).log(), -(none + tiny).log())
    visible = F.binary_cross_entropy((1 - none).clamp(1e-5, 1 - 1e-5), seen.clamp(min=0), reduction="none")
    has = seen >= 0
    return {"place": place[known & has].mean() if (known & has).any() else none.sum() * 0, "seen": 0.5 * visible[has].mean() if has.any() else none.sum() * 0,
            "keep": 0.2 * (before * ((before + tiny).log() - (chances + tiny).log())).sum(-1)[alone].sum() / max(1, int(alone.sum())),
            "calm": 0.003 * (shift[0].square().mean() + shift[1].square().mean())}


# ---------- scores

def chosen(chances: np.ndarray, none: float, places: Places, threshold: float = 0.5):
    j = int(chances[: len(places.boxes)].argmax())
    return (None if none >= threshold else places.boxes[j]), places.boxes[j]


def assign(log_chances: np.ndarray, price: float) -> list[int]:
    """One place for each of a few names of one type (n, J): the best sum of logarithms, less the price for each further user of a place."""
    n, count = log_chances.shape
    order = [list(np.argsort(-row, kind="stable")[:8]) for row in log_chances]
    ceiling = np.cumsum([row.max() for row in log_chances][::-1])[::-1].tolist() + [0.0]
    best, answer, users = -np.inf, [int(o[0]) for o in order], [0] * count

    def go(i: int, total: float, taken: list[int]) -> None:
        nonlocal best, answer
        if total + ceiling[i] <= best:
            return
        if i == n:
            best, answer = total, list(taken)
            return
        for j in order[i]:
            users[j] += 1
            go(i + 1, total + log_chances[i, j] - (price if users[j] > 1 else 0.0), [*taken, int(j)])
            users[j] -= 1

    go(0, 0.0, [])
    return answer


@torch.no_grad()
def answers(model: MnerQg, head: EntityGrounding, q, text: ReadText, photo: ReadPhoto):
    """Per name of the text: (chances, none, index of its place after sharing is settled)."""
    batch = batch_of([(text, m, photo) for m in text.mentions])
    (chances, none), _ = run_head(head, batch, q)
    chances, none = chances.numpy().astype(np.float64), none.numpy().astype(np.float64)
    places = [int(c.argmax()) for c in chances]
    price = float(head.price)
    if price > 0:
        for label in {m.label for m in text.mentions}:
            who = [i for i, m in enumerate(text.mentions) if m.label == label and none[i] < 0.5]
            if len(who) > 1:
                count = len(photo.places[label].boxes)
                for i, j in zip(who, assign(np.log(np.maximum(chances[who, :count], 1e-9)), price)):
                    places[i] = j
    return chances, none, places


def composite_scores(model, head, q, texts: list[ReadText], photos: list[ReadPhoto], seed: int = 0, each: int = 150) -> dict:
    """Held-out photos under held-out templates: cued pairs (both right), cued names alone, absent names told from seen ones."""
    rng, out = random.Random(seed), {}
    seen_scores, seen_truth, pairs = [], [], []
    by_kind = defaultdict(list)
    for text in texts:
        by_kind[text.kind].append(text)
    for kind, group in sorted(by_kind.items()):
        right, both, tried = [], [], 0
        for _ in range(each * 30):
            if tried >= each:
                break
            text, photo = rng.choice(group), rng.choice(photos)
            role = right_boxes(text, photo)
            if role is None:
                continue
            tried += 1
            chances, none, places = answers(model, head, q, text, photo)
            hits = []
            for i, m in enumerate(text.mentions):
                boxes = role.get(m.role)
                if boxes is None:
                    continue
                seen_scores.append(1 - none[i])
                seen_truth.append(len(boxes) > 0)
                if len(boxes):
                    hits.append(bool(iou(photo.places[m.label].boxes[places[i]], boxes).max() >= 0.5))
            right += hits
            if kind in ("sides", "three", "depth", "thing") and len(hits) > 1:
                both.append(all(hits))
        out[kind] = {"n": tried, "right": round(100 * float(np.mean(right)), 1) if right else None, **({"both": round(100 * float(np.mean(both)), 1)} if both else {})}
        pairs += both
    out["cuedBoth"] = round(100 * float(np.mean(pairs)), 2) if pairs else None
    out["absentAuc"] = round(metrics.area_under_roc(seen_scores, seen_truth), 4)
    return out


def gmner_scores(model, head, q, texts: list[ReadText], pool: LookAlikes, seed: int = 0) -> dict:
    """Visible or not, per name, from the text and a photo that shows what the caption says."""
    rng = random.Random(seed)
    score, truth, label, base = [], [], [], []
    for text in texts:
        photo = pool.pick(text.caption, rng)
        _, none, _ = answers(model, head, q, text, photo)
        for m, n in zip(text.mentions, none):
            score.append(1 - n), truth.append(bool(m.visible)), label.append(m.label), base.append(1 - photo.places[m.label].none)
    score, truth, label = np.array(score), np.array(truth), np.array(label)
    auc = lambda s, keep: round(metrics.area_under_roc(list(np.array(s)[keep]), list(map(bool, truth[keep]))), 4)
    everything = np.ones(len(truth), dtype=bool)
    predicted = score > 0.5
    hit = (predicted & truth).sum()
    f1 = 2 * hit / max(1, predicted.sum() + truth.sum())
    logit = np.log(np.clip(1 - score, 1e-6, 1) / np.clip(score, 1e-6, 1))
    odd = np.arange(len(score)) % 2 == 1
    errors = []
    for fit, test in ((odd, ~odd), (~odd, odd)):
        a, b = fit_calibration(logit[fit], ~truth[fit])
        errors.append(metrics.expected_calibration_error(list(1 / (1 + np.exp(-(a * logit[test] + b)))), list(map(bool, ~truth[test]))))
    raw = metrics.expected_calibration_error(list(1 - score), list(map(bool, ~truth)))
    a, b = fit_calibration(logit, ~truth)
    return {"n": len(truth), "auc": auc(score, everything), "people": auc(score, label == 0), "typeLevel": auc(base, everything), "f1": round(100 * float(f1), 2),
            "accuracy": round(100 * float((predicted == truth).mean()), 2), "calibrationError": round(raw, 4), "calibratedError": round(float(np.mean(errors)), 4),
            "calibration": {"a": a, "b": b}, **{f"auc.{LABELS[l]}": auc(score, label == l) for l in range(1, 4)}}


# ---------- texts

def gmner_texts(data: Path, part: str) -> tuple[list[Text], list[str]]:
    boxes, captions = read_boxes(data / "gmner" / f"{part}-boxes.json"), read_captions(data / "captions.tsv")
    texts, said = [], []
    for tweet in read_conll(data / "gmner" / f"{part}.txt"):
        spans = entity_spans(tweet.tags)
        if not spans or len(tweet.tokens) > 60 or tweet.id not in captions:
            continue
        there = {b["entity"].lower() for b in boxes.get(tweet.id, {"boxes": []})["boxes"]}
        visible = [" ".join(tweet.tokens[a:b]).lower() in there for a, b, _ in spans]
        texts.append(Text(tweet, "gmner", ["gmner"] * len(spans), visible=visible))
        said.append(captions[tweet.id])
    return texts, said


def composed_texts(data: Path, held: bool, each: int, rng: random.Random) -> list[Text]:
    part = "valid" if held else "train"
    tweets = [t for name in ("twitter2015", "twitter2017") for t in read_conll(data / name / f"{part}.txt")]
    names = names_of(tweets)
    texts = [write(kind, held, names, rng) for kind in TEMPLATES for _ in range(each * (3 if kind == "thing" else 1))]
    if not held:
        for kind in SPLICED:
            found = [splice(rng.choice(tweets), kind, rng) for _ in range(each * 12)]
            texts += [t for t in found if t][: 2 * each]
        texts = [Text(augment(t.tweet, rng), t.kind, t.roles, t.thing, t.visible) for t in texts]
    return texts


SHARES = {"sides": 4.0, "side": 1.5, "three": 1.0, "depth": 3.0, "thing": 2.5, "any": 1.5, "single": 3.0, "absent": 2.0, "absent2": 1.5, "nobody": 1.5, "own": 1.5, "place": 1.0, "everyday": 1.5, "logo": 1.5, "sign": 1.2}


def none_calibration(run: Path) -> dict | None:
    """Of a run whose grounding was scored, or of a model folder."""
    if (run / "manifest.json").exists():
        return json.loads((run / "manifest.json").read_text())["calibration"]["none"]
    scores = run / "grounding.json"
    return json.loads(scores.read_text())["none"]["calibration"] if scores.exists() else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--photos", help="file of photos as read in an earlier call")
    parser.add_argument("--texts", help="file of texts as read in an earlier call")
    parser.add_argument("--steps", type=int, default=2500)
    parser.add_argument("--minutes", type=float, default=8)
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--real", type=float, default=0.3, help="share of real tweets in a batch")
    parser.add_argument("--each", type=int, default=260, help="composed texts of each kind")
    parser.add_argument("--names", type=int, default=160, help="names in a batch")
    parser.add_argument("--real-tweets", type=int, default=5000, help="real tweets to read for training")
    parser.add_argument("--places", action=argparse.BooleanOptionalAction, default=False,
                        help="let a name's words move its place, too, not only whether it is seen: overfits a few hundred photos")
    parser.add_argument("--tweets", type=int, default=None, help="tweet photos to read, all of them if not given")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    rng, data, run, out = random.Random(args.seed), Path(args.data), Path(args.run), Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    found = load_run(run)
    model, reader = found.model, found.reader
    model.eval().requires_grad_(False)
    calibration = none_calibration(run)
    started = time.time()
    photo_file, text_file = Path(args.photos or out / "photos.pt"), Path(args.texts or out / "texts.pt")
    if not photo_file.exists():
        torch.save(read_photos(model, reader, data, calibration, random.Random(5), args.tweets), photo_file)
        print(f"photos read {time.time() - started:.0f}s", flush=True)
    if not text_file.exists():
        sets = {}
        for part in ("train", "dev"):
            texts, captions = gmner_texts(data, part)
            if part == "train":
                chosen = random.Random(4).sample(range(len(texts)), min(args.real_tweets, len(texts)))
                texts, captions = [texts[i] for i in chosen], [captions[i] for i in chosen]
            sets[f"gmner-{part}"] = read_texts(model, reader, texts, captions)
        sets["train"] = read_texts(model, reader, composed_texts(data, False, args.each, random.Random(2)))
        sets["held"] = read_texts(model, reader, composed_texts(data, True, 60, random.Random(3)))
        torch.save({k: [t for t in v if t is not None] for k, v in sets.items()}, text_file)
        print(f"texts read {time.time() - started:.0f}s", flush=True)
    photos, sets = torch.load(photo_file, weights_only=False), torch.load(text_file, weights_only=False)
    print({k: len(v) for k, v in sets.items()}, len(photos), flush=True)
    batch = collate([Row(query, None) for _, query in model.config.queries], reader)
    with torch.no_grad():
        q = model.ask(model.read(batch.ids, batch.segments, batch.shapes, batch.mask))
    train_photos, held_photos = [p for p in photos if not p.held], [p for p in photos if p.held]
    by_kind = defaultdict(list)
    for text in sets["train"]:
        by_kind[text.kind].append(text)
    # Photos that answer some kind of text, found once.
    fits: dict[tuple, list[ReadPhoto]] = defaultdict(list)
    for kind, group in by_kind.items():
        for thing in {t.thing for t in group}:
            probe = next(t for t in group if t.thing == thing)
            fits[kind, thing] = [p for p in train_photos if right_boxes(probe, p) is not None]
    for kind in by_kind:
        by_kind[kind] = [t for t in by_kind[kind] if fits[kind, t.thing]]
    print({k: (len(v), len({id(p) for t in {x.thing for x in v} for p in fits[k, t]})) for k, v in by_kind.items()}, flush=True)
    pool, held_pool = LookAlikes(train_photos), LookAlikes(held_photos)
    head = EntityGrounding(model.config)
    nn.init.constant_(head.price, 0.0)
    if not args.places:
        for part in (head.beta, *head.shift.parameters()):
            part.requires_grad_(False)
    report = lambda: {"composites": composite_scores(model, head.eval(), q, sets["held"], held_photos), "gmner": gmner_scores(model, head, q, sets["gmner-dev"], held_pool)}
    print(json.dumps(report()), flush=True)
    head.train()
    optimiser = torch.optim.AdamW([p for p in head.parameters() if p.requires_grad], lr=args.rate, weight_decay=0.05, betas=(0.9, 0.98))
    kinds = [k for k in SHARES if by_kind[k]]
    real = [t for t in sets["gmner-train"]]
    average = Average(head, 0.997)
    step, progress, mean, started = 0, 0.0, {}, time.time()
    while progress < 1:
        progress = max(step / args.steps, (time.time() - started) / (args.minutes * 60))
        items, roles = [], []
        while len(items) < args.names:
            if rng.random() < args.real:
                text = rng.choice(real)
                photo, role = pool.pick(text.caption, rng), {}
            else:
                text = rng.choice(by_kind[rng.choices(kinds, [SHARES[k] for k in kinds])[0]])
                photo = rng.choice(fits[text.kind, text.thing])
                role = right_boxes(text, photo)
            for mention in text.mentions:
                items.append((text, mention, photo))
                roles.append(role)
        b = batch_of(items)
        b["rows"] = F.dropout(b["rows"], 0.1)
        (chances, none), shift = run_head(head, b, q)
        # A name that is alone in its text asks for what its type's question found.
        alone = torch.tensor([len(text.mentions) == 1 and text.kind in ("single", "own", "place", "logo", "sign") for text, *_ in items])
        losses = loss_of(chances, none, shift, *targets(items, roles), b["chances"], alone)
        rate = args.rate * min(1.0, (step + 1) / 50) * (0.5 + 0.5 * np.cos(np.pi * min(1.0, progress)))
        for g in optimiser.param_groups:
            g["lr"] = rate
        optimiser.zero_grad(set_to_none=True)
        sum(losses.values()).backward()
        if head.price.grad is not None:
            head.price.grad = None
        nn.utils.clip_grad_norm_([p for p in head.parameters() if p.requires_grad], 1.0)
        optimiser.step()
        average.update(head)
        step += 1
        for key, value in losses.items():
            mean[key] = float(value.detach()) if key not in mean else 0.98 * mean[key] + 0.02 * float(value.detach())
        if step % 100 == 0:
            print(f"{step} {' '.join(f'{k} {v:.4f}' for k, v in mean.items())} {time.time() - started:.0f}s", flush=True)
        if step % 600 == 0:
            kept = {k: v.clone() for k, v in head.state_dict().items()}
            head.load_state_dict(average.model.state_dict())
            print(json.dumps(report()), flush=True)
            head.load_state_dict(kept)
            head.train()
    head.load_state_dict(average.model.state_dict())
    best = None
    for price in (0.0, 0.4, 0.8, 1.3, 2.0):
        nn.init.constant_(head.price, price)
        scores = composite_scores(model, head.eval(), q, sets["held"], held_photos)
        print(price, scores["cuedBoth"], {k: v for k, v in scores.items() if isinstance(v, dict)}, flush=True)
        if best is None or scores["cuedBoth"] > best[0] + 0.2:
            best = (scores["cuedBoth"], price)
    nn.init.constant_(head.price, best[1])
    torch.save(head.state_dict(), out / "head.pt")
    final = report()
    print(json.dumps(final), flush=True)
    (out / "entity.json").write_text(json.dumps(final, indent=2))


if __name__ == "__main__":
    main()
