"""Words that stand for what a photo shows: a closed list, found in captions, embedded by an untouched sentence encoder.

Closed, because 18 % of the captions repeat a word of a name that is to be found: whatever is not in the list is not seen.
"""
from __future__ import annotations

import re

import numpy as np
import torch

from ...data.photos import COCO_CLASSES
from ...data.text import TextReader
from ...data.views import OTHER_WORDS

PEOPLE = ("man men woman women boy girl people person player players child children lady guy guys crowd kid baby fan fans singer "
          "couple").split()
SCENES = ("stadium field court stage concert street building city house room kitchen restaurant beach ocean river mountain forest park "
          "road bridge tower church school office store market airport station garden sky sunset snow crowd game match race parade "
          "protest wedding party meeting interview speech award logo sign poster text screenshot map flag uniform suit dress hat "
          "jersey helmet trophy medal microphone guitar football basketball baseball soccer hockey tennis newspaper magazine "
          "painting cartoon statue food coffee beer wine ice water tree flower").split()
CLASS_OF = {name: name for name in COCO_CLASSES} | {
    word: name for name, words in OTHER_WORDS.items() for word in words if " " not in word} | {word: "person" for word in PEOPLE}
VOCABULARY = sorted({*CLASS_OF, *SCENES})
PHRASE = re.compile("|".join(rf"\b{re.escape(w)}(?:s|es)?\b" for w in sorted(VOCABULARY, key=len, reverse=True)))


def seen_words(caption: str) -> list[str]:
    """The words of the closed list that a caption holds, each once, in order."""
    found = []
    for match in PHRASE.finditer(caption.lower()):
        word = match.group()
        for form in (word, word[:-1], word[:-2]):
            if form in CLASS_OF or form in SCENES:
                found.append(form)
                break
    return list(dict.fromkeys(found))


@torch.no_grad()
def embed(encoder, reader: TextReader, phrases: list[str]) -> torch.Tensor:
    """(n, d_t): mean of the encoder's states over the phrase's pieces, marks included, as sentence encoders of this kind do."""
    encoder.eval()
    out = []
    for phrase in phrases:
        ids = torch.tensor([[reader.cls, *reader.query(phrase), reader.sep]])
        hidden = encoder(ids, torch.zeros_like(ids), torch.zeros_like(ids), torch.ones_like(ids))
        out.append(hidden.mean(1))
    return torch.nn.functional.normalize(torch.cat(out), dim=-1)


def is_person(word: str) -> bool:
    return CLASS_OF.get(word) == "person"


def classes_of(words: list[str]) -> set[str]:
    return {CLASS_OF[w] for w in words if w in CLASS_OF}


def noise(rng: np.random.Generator, shape, scale: float = 0.1) -> torch.Tensor:
    """Words learn to stand for regions only if they are as blurred as regions are (train on text, look at photos)."""
    return torch.from_numpy(rng.normal(0, scale, shape).astype(np.float32))
