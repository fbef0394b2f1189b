"""What each role learns from, in which order and how fast."""

import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from gleaner_train import corrupt
from gleaner_train.fit import Stage
from gleaner_train.groups import (
    Group,
    balance_length,
    corrupted,
    held_out,
    mismatched,
    prompts,
    read_groups,
    read_pairs,
    sample,
    style_records,
)
from gleaner_train.inputs import Layout
from gleaner_train.network import Shape
from gleaner_train.records import Record, clean, key, read, share

CLS, SEP = 2, 3
ANSWER = Layout(512, "head_tail", max_question_tokens=192, begin=[CLS], separator=[SEP], end=[SEP])
SHORT_ANSWER = replace(ANSWER, max_tokens=256, max_question_tokens=96)
STYLE_DEV = 0.1
ANSWER_SPOILERS = (corrupt.shuffle_span, corrupt.delete_words, corrupt.cut_off, corrupt.loop)
QUESTION_SPOILERS = (corrupt.shuffle_words, corrupt.delete_words, corrupt.repeat_question)


@dataclass(frozen=True)
class Recipe:
    """One role: its input layout, network, training stages and evaluation sets."""

    role: str
    description: str
    layout: Layout
    shape: Shape
    dropout: float
    stages: Callable[[Path, float, random.Random], list[Stage]]
    evaluations: Callable[[Path, float], dict[str, list[Group]]]


def _spoilt(groups: list[Group], spoilers: tuple, part: float, weight: float, rng: random.Random) -> list[Group]:
    """Corrupted copies of a part of the groups."""
    chosen = [group for group in groups if rng.random() < part]
    made = [corrupted(group, rng.choice(spoilers), rng, weight) for group in chosen]
    return [group for group in made if group]


def _answer_stages(data: Path, part: float, rng: random.Random) -> list[Stage]:
    taken = prompts(data / "pairs/dev.jsonl.zst") | prompts(data / "align2/answer.dev.jsonl.zst")
    human = read_pairs(data / "pairs/train_human.jsonl.zst", taken)
    judged = read_pairs(data / "pairs/train_llm.jsonl.zst", taken)
    judged = sample(judged, lambda pair: 0.25 if "transitive" in pair.source else 1.0, rng)
    judged = [replace(pair, weight=0.7) for pair in judged]
    general = balance_length(human + judged)
    scored, _ = held_out(read_groups(data / "align2/answer.train.jsonl.zst"), part)
    spoilt = _spoilt(general, ANSWER_SPOILERS, 0.15, 0.4, rng)
    wrong = mismatched(sample(general, lambda _: 0.25, rng), rng, 0.4)
    few = sample(general, lambda _: 0.06, rng)
    own = mismatched(scored, rng, 0.15) + _spoilt(scored, ANSWER_SPOILERS, 1.0, 0.15, rng)
    return [
        Stage(general + spoilt + wrong, 1, batch=32, rate=2e-3, embedding_rate=2e-3, layout=SHORT_ANSWER),
        Stage(scored * 5 + few + own, 1, batch=16, rate=6e-3, embedding_rate=3e-5, regression=0.3, dropout=0.4),
    ]


def _answer_evaluations(data: Path, part: float) -> dict[str, list[Group]]:
    if part:
        return {"held-out": held_out(read_groups(data / "align2/answer.train.jsonl.zst"), part)[1]}
    pairs = read_pairs(data / "pairs/dev.jsonl.zst", set())
    human = {pair.source for pair in read_pairs(data / "pairs/train_human.jsonl.zst", set())}
    return {
        "align2 answer dev": read_groups(data / "align2/answer.dev.jsonl.zst"),
        "pairs dev, human judges": [pair for pair in pairs if pair.source in human],
        "pairs dev, model judges": [pair for pair in pairs if pair.source not in human],
    }


def _question_stages(data: Path, part: float, rng: random.Random) -> list[Stage]:
    revised = []
    for record in read(data / "labels/question_quality.jsonl.zst"):
        if record["kind"] == "pair":
            texts = (clean(record["chosen"]), clean(record["rejected"]))
            revised.append(Group("", texts, (1.0, 0.0), source="revised"))
        elif record["source"].startswith("arena"):
            level = (float(record["score"]) / 10.0,)
            revised.append(Group("", (clean(record["instruction"]),), level, 0.3, True, "rated"))
    taken = {text for group in read_groups(data / "align2/question.dev.jsonl.zst") for text in group.candidates}
    scored, _ = held_out(read_groups(data / "align2/question.train.jsonl.zst"), part)
    scored = [group for group in scored if not taken.issuperset(group.candidates)]
    spoilt = _spoilt(scored, QUESTION_SPOILERS, 0.5, 0.1, rng)
    return [
        Stage(revised, passes=2, batch=16, rate=1e-3, embedding_rate=5e-4),
        Stage(scored + spoilt, passes=6, batch=32, rate=3e-3, embedding_rate=3e-3, regression=0.3),
    ]


def _question_evaluations(data: Path, part: float) -> dict[str, list[Group]]:
    if part:
        return {"held-out": held_out(read_groups(data / "align2/question.train.jsonl.zst"), part)[1]}
    return {"align2 question dev": read_groups(data / "align2/question.dev.jsonl.zst")}


def style_groups(data: Path, development: bool) -> list[Group]:
    """Contrasts of each other family's answer with the Vicuna answer to the same prompt that is nearest in length."""
    by_prompt: dict[str, list[Record]] = defaultdict(list)
    for record in style_records(data / "style/style_answers.jsonl.zst"):
        by_prompt[key(record["instruction"])].append(record)
    groups = []
    for prompt, records in sorted(by_prompt.items()):
        if (share(prompt) < STYLE_DEV) != development:
            continue
        own = [clean(record["answer"]) for record in records if record["family"] == "vicuna"]
        others = [clean(record["answer"]) for record in records if record["family"] != "vicuna"]
        for text in others if own else []:
            nearest = min(own, key=lambda answer: abs(len(answer) - len(text)))
            groups.append(Group("", (nearest, text), (1.0, 0.0), 1.0, True, "style"))
    return groups


def _style_stages(data: Path, part: float, rng: random.Random) -> list[Stage]:
    groups = balance_length(style_groups(data, development=False))
    return [Stage(groups, passes=3, batch=32, rate=2e-3, embedding_rate=2e-3)]


def _style_evaluations(data: Path, part: float) -> dict[str, list[Group]]:
    return {"style held-out prompts": style_groups(data, development=True)}


RECIPES = {
    "question": Recipe(
        role="question",
        description="Rates how good the questions of a sample are, from their text alone.",
        layout=Layout(max_tokens=256, truncation="head_tail", begin=[CLS], end=[SEP]),
        shape=Shape(width=64, triples=64, hidden=48, pair=False, lengths=True),
        dropout=0.4,
        stages=_question_stages,
        evaluations=_question_evaluations,
    ),
    "answer": Recipe(
        role="answer",
        description="Rates how good an answer is to its question, from the text of one turn.",
        layout=ANSWER,
        shape=Shape(width=96, triples=64, hidden=96, pair=True, lengths=True),
        dropout=0.2,
        stages=_answer_stages,
        evaluations=_answer_evaluations,
    ),
    "style": Recipe(
        role="style",
        description="Tells how close an answer's writing is to that of Vicuna.",
        layout=Layout(max_tokens=256, truncation="head_tail", begin=[CLS], end=[SEP]),
        shape=Shape(width=64, triples=64, hidden=48, pair=False, lengths=False),
        dropout=0.2,
        stages=_style_stages,
        evaluations=_style_evaluations,
    ),
}
