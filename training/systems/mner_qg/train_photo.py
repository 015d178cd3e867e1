"""Trains the two heads that judge a photo as a whole: does it belong to its text, and what kind of picture is it.

Everything else is frozen. Pairs of tweets and their photos teach the first, against exchanged ones; photos, and pictures made by
`data/pictures.py`, the second. A fifth of the pairs and photos, and a set of icons of its own, is held out.

    python -m training.systems.mner_qg.train_photo --run runs/ground --data data --icons icons/a --held-icons icons/b --out runs/photo
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

from ... import metrics
from ...data.examples import make_example
from ...data.photos import letterbox
from ...data.pictures import PAGES, drawing, lettering, screenshot
from ...data.readers import Photos, Tweet
from ...data.views import look, split
from ...encoders.nanodet import BOX, CLASSES
from ...run import load_run
from ...scoring import fit_calibration
from .inputs import Row, collate
from .photo_heads import KINDS, ImageKind, Relatedness

HELD_PAGES = ("table",)  # a kind of page that training never sees


def summaries(features: list[torch.Tensor]) -> torch.Tensor:
    """(P, summary): as `photo_facts` has it."""
    means = [v[:, : -BOX - CLASSES].mean((2, 3)) for v in features]
    scene = torch.stack([v[:, -BOX - CLASSES : -BOX].flatten(2).amax(-1) for v in features]).amax(0)
    return torch.cat([*means, scene], 1).float()


@torch.no_grad()
def read_pictures(model, pictures) -> torch.Tensor:
    """Summaries of an iterable of RGB arrays."""
    out, waiting = [], []

    def flush():
        if waiting:
            out.append(summaries(model.image_encoder(torch.from_numpy(np.stack(waiting)))))
            waiting.clear()

    for rgb in pictures:
        waiting.append(letterbox(rgb, model.config.image)[0])
        if len(waiting) == 16:
            flush()
    flush()
    return torch.cat(out)


def kinds_of_pictures(data: Path, photos: Photos, icons: list[Path], held: bool, each: int, rng: random.Random):
    """(kind, picture) as a generator, photos first."""
    index = []
    for name in ("coco", "logos"):
        train, out = split(json.loads((data / "photos" / f"{name}.json").read_text()))
        index += [f"photos/{p['file']}" for p in (out if held else train)]
    index += [f"photos/{p['file']}" for i, p in enumerate(json.loads((data / "photos" / "single.json").read_text())) if (i % 5 == 0) == held]
    real = [rgb for rgb in map(photos.open, index) if rgb is not None]
    for i in range(max(each, len(real))):
        yield 0, look(real[i % len(real)], [], None if i < len(real) else rng)[0]
    pages = PAGES if held else tuple(p for p in PAGES if p not in HELD_PAGES)
    for i in range(each):
        photo = rng.choice(real)
        yield 1, drawing(rng, icons, photo)
        yield 2, screenshot(rng, pages[i % len(pages)], photo)
        yield 3, lettering(rng, photo)


def pairs(data: Path, photos: Photos):
    """(text, photo, held out): a photo's texts are all on one side."""
    out = []
    for name in ("tweets", "events"):
        lines = [line.split("\t") for line in (data / "pairs" / f"{name}.tsv").read_text(encoding="utf-8").splitlines() if "\t" in line]
        place = {file.stem: file for file in (data / "pairs" / name).iterdir()}
        seen: dict[str, int] = {}
        for key, *rest in lines:
            file = place.get(key) or place.get(rest[0])
            if file is not None and rest[-1].strip():
                out.append((rest[-1], str(file.relative_to(data)), seen.setdefault(str(file), len(seen)) % 5 == 0))
    return out


@torch.no_grad()
def read_texts(model, reader, texts: list[str]) -> torch.Tensor:
    """(T, d_t): the mean of the sentence's rows under the first question."""
    query, out = model.config.queries[0][1], torch.zeros(len(texts), model.config.text.width)
    examples = [make_example(Tweet("", [t], ["O"], t, [(0, len(t))]), reader, limit=100) for t in texts]
    order = sorted(range(len(texts)), key=lambda i: len(examples[i].ids))
    for at in range(0, len(order), 64):
        part = order[at : at + 64]
        batch = collate([Row(query, examples[i]) for i in part], reader)
        hidden = model.existence(model.text_encoder(batch.ids, batch.segments, batch.shapes, batch.mask)).float()
        for j, i in enumerate(part):
            out[i] = hidden[j, batch.offset[j] : batch.offset[j] + max(1, len(examples[i].ids))].mean(0)
    return out


def fold(layer: nn.Linear, mean: torch.Tensor, spread: torch.Tensor) -> None:
    """Makes a layer over standardised numbers one over the numbers as they are."""
    with torch.no_grad():
        layer.bias -= (layer.weight / spread) @ mean
        layer.weight /= spread


def standard(values: torch.Tensor):
    return values.mean(0), values.std(0).clamp(min=1e-3)


def train_kinds(config, given: dict, seed: int) -> tuple[ImageKind, dict]:
    torch.manual_seed(seed)
    (x, y), (held_x, held_y) = given["train"], given["held"]
    mean, spread = standard(x)
    head = ImageKind(config)
    optimiser, steps = torch.optim.AdamW(head.parameters(), lr=3e-3, weight_decay=1.0), 2500
    weight = 1 / torch.bincount(y, minlength=len(KINDS)).float()
    x = (x - mean) / spread
    for step in range(steps):
        at = torch.multinomial(weight[y], 256, replacement=True)
        noisy = F.dropout(x[at], 0.1) + 0.02 * torch.randn(len(at), x.shape[1])
        loss = F.cross_entropy(head(noisy), y[at])
        optimiser.zero_grad()
        loss.backward()
        for g in optimiser.param_groups:
            g["lr"] = 3e-3 * (1 - step / steps)
        optimiser.step()
    fold(head.hidden, mean, spread)
    with torch.no_grad():
        said = head(held_x).argmax(-1)
    per = {KINDS[k]: round(100 * float((said == k)[held_y == k].float().mean()), 1) for k in range(len(KINDS))}
    table = [[int(((said == b) & (held_y == a)).sum()) for b in range(len(KINDS))] for a in range(len(KINDS))]
    return head, {"mean": round(float(np.mean(list(per.values()))), 2), "each": per, "confusions": table, "n": len(held_y)}


def train_relatedness(config, image: torch.Tensor, text: torch.Tensor, photo_of: torch.Tensor, held: torch.Tensor, seed: int, args) -> tuple[Relatedness, dict]:
    """`image` (P, summary), `text` (T, d_t), `photo_of` (T,): which photo is each text's own."""
    torch.manual_seed(seed)
    train = (~held).nonzero().squeeze(-1)
    fit = train[torch.arange(len(train)) % 8 == 0]  # for the calibration and to stop in time
    learn = train[torch.arange(len(train)) % 8 != 0]
    (image_mean, image_spread), (text_mean, text_spread) = standard(image[photo_of[learn]]), standard(text[learn])
    a, b = (image - image_mean) / image_spread, (text - text_mean) / text_spread
    head = Relatedness(config)
    optimiser = torch.optim.AdamW(head.parameters(), lr=args.rate, weight_decay=args.decay)
    generator = torch.Generator().manual_seed(seed)

    def others(rows):
        """For each text a photo of another that is not its own."""
        other = photo_of[rows[torch.randperm(len(rows), generator=generator)]]
        return other, other != photo_of[rows]

    @torch.no_grad()
    def judge(rows):
        head.eval()
        own, wrong, rounds = head(a[photo_of[rows]], b[rows]), [], 4
        for _ in range(rounds):
            other, differs = others(rows)
            wrong.append(head(a[other], b[rows])[differs])
        head.train()
        wrong = torch.cat(wrong)
        logits = torch.cat([own.repeat(rounds), wrong])
        return logits.numpy().astype(np.float64), np.concatenate([np.ones(len(own) * rounds, dtype=bool), np.zeros(len(wrong), dtype=bool)])

    area = lambda rows: metrics.area_under_roc(*(list(map(kind, values)) for kind, values in zip((float, bool), judge(rows))))
    best, kept = 0.0, None
    for step in range(args.steps):
        rows = learn[torch.randint(len(learn), (256,), generator=generator)]
        other, differs = others(rows)
        noise = lambda t: F.dropout(t, args.dropout)
        words = noise(b[rows])
        right, wrong = head(noise(a[photo_of[rows]]), words), head(noise(a[other]), words)
        loss = F.softplus(-right).mean() + F.softplus(wrong)[differs].mean() + F.softplus(wrong - right)[differs].mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if step % 50 == 49 and (score := area(fit)) > best:
            best, kept = score, {k: v.clone() for k, v in head.state_dict().items()}
    head.load_state_dict(kept)
    logits, truth = judge(fit)
    scale, shift = fit_calibration(logits, truth)
    fold(head.image, image_mean, image_spread), fold(head.text, text_mean, text_spread)
    with torch.no_grad():
        head.weigh.weight *= scale
        head.weigh.bias.copy_(scale * head.weigh.bias + shift)
    a, b = image, text
    rows = held.nonzero().squeeze(-1)
    logits, truth = judge(rows)
    chance = 1 / (1 + np.exp(-logits))
    return head, {"auc": round(metrics.area_under_roc(list(map(float, logits)), list(map(bool, truth))), 4), "held": len(rows), "learnt": len(learn), "fitAuc": round(best, 4),
                  "calibrationError": round(metrics.expected_calibration_error(list(chance), list(map(bool, truth))), 4),
                  "own": round(float(chance[truth].mean()), 3), "exchanged": round(float(chance[~truth].mean()), 3)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--icons", required=True, help="a folder of SVG icons or emoji")
    parser.add_argument("--held-icons", required=True, help="another set, for the held-out pictures")
    parser.add_argument("--pictures", help="file of pictures' summaries as read in an earlier call")
    parser.add_argument("--each", type=int, default=500, help="made pictures of a kind")
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--decay", type=float, default=0.3)
    parser.add_argument("--dropout", type=float, default=0.4)
    parser.add_argument("--only-pictures", action="store_true", help="stop once the pictures are read")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    data, out = Path(args.data), Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    found = load_run(args.run)
    model, reader = found.model.eval().requires_grad_(False), found.reader
    photos = Photos(data)
    together = pairs(data, photos)
    file = Path(args.pictures or out / "pictures.pt")
    if not file.exists():
        given = {}
        for part, folder, each in (("train", args.icons, args.each), ("held", args.held_icons, args.each // 4)):
            icons = sorted(Path(folder).rglob("*.svg"))
            rows = list(kinds_of_pictures(data, photos, icons, part == "held", each, random.Random(3 if part == "held" else 2)))
            given[part] = (read_pictures(model, (rgb for _, rgb in rows)), torch.tensor([k for k, _ in rows]))
            print(part, len(rows), flush=True)
        names = list(dict.fromkeys(p for _, p, _ in together))
        opened = [(name, rgb) for name in names if (rgb := photos.open(name)) is not None]
        torch.save({**given, "names": [n for n, _ in opened], "pairs": read_pictures(model, (rgb for _, rgb in opened))}, file)
        print(len(opened), "photos of pairs", flush=True)
    if args.only_pictures:
        return
    given = torch.load(file, weights_only=True)
    place = {name: i for i, name in enumerate(given["names"])}
    together = [p for p in together if p[1] in place]
    text = read_texts(model, reader, [t for t, _, _ in together])
    kind, kinds = train_kinds(model.config, given, args.seed)
    related, relatedness = train_relatedness(model.config, given["pairs"], text, torch.tensor([place[p] for _, p, _ in together]),
                                             torch.tensor([h for _, _, h in together]), args.seed, args)
    torch.save({**{f"relatedness.{k}": v for k, v in related.state_dict().items()}, **{f"image_kind.{k}": v for k, v in kind.state_dict().items()}}, out / "heads.pt")
    report = {"imageKind": kinds, "relatedness": relatedness}
    (out / "photo.json").write_text(json.dumps(report, indent=2))
    print(json.dumps(report), flush=True)


if __name__ == "__main__":
    main()
