"""The training loop: ranking within groups plus regression on absolute scores."""

import copy
import logging
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from gleaner_train.groups import Group
from gleaner_train.inputs import Encoded, Encoder, Layout
from gleaner_train.network import Network

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Stage:
    """One pass or more over a list of groups."""

    groups: list[Group]
    passes: int
    batch: int
    rate: float
    embedding_rate: float
    regression: float = 1.0
    dropout: float | None = None  # instead of the recipe's
    layout: Layout | None = None  # shorter inputs than the role's, for speed


@dataclass(frozen=True)
class Item:
    """A group, encoded."""

    inputs: list[Encoded]
    scores: tuple[float, ...]
    weight: float
    absolute: bool


def encode(groups: list[Group], encoder: Encoder, pair: bool) -> list[Item]:
    """Encodes groups; every distinct text is tokenised once."""
    firsts = sorted({encoder.cut_question(group.prompt) for group in groups}) if pair else []
    lasts = sorted({encoder.cut_last(text) for group in groups for text in group.candidates})
    first_ids = dict(zip(firsts, encoder.tokens(firsts), strict=True))
    last_ids = dict(zip(lasts, encoder.tokens(lasts), strict=True))
    items = []
    for group in groups:
        tokens = [last_ids[encoder.cut_last(text)] for text in group.candidates]
        if pair:
            question = first_ids[encoder.cut_question(group.prompt)]
            inputs = [encoder.assemble(question, answer) for answer in tokens]
        else:
            inputs = [encoder.assemble(text) for text in tokens]
        items.append(Item(inputs, group.scores, group.weight, group.absolute))
    return items


def collate(inputs: list[Encoded], pair: bool) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Pads inputs to one length and makes the masks of both parts."""
    longest = max(len(one.ids) for one in inputs)
    ids = torch.zeros(len(inputs), longest, dtype=torch.int64)
    first = torch.zeros(len(inputs), longest, 1)
    last = torch.zeros(len(inputs), longest, 1)
    for row, one in enumerate(inputs):
        ids[row, : len(one.ids)] = torch.tensor(one.ids)
        segments = torch.tensor(one.segments, dtype=torch.float32)
        last[row, : len(one.ids), 0] = segments if pair else 1.0
        first[row, : len(one.ids), 0] = 1.0 - segments if pair else 0.0
    lengths = torch.tensor([one.lengths for one in inputs], dtype=torch.float32)
    return ids, first, last, lengths


def loss_of(raw: Tensor, items: list[Item], regression: float) -> Tensor:
    """-log sigmoid of each ordered pair's difference, averaged by group, and cross-entropy with absolute scores."""
    losses, place, total = [], 0, 0.0
    for item in items:
        own = raw[place : place + len(item.scores)]
        place += len(item.scores)
        scores = torch.tensor(item.scores)
        better = scores[:, None] > scores[None, :]
        if better.any():
            losses.append(item.weight * -F.logsigmoid((own[:, None] - own[None, :])[better]).mean())
        if item.absolute:
            losses.append(item.weight * regression * F.binary_cross_entropy_with_logits(own, scores))
        total += item.weight
    return torch.stack(losses).sum() / total


def batches(items: list[Item], size: int, rng: random.Random) -> Iterator[list[Item]]:
    """Random batches of items of similar length, so that little is padding."""
    order = items[:]
    rng.shuffle(order)
    block = size * 32
    made = []
    for start in range(0, len(order), block):
        part = sorted(order[start : start + block], key=lambda item: max(len(one.ids) for one in item.inputs))
        made += [part[at : at + size] for at in range(0, len(part), size)]
    rng.shuffle(made)
    yield from made


def fit(network: Network, encoder: Encoder, stages: list[Stage], seed: int) -> Network:
    """Runs the stages one after the other; the result averages the weights over the last steps."""
    rng = random.Random(seed)
    for number, stage in enumerate(stages, start=1):
        shorter = encoder.with_layout(stage.layout or encoder.layout)
        items = encode(stage.groups, shorter, network.shape.pair)
        network = _run(network, items, stage, rng, f"stage {number}")
    return network.eval()


def _run(network: Network, items: list[Item], stage: Stage, rng: random.Random, name: str) -> Network:
    table = [network.embedding.weight]
    rest = [p for n, p in network.named_parameters() if not n.startswith("embedding")]
    optimizer = torch.optim.Adam([{"params": table, "lr": stage.embedding_rate}, {"params": rest, "lr": stage.rate}])
    steps = stage.passes * -(-len(items) // stage.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, [stage.embedding_rate, stage.rate], total_steps=steps + 1, pct_start=0.1
    )
    if stage.dropout is not None:
        network.dropout.p = stage.dropout
    averaged = copy.deepcopy(network)
    start, step, recent = time.monotonic(), 0, 0.0
    network.train()
    for _ in range(stage.passes):
        for batch in batches(items, stage.batch, rng):
            inputs = [one for item in batch for one in item.inputs]
            loss = loss_of(network(*collate(inputs, network.shape.pair)), batch, stage.regression)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(rest, 1.0)
            optimizer.step()
            schedule.step()
            step += 1
            recent += (loss.item() - recent) / min(step, 100)
            _average(averaged, network, min(0.98, step / (step + 10)), every=8 if step % 8 == 0 else 0)
            if step % 100 == 0 or step == steps:
                log.info("%s step %d/%d loss %.4f %.0f s", name, step, steps, recent, time.monotonic() - start)
    return averaged


@torch.no_grad()
def _average(averaged: Network, network: Network, decay: float, every: int) -> None:
    if every:
        for mean, value in zip(averaged.parameters(), network.parameters(), strict=True):
            mean.lerp_(value, 1.0 - decay**every)


@torch.no_grad()
def score(network: Network, inputs: list[Encoded], batch: int = 64) -> list[float]:
    """Raw scores by the network itself, in the order of the inputs."""
    network.eval()
    order = sorted(range(len(inputs)), key=lambda i: len(inputs[i].ids))
    raws = [0.0] * len(inputs)
    for start in range(0, len(order), batch):
        part = order[start : start + batch]
        values = network(*collate([inputs[i] for i in part], network.shape.pair))
        for i, value in zip(part, values.tolist(), strict=True):
            raws[i] = value
    return raws
