"""The teacher: a base-size encoder (MPNet) fine-tuned as a tagger on every labelled set, told which set a sentence is from.

    python -m training.teacher --encoder all-mpnet-base-v2 --data data --out runs/teacher
    python -m training.teacher --out runs/teacher --data data --score        # dev figures of a finished one

What set it is goes in as an embedding added to every piece, so that the sets' conventions do not mix and no piece is spent on it.
A stopped run goes on where it was: give the same command again. A CPU or a GPU; bfloat16 where `--bf16` (CPU) or a GPU is.
"""
from __future__ import annotations

import argparse
import json
import random
import re
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

from .chain import FORBIDDEN, TAGS, best_paths, forbidden_moves, log_partition
from .corpora import CORPORA, NAMES, read_corpus
from .decoding import Span
from .evaluate import ner_scores
from .examples import LABELS, Example, augment, make_example, pad, token_batches
from .optimise import save_atomically
from .text import TextReader


class TeacherReader(TextReader):
    """The same word pieces under MPNet's numbers: its vocabulary is BERT's with other special signs before it."""

    def __init__(self, vocabulary: str | Path):
        super().__init__(vocabulary, ("<s>", "</s>", "<pad>", "<mask>"))


class Teacher(nn.Module):
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
        self.tagger = nn.Linear(width, len(TAGS))
        self.transitions = nn.Parameter(torch.zeros(len(TAGS), len(TAGS)))
        self.first = nn.Parameter(torch.zeros(len(TAGS)))
        moves, first = forbidden_moves()
        self.register_buffer("moves", moves, persistent=False)
        self.register_buffer("first_moves", first, persistent=False)

    def forward(self, batch: "Batch"):
        """(B, W, 9) emissions of the words' first pieces."""
        words = self.encoder.get_input_embeddings()(batch.ids) + self.shape(batch.shapes) + self.corpus(batch.corpus)[:, None]
        hidden = self.encoder(inputs_embeds=words, attention_mask=batch.mask).last_hidden_state
        heads = hidden.gather(1, batch.words[..., None].expand(-1, -1, hidden.shape[-1]))
        return self.tagger(self.dropout(heads))

    def chain(self):
        return self.transitions + self.moves, self.first + self.first_moves


class Batch:
    """Padded sentences. `words` (B, W): where each word's first piece stands; `allowed` (B, W, 9): 0, or −1e4 for a wrong tag."""

    def __init__(self, examples: list[Example], corpora: list[int], reader: TextReader, device="cpu"):
        zero = np.zeros(1, dtype=np.int64)
        self.ids = pad([np.concatenate([[reader.cls], e.ids, [reader.sep]]) for e in examples], reader.pad).to(device)
        self.shapes = pad([np.concatenate([zero, e.shapes, zero]) for e in examples]).to(device)
        self.mask = pad([np.ones(len(e.ids) + 2, dtype=np.int64) for e in examples]).to(device)
        self.corpus = torch.tensor(corpora, device=device)
        first = [np.nonzero(e.first)[0] for e in examples]
        self.words = pad([f + 1 for f in first]).to(device)
        self.word_mask = pad([np.ones(len(f), dtype=bool) for f in first]).to(device)
        allowed = np.zeros((*self.words.shape, len(TAGS)), dtype=np.float32)
        for row, (e, f) in enumerate(zip(examples, first)):
            others = [0, *(t for label, known in enumerate(e.known) if not known for t in (1 + 2 * label, 2 + 2 * label))]
            allowed[row, : len(f)] = FORBIDDEN
            allowed[row, : len(f), others] = 0
            for a, b, label in e.spans:
                inside = np.nonzero((f >= a) & (f <= b))[0]
                allowed[row, inside] = FORBIDDEN
                allowed[row, inside[:1], 1 + 2 * label] = 0
                allowed[row, inside[1:], 2 + 2 * label] = 0
        self.allowed = torch.from_numpy(allowed).to(device)


def autocast(device: torch.device, on: bool):
    return torch.autocast(device.type, torch.bfloat16, enabled=on)


def tagging_loss(model: Teacher, batch: Batch, low: bool) -> torch.Tensor:
    """−log of the probability of all tag sequences that the labels allow, per word: what a set does not annotate is left open."""
    with autocast(batch.ids.device, low):
        emissions = model(batch)
    emissions = emissions.float()
    both = torch.cat([emissions, emissions + batch.allowed])
    whole, right = log_partition(both, torch.cat([batch.word_mask] * 2), *model.chain()).chunk(2)
    return (whole - right).sum() / batch.word_mask.sum()


@torch.no_grad()
def emit(model: Teacher, examples: list[Example], corpora: list[int], reader: TextReader, low: bool, tokens: int = 2048):
    """Yields (indices, batch, float32 emissions) over the examples, by length."""
    model.eval()
    device = next(model.parameters()).device
    for group in token_batches([len(e.ids) + 2 for e in examples], tokens, random.Random(0), 0.0):
        batch = Batch([examples[i] for i in group], [corpora[i] for i in group], reader, device)
        with autocast(device, low):
            emissions = model(batch)
        yield group, batch, emissions.float()


def read_spans(example: Example, path: list[int]) -> list[Span]:
    """Tags of words to spans of pieces."""
    first, last = np.nonzero(example.first)[0], np.nonzero(example.last)[0]
    spans: list[Span] = []
    for word, tag in enumerate(path):
        if tag == 0:
            continue
        if tag % 2:
            spans.append(Span(int(first[word]), int(last[word]), (tag - 1) // 2, 0.0, 1.0))
        elif spans:
            spans[-1].end = int(last[word])
    return spans


def score(model: Teacher, dev: dict[str, list[Example]], reader: TextReader, low: bool) -> dict:
    """Strict F1 of each set's dev split under its own convention."""
    out = {}
    for name, examples in dev.items():
        found: list[list[Span]] = [[] for _ in examples]
        for group, batch, emissions in emit(model, examples, [NAMES.index(name)] * len(examples), reader, low):
            for i, path in zip(group, best_paths(emissions.cpu(), batch.word_mask.cpu(), *(t.cpu() for t in model.chain()))):
                found[i] = [s for s in read_spans(examples[i], path) if examples[i].known[s.label]]
        scores = ner_scores(examples, found)
        out[name] = {"strict": scores["strict"]["f1"], "lenient": scores["lenient"]["f1"],
                     **{k: v["f1"] for k, v in scores["strict"]["perType"].items()}}
    return out


def parameter_groups(model: Teacher, rate: float, decay: float, head_rate: float) -> list[dict]:
    """Word embeddings rest; each layer learns at `decay` times the rate of the one above; what is new learns at the head's."""
    depth = model.encoder.config.num_hidden_layers
    groups = []
    for name, parameter in model.named_parameters():
        if "word_embeddings" in name or "pooler" in name:
            parameter.requires_grad_(False)
            continue
        layer = re.search(r"layer\.(\d+)\.", name)
        level = depth - 1 - int(layer.group(1)) if layer else depth
        own = rate * decay**level if name.startswith("encoder.") else head_rate
        groups.append({"params": [parameter], "lr": own, "base": own, "weight_decay": 0.01 if parameter.dim() > 1 else 0.0})
    return groups


SEGMENTS = 16  # a run is read in so many shuffled parts; batches are sorted by length within one


class Plan:
    """Which sentence is read when: the same for the same seed, so that a stopped run can go on."""

    def __init__(self, data: Path, seed: int, tokens: int, reader: TextReader, passes: float):
        self.reader, self.seed, self.tokens = reader, seed, tokens
        rng = random.Random(seed)
        self.sets = [(index, corpus, read_corpus(data, corpus)) for index, corpus in enumerate(CORPORA)]
        self.order: list[tuple[int, int]] = []
        for index, corpus, tweets in self.sets:
            wanted = int(corpus.passes * passes * len(tweets))
            while wanted > 0:
                self.order += [(index, i) for i in rng.sample(range(len(tweets)), min(wanted, len(tweets)))]
                wanted -= len(tweets)
        rng.shuffle(self.order)

    def segment(self, number: int) -> list[tuple[list[Example], list[int]]]:
        rng = random.Random(f"{self.seed} {number}")
        examples, corpora = [], []
        for index, i in self.order[number::SEGMENTS]:
            _, corpus, tweets = self.sets[index]
            example = make_example(augment(tweets[i], rng), self.reader, corpus.known)
            if len(example.ids) and example.first.any():
                examples.append(example)
                corpora.append(index)
        groups = token_batches([len(e.ids) + 2 for e in examples], self.tokens, rng)
        return [([examples[i] for i in group], [corpora[i] for i in group]) for group in groups]


def dev_sets(data: Path, reader: TextReader, names=("t15", "t17")) -> dict[str, list[Example]]:
    return {c.name: [make_example(t, reader, c.known) for t in read_corpus(data, c, "dev")] for c in CORPORA if c.name in names and c.dev}


def train(args) -> None:
    out, data = Path(args.out), Path(args.data)
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(args.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    low = args.bf16 or device.type == "cuda"
    reader = TeacherReader(args.encoder)
    model = Teacher(args.encoder).to(device)
    model.encoder.config.to_json_file(out / "encoder.json")
    (out / "vocab.txt").write_text("\n".join(reader.vocabulary) + "\n", encoding="utf-8")
    optimiser = torch.optim.AdamW(parameter_groups(model, args.rate, args.decay, args.head_rate), betas=(0.9, 0.98), fused=True)
    plan, dev = Plan(data, args.seed, args.tokens, reader, args.passes), dev_sets(data, reader)
    checkpoint, spent, begin, at, step, seen, mean, scored = out / "checkpoint.pt", 0.0, 0, 0, 0, 0, None, 0
    if checkpoint.exists():
        saved = torch.load(checkpoint, map_location=device, weights_only=False)
        model.load_state_dict(saved["model"])
        optimiser.load_state_dict(saved["optimiser"])
        spent, begin, at, step, seen, mean, scored = (saved[k] for k in ("spent", "segment", "at", "step", "seen", "mean", "scored"))
        print(f"resumed at segment {begin}, step {step}", flush=True)
    log, started, kept, total = open(out / "log.jsonl", "a"), time.time() - spent, time.time(), None
    progress = 0.0
    for number in range(begin, SEGMENTS):
        batches = plan.segment(number)
        total = total or len(batches) * SEGMENTS
        for examples, corpora in batches[at:]:
            progress = max(step / total, (time.time() - started) / (args.minutes * 60))
            if progress >= 1:
                break
            model.train()
            for g in optimiser.param_groups:
                g["lr"] = g["base"] * min(1.0, (step + 1) / args.warmup) * (1 - progress)
            batch = Batch(examples, corpora, reader, device)
            loss = tagging_loss(model, batch, low)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            step, at, seen = step + 1, at + 1, seen + sum(len(e.ids) + 2 for e in examples)
            mean = loss.item() if mean is None else 0.98 * mean + 0.02 * loss.item()
            seconds = time.time() - started
            if step % 20 == 0:
                row = {"step": step, "of": total, "progress": round(progress, 3), "pieces": seen, "seconds": round(seconds), "loss": round(mean, 4)}
                log.write(json.dumps(row) + "\n")
                log.flush()
                print(" ".join(f"{k} {v}" for k, v in row.items()), f"{seen / seconds:.0f}/s", flush=True)
            if time.time() - kept > args.keep * 60:
                save_atomically({"model": model.state_dict(), "optimiser": optimiser.state_dict(), "spent": time.time() - started, "segment": number,
                                 "at": at, "step": step, "seen": seen, "mean": mean, "scored": scored}, checkpoint)
                kept = time.time()
            if progress > 0.25 * (scored + 1):
                scored += 1
                print("dev", json.dumps(score(model, {k: v[:300] for k, v in dev.items()}, reader, low)), flush=True)
        if progress >= 1:
            break
        at = 0
    save_atomically(model.state_dict(), out / "teacher.pt")
    report = score(model, dev_sets(data, reader, NAMES), reader, low)
    (out / "report.json").write_text(json.dumps({"pieces": seen, "steps": step, "seconds": time.time() - started, "dev": report}, indent=2))
    checkpoint.unlink(missing_ok=True)
    print(json.dumps(report, indent=1), flush=True)


def load_teacher(folder: Path, low: bool = False) -> tuple[Teacher, TeacherReader]:
    from transformers import AutoConfig

    config = AutoConfig.for_model(**json.loads((folder / "encoder.json").read_text()))
    model = Teacher(config=config)
    model.load_state_dict(torch.load(folder / "teacher.pt", map_location="cpu", weights_only=True))
    return model.eval(), TeacherReader(folder / "vocab.txt")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", help="a Hugging Face folder of MPNet with its vocab.txt")
    parser.add_argument("--data", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--score", action="store_true", help="only score the teacher that lies in --out")
    parser.add_argument("--passes", type=float, default=1.0, help="times the passes of each set (corpora.py)")
    parser.add_argument("--minutes", type=float, default=1e9, help="stop (with the rate at zero) after this long")
    parser.add_argument("--tokens", type=int, default=1024)
    parser.add_argument("--rate", type=float, default=9e-5)
    parser.add_argument("--decay", type=float, default=0.9)
    parser.add_argument("--head-rate", type=float, default=1e-3)
    parser.add_argument("--warmup", type=int, default=80)
    parser.add_argument("--keep", type=float, default=5, help="minutes between checkpoints")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--bf16", action="store_true", help="bfloat16 on a CPU that has it (a GPU always takes it)")
    args = parser.parse_args()
    if args.score:
        model, reader = load_teacher(Path(args.out))
        print(json.dumps(score(model, dev_sets(Path(args.data), reader, NAMES), reader, args.bf16), indent=1))
    else:
        train(args)


if __name__ == "__main__":
    main()
