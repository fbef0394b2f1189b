"""What the question role learns from: revised and rated instructions, the paper's scored questions, spoilt ones."""

import random

from gleaner_train import corrupt, scenes
from gleaner_train.fit import Stage, Stages
from gleaner_train.groups import MOST, Group, read_groups, spoilt, taught_groups
from gleaner_train.inputs import Layout
from gleaner_train.records import Data, clean

TEACHER = Layout(160, "head_tail", begin=[101], end=[102])
STUDENT = Layout(256, "head_tail", begin=[2], end=[3])


MIXED = 10  # new question lists of each group


def revised(data: Data) -> list[Group]:
    """Instructions that people improved, and rated ones."""
    found = []
    for record in data.read("labels/question_quality"):
        if record["kind"] == "pair":
            texts = (clean(record["chosen"]), clean(record["rejected"]))
            found.append(Group("", texts, (1.0, 0.0), source="revised"))
        elif record["source"].startswith("arena"):
            level = (float(record["score"]) / 10.0,)
            found.append(Group("", (clean(record["instruction"]),), level, 0.3, True, "rated"))
    return found


def scored(data: Data) -> list[Group]:
    """The paper's questions with their scores, but for groups whose candidates all occur in the dev file."""
    taken = {text for group in read_groups(data.all("align2/question.dev")) for text in group.candidates}
    groups = read_groups(data.read("align2/question.train"))
    return [group for group in groups if not taken.issuperset(group.candidates)]


def teacher_stages(data: Data, rng: random.Random) -> Stages:
    own = scored(data)
    second = own * 3 + spoilt(own, corrupt.QUESTION, 500, 0.2, rng)
    return [
        Stage(revised(data), 1, batch=12, rate=1e-3, base_rate=5e-5),
        Stage(second, 1, batch=8, rate=1e-3, base_rate=5e-5, regression=0.5, dropout=0.2),
    ]


def asked(data: Data, rng: random.Random) -> list[Group]:
    """What the teacher gives its opinion on: the scored questions, others made of the questions about one picture, and our own."""
    own = scored(data)
    mixed = []
    for group in own:
        lines = sorted({line for text in group.candidates for line in text.split("\n") if line.strip()})
        for _ in range(MIXED):
            few = rng.sample(lines, min(len(lines), rng.choice([1, 1, 1, 2, 3, 4, 5])))
            mixed.append(Group("", ("\n".join(few),), (1.0,), source="mixed"))
    turns = [Group("", (clean(record["question"]),), (1.0,), source="turn") for record in data.read("align2/answer.train")]
    return own + mixed + turns + scenes.questions(MOST * len(own), rng)


def specific(groups: list[Group]) -> list[Group]:
    """The scored candidates and each of their questions alone: about one picture, so better than generic ones."""
    texts = {text for group in groups for text in group.candidates}
    lines = {line for text in texts for line in text.split("\n") if line.strip()}
    return [Group("", (text,), (1.0,), source="specific") for text in sorted(texts | lines)]


def stages(data: Data, rng: random.Random, taught: list[Group]) -> Stages:
    own = scored(data)
    good = specific(own) + scenes.questions(MOST * len(own), rng) * 3

    def last(weight: float) -> Stage:
        mix = own * 6 + taught_groups(taught)
        mix += spoilt(own, corrupt.QUESTION, 1200, 0.2, rng) + spoilt(good, corrupt.QUESTION, 18000, weight, rng)
        return Stage(mix, 2, batch=32, rate=2e-3, base_rate=1e-3, regression=0.5, distillation=1.0)

    return [
        Stage(revised(data), passes=2, batch=16, rate=1e-3, base_rate=5e-4),
        [last(0.5), last(0.8), last(1.2)],
    ]


def evaluations(data: Data) -> dict[str, list[Group]]:
    return {"align2 question dev": read_groups(data.all("align2/question.dev"))}
