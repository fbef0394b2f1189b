"""The training loop: ranking within groups, regression on absolute scores, and a teacher's opinion."""

import copy
import logging
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gleaner_train.groups import Group
from gleaner_train.inputs import Encoded, Encoder, Layout

log = logging.getLogger(__name__)

CLIP = 1.0


class Scoring(Protocol):
    """A network that scores token ids."""

    pair: bool

    def pretrained(self) -> list[nn.Parameter]:
        """The parameters that come from a base and learn at its own rate."""
        ...

    def __call__(self, ids: Tensor, first: Tensor, last: Tensor, lengths: Tensor) -> Tensor: ...


@dataclass(frozen=True)
class Stage:
    """One pass or more over a list of groups."""

    groups: list[Group]
    passes: int
    batch: int
    rate: float
    base_rate: float  # of what was pretrained
    regression: float = 1.0
    distillation: float = 0.0
    dropout: float | None = None  # instead of the recipe's
    layout: Layout | None = None  # shorter inputs than the role's, for speed


Stages = list[Stage | list[Stage]]


@dataclass(frozen=True)
class Item:
    """A group, encoded."""

    inputs: list[Encoded]
    group: Group


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
        items.append(Item(inputs, group))
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


def loss_of(raw: Tensor, items: list[Item], stage: Stage) -> Tensor:
    """-log sigmoid of each ordered pair's difference, averaged by group, cross-entropy with absolute scores, and
    the distance from the teacher's raw scores."""
    losses, place, total = [], 0, 0.0
    for item in items:
        group = item.group
        own = raw[place : place + len(group.candidates)]
        place += len(group.candidates)
        scores = torch.tensor(group.scores)
        better = scores[:, None] > scores[None, :]
        if better.any():
            losses.append(group.weight * -F.logsigmoid((own[:, None] - own[None, :])[better]).mean())
        if group.absolute:
            losses.append(group.weight * stage.regression * F.binary_cross_entropy_with_logits(own, scores))
        if group.taught and stage.distillation:
            distance = F.smooth_l1_loss(own, torch.tensor(group.taught))
            losses.append(group.weight * stage.distillation * distance)
        total += group.weight
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


def fit(network: Any, encoder: Encoder, stages: Stages, seed: int, checkpoints: Path) -> Any:
    """Runs the stages one after the other, resuming after the last finished pass that `checkpoints` holds.

    A list in the place of a stage: each of its stages starts from the same weights, and what they reach is averaged.
    """
    checkpoints.mkdir(parents=True, exist_ok=True)
    for number, stage in enumerate(stages, start=1):
        rivals = stage if isinstance(stage, list) else [stage]
        reached = []
        for letter, rival in zip("abcdefgh", rivals, strict=False):
            kept = checkpoints / f"stage-{number}{letter if len(rivals) > 1 else ''}.pt"
            reached.append(_reach(copy.deepcopy(network), encoder, rival, seed + number, kept))
        network = reached[0]
        for count, other in enumerate(reached[1:], start=2):
            _average(network, other, 1 - 1 / count)
    return network.eval()


def _reach(network: Any, encoder: Encoder, stage: Stage, seed: int, kept: Path) -> Any:
    run = _Run(network, stage, random.Random(seed), f"{kept.parent.name} {kept.stem}")
    if kept.exists():
        run.restore(torch.load(kept, weights_only=False))
    if run.finished < stage.passes:
        items = encode(stage.groups, encoder.with_layout(stage.layout or encoder.layout), network.pair)
        while run.finished < stage.passes:
            run.one_pass(items)
            partial = kept.with_suffix(".partial")
            torch.save(run.state(), partial)
            partial.rename(kept)
    return run.averaged


class _Run:
    """One stage under way. Its result averages the weights over the last steps."""

    def __init__(self, network: Any, stage: Stage, rng: random.Random, name: str) -> None:
        base = network.pretrained()
        known = {id(parameter) for parameter in base}
        rest = [parameter for parameter in network.parameters() if id(parameter) not in known]
        self.network, self.stage, self.rng, self.name = network, stage, rng, name
        self.averaged = copy.deepcopy(network)
        self.optimizer = torch.optim.Adam(
            [{"params": base, "lr": stage.base_rate}, {"params": rest, "lr": stage.rate}]
        )
        self.steps = stage.passes * -(-len(stage.groups) // stage.batch)
        rates = [stage.base_rate, stage.rate]
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer, rates, total_steps=self.steps + stage.passes, pct_start=0.1
        )
        self.finished, self.step, self.recent = 0, 0, 0.0

    def state(self) -> dict[str, Any]:
        return {
            "network": self.network.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "random": (self.rng.getstate(), torch.get_rng_state()),
            "progress": (self.finished, self.step, self.recent),
        }

    def restore(self, state: dict[str, Any]) -> None:
        self.network.load_state_dict(state["network"])
        self.averaged.load_state_dict(state["averaged"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])
        self.rng.setstate(state["random"][0])
        torch.set_rng_state(state["random"][1])
        self.finished, self.step, self.recent = state["progress"]
        log.info("%s goes on after pass %d", self.name, self.finished)

    def one_pass(self, items: list[Item]) -> None:
        if self.stage.dropout is not None:
            self.network.dropout.p = self.stage.dropout
        self.network.train()
        start = time.monotonic()
        for batch in batches(items, self.stage.batch, self.rng):
            inputs = [one for item in batch for one in item.inputs]
            loss = loss_of(self.network(*collate(inputs, self.network.pair)), batch, self.stage)
            self.optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), CLIP)
            self.optimizer.step()
            self.schedule.step()
            self.step += 1
            self.recent += (loss.item() - self.recent) / min(self.step, 100)
            if self.step % 8 == 0:
                _average(self.averaged, self.network, min(0.98, self.step / (self.step + 10)) ** 8)
            if self.step % 100 == 0:
                spent = time.monotonic() - start
                log.info("%s step %d/%d loss %.4f %.0f s", self.name, self.step, self.steps, self.recent, spent)
        self.finished += 1
        log.info("%s pass %d loss %.4f %.0f s", self.name, self.finished, self.recent, time.monotonic() - start)


@torch.no_grad()
def _average(averaged: nn.Module, network: nn.Module, decay: float) -> None:
    for mean, value in zip(averaged.parameters(), network.parameters(), strict=True):
        mean.lerp_(value, 1.0 - decay)


@torch.no_grad()
def score(network: Any, inputs: list[Encoded], batch: int = 64) -> list[float]:
    """Raw scores by the network itself, in the order of the inputs."""
    network.eval()
    order = sorted(range(len(inputs)), key=lambda i: len(inputs[i].ids))
    raws = [0.0] * len(inputs)
    for start in range(0, len(order), batch):
        part = order[start : start + batch]
        values = network(*collate([inputs[i] for i in part], network.pair))
        for i, value in zip(part, values.tolist(), strict=True):
            raws[i] = value
    return raws
