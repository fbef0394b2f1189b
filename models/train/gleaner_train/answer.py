"""What the answer role learns from: general preferences, the paper's scored answers, spoilt and misplaced answers."""

import random
from dataclasses import replace
from functools import cache

from gleaner_train import corrupt, scenes
from gleaner_train.duplicates import NearDuplicates
from gleaner_train.fit import Stage, Stages
from gleaner_train.groups import (
    MOST,
    Group,
    balance_length,
    distinct,
    draw,
    mismatched,
    prompts,
    read_groups,
    read_pairs,
    spoilt,
    taught_groups,
    turned,
)
from gleaner_train.inputs import Layout
from gleaner_train.lexicon import Lexicon
from gleaner_train.padding import Remarks
from gleaner_train.records import Data, clean

TEACHER_GENERAL = Layout(176, "head_tail", max_question_tokens=64, begin=[101], separator=[102], end=[102])
TEACHER = replace(TEACHER_GENERAL, max_tokens=320, max_question_tokens=96)
STUDENT = Layout(512, "head_tail", max_question_tokens=192, begin=[2], separator=[3], end=[3])
STUDENT_GENERAL = replace(STUDENT, max_tokens=256, max_question_tokens=96)
STUDENT_SHORT = replace(STUDENT, max_tokens=128, max_question_tokens=48)
DERIVED = "transitive"
TEACHER_SPOILERS = [corrupt.shuffle_span, corrupt.delete_words, corrupt.cut_off, corrupt.loop]


@cache
def taken(data: Data) -> NearDuplicates:
    """The prompts of the dev files, whose like must not be trained on."""
    return prompts(data.all("pairs/dev"), data.all("align2/answer.dev"))


@cache
def general(data: Data) -> list[Group]:
    """Preferences over all kinds of text; derived ones are left out."""
    human = read_pairs(data.read("pairs/train_human"))
    judged = read_pairs(record for record in data.read("pairs/train_llm") if DERIVED not in record["source"])
    return balance_length(distinct(human + [replace(pair, weight=0.7) for pair in judged], taken(data)))


def derived(data: Data, size: int, rng: random.Random) -> list[Group]:
    """Some of the preferences that follow from two others and were not judged themselves."""
    pairs = read_pairs(record for record in data.read("pairs/train_llm") if DERIVED in record["source"])
    few = distinct(draw(pairs, size, rng), taken(data))
    return [replace(pair, weight=0.5 * pair.weight) for pair in balance_length(few)]


def scored(data: Data) -> list[Group]:
    """The paper's answers with their scores."""
    return read_groups(data.read("align2/answer.train"))


def teacher_stages(data: Data, rng: random.Random) -> Stages:
    pairs, own = general(data), scored(data)
    first = draw(pairs, 1500, rng) + mismatched(pairs, 250, 0.5, rng) + spoilt(pairs, TEACHER_SPOILERS, 250, 0.5, rng)
    second = own * 3 + turned(own, 0.3, rng) + mismatched(own, 150, 0.3, rng) + spoilt(own, TEACHER_SPOILERS, 200, 0.3, rng)
    return [
        Stage(first, 1, batch=12, rate=1e-3, base_rate=5e-5, layout=TEACHER_GENERAL),
        Stage(second, 1, batch=4, rate=5e-4, base_rate=4e-5, regression=0.5, layout=TEACHER),
    ]


def exchanges(data: Data) -> list[Group]:
    """Single answers to real questions about pictures, all taken as good."""
    found = []
    for record in data.read("llava/llava_samples"):
        turns = record["conversations"]
        for ask, say in zip(turns[::2], turns[1::2], strict=False):
            if isinstance(say["value"], str):
                found.append(Group(clean(ask["value"]), (clean(say["value"]),), (1.0,), source="llava"))
    return found


def asked(data: Data, rng: random.Random) -> list[Group]:
    """What the teacher gives its opinion on, for the student to learn."""
    own = scored(data)
    return own + recombined(own, 7, rng) + draw(general(data), 700, rng) + draw(exchanges(data), 1500, rng)


def recombined(groups: list[Group], size: int, rng: random.Random) -> list[Group]:
    """For each group, answers made of sentences of its candidates."""
    made = []
    for group in groups:
        pool = [part for text in group.candidates for part in corrupt.sentences(text)]
        texts = [" ".join(rng.sample(pool, min(len(pool), rng.randint(1, 8)))) for _ in range(size)]
        made.append(Group(group.prompt, tuple(texts), (1.0,) * size, source="recombined"))
    return made


def others(data: Data, size: int, rng: random.Random) -> list[Group]:
    """Some answers of models and people to all kinds of instructions, taken as good."""
    every = [
        Group(clean(record["instruction"]), (clean(record["answer"]),), (1.0,), source="style")
        for record in data.read("style/style_answers")
        if clean(record["answer"])
    ]
    return [group for group in draw(every, size, rng) if not taken(data).knows(group.prompt)]


def shortened(groups: list[Group], size: int, rng: random.Random) -> list[Group]:
    """One or two sentences of good answers, with their questions."""
    made = []
    for group in (groups[rng.randrange(len(groups))] for _ in range(min(size, len(groups)))):
        parts = corrupt.sentences(group.best)
        start = rng.randrange(min(3, len(parts)))
        text = " ".join(" ".join(parts[start : start + rng.randint(1, 2)]).split()[:60])
        if len(text) > 12:
            made.append(replace(group, candidates=(text,), scores=(1.0,), absolute=False))
    return made


def stages(data: Data, rng: random.Random, taught: list[Group]) -> Stages:
    pairs, own, real = general(data), scored(data), exchanges(data)
    most = MOST * len(pairs)
    imagined = scenes.answers(most)
    every = pairs + real + own * 10 + imagined * 2
    short = shortened(every + own * 20 + others(data, 30000, rng), 45000, rng) + imagined * 3
    remarks, lexicon = Remarks(short), Lexicon(group.best for group in short)
    senseless = [lexicon.exchange, lexicon.permute]
    order, faults = corrupt.ORDER + senseless * 2, corrupt.ANSWER + senseless
    first = spoilt(short, order, 60000, 1.0, rng) + mismatched(short, 22000, 1.0, rng) + scenes.faults(1.0, most) * 4
    first += remarks.mistaken(14000, 1.0, rng) + remarks.buried(14000, 1.0, rng)
    first += spoilt(short, corrupt.ANSWER, 20000, 1.0, rng)
    second = pairs + derived(data, 6000, rng)
    second += mismatched(pairs, 5000, 0.5, rng) + mismatched(own, 3000, 0.5, rng) + scenes.faults(0.7, most) * 2
    second += spoilt(every, faults, 15000, 0.5, rng) + draw(first, 6000, rng)

    def last(labels: int, negatives: int, weight: float) -> Stage:
        mix = taught_groups(taught) + own * labels + draw(pairs, 1500, rng)
        mix += turned(own, 0.3, rng) + mismatched(own, 900, 0.3, rng) + scenes.faults(weight, most)
        mix += spoilt(own * 10 + real, faults, 1600, 0.3, rng) + spoilt(short, faults, 1000, 0.4, rng)
        mix += mismatched(short, negatives // 2, weight, rng) + remarks.mistaken(negatives // 2, weight, rng)
        mix += remarks.buried(negatives, weight, rng)
        return Stage(mix, 1, batch=16, rate=2e-3, base_rate=1e-4, regression=0.3, distillation=0.7, dropout=0.3)

    return [
        Stage(first, 1, batch=64, rate=2e-3, base_rate=2e-3, layout=STUDENT_SHORT),
        Stage(second, 1, batch=32, rate=1.5e-3, base_rate=1e-3, layout=STUDENT_GENERAL),
        [last(4, 3000, 0.5), last(9, 2000, 0.4), last(9, 4500, 0.6)],
    ]


def evaluations(data: Data) -> dict[str, list[Group]]:
    pairs = read_pairs(data.all("pairs/dev"))
    human = {record["source"] for record in data.all("pairs/train_human")}
    return {
        "align2 answer dev": read_groups(data.all("align2/answer.dev")),
        "pairs dev, human judges": [pair for pair in pairs if pair.source in human],
        "pairs dev, model judges": [pair for pair in pairs if pair.source not in human],
    }
