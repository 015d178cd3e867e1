"""How BERT+CRF is trained: plain tagging of tweets, each read once for all types."""
from __future__ import annotations

import argparse
import json
import random
from pathlib import Path

import torch

from ...data.examples import augment, make_example, token_batches
from ...data.readers import read_conll
from ...data.text import TextReader
from ...encoders.bert import load_hugging_face
from ...loop import Recipe, parameter_groups, save_tensors
from ...low_rank import add_low_rank, merged
from ...run import load_run
from ...scoring import dev_examples
from .config import PRESETS
from .evaluate import evaluate_all, summary
from .inputs import collate
from .model import BertCrf, at_words

CORPORA = (  # path, share of it in an epoch (times --extra behind the first two), labels it annotates
    ("twitter2015/train.txt", 1.0, (True,) * 4),
    ("twitter2017/train.txt", 1.0, (True,) * 4),
    ("extra/tweebank/train.bio", 1.0, (True,) * 4),
    ("extra/wnut17/train.conll", 0.5, (True,) * 4),
    ("extra/btc/btc.train", 0.5, (True, True, True, False)),
)


class Training(Recipe):
    def __init__(self, args):
        self.args, self.data, self.out, self.rng = args, Path(args.data), Path(args.out), random.Random(args.seed)
        self.config = PRESETS[args.config]()
        self.learns = BertCrf(self.config)
        encoder = self.learns.text_encoder
        if args.start and Path(args.start).is_dir():  # any system's run or model folder: what it reads text with
            start = load_run(args.start)
            self.reader = start.reader
            encoder.load_state_dict(start.model.text_encoder.state_dict())
            if isinstance(start.model, BertCrf):
                self.learns.load_state_dict(start.model.state_dict())
        else:
            self.reader = TextReader(args.encoder)
            load_hugging_face(encoder, args.encoder)
            if args.start:
                encoder.load_state_dict(torch.load(args.start, map_location="cpu", weights_only=True))
        self.deltas = add_low_rank(encoder, args.low_rank) if args.low_rank else []
        self.corpora = [(read_conll(self.data / path), share if path.startswith("twitter") else share * args.extra, known)
                        for path, share, known in CORPORA if (self.data / path).exists()]
        self.dev = dev_examples(self.data, self.reader)
        (self.out / "config.json").write_text(self.config.to_json())
        (self.out / "vocab.txt").write_text("\n".join(self.reader.vocabulary) + "\n", encoding="utf-8")

    def groups(self):
        groups = parameter_groups(self.learns, self.learns.text_encoder, self.args.rate, 0.9, self.args.head_rate)
        chain = list(self.learns.crf.parameters())
        apart = {id(p) for p in [*chain, *self.deltas]}
        for group in groups:
            group["params"] = [p for p in group["params"] if id(p) not in apart]
        deltas = [{"params": self.deltas, "lr": self.args.delta_rate, "weight_decay": 0.0}] if self.deltas else []
        return [*(g for g in groups if g["params"]), *deltas, {"params": chain, "lr": self.args.crf_rate, "weight_decay": 0.0}]

    def epoch(self):
        chosen = [(t, known) for tweets, share, known in self.corpora for t in self.rng.sample(tweets, int(len(tweets) * share))]
        examples = [make_example(augment(t, self.rng), self.reader, known) for t, known in chosen]
        examples = [e for e in examples if e.first.any()]
        return [[examples[i] for i in group] for group in token_batches([len(e.ids) + 2 for e in examples], self.args.tokens, self.rng)]

    def loss(self, examples):
        batch = collate(examples, self.reader).to(self.device)
        with self.precision():
            emissions = self.learns(batch.ids, batch.segments, batch.shapes, batch.mask)
        with torch.autocast(self.device.type, enabled=False):
            words, mask = at_words(emissions.float(), batch.first)
            loss = self.learns.crf.loss(words, mask, at_words(batch.allowed, batch.first)[0]).mean()
        return loss, {"crf": float(loss.detach())}

    def look(self, average, final):
        report = evaluate_all(average, self.data, self.reader, self.dev)
        print(summary(report), flush=True)
        weights, deltas = merged(average.state_dict())
        save_tensors(weights, self.out / "model.safetensors")
        if deltas:
            save_tensors(deltas, self.out / "low_rank.safetensors")
        (self.out / "report.json").write_text(json.dumps(report, indent=2))
        return report


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--extra", type=float, default=0.3, help="share of the extra corpora in an epoch")
    parser.add_argument("--crf-rate", type=float, default=5e-3, help="of the chain's own 99 numbers")
    parser.add_argument("--low-rank", type=int, default=0, help="leave the encoder of --start as it is and add matrices of this rank")
    parser.add_argument("--delta-rate", type=float, default=1e-3, help="of those, and of the encoder's biases and norms beside them")
    parser.set_defaults(tokens=1024, rate=1e-4, head_rate=1e-3)
