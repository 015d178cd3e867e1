"""The network: shapes, what a missing photo must not change, published sizes, and readers of others' weights."""
import struct

import numpy as np
import pytest
import torch

from training.encoders import TextEncoder
from training.encoders.config import ImageConfig
from training.systems import find_system
from training.systems.mner_qg.config import Config, OneWayConfig, base, mini, tiny, tiny_one_way
from training.golden import golden_vectors, randomise
from training.ground import unfold_norms
from training.systems.mner_qg.heads import start_from_detector
from training.encoders.csp_darknet import CspDarknetPan
from training.encoders.darknet53 import Darknet53Fpn, DarknetConv, load_darknet
from training.systems.mner_qg.model import MnerQg
from training.encoders.bert import from_hugging_face, load_hugging_face
from training.systems.mner_qg.grounding import candidate_boxes, total_candidates


def random_input(config, seed):
    return find_system("mner-qg").example(config, seed).values()


@pytest.fixture(params=["csp-darknet-pan", "darknet53-fpn"])
def model(request):
    network = MnerQg(tiny(request.param), dropout=0.0)
    randomise(network, 3)
    return network.eval()


def test_shapes(model):
    ids, segments, shapes, mask, pixels = random_input(model.config, 1)
    out = model(ids, segments, shapes, mask, model.encode_image(pixels), torch.zeros(4, dtype=torch.long))
    assert out.start.shape == out.end.shape == ids.shape
    assert out.existence.shape == out.none.shape == out.relevance.shape == (4,)
    assert out.candidates.shape == (4, total_candidates(model.config), 5)


def test_no_photo_equals_text_only_bit_for_bit(model):
    ids, segments, shapes, mask, pixels = random_input(model.config, 2)
    alone = model(ids, segments, shapes, mask)
    beside = model(ids, segments, shapes, mask, model.encode_image(pixels), torch.tensor([-1, 0, -1, 0]))
    for name in ("start", "end", "existence"):
        a, b = getattr(alone, name), getattr(beside, name)
        assert torch.equal(a[[0, 2]], b[[0, 2]])
        assert not torch.equal(a[[1, 3]], b[[1, 3]])


def test_padding_changes_nothing(model):
    ids, segments, shapes, mask, _ = random_input(model.config, 4)
    longer = [torch.nn.functional.pad(t, (0, 5)) for t in (ids, segments, shapes, mask)]
    short, long = model(ids, segments, shapes, mask), model(*longer)
    real = mask.bool()
    torch.testing.assert_close(short.start[real], long.start[:, : ids.shape[1]][real], rtol=1e-4, atol=1e-5)


def test_a_photo_changes_nothing_before_training():
    network = MnerQg(tiny(), dropout=0.0).eval()
    ids, segments, shapes, mask, pixels = random_input(network.config, 2)
    with_photo = network(ids, segments, shapes, mask, network.encode_image(pixels), torch.zeros(4, dtype=torch.long))
    assert torch.equal(with_photo.start, network(ids, segments, shapes, mask).start)


def test_golden_vectors_reach_every_module(model):
    vectors = golden_vectors(find_system("mner-qg"), model, 5)
    assert {"text_encoder", "image_encoder.0", "common_width.2", "query_vector", "conditioned.1", "cross_modality", "existence"} <= set(vectors)
    assert all(torch.isfinite(v).all() for v in vectors.values() if v.dtype.is_floating_point)


def test_published_sizes_of_base():
    image = Darknet53Fpn(base().image)
    count = lambda modules: sum(p.numel() for m in modules for p in m.parameters())
    assert count(image.trunk()) == 40_584_928  # 40.58 M
    # 14.71 M with its norms and laterals; 14.70 M of them in convolutions
    assert count(image.pyramid()) == 14_709_760
    text = TextEncoder(base().text)
    shapes = text.embeddings.shape.weight.numel()
    pooler = 768 * 768 + 768  # published with BERT, unused here
    assert sum(p.numel() for p in text.parameters()) - shapes + pooler == 109_482_240  # 109.48 M


def test_size_of_mini():
    assert sum(p.numel() for p in CspDarknetPan(mini().image).parameters()) == 887_888
    assert sum(p.numel() for p in MnerQg(mini()).parameters()) < 26_000_000


@torch.no_grad()
def test_a_head_started_from_a_detector_draws_its_boxes_for_every_query():
    config, rng = tiny(), np.random.default_rng(0)
    network = MnerQg(config, dropout=0.0).eval()
    randomise(network, 3)
    channels, predictors = config.image.channels[0], {}
    for stride in config.image.strides:
        predictors[f"boxes.{stride}.weight"] = rng.normal(0, 0.3, (4, channels // 2, 1, 1)).astype(np.float32)
        predictors[f"boxes.{stride}.bias"] = rng.normal(0, 0.3, 4).astype(np.float32)
    start_from_detector(network.grounding_head, predictors, config)
    ids, segments, shapes, mask, pixels = random_input(config, 1)
    features = network.image_encoder(pixels)
    output = network(ids, segments, shapes, mask, network.prepare_photos(features), torch.zeros(4, dtype=torch.long))
    found = candidate_boxes(output.candidates, config).reshape(4, -1, 3, 4)
    expected = []
    for v, stride in zip(features, config.image.strides):
        box = torch.nn.functional.conv2d(v[:, channels // 2 :], *(torch.from_numpy(predictors[f"boxes.{stride}.{p}"]) for p in ("weight", "bias")))[0]
        y, x = torch.meshgrid(torch.arange(v.shape[-1]), torch.arange(v.shape[-1]), indexing="ij")
        centre, size = torch.stack([box[0] + x, box[1] + y]) * stride, box[2:].exp() * stride
        expected.append(torch.cat([centre - size / 2, centre + size / 2]).flatten(1).T)
    expected = torch.cat(expected)[None, :, None].expand_as(found)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-3)


@torch.no_grad()
def test_unfolded_norms_change_nothing_and_stand_at_rest():
    config = tiny()
    network = MnerQg(config, dropout=0.0).eval()
    randomise(network, 3)
    *_, pixels = random_input(config, 1)
    features, q = network.image_encoder(pixels), torch.randn(1, config.width, generator=torch.Generator().manual_seed(0))
    photo = torch.zeros(1, dtype=torch.long)
    see = lambda: network.cross_modality.see(network.common_width(features), q, photo)
    before = see()
    unfold_norms(network, [features], lambda n: (q, photo))
    for old, now in zip(before, see()):
        torch.testing.assert_close(now, old, rtol=1e-4, atol=1e-4)
    network.train()
    for old, now in zip(before, see()):
        torch.testing.assert_close(now, old, rtol=1e-4, atol=1e-3)


def test_reads_a_hugging_face_folder(tmp_path):
    from safetensors.torch import save_file

    config = tiny().text
    rng = torch.Generator().manual_seed(0)
    w, f = config.width, config.feedForward
    state = {"bert.embeddings.word_embeddings.weight": (config.vocabulary, w), "bert.embeddings.position_embeddings.weight": (config.positions, w),
             "bert.embeddings.token_type_embeddings.weight": (2, w), "bert.embeddings.LayerNorm.gamma": (w,), "bert.embeddings.LayerNorm.beta": (w,),
             "bert.pooler.dense.weight": (w, w), "cls.predictions.bias": (config.vocabulary,)}
    for i in range(config.layers):
        for part, shape in (("attention.self.query", (w, w)), ("attention.self.key", (w, w)), ("attention.self.value", (w, w)),
                            ("attention.output.dense", (w, w)), ("attention.output.LayerNorm", (w,)), ("intermediate.dense", (f, w)),
                            ("output.dense", (w, f)), ("output.LayerNorm", (w,))):
            state[f"bert.encoder.layer.{i}.{part}.weight"] = shape
            state[f"bert.encoder.layer.{i}.{part}.bias"] = shape[:1]
    tensors = {k: torch.randn(v, generator=rng) for k, v in state.items()}
    save_file(tensors, tmp_path / "model.safetensors")
    encoder = TextEncoder(config)
    load_hugging_face(encoder, tmp_path)
    assert torch.equal(encoder.layers[1].feed_forward.down.weight, tensors["bert.encoder.layer.1.output.dense.weight"])
    assert torch.equal(encoder.embeddings.norm.bias, tensors["bert.embeddings.LayerNorm.beta"])
    assert set(from_hugging_face(tensors)) == set(encoder.state_dict()) - {"embeddings.shape.weight"}
    del tensors["bert.encoder.layer.1.output.dense.weight"]
    save_file(tensors, tmp_path / "model.safetensors")
    with pytest.raises(ValueError, match="layers.1.feed_forward.down.weight"):
        load_hugging_face(encoder, tmp_path)


def write_darknet(path, encoder, rng, detector_outputs=255):
    """A weights file in Darknet's own order and format, by hand."""
    numbers = []

    def unit(outputs, inputs, kernel):
        values = [rng.standard_normal(outputs), rng.standard_normal(outputs), rng.standard_normal(outputs), rng.random(outputs) + 0.5,
                  rng.standard_normal(outputs * inputs * kernel * kernel)]
        numbers.extend(values)
        return values

    def all_of(*modules):
        return [unit(u.conv.out_channels, u.conv.in_channels, u.conv.kernel_size[0]) for m in modules for u in m.modules() if isinstance(u, DarknetConv)]

    w = encoder.stem.conv.out_channels
    first = all_of(encoder.stem, encoder.stages, encoder.level1)
    for width, parts in ((16 * w, (encoder.lateral1, encoder.level2)), (8 * w, (encoder.lateral2, encoder.level3)), (4 * w, ())):
        unit(2 * width, width, 3)
        numbers.extend([rng.standard_normal(detector_outputs), rng.standard_normal(2 * width * detector_outputs)])
        last = all_of(*parts)
        if last:
            final = last[-1]
    data = np.concatenate(numbers).astype(np.float32)
    path.write_bytes(struct.pack("<iiiq", 0, 2, 0, 32013312) + data.tobytes())
    return first, final, len(data)


def test_reads_yolov3_weights(tmp_path):
    encoder = Darknet53Fpn(tiny("darknet53-fpn").image)
    first, final, total = write_darknet(tmp_path / "yolov3.weights", encoder, np.random.default_rng(0))
    used = load_darknet(encoder, tmp_path / "yolov3.weights")
    assert used < total  # the last detector is not ours
    bias, scale, mean, variance, kernel = (torch.from_numpy(v.astype(np.float32)) for v in first[0])
    assert torch.equal(encoder.stem.norm.bias, bias) and torch.equal(encoder.stem.norm.weight, scale)
    assert torch.equal(encoder.stem.conv.weight.flatten(), kernel)
    assert torch.equal(encoder.level3.layers[4].conv.weight.flatten(), torch.from_numpy(final[4].astype(np.float32)))
    truncated = (tmp_path / "yolov3.weights").read_bytes()[: total * 2]
    (tmp_path / "short.weights").write_bytes(truncated[: len(truncated) // 4 * 4])
    with pytest.raises(ValueError, match="truncated"):
        load_darknet(encoder, tmp_path / "short.weights")


def test_config_round_trip():
    for config in (mini(), base(), tiny(), tiny_one_way()):
        assert Config.from_dict(__import__("json").loads(config.to_json())) == config
    with pytest.raises(ValueError, match="unknown image encoder"):
        MnerQg(Config(image=ImageConfig(kind="resnet")))


@pytest.fixture
def one_way():
    network = MnerQg(tiny_one_way(), dropout=0.0)
    randomise(network, 3)
    return network.eval()


@torch.no_grad()
def test_a_question_says_the_same_of_a_photo_whatever_it_is_put_to(one_way):
    ids, segments, shapes, mask, pixels = random_input(one_way.config, 1)
    photo = one_way.encode_image(pixels)
    out = one_way(ids, segments, shapes, mask, photo, torch.zeros(4, dtype=torch.long))
    # Rows 0 and 2 ask the same of two sentences.
    assert torch.equal(out.candidates[0], out.candidates[2]) and torch.equal(out.none[0], out.none[2])
    assert not torch.allclose(out.candidates[0], out.candidates[1]) and not torch.allclose(out.existence[0], out.existence[2])
    alone = one_way.ask(one_way.read(*(t[:, :6] for t in (ids, segments, shapes, mask))))
    together = MnerQg(one_way.config, dropout=0.0).eval()
    together.ask_one_way(None)
    together.load_state_dict(one_way.state_dict())
    torch.testing.assert_close(together.ask(together.read(*(t[:, :6] for t in (ids, segments, shapes, mask)))), alone)


@torch.no_grad()
def test_reading_one_way_is_reading_one_row_at_a_time(one_way):
    ids, segments, shapes, mask, pixels = random_input(one_way.config, 1)
    photo, rows = one_way.encode_image(pixels), [ids, segments, shapes, mask]
    whole = one_way(*rows, photo, torch.tensor([0, -1, 0, 0]))
    for row in range(4):
        size = int(mask[row].sum())
        cut = [t[row : row + 1, :size] for t in rows]
        own = one_way(*cut) if row == 1 else one_way(*cut, photo, torch.zeros(1, dtype=torch.long))
        for name in ("start", "end"):
            torch.testing.assert_close(getattr(own, name)[0], getattr(whole, name)[row, :size], rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(own.existence[0], whole.existence[row], rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_lower_layers_hear_of_no_question_and_questions_of_no_sentence(one_way):
    ids, segments, shapes, mask, _ = random_input(one_way.config, 1)
    asked = segments[0] == 0
    other = ids.clone()
    other[0, 1:3] += 1  # another question
    inputs = []
    layer = one_way.text_encoder.layers[one_way.config.oneWay.sharedLayers].attention
    hook = layer.query.register_forward_hook(lambda module, given, _: inputs.append(given[0][0]))
    one_way(ids[:1], segments[:1], shapes[:1], mask[:1])
    one_way(other[:1], segments[:1], shapes[:1], mask[:1])
    hook.remove()
    # Each time the question's own reading, then the sentence's.
    assert torch.equal(inputs[1], inputs[3]) and not torch.equal(inputs[0], inputs[2])
    told = ids.clone()
    told[0, asked.sum() + 1] += 1
    before, after = one_way.read(ids, segments, shapes, mask), one_way.read(told, segments, shapes, mask)
    torch.testing.assert_close(before.question, after.question)
    assert not torch.allclose(before.hidden[0], after.hidden[0])


def test_one_way_settings_that_cannot_be(one_way):
    for setting, said in ((OneWayConfig(2), "sharedLayers"), (OneWayConfig(-1), "sharedLayers"), (OneWayConfig(1, 17), "sentenceStart"), (OneWayConfig(1, 0), "sentenceStart")):
        with pytest.raises(ValueError, match=said):
            one_way.ask_one_way(setting)
