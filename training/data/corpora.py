"""Every labelled set there is: where it lies, what its types are called in ours, which types it annotates at all.

The sets disagree: what is an "other name", whether `@handle` names a person, whether "the" belongs to a name. So the teacher is
told which set a sentence comes from, and the student only learns from a set what the set says in the two main sets' sense.
"""
from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from .readers import TYPES, Tweet, read_conll

ALL = (True, True, True, True)
PEOPLE_PLACES_ORGANISATIONS = (True, True, True, False)
PLACES = (False, True, False, False)

# WNUT-16's ten types. A facility (a stadium, an airport) is a place; bands and singers are mostly people on Twitter's own sets.
WNUT16 = {
    "PERSON": "PER", "MUSICARTIST": "PER", "GEO-LOC": "LOC", "FACILITY": "LOC", "COMPANY": "ORG", "SPORTSTEAM": "ORG",
    "PRODUCT": "OTHER", "MOVIE": "OTHER", "TVSHOW": "OTHER", "OTHER": "OTHER",
}
IDRISI = {kind: "LOC" for kind in ("CITY", "CNTY", "CONT", "CTRY", "DIST", "HPOI", "ISL", "NBHD", "NPOI", "OTHR", "ST", "STAT")}


@dataclass(frozen=True)
class Corpus:
    name: str
    train: str
    dev: str | None
    known: tuple[bool, ...] = ALL  # which of PER, LOC, ORG, OTHER it annotates
    passes: float = 1.0  # how often the teacher reads it in one run
    types: dict[str, str] = field(default_factory=lambda: TYPES, hash=False)
    mend: bool = True  # an I- with no B- before it begins a name (IOB1); Twitter2015's are slips that strict scoring leaves out


CORPORA = (
    Corpus("t15", "twitter2015/train.txt", "twitter2015/valid.txt", passes=3.2, mend=False),
    Corpus("t17", "twitter2017/train.txt", "twitter2017/valid.txt", passes=3.2),
    Corpus("btc", "extra/btc/btc.train", "extra/btc/btc.dev", PEOPLE_PLACES_ORGANISATIONS, 0.8),
    Corpus("wnut17", "extra/wnut17/train.conll", "extra/wnut17/dev.conll", passes=0.7),
    Corpus("wnut16", "extra/wnut16/train.conll", "extra/wnut16/dev.conll", passes=1.0, types=WNUT16),
    Corpus("tweebank", "extra/tweebank/train.bio", "extra/tweebank/dev.bio", passes=1.3),
    Corpus("wikigold", "extra/wikigold/train.conll", None, passes=0.8),
    Corpus("ewt", "extra/uner_ewt/train.conll", "extra/uner_ewt/dev.conll", passes=0.7),
    Corpus("idrisi", "extra/idrisi/train.bilou", "extra/idrisi/dev.bilou", PLACES, 0.08, IDRISI),
)
NAMES = tuple(corpus.name for corpus in CORPORA)


def mend_tags(tags: list[str]) -> list[str]:
    """Every name begins with B-."""
    out: list[str] = []
    for tag in tags:
        goes_on = tag[0] == "I" and out and out[-1] != "O" and out[-1][2:] == tag[2:]
        out.append("B" + tag[1:] if tag[0] == "I" and not goes_on else tag)
    return out


def read_corpus(data: Path, corpus: Corpus, split: str = "train") -> list[Tweet]:
    """The tweets of one split; empty when the file is not there."""
    path = getattr(corpus, split)
    if path is None or not (data / path).exists():
        return []
    tweets = read_conll(data / path, corpus.types)
    return [Tweet(t.id, t.tokens, mend_tags(t.tags)) for t in tweets] if corpus.mend else tweets
