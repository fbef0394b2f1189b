"""Training examples: candidates of one prompt with their scores."""

import random
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

from gleaner_train.corrupt import Spoiler
from gleaner_train.duplicates import NearDuplicates
from gleaner_train.records import Record, clean, key, prompt_of


@dataclass(frozen=True)
class Group:
    """Candidates that compete. `absolute`: scores are levels in 0..1, not only an order. `taught`: the teacher's say."""

    prompt: str
    candidates: tuple[str, ...]
    scores: tuple[float, ...]
    weight: float = 1.0
    absolute: bool = False
    source: str = ""
    taught: tuple[float, ...] = ()

    @property
    def best(self) -> str:
        return self.candidates[self.scores.index(max(self.scores))]


MOST = 4  # negatives made of one group, on average


def read_groups(records: Iterable[Record]) -> list[Group]:
    """Reads human scored groups."""
    return [
        Group(
            prompt=clean(record.get("question") or ""),
            candidates=tuple(clean(candidate) for candidate in record["candidates"]),
            scores=tuple(record["scores"]),
            absolute=True,
            source=str(record["id"]),
        )
        for record in records
    ]


def read_pairs(records: Iterable[Record]) -> list[Group]:
    """Reads preference pairs."""
    return [
        Group(prompt_of(record), (clean(record["chosen"]), clean(record["rejected"])), (1.0, 0.0), source=record["source"])
        for record in records
    ]


def distinct(pairs: list[Group], taken: NearDuplicates) -> list[Group]:
    """Leaves out near-duplicates and prompts like those in `taken`."""
    seen = NearDuplicates()
    return [
        pair
        for pair in pairs
        if key(pair.candidates[0]) != key(pair.candidates[1])
        and not taken.knows(pair.prompt)
        and not seen.add("\n".join([pair.prompt, *sorted(pair.candidates)]))
    ]


def prompts(*files: Iterable[Record]) -> NearDuplicates:
    """All prompts in files of pairs or groups, to keep their like out of training."""
    known = NearDuplicates()
    for records in files:
        for record in records:
            known.add(prompt_of(record) if "instruction" in record else clean(record["question"]))
    return known


def draw(groups: list[Group], size: int, rng: random.Random) -> list[Group]:
    """Draws `size` groups, or all in random order if there are fewer."""
    return rng.sample(groups, min(size, len(groups)))


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


def picture(group: Group) -> str:
    """The picture of a scored group; ids of answer groups are `picture#turn`."""
    return group.source.split("#")[0]


def spoilt(
    groups: list[Group], spoilers: list[Spoiler], size: int, weight: float, rng: random.Random
) -> list[Group]:
    """`size` times the best candidate of a group against a spoilt copy of itself, by each of the spoilers in turn."""
    made: list[Group] = []
    for number in range(min(size, MOST * len(groups))):
        group = groups[rng.randrange(len(groups))]
        worse = spoilers[number % len(spoilers)](group.best, rng)
        if worse.strip() != group.best.strip():
            made.append(Group(group.prompt, (group.best, worse), (1.0, 0.0), weight, source="spoilt"))
    return made


def mismatched(groups: list[Group], size: int, weight: float, rng: random.Random) -> list[Group]:
    """`size` times a group's best answer against the best answer to another question, the nearest in length of a few."""
    made = []
    for _ in range(min(size, MOST * len(groups))):
        group, *others = rng.sample(groups, min(7, len(groups)))
        others = [other for other in others if key(other.prompt) != key(group.prompt)]
        other = min(others, key=lambda one: abs(len(one.best) - len(group.best)), default=group)
        if key(other.best) != key(group.best):
            made.append(Group(group.prompt, (group.best, other.best), (1.0, 0.0), weight, source="mismatch"))
    return made


def turned(groups: list[Group], weight: float, rng: random.Random) -> list[Group]:
    """Each group's best answer against the best answer to another question about the same picture."""
    turns: dict[str, list[Group]] = defaultdict(list)
    for group in groups:
        turns[picture(group)].append(group)
    made = []
    for group in groups:
        others = [other for other in turns[picture(group)] if key(other.best) != key(group.best)]
        if others:
            other = rng.choice(others)
            made.append(Group(group.prompt, (group.best, other.best), (1.0, 0.0), weight, source="mismatch"))
    return made


def taught_groups(groups: list[Group]) -> list[Group]:
    """Groups of which only the teacher's opinion counts, each candidate alone."""
    return [
        Group(group.prompt, (text,), (0.0,), source="taught", taught=(raw,))
        for group in groups
        for text, raw in zip(group.candidates, group.taught, strict=True)
    ]
