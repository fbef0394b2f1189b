"""A transformer over tokens: the pretrained teachers, and narrow students of the same form."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gleaner_train.network import length_features, masked_mean

POSITIONS = 512


@dataclass(frozen=True)
class Depth:
    """Sizes of a transformer and which inputs it uses. `width` is that of its layers, `embedding` that of its tokens."""

    layers: int
    width: int
    heads: int
    inner: int
    embedding: int
    pair: bool
    lengths: bool


class Layer(nn.Module):
    """Self-attention and a feed-forward network, each followed by normalisation, as in BERT."""

    def __init__(self, shape: Depth) -> None:
        super().__init__()
        self.heads = shape.heads
        self.query = nn.Linear(shape.width, shape.width)
        self.key = nn.Linear(shape.width, shape.width)
        self.value = nn.Linear(shape.width, shape.width)
        self.mix = nn.Linear(shape.width, shape.width)
        self.mix_norm = nn.LayerNorm(shape.width, eps=1e-12)
        self.expand = nn.Linear(shape.width, shape.inner)
        self.shrink = nn.Linear(shape.inner, shape.width)
        self.norm = nn.LayerNorm(shape.width, eps=1e-12)

    def forward(self, words: Tensor, mask: Tensor, dropout: nn.Dropout) -> Tensor:
        batch, tokens, width = words.shape
        split = (batch, tokens, self.heads, width // self.heads)
        query, key, value = (
            part(words).view(split).transpose(1, 2) for part in (self.query, self.key, self.value)
        )
        attended = F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        attended = attended.transpose(1, 2).reshape(batch, tokens, width)
        words = self.mix_norm(words + dropout(self.mix(attended)))
        return self.norm(words + dropout(self.shrink(F.gelu(self.expand(words)))))


class Transformer(nn.Module):
    """Scores token ids. Masks have shape [batch, tokens, 1]; parts are first (question) and last (what is judged)."""

    def __init__(self, shape: Depth, tokens: int, dropout: float = 0.1) -> None:
        super().__init__()
        self.shape = shape
        self.embedding = nn.Embedding(tokens, shape.embedding)
        self.widen = nn.Linear(shape.embedding, shape.width) if shape.embedding != shape.width else nn.Identity()
        self.position = nn.Embedding(POSITIONS, shape.width)
        self.part = nn.Embedding(2, shape.width)
        self.embedding_norm = nn.LayerNorm(shape.width, eps=1e-12)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.layers))
        pooled = shape.width * (2 if shape.pair else 1)
        sizes = (4 if shape.pair else 2) if shape.lengths else 0
        self.hidden = nn.Linear(pooled + sizes, shape.width)
        self.out = nn.Linear(shape.width, 1)
        self.dropout = nn.Dropout(dropout)
        nn.init.normal_(self.position.weight, std=0.02)
        nn.init.zeros_(self.part.weight)
        self.pair = shape.pair
        self._own = {"hidden", "out"}

    def pretrained(self) -> list[nn.Parameter]:
        """Everything but the head."""
        return [value for name, value in self.named_parameters() if name.split(".")[0] not in self._own]

    def forward(self, ids: Tensor, first: Tensor, last: Tensor, lengths: Tensor) -> Tensor:
        batch, tokens = ids.shape
        places = torch.arange(tokens)
        words = self.widen(self.embedding(ids).to(torch.float32)) + self.position(places)
        if self.shape.pair:
            words = words + self.part(last[:, :, 0].long())
        words = self.dropout(self.embedding_norm(words))
        mask = ((first + last)[:, None, None, :, 0] > 0).expand(batch, 1, tokens, tokens)
        for layer in self.layers:
            words = layer(words, mask, self.dropout)
        parts = [masked_mean(words, last)]
        if self.shape.pair:
            parts.append(masked_mean(words, first))
        if self.shape.lengths:
            parts.append(length_features(lengths, self.shape.pair))
        hidden = F.gelu(self.hidden(self.dropout(torch.cat(parts, dim=1))))
        return self.out(hidden).squeeze(1)


def from_bert(shape: Depth, weights: dict[str, Tensor], dropout: float = 0.1) -> Transformer:
    """Builds a transformer on the first layers of a pretrained BERT of the same width."""
    network = Transformer(shape, len(weights["embeddings.word_embeddings.weight"]), dropout)
    kinds = weights["embeddings.token_type_embeddings.weight"]
    state = {
        "embedding.weight": weights["embeddings.word_embeddings.weight"],
        "position.weight": weights["embeddings.position_embeddings.weight"],
        "part.weight": kinds[:1].repeat(2, 1),
        "embedding_norm.weight": weights["embeddings.LayerNorm.weight"],
        "embedding_norm.bias": weights["embeddings.LayerNorm.bias"],
    }
    names = {
        "query": "attention.self.query",
        "key": "attention.self.key",
        "value": "attention.self.value",
        "mix": "attention.output.dense",
        "mix_norm": "attention.output.LayerNorm",
        "expand": "intermediate.dense",
        "shrink": "output.dense",
        "norm": "output.LayerNorm",
    }
    for number in range(shape.layers):
        for own, theirs in names.items():
            for part in ("weight", "bias"):
                state[f"layers.{number}.{own}.{part}"] = weights[f"encoder.layer.{number}.{theirs}.{part}"]
    missing = network.load_state_dict(state, strict=False).unexpected_keys
    assert not missing, missing
    return network
