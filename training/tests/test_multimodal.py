"""The systems that look at photos: without one they are BERT+CRF, with one they do what their names say."""
import itertools
import random

import numpy as np
import pytest
import torch

from training.all_systems import table
from training.data.examples import make_example
from training.data.readers import Tweet
from training.golden import golden_vectors, randomise
from training.systems import SYSTEMS, find_system
from training.systems.bert_crf.config import Config as TaggerConfig
from training.systems.bert_crf.model import BertCrf
from training.systems.mqspn.decode import read_slots
from training.systems.mqspn.loss import names_with_ends, set_loss
from training.systems.mqspn.model import SLOTS, Answer
from training.systems.multimodal.model import PhotoTagger
from training.systems.multimodal.photo import batch, nothing
from training.systems.multimodal.text import text_batch
from training.systems.multimodal.words import VOCABULARY, seen_words
from training.systems.prompt_mner.decode import all_spans, decode, gold_of
from training.systems.umgf.model import nodes_of

TAGGERS = ("basic-model", "mm-ner-model", "umt", "umgf")
OTHERS = ("prompt-mner", "mqspn")


def network(name, seed=7):
    system = find_system(name)
    model = system.build(system.presets["tiny"](), dropout=0.0).eval()
    randomise(model, seed)
    return system, model


def text_inputs(system, model, seed=1):
    inputs = system.example(model.config, seed)
    return inputs, [inputs[key] for key in ("ids", "segments", "shapes", "mask")]


@pytest.fixture
def examples(reader):
    tweets = [(["Eileen", "Collins", "visits", "Paris"], ["B-PER", "I-PER", "O", "B-LOC"]), (["nothing", "today"], ["O", "O"]),
              (["Acme", "Corp", "wins", "the", "Moon", "Prize"], ["B-ORG", "I-ORG", "O", "O", "B-OTHER", "I-OTHER"])]
    return [make_example(Tweet(str(i), *t), reader) for i, t in enumerate(tweets)]


@pytest.mark.parametrize("name", TAGGERS)
def test_without_a_photo_a_tagger_is_bert_crf_bit_for_bit(name):
    system, model = network(name)
    tagger = BertCrf(TaggerConfig(text=model.config.text), dropout=0.0).eval()
    tagger.load_state_dict({k: v for k, v in model.state_dict().items() if k in tagger.state_dict()})
    inputs, text = text_inputs(system, model)
    alone = tagger(*text)
    assert torch.equal(model(*text), alone)
    # … also beside others of its batch that have one; and those are changed.
    seen = model.encode_image(inputs["pixels"])
    mixed = model(*text, batch([nothing(1, model.config), seen, nothing(1, model.config), seen]))
    assert torch.equal(mixed[[0, 2]], alone[[0, 2]])
    assert not torch.allclose(mixed[1], alone[1]) and not torch.allclose(mixed[3], alone[3])


@pytest.mark.parametrize("name", TAGGERS)
def test_a_photo_changes_nothing_before_training(name):
    system = find_system(name)
    model = system.build(system.presets["tiny"](), dropout=0.0).eval()
    inputs, text = text_inputs(system, model)
    assert isinstance(model, PhotoTagger)
    torch.testing.assert_close(model(*text, system.photo_of(model, inputs)), model(*text), rtol=0, atol=0)


@pytest.mark.parametrize("name", [*TAGGERS, *OTHERS])
def test_golden_vectors_say_what_was_seen(name):
    system, model = network(name)
    vectors = golden_vectors(system, model)
    assert {"text_encoder", "image_encoder.0", "photo.cells", "photo.regions", "photo.boxes", "photo.whole"} <= set(vectors)
    assert all(torch.isfinite(v).all() for v in vectors.values() if v.dtype.is_floating_point)
    text, photo = (k for k in vectors if k.startswith("text_only.")), [k for k in vectors if k.startswith("output.")]
    assert any(not torch.allclose(vectors[k], vectors["output." + k.split(".")[1]]) for k in text if vectors[k].shape == vectors["output." + k.split(".")[1]].shape)
    assert photo


@pytest.mark.parametrize("name", [*TAGGERS, *OTHERS])
def test_every_weight_of_a_head_learns(name, reader, examples):
    """A part that no loss reaches would ship as noise."""
    system, model = network(name)
    model.requires_grad_(False)
    model.head.requires_grad_(True)
    hidden = [torch.randn(len(e.ids) + 2, model.config.text.width, generator=torch.Generator().manual_seed(i)).half() for i, e in enumerate(examples)]
    photo = model.encode_image(torch.randn(3, 3, 64, 64, generator=torch.Generator().manual_seed(3)))
    text = text_batch(examples, hidden, reader)
    text.regions = [{(e.spans[0][0], e.spans[0][1]): [1]} if e.spans else {} for e in examples]
    loss, _ = system.loss(model, text, photo, random.Random(0))
    loss.backward()
    idle = [n for n, p in model.head.named_parameters() if p.requires_grad and (p.grad is None or not p.grad.any())]
    # Query and key of an attention over one region, and biases that a softmax takes away, may stand still.
    assert [n for n in idle if not n.endswith("bias")] == []


def test_the_head_of_basic_model_has_the_size_that_was_planned():
    built = {name: find_system(name).build(find_system(name).presets["mini"]()) for name in (*TAGGERS, *OTHERS)}
    sizes = {name: sum(p.numel() for p in model.head.parameters()) for name, model in built.items()}
    assert sizes["basic-model"] == 12_297
    # With what they see by, at a byte a weight, they are add-ons of at most 1.5 MB.
    assert all(size + sum(p.numel() for p in built[name].eyes.parameters()) < 1_500_000 for name, size in sizes.items()), sizes


def test_umgf_asks_for_a_person_and_for_a_thing():
    _, model = network("umgf")
    photo = model.encode_image(torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(2)))
    photo.person[:] = torch.tensor([False, False, True, True, False])
    photo.regions_there[:] = True
    nodes, which = nodes_of(photo)
    assert which.tolist() == [[2, -1, -1, 0]]
    assert torch.equal(nodes[0, 0], photo.regions[0, 2]) and torch.equal(nodes[0, 3], photo.regions[0, 0])
    photo.person[:] = False
    assert nodes_of(photo)[1].tolist() == [[-1, -1, -1, 0]] and torch.equal(nodes_of(photo)[0][0, 0], nodes[0, 1])


def test_spans_of_prompt_mner_are_all_there_is(examples):
    index = all_spans(examples, 3)
    assert len(index) == sum(sum(min(3, n - i) for i in range(n)) for n in (4, 2, 6))
    gold = gold_of(examples, index)
    assert sorted(gold[gold > 0].tolist()) == [1, 2, 3, 4]
    certain = torch.full((len(index), 5), -9.0)
    certain[torch.arange(len(index)), torch.from_numpy(gold)] = 9
    assert [[(s.start, s.end, s.label) for s in spans] for spans in decode(examples, index, certain)] == [e.spans for e in examples]


def test_slots_say_what_they_were_taught(reader, examples):
    names = names_with_ends(examples)
    first = text_batch(examples, [torch.zeros(len(e.ids) + 2, 4).half() for e in examples], reader).first
    batch_size, length = first.shape
    perfect = Answer(torch.full((batch_size, 4 * SLOTS, 5), -9.0), *(torch.full((batch_size, 4 * SLOTS, length), -9.0) for _ in range(2)),
                     torch.zeros(batch_size, 4 * SLOTS, 3))
    perfect.classes[..., 0] = 9
    for row, found in enumerate(names):
        for a, b, label, _ in found:
            for slot in range(label * SLOTS, label * SLOTS + 6):  # six of eight: as often as a name is repeated
                perfect.classes[row, slot, 0], perfect.classes[row, slot, label + 1] = -9, 9
                perfect.start[row, slot, a] = perfect.end[row, slot, b] = 9
    loss, _ = set_loss([perfect], names)
    assert float(loss) < 0.01
    perfect.classes[0, 0] = torch.tensor([9.0, -9, -9, -9, -9])  # a slot that should have said PER
    assert float(set_loss([perfect], names)[0]) > 0.05
    assert {(n.row, n.start, n.end, n.label) for n in read_slots(perfect, first, 12)} == {(r, a, b, l) for r, found in enumerate(names) for a, b, l, _ in found}


def test_a_slots_span_is_the_best_that_is_possible():
    rng = np.random.default_rng(0)
    first = torch.tensor([[False, True, True, False, True, True, False]])
    tensor = lambda *shape: torch.from_numpy(rng.normal(0, 2, shape).astype(np.float32))
    answer = Answer(tensor(1, 4 * SLOTS, 5), *(tensor(1, 4 * SLOTS, 7).masked_fill(~first[:, None], -1e4) for _ in range(2)), tensor(1, 4 * SLOTS, 4))
    places = [1, 2, 4, 5]
    for name in read_slots(answer, first, 2):
        start, end = answer.start[0, name.slot].softmax(-1), answer.end[0, name.slot].softmax(-1)
        pairs = [(a, b) for (i, a), (j, b) in itertools.product(enumerate(places), repeat=2) if 0 <= j - i < 2]
        assert (name.start, name.end) == max(pairs, key=lambda p: float(start[p[0]] * end[p[1]]))


def test_only_words_of_the_closed_list_are_seen():
    assert seen_words("two men in suits next to a red Ferrari and a dog") == ["men", "suit", "dog"]
    assert seen_words("Eileen Collins in Houston") == []
    assert set(seen_words("a photo of " + " ".join(VOCABULARY[:40]))) <= set(VOCABULARY)


def test_the_table_has_means_and_deviations():
    run = lambda f1: {"columns": {c: {"twitter2015": f1, "twitter2017": f1 + 10} for c in ("no photo", "visual words", "wrong photo")}}
    plain = {name: {"strict": {"f1": 70.0}} for name in ("twitter2015", "twitter2017")}
    lines = table({"bert-crf": [plain], "umt": [run(70.0), run(71.0), run(72.0)]}).splitlines()
    assert lines[2] == "| bert-crf | 70.00 | 70.00 | – | – | – | – |"
    assert lines[3] == "| umt | 71.00 ± 1.00 | 81.00 ± 1.00 | 71.00 ± 1.00 | 81.00 ± 1.00 | 71.00 ± 1.00 | 81.00 ± 1.00 |"


def test_every_registered_system_answers_to_its_name():
    assert all(find_system(name).name == name for name in SYSTEMS)
    with pytest.raises(ValueError, match="unknown system 'bert'"):
        find_system("bert")
