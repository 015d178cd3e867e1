"""Readers for CoNLL tweets and their boxes, captions and photos. Missing and broken photos are survived and counted."""
from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from .detokenise import join_tokens

# What the corpora call their types, in ours; None = not an entity of any of our four questions as they are asked.
TYPES = {
    "PER": "PER", "PERSON": "PER", "LOC": "LOC", "LOCATION": "LOC", "ORG": "ORG", "OTHER": "OTHER", "MISC": "OTHER",
    "CORPORATION": "ORG", "GROUP": "ORG", "PRODUCT": "OTHER", "CREATIVE-WORK": "OTHER",
}


@dataclass
class Tweet:
    id: str
    tokens: list[str]
    tags: list[str]
    text: str = ""
    offsets: list[tuple[int, int]] = field(default_factory=list)  # of each token in text

    def __post_init__(self):
        if not self.text:
            self.text, self.offsets = join_tokens(self.tokens)


def normalise_tag(tag: str, types: dict[str, str] = TYPES) -> str:
    """`I-location` → `I-LOC`; MISC is OTHER; the L- and U- of BILOU are I- and B-."""
    if len(tag) < 3 or tag[1] != "-":
        return "O"
    kind = types.get(tag[2:].upper())
    return f"{ {'L': 'I', 'U': 'B'}.get(tag[0], tag[0])}-{kind}" if kind else "O"


def read_conll(path: str | Path, types: dict[str, str] = TYPES) -> list[Tweet]:
    """Any CoNLL: token first, tag last, blank line between sentences; an `IMGID:` line names the photo."""
    tweets: list[Tweet] = []
    tokens: list[str] = []
    tags: list[str] = []
    identity = ""

    def finish():
        nonlocal tokens, tags, identity
        if tokens:
            tweets.append(Tweet(identity or str(len(tweets)), tokens, tags))
        tokens, tags, identity = [], [], ""

    for line in Path(path).read_text(encoding="utf-8", errors="replace").split("\n"):
        line = line.rstrip("\r")
        if not line.strip():
            finish()
        elif line.startswith("IMGID:"):
            finish()
            identity = line[6:].strip()
        elif not line.startswith("-DOCSTART-"):
            columns = line.split("\t") if "\t" in line else line.rsplit(" ", 1)
            if len(columns) >= 2 and columns[0].strip():
                tokens.append(columns[0].strip())
                tags.append(normalise_tag(columns[-1].strip(), types))
    finish()
    return tweets


def entity_spans(tags: list[str], lenient: bool = True) -> list[tuple[int, int, str]]:
    """(first token, last token + 1, type). Lenient starts an entity also at an `I-` with no `B-` before it."""
    spans, start, kind = [], None, ""
    for i, tag in enumerate([*tags, "O"]):
        prefix, name = (tag[0], tag[2:]) if tag != "O" else ("O", "")
        if start is not None and (prefix != "I" or name != kind):
            spans.append((start, i, kind))
            start = None
        if prefix == "B" or (lenient and prefix == "I" and start is None):
            start, kind = i, name
    return spans


def read_boxes(path: str | Path) -> dict:
    return json.loads(Path(path).read_text())


def read_captions(path: str | Path) -> dict[str, str]:
    rows = (line.split("\t", 1) for line in Path(path).read_text(encoding="utf-8").splitlines() if "\t" in line)
    return {identity: caption for identity, caption in rows}


class Photos:
    """Opens photos by path; a missing or broken one gives None and is counted."""

    def __init__(self, folder: str | Path):
        self.folder = Path(folder)
        self.troubles: Counter[str] = Counter()

    def open(self, name: str):
        """Upright 8-bit RGB array, alpha over white."""
        from PIL import Image, ImageOps

        path = self.folder / name
        if not path.exists():
            self.troubles["missing"] += 1
            return None
        try:
            with Image.open(path) as image:
                image = ImageOps.exif_transpose(image)
                if image.mode in ("RGBA", "LA", "P"):
                    image = image.convert("RGBA")
                    ground = Image.new("RGBA", image.size, (255, 255, 255, 255))
                    image = Image.alpha_composite(ground, image)
                return np.asarray(image.convert("RGB"))
        except Exception:  # a photo can be broken in any way a decoder knows
            self.troubles["broken"] += 1
            return None
