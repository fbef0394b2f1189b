"""Architectures for the answer role side by side: size, agreement with labels, and time in the daemon's own runtime."""

import os
import random
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import torch

from gleaner_train import base, export, finish, teach
from gleaner_train.figures import Judge
from gleaner_train.fit import Stages, fit
from gleaner_train.groups import Group, draw
from gleaner_train.inputs import Encoder
from gleaner_train.network import Network
from gleaner_train.recipes import Recipe, with_shape
from gleaner_train.records import Data
from gleaner_train.transformer import Depth, Transformer

STUDENTS = {
    "static embeddings, mean": {"layers": 0},
    "1 layer over three tokens": {"layers": 1},
    "2 layers over three tokens": {"layers": 2},
}
NARROW = {"2 layers of attention, 128 wide": 2}
TEACHERS = {"MiniLM, 6 layers, 384 wide (the teacher)": 6}
SHARE = 6  # one in so many of the recipe's examples, for all students alike
RUNS = 3


def compare(recipe: Recipe, data: Data, taught: list[Group], build: Path, program: Path, seed: int) -> str:
    """Trains and measures all, going on where it was, and returns the table."""
    made: dict[str, tuple[Any, Encoder, Recipe]] = {}
    tokenizer = build / "pareto-tokenizer.json"
    base.write_tokenizer(build, tokenizer)
    encoder = Encoder(tokenizer, recipe.layout)
    rng = random.Random(seed)
    stages = _shorter(recipe.stages(data, rng, taught), rng)
    for name, sizes in STUDENTS.items():
        torch.manual_seed(seed)
        own = with_shape(recipe, **sizes)
        network = Network(own.shape, base.embeddings(build, own.shape.width), own.dropout)
        kept = build / "pareto" / f"student-{own.shape.layers}-{own.shape.width}"
        made[name] = fit(network, encoder, stages, seed, kept), encoder, own
    for name, layers in NARROW.items():
        torch.manual_seed(seed)
        network = _narrow(recipe, layers, build)
        made[name] = fit(network, encoder, stages, seed, build / "pareto" / f"narrow-{layers}"), encoder, recipe
    for name, layers in TEACHERS.items():
        teacher = teach.train(recipe, data, build, seed, layers)
        made[name] = teacher.network, teacher.encoder, replace(recipe, layout=recipe.teacher_layout)
    lines = ["| architecture | parameters | align2 answer dev | similar length | pairs dev | lift | µs a sample |", "|---" * 7 + "|"]
    for number, (name, (network, own_encoder, own)) in enumerate(made.items()):
        folder = build / "pareto" / str(number) / recipe.role
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "tokenizer.json").write_bytes(own_encoder.path.read_bytes())
        export.write(network, folder / "model.onnx")
        finish.describe(own, data, folder, own_encoder, fast=True)
        lines.append(_line(name, network, Judge(program, recipe.role, folder), data))
    return "\n".join(lines) + "\n"


def _shorter(stages: Stages, rng: random.Random) -> Stages:
    """The same stages on a share of their examples, the last on half of them; of rivals the first."""
    single = [stage[0] if isinstance(stage, list) else stage for stage in stages]
    shares = [SHARE] * (len(single) - 1) + [2]
    sizes = [len(stage.groups) // share for stage, share in zip(single, shares, strict=True)]
    return [replace(stage, groups=draw(stage.groups, size, rng)) for stage, size in zip(single, sizes, strict=True)]


def _narrow(recipe: Recipe, layers: int, build: Path) -> Transformer:
    width, heads, embedding = 128, 4, recipe.shape.width
    table = base.embeddings(build, embedding)
    shape = Depth(layers, width, heads, 2 * width, embedding, recipe.shape.pair, recipe.shape.lengths)
    network = Transformer(shape, len(table), recipe.dropout)
    network.embedding.weight.data = torch.from_numpy(table)
    return network


def _line(name: str, network: torch.nn.Module, judge: Judge, data: Data) -> str:
    os.environ["GLEANER__SCORING__THREADS"] = "1"
    runs = [judge.files(data.path("align2/answer.dev")) for _ in range(RUNS)]
    del os.environ["GLEANER__SCORING__THREADS"]
    general = judge.files(data.path("pairs/dev"))
    own = runs[0]
    micros = 1e6 / median(run["samples_per_second"] for run in runs)
    size = sum(parameter.numel() for parameter in network.parameters()) / 1e6
    cells = [own["accuracy"], own["similar_length"]["accuracy"], general["accuracy"], own["best_of_n_lift"]]
    return f"| {name} | {size:.1f} M | " + " | ".join(f"{cell:.3f}" for cell in cells) + f" | {micros:.0f} |"
