"""Reads tweets and photos with a converted model folder, in PyTorch: what the browser must also find.

    python -m training.predict --model public/models/mner-qg-mini --tweets test/fixtures/tweets.json \\
        --photos public/examples --out test/fixtures/tweets-read.json
"""
from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from .data.examples import LABELS, make_example
from .data.photos import letterbox
from .data.readers import Photos, Tweet
from .data.spans import sigmoid, without_overlap
from .run import load_run
from .systems.mner_qg.decode import decode_boxes, decode_query
from .systems.mner_qg.grounding import candidate_boxes
from .systems.mner_qg.inputs import Row, collate
from .systems.mner_qg.interactions import query_mask
from .systems.mner_qg.photo_facts import find_places, photo_facts
from .systems.mner_qg.train_names import Mention, ReadPhoto, ReadText, answers, JOINTS


def utf16(text: str, index: int) -> int:
    """Code points → UTF-16 units, as the browser counts."""
    return len(text[:index].encode("utf-16-le", "surrogatepass")) // 2


@torch.no_grad()
def read(model, reader, manifest: dict, text: str, rgb: np.ndarray | None) -> dict:
    """Entities with offsets in UTF-16 units, and every query's best place and probability of not being in the photo."""
    config, calibration = model.config, manifest["calibration"]
    example = make_example(Tweet("", text.split(), ["O"] * len(text.split()), text=text, offsets=[(0, 0)] * len(text.split())), reader)
    rows = [Row(query, example, label, photo=-1 if rgb is None else 0) for label, (_, query) in enumerate(config.queries)]
    batch = collate(rows, reader)
    seen = place = None
    if rgb is not None:
        pixels, place = letterbox(rgb, config.image)
        features = model.image_encoder(torch.from_numpy(pixels)[None])
        seen = model.prepare_photos(features)
    o = model(batch.ids, batch.segments, batch.shapes, batch.mask, seen, batch.photo)
    size, spans, queries = len(example.ids), [], []
    span = calibration["span"]
    threshold = manifest["config"].get("decode", {}).get("startThreshold", 0.5)
    for i, (label, _) in enumerate(config.queries):
        at = slice(batch.offset[i], batch.offset[i] + size)
        found = decode_query(example, o.start[i, at].numpy(), o.end[i, at].numpy(), float(o.existence[i]), i, threshold,
                             config.maxSpanWords, (span["a"], span["b"]))
        spans += [s for s in found if s.score >= calibration["spanThreshold"]]
        entry = {"type": label, "exists": float(torch.sigmoid(o.existence[i])), "box": None, "notInPhoto": 1.0}
        if seen is not None:
            boxes = candidate_boxes(o.candidates[i], config).numpy()
            box, _, none, _ = decode_boxes(o.candidates[i].numpy(), boxes, float(o.none[i]), place)
            logit = float(np.log(max(none, 1e-12)) - np.log(max(1 - none, 1e-12)))
            entry |= {"box": [float(v) for v in box], "notInPhoto": float(sigmoid(calibration["none"]["a"] * logit + calibration["none"]["b"]))}
        queries.append(entry)
    entities, spans = [], sorted(without_overlap(spans), key=lambda s: s.start)
    own = [None] * len(spans)
    if seen is not None and config.nameHeads and spans:
        own = names_alone(model, batch, o, example, spans, features, seen, place, calibration["none"])
    for s, mine in zip(spans, own):
        start, end = example.offsets[s.start][0], example.offsets[s.end][1]
        entities.append({"start": utf16(text, start), "end": utf16(text, end), "text": text[start:end], "type": LABELS[s.label], "score": s.score,
                         "box": mine["box"] if mine else queries[s.label]["box"] if queries[s.label]["notInPhoto"] < 0.5 else None})
    return {"text": text, "entities": entities, "queries": queries}


def names_alone(model, batch, output, example, spans, features, photos, place, calibration) -> list[dict]:
    """Every name's own box, or none."""
    facts, config = photo_facts(model, features, photos, 0, place), model.config
    hidden = model.text_encoder(batch.ids, batch.segments, batch.shapes, batch.mask)
    queries = model.query_vector(hidden, query_mask(batch.segments, batch.mask))
    hidden = model.existence(model.look(hidden, batch.mask, queries, photos, batch.photo)[0])
    places = [find_places(output.candidates[i].numpy(), float(output.none[i]), place.back(candidate_boxes(output.candidates[i], config).numpy()), facts,
                          config.boxesPerCell, calibration) for i in range(len(config.queries))]
    mentions, text = [], example.tweet.text
    for k, s in enumerate(spans):
        like = [t for t in spans if t.label == s.label]
        between = text[example.offsets[spans[k - 1].end][1] : example.offsets[s.start][0]].strip().lower() if k else None
        at = batch.offset[s.label]
        mentions.append(Mention(s.label, s.label, s.start + at, s.end + at, like.index(s), len(like), int(example.words[s.end] - example.words[s.start]) + 1,
                                between in JOINTS, text[example.offsets[s.start][0]] in "@#", ""))
    rows = [hidden[i, : int(batch.mask[i].sum())] for i in range(len(config.queries))]
    sentence = [(batch.offset[i], int(batch.mask[i].sum())) for i in range(len(config.queries))]
    _, none, chosen = answers(model, model.entity_grounding, queries, ReadText(rows, sentence, mentions, "", ""), ReadPhoto("", True, facts, places, {}))
    return [{"box": None if n >= 0.5 else [float(v) for v in places[s.label].boxes[j]], "notInPhoto": float(n)} for s, n, j in zip(spans, none, chosen)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--tweets", required=True)
    parser.add_argument("--photos", required=True)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    folder = Path(args.model)
    run = load_run(folder)
    manifest, photos = json.loads((folder / "manifest.json").read_text()), Photos(args.photos)
    out = []
    for tweet in json.loads(Path(args.tweets).read_text()):
        rgb = photos.open(tweet["image"]) if tweet["image"] else None
        out.append({**read(run.model, run.reader, manifest, tweet["text"], rgb), "image": tweet["image"]})
        print(f"{tweet['text']}\n    " + " | ".join(f"{e['type']} {e['text']} {e['score']:.2f}{' in photo' if e['box'] else ''}" for e in out[-1]["entities"]))
    rounded = json.loads(json.dumps(out), parse_float=lambda v: round(float(v), 5))
    Path(args.out).write_text(json.dumps({"model": manifest["version"], "tweets": rounded}, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
