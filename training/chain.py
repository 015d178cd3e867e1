"""A linear chain over tags: partition function, posteriors, best path. Always in float32.

Shapes: emissions (B, W, K) for W words, mask (B, W), transitions (K, K) from → to, first (K) for the start of a sentence.
"""
from __future__ import annotations

import torch

FORBIDDEN = -1e4
TAGS = ("O", "B-PER", "I-PER", "B-LOC", "I-LOC", "B-ORG", "I-ORG", "B-OTHER", "I-OTHER")


def forbidden_moves() -> tuple[torch.Tensor, torch.Tensor]:
    """I-x may only follow B-x or I-x: what is added to transitions and to the first step."""
    moves, first = torch.zeros(len(TAGS), len(TAGS)), torch.zeros(len(TAGS))
    for b, to in enumerate(TAGS):
        if to[0] == "I":
            first[b] = FORBIDDEN
            for a, before in enumerate(TAGS):
                if before[2:] != to[2:]:
                    moves[a, b] = FORBIDDEN
    return moves, first


def log_partition(emissions, mask, transitions, first):
    """(B,): the log of the sum over all paths."""
    alpha = first + emissions[:, 0]
    for t in range(1, emissions.shape[1]):
        step = torch.logsumexp(alpha[:, :, None] + transitions, 1) + emissions[:, t]
        alpha = torch.where(mask[:, t, None], step, alpha)
    return torch.logsumexp(alpha, 1)


def posteriors(emissions, mask, transitions, first):
    """(B, W, K) the probability of every tag of every word, and (B, 4) that of each type being named at all."""
    with torch.enable_grad():
        leaf = emissions.detach().requires_grad_(True)
        whole = log_partition(leaf, mask, transitions.detach(), first.detach())
        (tags,) = torch.autograd.grad(whole.sum(), leaf)
    with torch.no_grad():
        exists = []
        for begin in (1, 3, 5, 7):  # without B-x no x: the share of the paths that is left is that of tweets without x
            without = emissions.detach().clone()
            without[:, :, begin] = FORBIDDEN
            exists.append(1 - (log_partition(without, mask, transitions, first) - whole).exp())
    return tags, torch.stack(exists, 1).clamp(0, 1)


@torch.no_grad()
def best_paths(emissions, mask, transitions, first) -> list[list[int]]:
    """The most likely tags of each sentence (Viterbi)."""
    score, back = first + emissions[:, 0], []
    for t in range(1, emissions.shape[1]):
        best, come = (score[:, :, None] + transitions).max(1)
        here = mask[:, t, None]
        score = torch.where(here, best + emissions[:, t], score)
        back.append(torch.where(here, come, torch.arange(come.shape[1])[None]))
    paths = []
    for row in range(len(emissions)):
        tag = int(score[row].argmax())
        path = [tag]
        for come in reversed(back):
            tag = int(come[row, tag])
            path.append(tag)
        paths.append(path[::-1][: int(mask[row].sum())])
    return paths
