"""PromptMNER (Wang et al., 2022), small: prompts that fit the photo become clues beside the words."""
from __future__ import annotations

import torch
from torch.nn import functional as F

from ..multimodal.config import Config, tiny
from ..multimodal.system import PhotoSystem
from .decode import all_spans, decode, gold_of
from .model import PromptMner
from .prompts import PROMPTS

NONE = 0.4  # weight of a span that is no name
KEPT = 0.3  # share of those that a step looks at
FIRING = 0.1  # weight of the loss that asks the prompts for what is seen


class PromptMnerSystem(PhotoSystem):
    name = "prompt-mner"
    network = PromptMner
    presets = {"mini": lambda: Config(system="prompt-mner", width=192, prompts=PROMPTS),
               "tiny": lambda: tiny("prompt-mner", prompts=PROMPTS[:20], maxSpanWords=6)}

    def start(self, model, shelf):
        with torch.no_grad():
            model.head.bank.copy_(shelf.embedded(list(model.config.prompts)))

    def loss(self, model, text, photo, rng):
        index = all_spans(text.examples, model.config.maxSpanWords)
        gold = gold_of(text.examples, index)
        chosen = [n for n, label in enumerate(gold) if label or rng.random() < KEPT]
        logits = model.read(text.hidden, text.mask, torch.from_numpy(index[chosen]), photo).float()
        weight = torch.full((logits.shape[1],), 1.0)
        weight[0] = NONE
        loss = F.cross_entropy(logits, torch.from_numpy(gold[chosen]), weight)
        # Prompts fire for what is seen: those nearest to what a word or a region is must outweigh the rest.
        seen = photo.regions_there.any(1)
        weights, fit = model.head.score(photo)
        firing = loss * 0
        if seen.any():
            wanted = (fit[seen].amax(-1) * 10).softmax(-1).detach()
            given = weights[seen][:, : wanted.shape[1]]
            firing = -(wanted * (given / given.sum(1, keepdim=True)).clamp(min=1e-8).log()).sum(1).mean()
        return loss + FIRING * firing, {"spans": float(loss.detach()), "firing": float(firing.detach())}

    def names(self, model, text, photo):
        index = all_spans(text.examples, model.config.maxSpanWords)
        return decode(text.examples, index, model.read(text.hidden, text.mask, torch.from_numpy(index), photo))

    def outputs(self, model, inputs, record):
        first = inputs["first"].bool()
        index = spans_of(first, model.config.maxSpanWords)
        with record():
            photo = self.photo_of(model, inputs)
            hidden = model.text_encoder(inputs["ids"], inputs["segments"], inputs["shapes"], inputs["mask"])
            logits = model.read(hidden, inputs["mask"], index, photo)
        evidence = model.evidence(hidden, inputs["mask"], photo)
        return self.seen(photo) | {"input.spans": index, "output.spans": logits, "text_only.spans": model.read(hidden, inputs["mask"], index)} | {
            f"evidence.{k}": v for k, v in evidence.items()}


def spans_of(first: torch.Tensor, most: int) -> torch.Tensor:
    """(N, 4), as `all_spans`, from which pieces begin words."""
    out = []
    for row in range(len(first)):
        starts = first[row].nonzero().squeeze(1).tolist()
        out += [(row, a, b, j) for i, a in enumerate(starts) for j, b in enumerate(starts[i : i + most])]
    return torch.tensor(out)


SYSTEM = PromptMnerSystem()
