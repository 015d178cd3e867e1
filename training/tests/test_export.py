"""Runs that stop and go on, checkpoints read as data, add-ons that carry only what is their own."""
import json
import random

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from training.export import export, own_weights, read_checkpoint
from training.golden import randomise
from training.low_rank import add_low_rank, merged
from training.model_folder import with_deltas
from training.loop import Plan, Recipe, run
from training.run import Run
from training.systems import find_system


def tiny_run(name, reader):
    system = find_system(name)
    model = system.build(system.presets["tiny"](), dropout=0.0).eval()
    randomise(model, 7)
    return Run(system, model, reader)


def test_a_checkpoint_is_read_whatever_its_wrapper(tmp_path, reader):
    made = tiny_run("bert-crf", reader)
    (tmp_path / "config.json").write_text(made.model.config.to_json())
    (tmp_path / "vocab.txt").write_text("\n".join(reader.vocabulary))
    state = {f"module.{k}": v for k, v in made.model.state_dict().items()}
    torch.save({"step": 3, "model": state, "optimiser": {}}, tmp_path / "x.pt")
    read = read_checkpoint(tmp_path / "x.pt", tmp_path / "config.json", tmp_path / "vocab.txt", None)
    assert all(torch.equal(v, made.model.state_dict()[k]) for k, v in read.model.state_dict().items())
    del state["module.crf.start"]
    torch.save(state, tmp_path / "x.pt")
    with pytest.raises(ValueError, match="crf.start"):
        read_checkpoint(tmp_path / "x.pt", tmp_path / "config.json", tmp_path / "vocab.txt", None)
    torch.save({"model": state, "code": Plan}, tmp_path / "x.pt")  # more than data
    with pytest.raises(Exception, match="[Ww]eights.only"):
        read_checkpoint(tmp_path / "x.pt", tmp_path / "config.json", tmp_path / "vocab.txt", None)


@pytest.mark.parametrize("name", ["bert-crf", "basic-model"])
def test_an_add_on_leaves_out_what_it_shares(tmp_path, reader, name):
    made = tiny_run(name, reader)
    export(made, None, tmp_path, name, "1.0.0")
    names = set(load_file(tmp_path / "model.safetensors"))
    shared = any(n.startswith(("text_encoder.", "image_encoder.", "crf.")) for n in names)
    assert shared == (name == "bert-crf")
    assert json.loads((tmp_path / "config.json").read_text())["system"] == name
    assert ("needs" in json.loads((tmp_path / "description.json").read_text())) == (name != "bert-crf")


class Line(Recipe):
    """Fits a line; may be stopped after so many steps."""

    def __init__(self, stop=None):
        torch.manual_seed(0)
        self.learns, self.rng, self.left, self.looks = nn.Linear(1, 1), random.Random(0), stop, 0

    def groups(self):
        return [{"params": list(self.learns.parameters()), "lr": 0.1, "weight_decay": 0.0}]

    def epoch(self):
        return [self.rng.random() for _ in range(10)]

    def loss(self, x):
        if self.left == 0:
            raise KeyboardInterrupt
        self.left = None if self.left is None else self.left - 1
        loss = (self.learns(torch.tensor([x])) - 2 * x - 1).square().sum()
        return loss, {"line": float(loss.detach())}

    def look(self, average, final):
        self.looks += 1
        return {"weight": float(average.weight)}


def test_a_stopped_run_goes_on_to_the_same_weights(tmp_path):
    whole, cut, rest = Line(), Line(stop=20), Line()
    run(whole, Plan(tmp_path / "whole", epochs=4))
    with pytest.raises(KeyboardInterrupt):
        run(cut, Plan(tmp_path / "cut", epochs=4))
    history = run(rest, Plan(tmp_path / "cut", epochs=4))
    assert torch.equal(rest.learns.weight, whole.learns.weight) and len(history) == 4 and rest.looks == 2


def test_a_run_of_no_time_ends_at_once_and_is_looked_at(tmp_path):
    line = Line()
    assert len(run(line, Plan(tmp_path, epochs=1000, minutes=1e-9))) == 1 and line.looks == 1


def test_an_add_on_over_a_base_brings_only_what_the_base_has_not(reader):
    """The base holds the encoder to the last bit; what was learnt beside it are deltas, biases and the tagger."""
    torch.manual_seed(0)
    made = tiny_run("bert-crf", reader)
    base = {k: v.numpy().copy() for k, v in made.model.text_encoder.state_dict(prefix="text_encoder.").items()}
    learns = add_low_rank(made.model.text_encoder, 2)
    with torch.no_grad():
        for parameter in learns:
            parameter.add_(0.1 * torch.randn(parameter.shape))
    plain, deltas = merged(made.model.state_dict())
    other = tiny_run("bert-crf", reader)
    other.model.load_state_dict(plain)
    own = own_weights(other, base, deltas)
    assert not any(k in own for k in base if k.endswith(("query.weight", "up.weight", "word.weight", "position.weight")))
    assert {"tagger.weight", "crf.start", "text_encoder.layers.0.attention.query.bias", "text_encoder.layers.1.feed_forward.up.low_rank.up"} <= set(own)
    # Put together again they are the run.
    whole = with_deltas(base | {k: v.numpy() for k, v in own.items()})
    assert set(whole) == set(plain)
    assert all(np.allclose(whole[k], v.numpy(), atol=1e-5) for k, v in plain.items())


def test_a_head_is_refused_over_another_tagger(reader):
    made = tiny_run("basic-model", reader)
    base = {k: v.numpy() for k, v in made.model.state_dict().items() if k.startswith(made.model.SHARED)}
    own = own_weights(made, base, {})
    assert set(own) == {k for k in made.model.state_dict() if k.startswith(("head.", "eyes."))}
    with pytest.raises(ValueError, match="tagger.weight"):
        own_weights(made, base | {"tagger.weight": -base["tagger.weight"]}, {})
