"""Texts of our own about imagined pictures: questions, good answers, and answers that are certainly worse."""

import json
import random
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from gleaner_train.groups import Group

_SCENES = Path(__file__).parent / "scenes"


@dataclass(frozen=True)
class Turn:
    """A question with its answer; the same in too many words; what answers something else; what says nothing."""

    question: str
    answer: str
    padded: str
    beside: str
    nonsense: str


@cache
def scenes() -> list[list[Turn]]:
    """The turns of each picture, from scenes/*.jsonl."""
    lines = [line for path in sorted(_SCENES.glob("*.jsonl")) for line in path.read_text(encoding="utf-8").splitlines()]
    return [[Turn(**turn) for turn in json.loads(line)["turns"]] for line in lines]


def answers(most: int) -> list[Group]:
    """Good answers with their questions, no more than fit the other data."""
    every = [Group(turn.question, (turn.answer,), (1.0,), source="scene") for turns in scenes() for turn in turns]
    return every[:most]


def faults(weight: float, most: int) -> list[Group]:
    """Each answer against its worse forms and the answers to the other questions about the picture."""
    made = []
    for turns in scenes():
        for turn in turns:
            others = tuple(other.answer for other in turns if other is not turn)
            worse = (turn.padded, turn.beside, turn.nonsense, *others)
            made.append(Group(turn.question, (turn.answer, *worse), (1.0,) + (0.0,) * len(worse), weight, source="scene"))
    return made[:most]


def questions(most: int, rng: random.Random) -> list[Group]:
    """Each question, alone and with others about its picture."""
    alone = [turn.question for turns in scenes() for turn in turns]
    lists = ["\n".join(turn.question for turn in rng.sample(turns, rng.randint(2, len(turns)))) for turns in scenes()]
    return [Group("", (text,), (1.0,), source="scene") for text in (alone + lists)[:most]]
