"""The teacher: a fine-tuned MiniLM-L6 whose opinion on many texts the student learns."""

import json
import random
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean

import torch

from gleaner_train import base, fit
from gleaner_train.groups import Group
from gleaner_train.inputs import Encoder
from gleaner_train.recipes import Recipe
from gleaner_train.records import Data
from gleaner_train.transformer import Depth, Transformer, from_bert

LAYERS, WIDTH, HEADS, INNER = 6, 384, 12, 1536


@dataclass(frozen=True)
class Teacher:
    """A trained teacher with its tokenizer."""

    network: Transformer
    encoder: Encoder

    def opinions(self, groups: list[Group]) -> list[list[float]]:
        """The teacher's raw score of each candidate of each group."""
        items = fit.encode(groups, self.encoder, self.network.pair)
        raws = iter(fit.score(self.network, [one for item in items for one in item.inputs], batch=16))
        return [[next(raws) for _ in group.candidates] for group in groups]


def train(recipe: Recipe, data: Data, folder: Path, seed: int, layers: int = LAYERS) -> Teacher:
    """Fine-tunes the first `layers` layers; `folder` holds the bases, and checkpoints from which it goes on."""
    torch.manual_seed(seed)
    tokenizer = folder / "teacher-tokenizer.json"
    base.write_teacher_tokenizer(folder, tokenizer)
    encoder = Encoder(tokenizer, recipe.teacher_layout)
    shape = Depth(layers, WIDTH, HEADS, INNER, WIDTH, recipe.shape.pair, recipe.shape.lengths)
    network = from_bert(shape, base.encoder_weights(folder))
    network.embedding.weight.requires_grad_(False)
    stages = recipe.teacher_stages(data, random.Random(seed))
    kept = folder / f"{recipe.role}-teacher-{layers}-{seed}"
    return Teacher(fit.fit(network, encoder, stages, seed, kept), encoder)


def opinions(recipe: Recipe, data: Data, folder: Path, seed: int) -> list[Group]:
    """What the recipe's teachers, trained with as many seeds, on average say of all that they are asked."""
    groups = recipe.asked(data, random.Random(seed))
    each = [_opinion(recipe, data, folder, groups, seed + number) for number in range(recipe.teachers)]
    said = [[mean(raws) for raws in zip(*answers, strict=True)] for answers in zip(*each, strict=True)]
    return [replace(group, taught=tuple(raws)) for group, raws in zip(groups, said, strict=True)]


def _opinion(recipe: Recipe, data: Data, folder: Path, groups: list[Group], seed: int) -> list[list[float]]:
    """One teacher's raw scores, kept in a file so that it is asked once."""
    kept = folder / f"{recipe.role}-opinions-{seed}.json"
    if not kept.exists():
        kept.write_text(json.dumps(train(recipe, data, folder, seed).opinions(groups)))
    return json.loads(kept.read_text())
