"""The network: static embeddings, one layer over word triples, pooling, a small head."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True)
class Shape:
    """Sizes of a network and which inputs it uses."""

    width: int
    triples: int
    hidden: int
    pair: bool
    lengths: bool


def masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    return (values * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1.0)


class Network(nn.Module):
    """Scores token ids. Masks have shape [batch, tokens, 1]; parts are first (question) and last (what is judged)."""

    def __init__(self, shape: Shape, table: np.ndarray, dropout: float = 0.2) -> None:
        super().__init__()
        self.shape = shape
        self.embedding = nn.Embedding.from_pretrained(torch.from_numpy(table), freeze=False)
        self.before = nn.Linear(shape.width, shape.triples)
        self.here = nn.Linear(shape.width, shape.triples, bias=False)
        self.after = nn.Linear(shape.width, shape.triples, bias=False)
        pooled = shape.width + 2 * shape.triples
        if shape.pair:
            pooled += 3 * shape.width + shape.triples
        if shape.lengths:
            pooled += 4 if shape.pair else 2
        self.hidden = nn.Linear(pooled, shape.hidden)
        self.out = nn.Linear(shape.hidden, 1)
        if shape.lengths:
            self.length = nn.Linear(4 if shape.pair else 2, 1, bias=False)
            nn.init.zeros_(self.length.weight)
        self.dropout = nn.Dropout(dropout)
        self.word_dropout = nn.Dropout1d(dropout / 2)

    def forward(self, ids: Tensor, first: Tensor, last: Tensor, lengths: Tensor) -> Tensor:
        words = self.word_dropout(self.embedding(ids).to(torch.float32))
        words = words * (first + last)
        padded = F.pad(words, (0, 0, 1, 1))
        triples = self.before(padded[:, :-2]) + self.here(words) + self.after(padded[:, 2:])
        triples = F.relu(triples)
        mean = masked_mean(words, last)
        parts = [mean, masked_mean(triples, last), (triples * last).amax(dim=1)]
        if self.shape.pair:
            other = masked_mean(words, first)
            parts += [other, mean * other, (mean - other).abs(), masked_mean(triples, first)]
        features = self.dropout(torch.cat(parts, dim=1))
        if not self.shape.lengths:
            return self.out(F.relu(self.hidden(features))).squeeze(1)
        size = self._length_features(lengths)
        hidden = F.relu(self.hidden(torch.cat([features, size], dim=1)))
        return (self.out(hidden) + self.length(size)).squeeze(1)

    def _length_features(self, lengths: Tensor) -> Tensor:
        logs = (torch.log1p(lengths) - 4.0) / 2.0
        if not self.shape.pair:
            logs = logs[:, :1]
        return torch.cat([logs, logs * logs], dim=1)
