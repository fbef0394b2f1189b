"""Training examples: candidates of one prompt with their scores."""

import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from gleaner_train.records import Record, clean, key, prompt_of, read, share


@dataclass(frozen=True)
class Group:
    """Candidates that compete. `absolute`: scores are levels in 0..1, not only an order."""

    prompt: str
    candidates: tuple[str, ...]
    scores: tuple[float, ...]
    weight: float = 1.0
    absolute: bool = False
    source: str = ""


Corruption = Callable[[str, random.Random], str]


def read_groups(path: Path) -> list[Group]:
    """Reads a file of human scored groups."""
    return [
        Group(
            prompt=clean(record.get("question") or ""),
            candidates=tuple(clean(candidate) for candidate in record["candidates"]),
            scores=tuple(record["scores"]),
            absolute=True,
            source=str(record["id"]),
        )
        for record in read(path)
    ]


def read_pairs(path: Path, taken: set[str]) -> list[Group]:
    """Reads preference pairs, leaving out repetitions and prompts in `taken`."""
    seen: set[str] = set()
    groups = []
    for record in read(path):
        prompt, chosen, rejected = prompt_of(record), clean(record["chosen"]), clean(record["rejected"])
        identity = key(prompt, *sorted([chosen, rejected]))
        if key(prompt) in taken or identity in seen or key(chosen) == key(rejected):
            continue
        seen.add(identity)
        groups.append(Group(prompt, (chosen, rejected), (1.0, 0.0), source=record["source"]))
    return groups


def prompts(path: Path) -> set[str]:
    """Keys of all prompts in a file of pairs or groups."""
    return {key(prompt_of(record) if "instruction" in record else clean(record["question"])) for record in read(path)}


def sample(groups: list[Group], share_kept: Callable[[Group], float], rng: random.Random) -> list[Group]:
    """Keeps each group with its own probability."""
    return [group for group in groups if rng.random() < share_kept(group)]


def balance_length(pairs: list[Group]) -> list[Group]:
    """Weights pairs so that within a source length tells less about which one was chosen."""
    longer: dict[str, int] = defaultdict(int)
    total: dict[str, int] = defaultdict(int)
    for pair in pairs:
        total[pair.source] += 1
        longer[pair.source] += _longer_won(pair)
    balanced = []
    for pair in pairs:
        odds = (longer[pair.source] + 1) / (total[pair.source] + 2)
        own = odds if _longer_won(pair) else 1 - odds
        balanced.append(replace(pair, weight=pair.weight * min(2.0, 0.5 / own)))
    return balanced


def _longer_won(pair: Group) -> bool:
    return len(pair.candidates[0]) > len(pair.candidates[1])


def held_out(groups: list[Group], part: float) -> tuple[list[Group], list[Group]]:
    """Splits by picture into training and held-out groups; ids of answer groups are `picture#turn`."""
    inside = [group for group in groups if share(group.source.split("#")[0]) >= part]
    return inside, [group for group in groups if share(group.source.split("#")[0]) < part]


def corrupted(group: Group, corruption: Corruption, rng: random.Random, weight: float) -> Group | None:
    """The best candidate against a spoilt copy of itself."""
    best = group.candidates[group.scores.index(max(group.scores))]
    worse = corruption(best, rng)
    if key(worse) == key(best):
        return None
    return Group(group.prompt, (best, worse), (1.0, 0.0), weight, source="corruption")


def mismatched(groups: list[Group], rng: random.Random, weight: float) -> list[Group]:
    """Each group's best answer against the best answer to another question."""
    order = list(range(len(groups)))
    rng.shuffle(order)
    bests = [group.candidates[group.scores.index(max(group.scores))] for group in groups]
    return [
        Group(group.prompt, (bests[i], bests[j]), (1.0, 0.0), weight, source="mismatch")
        for i, (group, j) in enumerate(zip(groups, order, strict=True))
        if key(group.prompt) != key(groups[j].prompt) and key(bests[i]) != key(bests[j])
    ]


def style_records(path: Path) -> list[Record]:
    """Style answers without repetitions of the same text for the same instruction."""
    seen: set[str] = set()
    records = []
    for record in read(path):
        identity = key(record["instruction"], record["answer"])
        if identity not in seen and clean(record["answer"]):
            seen.add(identity)
            records.append(record)
    return records
