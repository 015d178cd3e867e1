"""The registry of systems: a name, and where it lives. A system is imported when it is asked for."""
from __future__ import annotations

from importlib import import_module

from .system import System

SYSTEMS = {
    "mner-qg": "mner_qg",
    "bert-crf": "bert_crf",
    "basic-model": "basic_model",
    "mm-ner-model": "mm_ner_model",
    "umt": "umt",
    "umgf": "umgf",
    "prompt-mner": "prompt_mner",
    "mqspn": "mqspn",
}
DEFAULT = "mner-qg"


def find_system(name: str) -> System:
    if name not in SYSTEMS:
        raise ValueError(f"unknown system {name!r}: one of {', '.join(SYSTEMS)}")
    return import_module(f"{__name__}.{SYSTEMS[name]}").SYSTEM
