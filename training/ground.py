"""A second helping of grounding: the text encoder rests, and only what looks at the photo goes on learning.

With the encoder frozen a query costs no backward pass through text, so that this stage sees many more photos for its time.
Candidates count as right by the overlap of the box they predict *now*: what dev measures is what is asked for.

    python -m training.ground --run runs/mini --data ../shared/data --trunk yolox-nano.npz --out runs/mini-grounded
"""
from __future__ import annotations

import argparse
import json
import random
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from .data.examples import augment, make_example
from .data.photos import COCO_CLASSES
from .data.readers import read_conll
from .data.views import PARAPHRASES, UNSEEN, View, class_words, make_views, questions, teacher_scores
from .encoders.csp_darknet import load_yolox
from .loop import Plan, Recipe, run, save_weights
from .run import load_run
from .scoring import SETS
from .systems.mner_qg.config import Config
from .systems.mner_qg.evaluate import evaluate_all, grounding_scores, summary
from .systems.mner_qg.grounding import candidate_boxes, candidate_boxes_at, giou_loss, matching_candidates
from .systems.mner_qg.heads import GroundingHead, start_from_detector
from .systems.mner_qg.inputs import Row, collate
from .systems.mner_qg.model import MnerQg

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
    return [torch.stack([p.features[k] for p in photos]).float() for k in range(len(photos[0].features))]


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


class Grounding(Recipe):
    def __init__(self, args):
        self.args, self.data, self.out, self.rng = args, Path(args.data), Path(args.out), random.Random(args.seed)
        start = load_run(args.run)
        self.model, self.reader, self.config = start.model, start.reader, start.model.config
        model = self.model
        (self.out / "config.json").write_text(self.config.to_json())
        (self.out / "vocab.txt").write_text("\n".join(self.reader.vocabulary) + "\n", encoding="utf-8")
        model.requires_grad_(False)
        parts = [model.common_width, model.query_vector, model.cross_modality.vision, model.grounding_head]
        for part in parts:
            part.requires_grad_(True)
        self.predictors = load_yolox(type(model.image_encoder)(self.config.image), args.trunk)
        if not any(conv.weight.any() for conv in model.grounding_head.objects):
            start_from_detector(model.grounding_head, self.predictors, self.config)
        cache = self.out / f"views-{self.config.image.size}-{args.views}.pt"
        if not cache.exists():
            torch.save(make_views(self.data / "photos", model.image_encoder.eval(), self.predictors, self.config.image, args.views, 0), cache)
        self.views = torch.load(cache, weights_only=False)
        company = [make_example(augment(t, self.rng), self.reader) for name in SETS for t in self.rng.sample(read_conll(self.data / name / "train.txt"), 1500)]
        self.company = [e for e in company if 0 < len(e.ids) < 40]
        self.queries, self.unseen = dict(self.config.queries), set() if args.all_classes else UNSEEN
        # A scale and a bias of the match against the teacher learn with the network's parts.
        self.learns = nn.ModuleList([*parts, nn.ParameterList([torch.tensor([1.0, -8.0])])])
        asked = collate([Row(query, None) for query in self.queries.values()], self.reader)
        known = self.vectors(asked)
        some = [self.rng.sample(self.views, 8) for _ in range(12)]
        unfold_norms(model, [stack(photos) for photos in some], lambda n: (known.repeat(n, 1), torch.arange(n).repeat_interleave(len(known))))
        print(json.dumps(self.score()), flush=True)

    def vectors(self, batch):
        """The query vectors of a batch; the text encoder rests."""
        with torch.no_grad():
            read = self.model.read(batch.ids, batch.segments, batch.shapes, batch.mask)
        return self.model.ask(read)

    def groups(self):
        decayed = [p for p in self.learns[:-1].parameters() if p.dim() > 1]
        plain = [p for p in self.learns[:-1].parameters() if p.dim() <= 1]
        return [{"params": decayed, "lr": self.args.rate, "weight_decay": 0.02},
                {"params": [*plain, *self.learns[-1]], "lr": self.args.rate, "weight_decay": 0.0}]

    def epoch(self):
        return [None] * self.args.dev_every  # every step draws its own

    def begin_step(self):
        self.model.eval()
        self.learns.train()
        self.boxes_before = [p.detach().clone() for p in box_layers(self.model.grounding_head)]

    def loss(self, _):
        args, rng, model = self.args, self.rng, self.model
        rows, photos, everything = [], [], []
        for _ in range(args.photos):
            view = rng.choice(self.views)
            ask = lambda label: rng.choice([self.queries[label]] * 3 + list(PARAPHRASES[label]))
            there = [b for boxes in view.boxes.values() for b in boxes]
            for query, boxes in questions(view, rng, ask, self.unseen):
                beside = rng.random() < (0.5 if query in self.queries.values() else 0.12)
                rows.append(Row(query, rng.choice(self.company) if beside else None, photo=len(photos), boxes=boxes))
                everything.append(np.array(there, dtype=np.float32).reshape(-1, 4) if view.kind == "coco" else boxes)
            photos.append(view)
        keep = [i for i, c in enumerate(COCO_CLASSES) if c not in self.unseen]
        keep = sorted(rng.sample(keep, 24))
        batch = collate(rows, self.reader).to(self.device)
        names = collate([Row(class_words(COCO_CLASSES[i], rng), None) for i in keep], self.reader).to(self.device)
        features = stack(photos)
        with self.precision():
            vectors = [self.vectors(b) for b in (batch, names)]
            seen = model.prepare_photos([f.to(self.device) for f in features])
            conditioned = model.cross_modality.see(seen.maps, vectors[0], batch.photo)
            candidates, none = model.grounding_head(conditioned, seen.maps, seen.objects, vectors[0], batch.photo)
            wanted = model.grounding_head.match_query(vectors[1])
            matches = [torch.einsum("tc,pchw->pthw", wanted, cells(u)) * model.grounding_head.scale
                       for cells, u in zip(model.grounding_head.match_cells, seen.maps)]
        candidates, none, distil, match_loss = candidates.float(), none.float(), self.learns[-1][0], 0.0
        losses = {"choice": 0.5 * choice_loss(candidates, none, batch.targets, self.config), "box": outline_loss(candidates, everything, self.config)}
        for match, target in zip(matches, teacher_scores(features, self.predictors, self.config.image)):
            target = target[:, keep].to(self.device)
            each = F.binary_cross_entropy_with_logits(match.float() * distil[0] + distil[1], target, reduction="none")
            match_loss = match_loss + (each * (1 + 20 * target)).sum() / len(target)
        losses["match"] = 0.004 * match_loss
        return sum(losses.values()), {k: float(v.detach()) for k, v in losses.items()}

    def end_step(self):
        slow_boxes(self.model.grounding_head, self.boxes_before)

    def score(self):
        return grounding_scores(self.model, self.data / "photos", self.reader)

    def look(self, average, final):
        kept = {k: v.clone() for k, v in self.learns.state_dict().items()}
        self.learns.load_state_dict(average.state_dict())
        scores = self.score()
        print(json.dumps(scores), flush=True)
        if final:
            save_weights(self.model, self.out / "model.safetensors")
            # The text encoder rested: what the run said about names still holds.
            old = Path(self.args.run) / "report.json"
            report = {**json.loads(old.read_text()), "grounding": scores} if old.exists() else evaluate_all(self.model, self.data, self.reader)
            (self.out / "report.json").write_text(json.dumps(report, indent=2))
            print(summary(report), flush=True)
        self.learns.load_state_dict(kept)
        return {"grounding": scores}


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
    parser.add_argument("--bf16", action="store_true")
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    out = Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    run(Grounding(args), Plan(out, args.steps / args.dev_every, args.minutes, warmup=40, cosine=True, clip=2.0, average=0.995, bf16=args.bf16))


if __name__ == "__main__":
    main()
