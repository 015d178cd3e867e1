"""A second helping of grounding: the text encoder rests, and only what looks at the photo goes on learning.

With the encoder frozen a query costs no backward pass through text, so that this stage sees many more photos for its time.
Candidates count as right by the overlap of the box they predict *now*: what dev measures is what is asked for.

    python -m training.ground --run runs/mini --data ../shared/data --trunk yolox-nano.npz --out runs/mini-grounded
"""
from __future__ import annotations

import argparse
import json
import random
import shutil
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from .batches import Batch, Row, collate
from .config import Config
from .data import read_conll
from .evaluate import evaluate_all, grounding_scores, load_run, summary
from .examples import augment, make_example
from .grounding import UNSEEN, View, candidate_boxes_at, class_words, giou_loss, make_views, matching_candidates, questions, teacher_scores
from .network.heads import GroundingHead, start_from_detector
from .network.image_encoder import load_yolox
from .network.model import MnerQg
from .optimise import Average
from .photos import COCO_CLASSES, candidate_boxes, total_candidates
from .train import PARAPHRASES

RIGHT = 0.5  # overlap from which a candidate's box is a right answer
BOX_RATE = 0.1  # of the others' rate: boxes come from a detector that saw far more photos than there are here to unteach it with


def overlap(boxes: torch.Tensor, gold: torch.Tensor) -> torch.Tensor:
    """(N, 4), (m, 4) → (N,): the best IoU with any of them."""
    low, high = torch.maximum(boxes[:, None, :2], gold[None, :, :2]), torch.minimum(boxes[:, None, 2:], gold[None, :, 2:])
    shared = (high - low).clamp(min=0).prod(-1)
    area = lambda t: (t[..., 2:] - t[..., :2]).clamp(min=0).prod(-1)
    return (shared / (area(boxes)[:, None] + area(gold)[None] - shared).clamp(min=1e-6)).amax(1)


def choice_loss(candidates, none, targets, config: Config):
    """The chance of all candidates whose box is right now; where none is, of those that are shaped and placed to become so."""
    logits = torch.cat([candidates[..., 4], none[:, None]], 1)
    total = torch.logsumexp(logits, 1)
    losses = []
    for row, boxes in enumerate(targets):
        if boxes is None:
            continue
        if len(boxes) == 0:
            losses.append(total[row] - none[row])
            continue
        with torch.no_grad():
            good = overlap(candidate_boxes(candidates[row], config), torch.from_numpy(boxes)) >= RIGHT
        index = good.nonzero().squeeze(-1)
        if len(index) < 3:
            index = torch.from_numpy(np.unique(np.concatenate([index.numpy(), matching_candidates(boxes, config)[0]])))
        losses.append(total[row] - torch.logsumexp(candidates[row, index, 4], 0))
    return torch.stack(losses).mean()


def outline_loss(candidates, everything: list[np.ndarray], config: Config):
    """Whatever is asked for, a cell's box outlines what is there: every object of the view teaches every query's boxes."""
    rows, index, wanted = [], [], []
    for row, boxes in enumerate(everything):
        if boxes is not None and len(boxes):
            i, t = matching_candidates(boxes[:12], config)
            rows.append(np.full(len(i), row))
            index.append(i)
            wanted.append(t)
    if not rows:
        return candidates.sum() * 0
    index = np.concatenate(index)
    return giou_loss(candidate_boxes_at(candidates[np.concatenate(rows), index], index, config), torch.from_numpy(np.concatenate(wanted))).mean()


def stack(photos: list[View]) -> list[torch.Tensor]:
    return [torch.stack([p.features[k] for p in photos]).float() for k in range(3)]


def inner_query(batch: Batch) -> torch.Tensor:
    """The pieces of each row's query, without [CLS] and [SEP]."""
    query = (batch.segments == 0) & batch.mask.bool()
    place = torch.arange(batch.ids.shape[1])[None]
    return query & (place > 0) & (place < query.sum(-1, keepdim=True) - 1)


@torch.no_grad()
def unfold_norms(model: MnerQg, batches: list[list[torch.Tensor]], ask) -> None:
    """A converted folder has its batch norms folded away. Gives them back the statistics of these photos, so that a step in
    training mode starts from the very network that was loaded; without this it would start from noise."""
    norms = [m for part in (model.common_width, model.cross_modality.vision) for m in part.modules() if isinstance(m, nn.BatchNorm2d)]
    sums = {norm: [0.0, 0.0, 0] for norm in norms}

    def note(norm, inputs):
        x = inputs[0].transpose(0, 1).flatten(1).double()
        entry = sums[norm]
        entry[0], entry[1], entry[2] = entry[0] + x.sum(1), entry[1] + (x * x).sum(1), entry[2] + x.shape[1]

    hooks = [norm.register_forward_pre_hook(note) for norm in norms]
    for features in batches:
        maps = model.common_width(features)
        model.cross_modality.see(maps, *ask(len(maps[0])))
    for hook in hooks:
        hook.remove()
    for norm, (total, squares, count) in sums.items():
        mean = (total / count).float()
        variance = (squares / count).float() - mean**2
        gain = norm.weight / (norm.running_var + norm.eps).sqrt()
        norm.bias += (mean - norm.running_mean) * gain
        norm.weight.copy_(gain * (variance + norm.eps).sqrt())
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)


@torch.no_grad()
def slow_boxes(head: GroundingHead, before: list[torch.Tensor]) -> None:
    """Takes back most of what a step did to the rows that draw boxes; those of the confidences keep all of it."""
    for now, old in zip(box_layers(head), before):
        rows = torch.arange(len(now)) % 5 < 4
        now[rows] = old[rows] + BOX_RATE * (now[rows] - old[rows])


def box_layers(head: GroundingHead) -> list[torch.Tensor]:
    return [p for convs in (head.objects, head.scales) for p in convs.parameters()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--trunk", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--steps", type=int, default=1200)
    parser.add_argument("--dev-every", type=int, default=300, help="steps between two looks at the held-out photos")
    parser.add_argument("--photos", type=int, default=6)
    parser.add_argument("--views", type=int, default=5)
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--all-classes", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    rng, data, run, out = random.Random(args.seed), Path(args.data), Path(args.run), Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    model, reader = load_run(run)
    config = model.config
    model.requires_grad_(False)
    parts = [model.common_width, model.query_vector, model.cross_modality.vision, model.grounding_head]
    for part in parts:
        part.requires_grad_(True)
    trunk = type(model.image_encoder)(config.image)
    predictors = load_yolox(trunk, args.trunk)
    if not any(conv.weight.any() for conv in model.grounding_head.objects):
        start_from_detector(model.grounding_head, predictors, config)
    cache = out / f"views-{config.image.size}-{args.views}.pt"
    if not cache.exists():
        torch.save(make_views(data / "photos", model.image_encoder.eval(), predictors, config, args.views, 0), cache)
    views = torch.load(cache, weights_only=False)
    company = [make_example(augment(t, rng), reader) for name in ("twitter2015", "twitter2017") for t in rng.sample(read_conll(data / name / "train.txt"), 1500)]
    company = [e for e in company if 0 < len(e.ids) < 40]
    queries, unseen = dict(config.queries), set() if args.all_classes else UNSEEN
    distil = nn.Parameter(torch.tensor([1.0, -8.0]))
    decayed = [p for part in parts for p in part.parameters() if p.dim() > 1]
    plain = [p for part in parts for p in part.parameters() if p.dim() <= 1]
    optimiser = torch.optim.AdamW([{"params": decayed, "weight_decay": 0.02}, {"params": [*plain, distil], "weight_decay": 0.0}], lr=args.rate, betas=(0.9, 0.98))
    learning = nn.ModuleList(parts)
    asked = collate([Row(query, None) for query in queries.values()], reader)
    with torch.no_grad():
        known = model.query_vector(model.text_encoder(asked.ids, asked.segments, asked.shapes, asked.mask), inner_query(asked))
    some = [rng.sample(views, 8) for _ in range(12)]
    unfold_norms(model, [stack(photos) for photos in some], lambda n: (known.repeat(n, 1), torch.arange(n).repeat_interleave(len(known))))
    print(json.dumps(grounding_scores(model, data / "photos", reader)), flush=True)
    average = Average(learning, 0.995)
    started, step, progress, mean = time.time(), 0, 0.0, {}
    while progress < 1:
        progress = max(step / args.steps, (time.time() - started) / (args.minutes * 60))
        model.eval()
        learning.train()
        rows, photos, everything = [], [], []
        for _ in range(args.photos):
            view = rng.choice(views)
            ask = lambda label: rng.choice([queries[label]] * 3 + list(PARAPHRASES[label]))
            there = [b for boxes in view.boxes.values() for b in boxes]
            for query, boxes in questions(view, rng, ask, unseen):
                beside = rng.random() < (0.5 if query in queries.values() else 0.12)
                rows.append(Row(query, rng.choice(company) if beside else None, photo=len(photos), boxes=boxes))
                everything.append(np.array(there, dtype=np.float32).reshape(-1, 4) if view.kind == "coco" else boxes)
            photos.append(view)
        batch = collate(rows, reader)
        keep = [i for i, c in enumerate(COCO_CLASSES) if c not in unseen]
        keep = sorted(rng.sample(keep, 24))
        names = collate([Row(class_words(COCO_CLASSES[i], rng), None) for i in keep], reader)
        with torch.no_grad():
            hidden = [model.text_encoder(b.ids, b.segments, b.shapes, b.mask) for b in (batch, names)]
        vectors = []
        for b, h in zip((batch, names), hidden):
            vectors.append(model.query_vector(h, inner_query(b)))
        features = stack(photos)
        seen = model.prepare_photos(features)
        conditioned = model.cross_modality.see(seen.maps, vectors[0], batch.photo)
        candidates, none = model.grounding_head(conditioned, seen.maps, seen.objects, vectors[0], batch.photo)
        losses = {"choice": 0.5 * choice_loss(candidates, none, batch.targets, config), "box": outline_loss(candidates, everything, config)}
        wanted, match_loss = model.grounding_head.match_query(vectors[1]), 0.0
        for cells, u, target in zip(model.grounding_head.match_cells, seen.maps, teacher_scores(features, predictors, config)):
            match = torch.einsum("tc,pchw->pthw", wanted, cells(u)) * model.grounding_head.scale
            each = F.binary_cross_entropy_with_logits(match * distil[0] + distil[1], target[:, keep], reduction="none")
            match_loss = match_loss + (each * (1 + 20 * target[:, keep])).sum() / len(target)
        losses["match"] = 0.004 * match_loss
        rate = args.rate * min(1.0, (step + 1) / 40) * (0.5 + 0.5 * np.cos(np.pi * min(1.0, progress)))
        for g in optimiser.param_groups:
            g["lr"] = rate
        optimiser.zero_grad(set_to_none=True)
        sum(losses.values()).backward()
        nn.utils.clip_grad_norm_(learning.parameters(), 2.0)
        boxes_before = [p.detach().clone() for p in box_layers(model.grounding_head)]
        optimiser.step()
        slow_boxes(model.grounding_head, boxes_before)
        average.update(learning)
        step += 1
        for key, value in losses.items():
            mean[key] = float(value.detach()) if step == 1 else 0.97 * mean[key] + 0.03 * float(value.detach())
        if step % 25 == 0:
            print(f"{step}/{args.steps} {' '.join(f'{k} {v:.3f}' for k, v in mean.items())} {time.time() - started:.0f}s", flush=True)
        if step % args.dev_every == 0:
            kept = {k: v.clone() for k, v in learning.state_dict().items()}
            learning.load_state_dict(average.model.state_dict())
            print(json.dumps(grounding_scores(model, data / "photos", reader)), flush=True)
            learning.load_state_dict(kept)
    learning.load_state_dict(average.model.state_dict())
    from safetensors.torch import save_file

    for file in ("config.json", "vocab.txt"):
        shutil.copyfile(run / file, out / file)
    save_file({k: v.contiguous() for k, v in model.state_dict().items() if not k.endswith("num_batches_tracked")}, out / "model.safetensors")
    scores = grounding_scores(model, data / "photos", reader)
    print(json.dumps(scores), flush=True)
    # The text encoder rested: what the run said about names still holds.
    old = run / "report.json"
    report = {**json.loads(old.read_text()), "grounding": scores} if old.exists() else evaluate_all(model, data, reader)
    (out / "report.json").write_text(json.dumps(report, indent=2))
    print(summary(report))


if __name__ == "__main__":
    main()
