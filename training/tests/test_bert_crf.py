"""The chain against brute force over every sequence of tags, and that a tagger learns."""
import itertools
import math

import pytest
import torch

from training.data.examples import make_example
from training.data.readers import Tweet
from training.golden import golden_vectors, randomise
from training.low_rank import add_low_rank, merged
from training.systems import find_system
from training.systems.bert_crf.config import PRESETS, tiny
from training.systems.bert_crf.crf import FORBIDDEN, Crf
from training.systems.bert_crf.decode import decode, names_of
from training.systems.bert_crf.inputs import collate
from training.systems.bert_crf.model import BertCrf, at_words

LABELS, WORDS = 2, (4, 3, 1)  # 5 tags: 625 sequences of the longest sentence


@pytest.fixture
def chain():
    generator = torch.Generator().manual_seed(0)
    crf = Crf(LABELS).double()
    for parameter in crf.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator).double()
    emissions = torch.randn(len(WORDS), max(WORDS), 5, generator=generator).double()
    mask = torch.arange(max(WORDS))[None] < torch.tensor(WORDS)[:, None]
    return crf, emissions, mask


def in_order(tags) -> bool:
    return all(tag == 0 or tag % 2 or (before in (tag - 1, tag)) for before, tag in zip((0, *tags), tags))


def every(crf, emissions, row):
    """(tags, exp of their score) of every sequence that is in order."""
    for tags in itertools.product(range(5), repeat=WORDS[row]):
        if in_order(tags):
            score = crf.start[tags[0]] + crf.end[tags[-1]] + sum(emissions[row, w, t] for w, t in enumerate(tags))
            score = score + sum(crf.transitions[a, b] for a, b in zip(tags, tags[1:]))
            yield tags, math.exp(float(score))


def test_the_partition_is_the_sum_over_all_sequences(chain):
    crf, emissions, mask = chain
    for row, log_sum in enumerate(crf.log_partition(emissions, mask)):
        assert math.exp(log_sum) == pytest.approx(sum(p for _, p in every(crf, emissions, row)))


def test_the_best_sequence_is_the_best_of_all(chain):
    crf, emissions, mask = chain
    for row, path in enumerate(crf.best(emissions, mask)):
        assert tuple(path) == max(every(crf, emissions, row), key=lambda pair: pair[1])[0]


def test_a_names_chance_is_the_share_of_the_sequences_that_have_it(chain):
    crf, emissions, mask = chain
    wanted = [[(a, b, label) for a in range(n) for b in range(a, n) for label in range(LABELS)] for n in WORDS]
    for row, chances in enumerate(crf.span_posterior(emissions, mask, wanted)):
        sequences = list(every(crf, emissions, row))
        whole = sum(p for _, p in sequences)
        for name, chance in zip(wanted[row], chances):
            assert chance == pytest.approx(sum(p for tags, p in sequences if name in names_of(list(tags))) / whole)


def test_the_loss_of_partly_known_tags(chain):
    crf, emissions, mask = chain
    allowed = torch.rand(emissions.shape, generator=torch.Generator().manual_seed(1)) > 0.4
    allowed[..., 0] = True
    for row, loss in enumerate(crf.loss(emissions, mask, allowed)):
        sequences = list(every(crf, emissions, row))
        fitting = sum(p for tags, p in sequences if all(allowed[row, w, t] for w, t in enumerate(tags)))
        assert math.exp(-loss) == pytest.approx(fitting / sum(p for _, p in sequences))


def test_no_tag_is_ever_out_of_order():
    crf = Crf(4)
    emissions = torch.randn(200, 12, 9, generator=torch.Generator().manual_seed(2)) * 20
    emissions[..., 2::2] += 30  # everything pulls towards I-
    for path in crf.best(emissions, torch.ones(200, 12, dtype=torch.bool)):
        assert all(tag == 0 or tag % 2 or before in (tag - 1, tag) for before, tag in zip([0, *path], path))
    assert float(crf.log_partition(emissions, torch.ones(200, 12, dtype=torch.bool)).min()) > FORBIDDEN


def test_padding_changes_nothing():
    model = BertCrf(tiny(), dropout=0.0).eval()
    randomise(model, 3)
    inputs = find_system("bert-crf").example(model.config, 1)
    first = inputs.pop("first").bool()
    longer = [torch.nn.functional.pad(t, (0, 5)) for t in inputs.values()]
    short, long = at_words(model(*inputs.values()), first), at_words(model(*longer), torch.nn.functional.pad(first, (0, 5)))
    torch.testing.assert_close(short[0][short[1]], long[0][long[1]], rtol=1e-4, atol=1e-5)
    assert model.crf.best(*short) == model.crf.best(*long)


def test_a_corpus_without_a_label_says_nothing_about_it(reader):
    tweet = Tweet("1", ["Acme", "wins", "Paris"], ["B-ORG", "O", "B-LOC"])
    batch = collate([make_example(tweet, reader, (True, True, True, False))], reader)
    tags = at_words(batch.allowed, batch.first)[0][0]
    assert tags.int().tolist() == [[0, 0, 0, 0, 0, 1, 0, 0, 0], [1, 0, 0, 0, 0, 0, 0, 1, 1], [0, 0, 0, 1, 0, 0, 0, 0, 0]]


def test_golden_vectors_name_the_decoding():
    model = BertCrf(tiny(), dropout=0.0)
    randomise(model, 7)
    vectors = golden_vectors(find_system("bert-crf"), model)
    assert {"text_encoder", "output.emissions", "decode.tags", "decode.names", "decode.chances"} <= set(vectors)
    assert len(vectors["decode.names"]) == len(vectors["decode.chances"]) > 3


def test_sentences_are_learnt_by_heart(reader):
    torch.manual_seed(0)
    model = BertCrf(tiny(), dropout=0.0)
    tweets = [(["Eileen", "Collins", "visits", "Paris"], ["B-PER", "I-PER", "O", "B-LOC"]), (["nothing", "today"], ["O", "O"]),
              (["Acme", "Corp", "wins", "the", "Moon", "Prize"], ["B-ORG", "I-ORG", "O", "O", "B-OTHER", "I-OTHER"])]
    examples = [make_example(Tweet(str(i), *t), reader) for i, t in enumerate(tweets)]
    batch = collate(examples, reader)
    optimiser = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for _ in range(80):
        words, mask = at_words(model(batch.ids, batch.segments, batch.shapes, batch.mask), batch.first)
        loss = model.crf.loss(words, mask, at_words(batch.allowed, batch.first)[0]).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    emissions = model(batch.ids, batch.segments, batch.shapes, batch.mask)
    found = decode(model.crf, examples, emissions, batch.first)
    assert [[(s.start, s.end, s.label) for s in spans] for spans in found] == [e.spans for e in examples]
    assert all(s.score > 0.9 for spans in found for s in spans)


def test_a_low_rank_encoder_keeps_what_it_started_from(tmp_path):
    torch.manual_seed(0)
    model = BertCrf(PRESETS["tiny"](), dropout=0.0)
    before = {k: v.clone() for k, v in model.state_dict().items()}
    learns = add_low_rank(model.text_encoder, 3)
    ids = torch.randint(5, 200, (2, 9))
    run = lambda m: m(ids, torch.ones_like(ids), torch.zeros_like(ids), torch.ones_like(ids))
    plain, deltas = merged(model.state_dict())
    assert all(torch.equal(plain[k], v) for k, v in before.items()) and len(deltas) == 2 * 6 * model.config.text.layers
    run(model).square().sum().backward()
    torch.optim.SGD(learns, lr=0.1).step()
    plain, deltas = merged(model.state_dict())
    other = BertCrf(model.config, dropout=0.0)
    other.load_state_dict(plain)
    torch.testing.assert_close(run(other), run(model))
    # Only what the add-on carries has moved.
    moved = {k for k, v in before.items() if k.startswith("text_encoder") and not torch.equal(plain[k], v)}
    small = {k for k in moved if k.endswith("bias") or "norm" in k or ".shape." in k or ".segment." in k}
    assert {k.removesuffix(".weight") for k in moved - small} == {k.removesuffix(".low_rank.up") for k in deltas if k.endswith("up")}
