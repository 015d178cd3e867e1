"""What a system is: everything that training, evaluation, export, golden vectors and the bench ask of it."""
from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable

import torch
from torch import nn

from ..loop import Recipe

Tensors = dict[str, torch.Tensor]


@dataclass
class Graph:
    """One ONNX file of the bench: its network, example inputs, the outputs' names, and which of their axes vary."""

    name: str
    network: nn.Module
    inputs: Tensors
    outputs: list[str]
    axes: dict[str, dict[int, str]]


class System:
    name: str
    presets: dict[str, Callable[[], Any]]  # configs by name
    committed: tuple[str, ...] = ("tiny",)  # presets whose golden vectors lie in test/fixtures
    needs: str | None = None  # the system whose weights and encoders an add-on is read with

    def read_config(self, plain: dict) -> Any:
        raise NotImplementedError

    def build(self, config, dropout: float = 0.1) -> nn.Module:
        raise NotImplementedError

    # --- training: `python -m training.train --system NAME`
    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Options of its own, and defaults for those that all systems have."""

    def recipe(self, args: argparse.Namespace) -> Recipe:
        raise NotImplementedError

    # --- `python -m training.evaluate`
    def evaluate(self, model: nn.Module, data: Path, reader, settings: dict | None = None) -> dict:
        raise NotImplementedError

    def summary(self, report: dict) -> str:
        raise NotImplementedError

    # --- `python -m training.export`: what decoding needs, and the figures of the model card
    def describe(self, report: dict, config: dict) -> dict:
        """Adds to `config` what decoding needs of the report; gives `calibration` and `metrics`."""
        raise NotImplementedError

    # --- `python -m training.golden`
    def boundaries(self, model: nn.Module) -> dict[str, nn.Module]:
        """The modules whose outputs are golden vectors, by name."""
        raise NotImplementedError

    def example(self, config, seed: int) -> Tensors:
        """Random inputs, named as the golden vectors name them behind `input.`."""
        raise NotImplementedError

    def outputs(self, model: nn.Module, inputs: Tensors, record: Callable[[], Any]) -> Tensors:
        """Runs the whole network on the inputs. Inside `with record():` every boundary is written down."""
        raise NotImplementedError

    # --- `bench/models/export.py`
    def graphs(self, model: nn.Module) -> list[Graph]:
        return []
