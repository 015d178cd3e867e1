"""A linear-chain conditional random field over the words of a sentence, whose tags cannot be out of order.

Shapes: B sentences, W words (padded), K tags: O, then B- and I- of each label. Everything is in log space and 32 bits.
"""
from __future__ import annotations

import torch
from torch import nn

FORBIDDEN = -1e4


def constraints(labels: int) -> tuple[torch.Tensor, torch.Tensor]:
    """(K, K) from, to, and (K,) first: −1e4 where an I- would follow anything but its own B- or I-."""
    tags = 1 + 2 * labels
    move, first = torch.zeros(tags, tags), torch.zeros(tags)
    for inside in range(2, tags, 2):
        move[:, inside] = first[inside] = FORBIDDEN
        move[inside - 1, inside] = move[inside, inside] = 0
    return move, first


class Crf(nn.Module):
    def __init__(self, labels: int):
        super().__init__()
        tags = 1 + 2 * labels
        self.transitions = nn.Parameter(torch.zeros(tags, tags))  # from, to
        self.start = nn.Parameter(torch.zeros(tags))
        self.end = nn.Parameter(torch.zeros(tags))
        move, first = constraints(labels)
        self.register_buffer("move", move, persistent=False)  # rules, not weights
        self.register_buffer("first", first, persistent=False)

    def scores(self):
        return self.transitions + self.move, self.start + self.first, self.end

    def log_partition(self, emissions, mask):
        """(B, W, K), (B, W) → (B,): the log of the sum over all sequences of tags of exp(score)."""
        return self.partial(emissions, mask)[0]

    def partial(self, emissions, mask):
        """The partition, and log α (B, W, K): of all beginnings that end in a tag at a word."""
        moves, start, end = self.scores()
        alpha = start + emissions[:, 0]  # (B, K)
        steps = [alpha]
        for w in range(1, emissions.shape[1]):
            after = torch.logsumexp(alpha[:, :, None] + moves, 1) + emissions[:, w]
            alpha = torch.where(mask[:, w, None], after, alpha)
            steps.append(alpha)
        return torch.logsumexp(alpha + end, 1), torch.stack(steps, 1)

    def rest(self, emissions, mask):
        """log β (B, W, K): of all ways to go on behind a tag at a word."""
        moves, _, end = self.scores()
        beta = end.expand(len(emissions), -1)
        steps = [beta]
        for w in range(emissions.shape[1] - 1, 0, -1):
            before = torch.logsumexp(moves + (emissions[:, w] + beta)[:, None], 2)
            beta = torch.where(mask[:, w, None], before, beta)
            steps.append(beta)
        return torch.stack(steps[::-1], 1)

    def loss(self, emissions, mask, allowed):
        """(B,): −log of the share of all sequences that are `allowed` (B, W, K). With one tag a word this is the usual
        likelihood; where a corpus does not annotate a label, O stands for O or that label."""
        held = emissions.masked_fill(~allowed, FORBIDDEN)
        return self.log_partition(emissions, mask) - self.log_partition(held, mask)

    @torch.no_grad()
    def best(self, emissions, mask) -> list[list[int]]:
        """The best sequence of tags of each sentence (Viterbi); of equal ones that with the lower tag."""
        moves, start, end = self.scores()
        score, back = start + emissions[:, 0], []
        for w in range(1, emissions.shape[1]):
            best, come = first_max(score[:, :, None] + moves)
            back.append(come)
            score = torch.where(mask[:, w, None], best + emissions[:, w], score)
        paths = []
        for row, (tag, words) in enumerate(zip((score + end).argmax(1).tolist(), mask.sum(1).tolist())):
            path = [tag]
            for w in range(words - 2, -1, -1):
                path.append(int(back[w][row, path[-1]]))
            paths.append(path[::-1][:words])
        return paths

    @torch.no_grad()
    def span_posterior(self, emissions, mask, spans: list[list[tuple[int, int, int]]]) -> list[list[float]]:
        """The chance of each (first word, last word, label) as a whole name: begun, gone on and ended just there."""
        moves, start, _ = self.scores()
        whole, alpha = self.partial(emissions, mask)
        beta = self.rest(emissions, mask)
        out = []
        for row, wanted in enumerate(spans):
            words, chances = int(mask[row].sum()), []
            for a, b, label in wanted:
                begin, inside = 1 + 2 * label, 2 + 2 * label
                score = emissions[row, a, begin] + (torch.logsumexp(alpha[row, a - 1] + moves[:, begin], 0) if a else start[begin])
                tag = begin
                for w in range(a + 1, b + 1):
                    score = score + moves[tag, inside] + emissions[row, w, inside]
                    tag = inside
                if b + 1 < words:
                    onward = moves[tag] + emissions[row, b + 1] + beta[row, b + 1]
                    onward = onward.clone()
                    onward[inside] = float("-inf")  # one word more is another name
                    score = score + torch.logsumexp(onward, 0)
                else:
                    score = score + self.end[tag]
                chances.append(float((score - whole[row]).exp()))
            out.append(chances)
        return out


def first_max(scores: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """max over axis 1 with the lowest index of equal ones, as a plain loop finds it."""
    best = scores.amax(1)
    return best, (scores == best[:, None]).to(torch.int8).argmax(1)
