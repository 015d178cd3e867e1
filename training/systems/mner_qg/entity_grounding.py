"""A box for each name: every name found asks for itself, on top of what its type's question was answered.

The head says by how much a name's own words shift each place's chance and that of «not in the photo». Everything that
decides the shift ends in zeros at the start: then every name gets exactly its type's answer.
"""
from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from .config import Config

CLASSES = 80
GEOMETRY = 8  # left, top, right, bottom, centre (2) in [-1, 1] of the photo; width and height as parts of it
RANKS = 6  # of one place among the places: see `ranks`
FACTS = 16  # of one name in one photo: see `facts`
SEEN = 16  # what the classes are brought to
KEYS = 32  # of the look at the sentence
HIDDEN = 64


class EntityGrounding(nn.Module):
    def __init__(self, config: Config):
        super().__init__()
        d, d_t = config.width, config.text.width
        self.score = nn.Linear(d_t, 1)  # which of the name's own pieces speak for it
        self.key = nn.Linear(d_t, KEYS)
        self.query = nn.Linear(2 * d_t, KEYS)  # what the name looks for in its sentence
        self.mention = nn.Linear(4 * d_t, d)
        self.own = nn.Linear(2 * d, d)  # Z: zero at the start
        self.classes = nn.Linear(CLASSES, SEEN)
        self.place = nn.Linear(GEOMETRY + SEEN + RANKS, d)
        self.wanted = nn.Linear(d, d)
        self.beta = nn.Parameter(torch.zeros(1))
        self.hidden = nn.Linear(2 * d, HIDDEN)
        self.shift = nn.Linear(HIDDEN, 1)
        self.none_hidden = nn.Linear(d + SEEN + FACTS, HIDDEN)
        self.none_shift = nn.Linear(HIDDEN, 1)
        self.price = nn.Parameter(torch.zeros(1))  # of two names on one place, in nats
        for layer in (self.own, self.shift, self.none_shift):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def mentions(self, rows, sentence, first, last):
        """rows (N, L, d_t): H'' of the sequence that found each name; sentence (N, L): its pieces. Gives m: (N, d)."""
        place = torch.arange(rows.shape[1], device=rows.device)[None]
        inside = (place >= first[:, None]) & (place <= last[:, None])
        at = torch.arange(len(rows), device=rows.device)
        ends = torch.cat([rows[at, first], rows[at, last]], -1)
        own = self.score(rows).squeeze(-1).masked_fill(~inside, -1e4).softmax(-1)
        look = torch.einsum("nk,nlk->nl", self.query(ends), self.key(rows)) * KEYS**-0.5
        context = look.masked_fill(~sentence | inside, -1e4).softmax(-1)
        pooled = torch.einsum("nl,nld->nd", own, rows), torch.einsum("nl,nld->nd", context, rows)
        return self.mention(torch.cat([ends, *pooled], -1))

    def forward(self, m, q, cells, geometry, classes, ranks, facts, scene):
        """m, q (N, d); cells (N, J, d): what the type's question was matched against there; facts (N, 12); scene (N, 80).

        Gives the shifts, in nats: (N, J) of the places and (N,) of «not in the photo».
        """
        e = q + self.own(torch.cat([m, q], -1))
        what = cells + self.place(torch.cat([geometry, self.classes(classes), ranks], -1))
        match = torch.einsum("nd,njd->nj", self.wanted(e), what) * cells.shape[-1] ** -0.5
        both = torch.cat([e[:, None] * what, what], -1)
        shift = self.beta * match + self.shift(F.relu(self.hidden(both))).squeeze(-1)
        none = self.none_shift(F.relu(self.none_hidden(torch.cat([e, self.classes(scene), facts], -1)))).squeeze(-1)
        return shift, none


def shifted(chances, none, named, shift, none_shift):
    """(N, J), (N,) and their shifts → the same chances after it. Shifts of exactly zero change not a bit.

    What the question did not name itself comes on top of one, before and after: a shift moves chances about and makes none.
    """
    some, nothing = shift.exp() - 1, none_shift.exp() - 1
    whole = 1 + (chances * ~named).sum(-1)
    total = (1 + ((chances * some).sum(-1) + none * nothing) / whole).clamp(min=1e-6)
    return chances * (1 + some) / total[:, None], none * (1 + nothing) / total
