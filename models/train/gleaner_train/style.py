"""What the style role learns from: answers of many models and of people to the same prompts."""

import random
from collections import defaultdict

from gleaner_train.fit import Stage, Stages
from gleaner_train.groups import Group, balance_length, draw, taught_groups
from gleaner_train.inputs import Layout
from gleaner_train.records import Data, Record, clean, key, share

OWN = "vicuna"
DEV = 0.1
TEACHER = Layout(128, "head_tail", begin=[101], end=[102])
STUDENT = Layout(256, "head_tail", begin=[2], end=[3])


def records(data: Data, development: bool) -> list[Record]:
    """Answers without repetitions of the same text for the same instruction, split by instruction."""
    seen: set[str] = set()
    found = []
    for record in data.read("style/style_answers"):
        identity = key(record["instruction"], record["answer"])
        if identity not in seen and clean(record["answer"]):
            seen.add(identity)
            if (share(key(record["instruction"])) < DEV) == development:
                found.append(record)
    return found


def contrasts(data: Data, development: bool) -> list[Group]:
    """Each other family's answer against the own family's answer to the same prompt that is nearest in length."""
    by_prompt: dict[str, list[Record]] = defaultdict(list)
    for record in records(data, development):
        by_prompt[key(record["instruction"])].append(record)
    groups = []
    for _, answers in sorted(by_prompt.items()):
        own = [clean(record["answer"]) for record in answers if record["family"] == OWN]
        for record in answers if own else []:
            if record["family"] != OWN:
                text = clean(record["answer"])
                nearest = min(own, key=lambda answer: abs(len(answer) - len(text)))
                groups.append(Group("", (nearest, text), (1.0, 0.0), 1.0, True, record["family"]))
    return groups


def teacher_stages(data: Data, rng: random.Random) -> Stages:
    pairs = balance_length(draw(contrasts(data, development=False), 1500, rng))
    return [Stage(pairs, 1, batch=12, rate=1e-3, base_rate=5e-5)]


def asked(data: Data, rng: random.Random) -> list[Group]:
    """What the teacher gives its opinion on, for the student to learn."""
    return draw(contrasts(data, development=False), 1500, rng)


def stages(data: Data, rng: random.Random, taught: list[Group]) -> Stages:
    groups = balance_length(contrasts(data, development=False)) + taught_groups(taught)
    return [Stage(groups, passes=1, batch=32, rate=2e-3, base_rate=2e-3, distillation=1.0)]


def evaluations(data: Data) -> dict[str, list[Group]]:
    return {"style held-out prompts": contrasts(data, development=True)}
