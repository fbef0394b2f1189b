"""The student: static embeddings, layers over neighbouring tokens, pooling, a small head. No attention."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True)
class Shape:
    """Sizes of a network and which inputs it uses."""

    width: int  # of a token's embedding
    layers: int  # over each token and its two neighbours; 0: a bag of words
    units: int  # of such a layer
    hidden: int
    pair: bool  # a question and an answer, else one text
    lengths: bool


def masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    return (values * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1.0)


def length_features(lengths: Tensor, pair: bool) -> Tensor:
    """Logarithms of the true token counts, around 0, and their squares."""
    logs = (torch.log1p(lengths) - 4.0) / 2.0
    if not pair:
        logs = logs[:, :1]
    return torch.cat([logs, logs * logs], dim=1)


class Neighbours(nn.Module):
    """A layer over each token with the one before and the one after it."""

    def __init__(self, inputs: int, units: int) -> None:
        super().__init__()
        self.before = nn.Linear(inputs, units)
        self.here = nn.Linear(inputs, units, bias=False)
        self.after = nn.Linear(inputs, units, bias=False)

    def forward(self, words: Tensor) -> Tensor:
        padded = F.pad(words, (0, 0, 1, 1))
        return F.relu(self.before(padded[:, :-2]) + self.here(words) + self.after(padded[:, 2:]))


class Network(nn.Module):
    """Scores token ids. Masks have shape [batch, tokens, 1]; parts are first (question) and last (what is judged)."""

    def __init__(self, shape: Shape, table: np.ndarray, dropout: float = 0.2) -> None:
        super().__init__()
        self.shape = shape
        self.pair = shape.pair
        self.embedding = nn.Embedding.from_pretrained(torch.from_numpy(table), freeze=False)
        sizes = [shape.width] + [shape.units] * shape.layers
        self.layers = nn.ModuleList(Neighbours(*pair) for pair in zip(sizes, sizes[1:], strict=False))
        pooled = shape.width + 2 * shape.units * (shape.layers > 0)
        if shape.pair:
            self.sought = nn.Linear(shape.width, 1)
            self.offered = nn.Linear(shape.width, 1)
            pooled += 3 * shape.width + shape.units * (shape.layers > 0) + 2
        if shape.lengths:
            pooled += 4 if shape.pair else 2
            self.length = nn.Linear(4 if shape.pair else 2, 1, bias=False)
            nn.init.zeros_(self.length.weight)
        self.hidden = nn.Linear(pooled, shape.hidden)
        self.out = nn.Linear(shape.hidden, 1)
        self.dropout = nn.Dropout(dropout)
        self.word_dropout = nn.Dropout1d(dropout / 2)

    def pretrained(self) -> list[nn.Parameter]:
        """The token embeddings."""
        return [self.embedding.weight]

    def forward(self, ids: Tensor, first: Tensor, last: Tensor, lengths: Tensor) -> Tensor:
        both = first + last
        words = self.word_dropout(self.embedding(ids).to(torch.float32)) * both
        runs = words
        for number, layer in enumerate(self.layers):
            found = layer(runs)
            runs = (runs + found if number else found) * both
        mean = masked_mean(words, last)
        parts = [mean]
        if self.layers:
            parts += [masked_mean(runs, last), (runs * last).amax(dim=1)]
        if self.pair:
            other = masked_mean(words, first)
            parts += [other, mean * other, (mean - other).abs()]
            if self.layers:
                parts.append(masked_mean(runs, first))
            parts += self._matches(words, first, last)
        if not self.shape.lengths:
            return self.out(F.relu(self.hidden(self.dropout(torch.cat(parts, dim=1))))).squeeze(1)
        size = length_features(lengths, self.pair)
        hidden = F.relu(self.hidden(torch.cat([self.dropout(torch.cat(parts, dim=1)), size], dim=1)))
        return (self.out(hidden) + self.length(size)).squeeze(1)

    def _matches(self, words: Tensor, first: Tensor, last: Tensor) -> list[Tensor]:
        """How well the question's words are met by their nearest in the answer, and the answer's in the question;
        words count by a learned weight."""
        unit = words / (words.square().sum(dim=2, keepdim=True) + 1e-6).sqrt()
        end = int((first[:, :, 0] > 0).sum(dim=1).max())  # the question stands first
        near = (unit[:, :end] @ unit.transpose(1, 2)) * first[:, :end] * last.transpose(1, 2)
        found = []
        for part, best, weigh in (
            (first[:, :end], near.amax(dim=2).unsqueeze(2), self.sought),
            (last, near.amax(dim=1).unsqueeze(2), self.offered),
        ):
            weight = torch.sigmoid(weigh(words[:, : part.shape[1]])) * part
            found.append((best.clamp(min=0.0) * weight).sum(dim=1) / (weight.sum(dim=1) + 1e-3))
        return found
