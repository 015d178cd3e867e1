"""The teacher, its soft labels and the student that learns from them, on tiny data."""
import itertools
import json
import random
from contextlib import nullcontext

import numpy as np
import pytest
import torch

from training import distil, label, teacher
from training.data.corpora import CORPORA, Corpus, mend_tags, read_corpus
from training.data.examples import LABELS, make_example
from training.data.readers import Tweet, normalise_tag
from training.data.soft import from_gold, keep_handles, mix, read_item, rewrite
from training.data.text import TextReader
from training.loop import Plan, run, save_weights
from training.run import load_run
from training.systems.bert_crf.crf import Crf
from training.systems.mner_qg.config import tiny
from training.systems.mner_qg.model import MnerQg

TWEET = Tweet("1", ["Eileen", "Collins", "visits", "New", "York", "today", "!"], ["B-PER", "I-PER", "O", "B-LOC", "I-LOC", "O", "O"])
WORDS = "eileen collins visits new york today nasa in the".split()


SIGNS = ("[PAD]", "[CLS]", "[SEP]", "[MASK]")


def write_vocabulary(folder, signs):
    letters = "abcdefghijklmnopqrstuvwxyz0123456789@#:,.!?'&;-"
    (folder / "vocab.txt").write_text("\n".join([*signs, "[UNK]", "http", *WORDS, *letters, *(f"##{c}" for c in letters)]) + "\n")


@pytest.fixture
def data(tmp_path):
    """Twitter2015 and IDRISI, two sentences each."""
    lines = "IMGID:1\n" + "".join(f"{w}\t{t}\n" for w, t in zip(TWEET.tokens, TWEET.tags)) + "\nIMGID:2\nNASA\tB-ORG\nvisits\tO\nParis\tI-LOC\n\n"
    (tmp_path / "twitter2015").mkdir()
    (tmp_path / "twitter2017").mkdir()
    (tmp_path / "extra" / "idrisi").mkdir(parents=True)
    for name in ("twitter2015/train.txt", "twitter2015/valid.txt", "twitter2017/train.txt", "twitter2017/valid.txt"):
        (tmp_path / name).write_text(lines)
    (tmp_path / "extra/idrisi/train.bilou").write_text("Fire O\nin O\nNew B-CITY\nYork L-CITY\n\nCalifornia U-STAT\nburns O\n\n")
    return tmp_path


def test_every_set_speaks_our_types(data):
    idrisi = next(c for c in CORPORA if c.name == "idrisi")
    assert [t.tags for t in read_corpus(data, idrisi)] == [["O", "O", "B-LOC", "I-LOC"], ["B-LOC", "O"]]
    assert read_corpus(data, Corpus("none", "not/there.txt", None)) == []
    assert mend_tags(["I-PER", "I-PER", "I-LOC", "O", "I-LOC"]) == ["B-PER", "I-PER", "B-LOC", "O", "B-LOC"]
    assert normalise_tag("U-STAT") == "O"  # only sets that say so have such types
    slips = read_corpus(data, CORPORA[0])[1].tags
    assert slips == ["B-ORG", "O", "I-LOC"]  # Twitter2015's stray I- stays, and strict scoring leaves it out


def test_posteriors_are_those_of_all_paths():
    torch.manual_seed(0)
    crf, emissions = Crf(4), torch.randn(2, 3, 9)
    for p in crf.parameters():
        torch.nn.init.normal_(p)
    mask = torch.tensor([[True, True, True], [True, True, False]])
    tags, exists = teacher.posteriors(crf, emissions, mask)
    moves, start, end = (t.detach() for t in crf.scores())
    for row, words in enumerate((3, 2)):
        paths = list(itertools.product(range(9), repeat=words))
        weight = torch.stack([start[p[0]] + end[p[-1]] + sum(emissions[row, i, t] for i, t in enumerate(p)) + sum((moves[a, b] for a, b in zip(p, p[1:])), torch.tensor(0.0))
                              for p in paths]).softmax(0)
        for w in range(words):
            for tag in (0, 1, 2, 8):
                assert float(tags[row, w, tag]) == pytest.approx(float(sum(x for x, p in zip(weight, paths) if p[w] == tag)), abs=1e-5)
        for kind in range(4):
            assert float(exists[row, kind]) == pytest.approx(float(sum(x for x, p in zip(weight, paths) if 1 + 2 * kind in p)), abs=1e-5)
    assert not tags[1, 2].any()


def test_soft_answers_survive_rewriting(tmp_path):
    write_vocabulary(tmp_path, SIGNS)
    reader = TextReader(tmp_path)
    item = from_gold(TWEET)
    assert item.exists.tolist() == [1, 1, 0, 0] and item.start[0, 0] == item.end[1, 0] == item.start[3, 1] == item.end[4, 1] == 1
    rng, texts = random.Random(3), set()
    for _ in range(300):
        new = rewrite(item, rng, 1.0)
        texts.add(new.text)
        assert len(new.words) == len(new.start)
        for kind, name in ((0, "eileencollins"), (1, "newyork")):
            begin, stop = new.words[int(new.start[:, kind].argmax())][0], new.words[int(new.end[:, kind].argmax())][1]
            assert new.start[:, kind].sum() == new.end[:, kind].sum() == 1
            assert new.text[begin:stop].lower().replace(" ", "").lstrip("#") == name
    assert {item.text.lower(), item.text.upper()} <= texts and any("#NewYork" in t for t in texts)
    reading = read_item(item, reader)
    assert reading.start.sum() == 2 and reading.example.first[reading.start[:, 1].argmax()] and reading.example.last[reading.end[:, 1].argmax()]


def test_gold_and_teacher_are_mixed_where_the_gold_knows():
    gold = from_gold(TWEET, (True, True, True, False))
    soft = from_gold(Tweet("1", TWEET.tokens, ["O"] * 5 + ["B-OTHER", "O"]))
    both = mix(gold, soft, 0.75)
    assert both.start[0, 0] == 0.75 and both.start[5, 3] == 1 and both.exists.tolist() == [0.75, 0.75, 0, 1] and both.weight.tolist() == [1, 1, 1, 1]
    gold = from_gold(Tweet("2", ["@eileen", "and", "NASA"], ["B-PER", "O", "B-ORG"]))
    silent = from_gold(Tweet("2", ["@eileen", "and", "NASA"], ["O", "O", "B-ORG"]))
    kept = keep_handles(gold, mix(gold, silent, 0.5))
    assert kept.start[:, 0].tolist() == [1, 0, 0] and kept.end[0, 0] == 1 and kept.exists.tolist() == [1, 0, 1, 0] and kept.start[2, 2] == 1
    assert keep_handles(silent, mix(silent, gold, 0.5)).start[0].tolist() == [0, 0, 0, 0]


def test_what_a_set_does_not_annotate_is_left_open(tmp_path):
    write_vocabulary(tmp_path, ("<s>", "<pad>", "</s>", "<mask>", *SIGNS))
    reader = teacher.TeacherReader(tmp_path)
    example = make_example(Tweet("1", ["in", "York", "today"], ["O", "B-LOC", "O"]), reader, (False, True, False, False))
    allowed = teacher.collate([example], [8], reader).allowed[0]
    assert allowed[1].nonzero().flatten().tolist() == [3]
    assert allowed[0].nonzero().flatten().tolist() == [0, 1, 2, 5, 6, 7, 8]


def test_a_teacher_is_trained_labels_texts_and_a_student_learns_from_it(tmp_path, data):
    transformers = pytest.importorskip("transformers")
    start = tmp_path / "encoder"
    start.mkdir()
    write_vocabulary(start, ("<s>", "<pad>", "</s>", "<mask>", *SIGNS))
    size = dict(vocab_size=150, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64, max_position_embeddings=140)
    torch.manual_seed(0)
    transformers.MPNetModel(transformers.MPNetConfig(**size)).save_pretrained(start)
    args = dict(encoder=str(start), data=str(data), out=str(tmp_path / "teacher"), passes=40.0, tokens=200, rate=3e-3, decay=0.9, head_rate=1e-2, seed=0, bf16=False)
    out = tmp_path / "teacher"
    out.mkdir()
    recipe = teacher.Teaching(type("Args", (), args))
    history = run(recipe, Plan(out, teacher.SEGMENTS, warmup=5, average=0.9))
    assert history[-1]["t15"]["strict"] > 90  # its own two sentences, learnt by heart
    model, reader = teacher.load_teacher(out)
    answers = label.judge(model, reader, [TWEET.text, ""], ["t15", "t15"], False)
    assert len(answers) == 1
    item = label.to_item(answers[0])
    assert item.exists[0] > 0.6 and item.start[0, 0] > 0.6 and item.end[1, 0] > 0.6 and item.start[:, 2].max() < 0.2

    student = tmp_path / "student"
    student.mkdir()
    config = tiny()
    config.text.positions = 256  # with so few words most of a question is single letters
    network = MnerQg(config)
    save_weights(network, student / "model.safetensors")
    (student / "config.json").write_text(network.config.to_json())
    write_vocabulary(student, SIGNS)
    labels = tmp_path / "labels"
    labels.mkdir()
    torch.save(answers, labels / "pairs-000.pt")
    end = tmp_path / "end"
    end.mkdir()
    options = distil.parser().parse_args(["--run", str(student), "--data", str(data), "--labels", str(labels), "--out", str(end), "--passes", "30", "--segments", "2",
                                          "--rate", "3e-3", "--head-rate", "1e-2", "--tokens", "120"])
    task = distil.Distilling(options)
    batch = task.epoch()[0]
    before = float(task.loss(batch)[0].detach())
    run(task, Plan(end, 2, warmup=5, average=0.9))
    assert float(task.loss(batch)[0].detach()) < before / 2
    state = task.model.state_dict()
    kept = [n for n in state if n.startswith(("image_encoder", "common_width", "cross_modality", "grounding_head")) and "num_batches" not in n]
    assert kept and all(torch.equal(state[n], network.state_dict()[n]) for n in kept)
    assert json.loads((end / "report.json").read_text())["existence"]["f1"] >= 0 and len(LABELS) == 4 and np.isfinite(before)

    # The same student one way: in the end it agrees with the network it started from, which goes on reading both together.
    one_way = tmp_path / "one-way"
    one_way.mkdir()
    options = distil.parser().parse_args(["--run", str(end), "--data", str(data), "--labels", str(labels), "--out", str(one_way), "--passes", "30", "--segments", "2",
                                          "--rate", "1e-3", "--head-rate", "1e-3", "--tokens", "120", "--one-way", "1", "--agree", "3", "--alike", "3"])
    task = distil.Distilling(options)
    assert task.two_way.config.oneWay is None and task.model.config.oneWay.sharedLayers == 1
    assert all(torch.equal(a, b) for a, b in zip(task.two_way.state_dict().values(), task.model.state_dict().values()))
    together = {n: v.clone() for n, v in task.two_way.state_dict().items()}
    batch = task.epoch()[0]
    before = task.loss(batch)[1]
    assert before["question"] == 0  # a question alone is read as ever: the photo side hears no difference
    run(task, Plan(one_way, 2, warmup=5, average=0.9, bf16=True))
    task.learns.eval()
    task.precision = nullcontext
    after = task.loss(batch)[1]
    assert after["alike"] < 0.85 * before["alike"] and after["agree"] < before["agree"], (before, after)
    assert all(torch.equal(v, together[n]) for n, v in task.two_way.state_dict().items())
    again = load_run(one_way)
    assert again.model.config.oneWay.sharedLayers == 1 and again.model.one_way is not None
    with pytest.raises(ValueError, match="one way"):
        distil.Distilling(distil.parser().parse_args(["--run", str(end), "--data", str(data), "--out", str(one_way), "--one-way", "1", "--two-way", str(one_way)]))
