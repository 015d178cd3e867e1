"""The teacher: a base-size encoder (MPNet) fine-tuned as a tagger on every labelled set, told which set a sentence is from.

    python -m training.teacher --encoder all-mpnet-base-v2 --data data --out runs/teacher
    python -m training.teacher --out runs/teacher --data data --score        # dev figures of a finished one

What set it is goes in as an embedding added to every piece, so that the sets' conventions do not mix and no piece is spent on it.
A stopped run goes on where it was: give the same command again. A CPU or a GPU; `--bf16` where it has 16-bit products.
"""
from __future__ import annotations

import argparse
import copy
import json
import random
import re
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from .data.corpora import CORPORA, NAMES, Corpus, read_corpus
from .data.examples import LABELS, Example, augment, make_example, pad, token_batches
from .data.spans import Span
from .data.text import TextReader
from .loop import Plan, Recipe, run, save_atomically
from .scoring import ner_scores
from .systems.bert_crf.crf import FORBIDDEN, Crf
from .systems.bert_crf.inputs import allowed_where_nothing_is

SEGMENTS = 16  # a run is read in so many shuffled parts, with batches of like length within each


class TeacherReader(TextReader):
    """The same word pieces under MPNet's numbers: its vocabulary is BERT's, with special signs of its own before it."""

    def __init__(self, vocabulary: str | Path):
        super().__init__(vocabulary)
        self.cls, self.sep, self.pad, self.mask = (self.vocabulary[sign] for sign in ("<s>", "</s>", "<pad>", "<mask>"))


class Teacher(nn.Module):
    """`folder` holds a pretrained encoder; without one it is built from `config` and its weights are read later."""

    def __init__(self, folder: str | Path | None = None, config=None):
        super().__init__()
        from transformers import AutoModel

        self.encoder = AutoModel.from_pretrained(folder) if folder else AutoModel.from_config(config)
        width = self.encoder.config.hidden_size
        self.shape = nn.Embedding(5, width)  # how a word is written: the vocabulary is uncased
        self.corpus = nn.Embedding(len(NAMES), width)
        nn.init.zeros_(self.shape.weight)
        nn.init.normal_(self.corpus.weight, std=0.02)
        self.dropout = nn.Dropout(0.1)
        self.tagger = nn.Linear(width, 1 + 2 * len(LABELS))
        self.crf = Crf(len(LABELS))

    def forward(self, batch: "Batch"):
        """(B, W, 9) emissions of the words' first pieces."""
        words = self.encoder.get_input_embeddings()(batch.ids) + self.shape(batch.shapes) + self.corpus(batch.corpus)[:, None]
        hidden = self.encoder(inputs_embeds=words, attention_mask=batch.mask).last_hidden_state
        heads = hidden.gather(1, batch.words[..., None].expand(-1, -1, hidden.shape[-1]))
        return self.tagger(self.dropout(heads))


@torch.no_grad()
def posteriors(crf: Crf, emissions, mask):
    """(B, W, 9) the probability of every tag of every word, and (B, 4) that of each type being named at all."""
    whole, alpha = crf.partial(emissions, mask)
    tags = (alpha + crf.rest(emissions, mask) - whole[:, None, None]).exp() * mask[..., None]
    exists = []
    for begin in range(1, emissions.shape[-1], 2):  # without B-x no x: the share of the paths that is left is that of tweets without x
        without = emissions.clone()
        without[:, :, begin] = FORBIDDEN
        exists.append(1 - (crf.log_partition(without, mask) - whole).exp())
    return tags, torch.stack(exists, 1).clamp(0, 1)


@dataclass
class Batch:
    """Padded sentences. `words` (B, W): where each word's first piece stands; `allowed` (B, W, 9): the tags that the labels allow."""

    ids: torch.Tensor
    shapes: torch.Tensor
    mask: torch.Tensor
    corpus: torch.Tensor
    words: torch.Tensor
    word_mask: torch.Tensor
    allowed: torch.Tensor

    def to(self, device) -> "Batch":
        return Batch(*(t.to(device) for t in vars(self).values()))


def collate(examples: list[Example], corpora: list[int], reader: TextReader) -> Batch:
    zero = np.zeros(1, dtype=np.int64)
    first = [np.nonzero(e.first)[0] for e in examples]
    words = pad([f + 1 for f in first])
    allowed = np.ones((*words.shape, 1 + 2 * len(LABELS)), dtype=bool)
    for row, (e, f) in enumerate(zip(examples, first)):
        allowed[row, : len(f)] = False
        allowed[row, : len(f), allowed_where_nothing_is(e.known)] = True
        for a, b, label in e.spans:
            inside = np.nonzero((f >= a) & (f <= b))[0]
            allowed[row, inside] = False
            allowed[row, inside[:1], 1 + 2 * label] = True
            allowed[row, inside[1:], 2 + 2 * label] = True
    return Batch(pad([np.concatenate([[reader.cls], e.ids, [reader.sep]]) for e in examples], reader.pad),
                 pad([np.concatenate([zero, e.shapes, zero]) for e in examples]), pad([np.ones(len(e.ids) + 2, dtype=np.int64) for e in examples]),
                 torch.tensor(corpora), words, pad([np.ones(len(f), dtype=bool) for f in first]), torch.from_numpy(allowed))


@torch.no_grad()
def emit(model: Teacher, examples: list[Example], corpora: list[int], reader: TextReader, bf16: bool, tokens: int = 2048):
    """Yields (indices, emissions, word mask), in float32 on the CPU, over the examples by length."""
    model.eval()
    device = next(model.parameters()).device
    for group in token_batches([len(e.ids) + 2 for e in examples], tokens, random.Random(0), 0.0):
        batch = collate([examples[i] for i in group], [corpora[i] for i in group], reader).to(device)
        with torch.autocast(device.type, torch.bfloat16) if bf16 else nullcontext():
            emissions = model(batch)
        yield group, emissions.float().cpu(), batch.word_mask.cpu()


def read_spans(example: Example, path: list[int]) -> list[Span]:
    """Tags of words to spans of pieces."""
    first, last = np.nonzero(example.first)[0], np.nonzero(example.last)[0]
    spans: list[Span] = []
    for word, tag in enumerate(path):
        if tag % 2:
            spans.append(Span(int(first[word]), int(last[word]), (tag - 1) // 2, 0.0, 1.0))
        elif tag:
            spans[-1].end = int(last[word])
    return spans


def score(model: Teacher, dev: dict[str, list[Example]], reader: TextReader, bf16: bool) -> dict:
    """F1 of each set's dev split under its own convention."""
    out, chain = {}, copy.deepcopy(model.crf).cpu()
    for name, examples in dev.items():
        found: list[list[Span]] = [[] for _ in examples]
        for group, emissions, mask in emit(model, examples, [NAMES.index(name)] * len(examples), reader, bf16):
            for i, path in zip(group, chain.best(emissions, mask)):
                found[i] = [s for s in read_spans(examples[i], path) if examples[i].known[s.label]]
        scores = ner_scores(examples, found)
        out[name] = {"strict": scores["strict"]["f1"], "lenient": scores["lenient"]["f1"],
                     **{k: v["f1"] for k, v in scores["strict"]["perType"].items()}}
    return out


def dev_sets(data: Path, reader: TextReader) -> dict[str, list[Example]]:
    sets = {c.name: [make_example(t, reader, c.known) for t in read_corpus(data, c, "dev")] for c in CORPORA}
    return {name: [e for e in examples if e.first.any()] for name, examples in sets.items() if examples}


class Teaching(Recipe):
    def __init__(self, args):
        self.args, self.out, self.rng = args, Path(args.out), random.Random(args.seed)
        self.reader, self.learns = TeacherReader(args.encoder), Teacher(args.encoder)
        self.sets: list[tuple[Corpus, list]] = [(c, read_corpus(Path(args.data), c)) for c in CORPORA]
        self.dev = dev_sets(Path(args.data), self.reader)
        self.learns.encoder.config.to_json_file(self.out / "encoder.json")
        (self.out / "vocab.txt").write_text("\n".join(self.reader.vocabulary) + "\n", encoding="utf-8")

    def groups(self) -> list[dict]:
        """Word embeddings rest; each layer learns at `decay` times the rate of the one above; what is new learns at the head's."""
        depth, groups = self.learns.encoder.config.num_hidden_layers, []
        for name, parameter in self.learns.named_parameters():
            if "word_embeddings" in name or "pooler" in name:
                parameter.requires_grad_(False)
                continue
            layer = re.search(r"layer\.(\d+)\.", name)
            level = depth - 1 - int(layer.group(1)) if layer else depth
            rate = self.args.rate * self.args.decay**level if name.startswith("encoder.") else self.args.head_rate
            groups.append({"params": [parameter], "lr": rate, "weight_decay": 0.01 if parameter.dim() > 1 else 0.0})
        return groups

    def epoch(self):
        """One segment: its share of every set, in its own convention."""
        examples, corpora = [], []
        for index, (corpus, tweets) in enumerate(self.sets):
            wanted = corpus.passes * self.args.passes * len(tweets) / SEGMENTS
            count = min(len(tweets), int(wanted) + (self.rng.random() < wanted % 1))
            for tweet in self.rng.sample(tweets, count):
                example = make_example(augment(tweet, self.rng), self.reader, corpus.known)
                if example.first.any():
                    examples.append(example)
                    corpora.append(index)
        groups = token_batches([len(e.ids) + 2 for e in examples], self.args.tokens, self.rng)
        return [([examples[i] for i in group], [corpora[i] for i in group]) for group in groups]

    def loss(self, batch):
        """−log of the share of all sequences that the labels allow, per word: what a set does not annotate is left open."""
        batch = collate(*batch, self.reader).to(self.device)
        with self.precision():
            emissions = self.learns(batch)
        with torch.autocast(self.device.type, enabled=False):
            loss = self.learns.crf.loss(emissions.float(), batch.word_mask, batch.allowed).sum() / batch.word_mask.sum()
        return loss, {"crf": float(loss.detach())}

    def look(self, average, final):
        if not final:
            return None
        save_atomically(average.state_dict(), self.out / "teacher.pt")
        report = score(average, self.dev, self.reader, self.args.bf16)
        (self.out / "report.json").write_text(json.dumps(report, indent=2))
        print(json.dumps(report, indent=1), flush=True)
        return report


def load_teacher(folder: Path) -> tuple[Teacher, TeacherReader]:
    from transformers import AutoConfig

    model = Teacher(config=AutoConfig.for_model(**json.loads((folder / "encoder.json").read_text())))
    model.load_state_dict(torch.load(folder / "teacher.pt", map_location="cpu", weights_only=True))
    return model.eval(), TeacherReader(folder / "vocab.txt")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", help="a Hugging Face folder of MPNet with its vocab.txt")
    parser.add_argument("--data", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--score", action="store_true", help="only score the teacher that lies in --out")
    parser.add_argument("--passes", type=float, default=1.0, help="times the passes of each set (data/corpora.py)")
    parser.add_argument("--minutes", type=float, default=1e9, help="stop (with the rate at zero) after this long")
    parser.add_argument("--tokens", type=int, default=1024)
    parser.add_argument("--rate", type=float, default=9e-5)
    parser.add_argument("--decay", type=float, default=0.9)
    parser.add_argument("--head-rate", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--bf16", action="store_true", help="16-bit products: on a GPU, or on a CPU that has them")
    args = parser.parse_args()
    Path(args.out).mkdir(parents=True, exist_ok=True)
    torch.manual_seed(args.seed)
    if args.score:
        model, reader = load_teacher(Path(args.out))
        print(json.dumps(score(model, dev_sets(Path(args.data), reader), reader, args.bf16), indent=1))
    else:
        run(Teaching(args), Plan(Path(args.out), SEGMENTS, args.minutes, warmup=80, bf16=args.bf16))


if __name__ == "__main__":
    main()
