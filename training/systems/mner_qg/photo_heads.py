"""Two small heads that judge the photo as a whole: does it belong to this text, and what kind of picture is it."""
from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from .config import Config
from ...encoders.nanodet import BOX, CLASSES

KINDS = ("photo", "drawing", "screenshot", "lettering")
MEETING = 64


def summary_width(config: Config) -> int:
    """Of a photo's summary: the means of the towers at every scale, and the likeliest cell of every class."""
    return sum(c - CLASSES - BOX for c in config.image.channels) + CLASSES


class Relatedness(nn.Module):
    """(P, summary) and (P, d_t), the mean of the sentence's rows under the first question → a logit each."""

    def __init__(self, config: Config):
        super().__init__()
        self.image = nn.Linear(summary_width(config), MEETING)
        self.text = nn.Linear(config.text.width, MEETING)
        self.weigh = nn.Linear(3 * MEETING, 1)

    def forward(self, image, text):
        a, b = torch.tanh(self.image(image)), torch.tanh(self.text(text))
        return self.weigh(torch.cat([a * b, a, b], -1)).squeeze(-1)


class ImageKind(nn.Module):
    def __init__(self, config: Config):
        super().__init__()
        self.hidden = nn.Linear(summary_width(config), 32)
        self.kinds = nn.Linear(32, len(KINDS))

    def forward(self, image):
        return self.kinds(F.relu(self.hidden(image)))
