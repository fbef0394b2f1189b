"""Placing scores: 0.5 is the middle of real LLaVA data, and the bulk spreads over 0..1."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gleaner_train.records import clean, read
from gleaner_train.scorer import Calibration, Scorer

UPPER = math.log(0.85 / 0.15)


@dataclass(frozen=True)
class Sample:
    """The texts of one sample that a role scores; the sample's score is their mean."""

    texts: list[tuple[str | None, str]]


def samples(path: Path, role: str) -> list[Sample]:
    """Reads LLaVA samples. The question role takes each distinct request once: most samples repeat a few templates."""
    found: dict[str, Sample] = {}
    for number, record in enumerate(read(path)):
        turns = record["conversations"]
        questions = [clean(turn["value"]) for turn in turns if turn["from"] == "human"]
        answers = [clean(turn["value"]) for turn in turns if turn["from"] != "human"]
        if role == "question":
            text = clean(questions)
            found.setdefault(text, Sample([(None, text)]))
        elif role == "answer":
            found[str(number)] = Sample(list(zip(questions, answers, strict=True)))
        else:
            found[str(number)] = Sample([(None, answer) for answer in answers])
    return list(found.values())


def describe(role: str, count: int) -> str:
    """Names the reference data."""
    return f"llava_samples.jsonl, {count} " + ("distinct requests" if role == "question" else "samples")


def calibrate(raws: list[float]) -> Calibration:
    """Puts the median at 0.5; the 5 % and 95 % quantiles come to lie near 0.15 and 0.85."""
    low, middle, high = np.quantile(raws, [0.05, 0.5, 0.95])
    scale = UPPER / ((high - low) / 2)
    return Calibration(float(f"{scale:.6g}"), float(f"{-scale * middle:.6g}"))


def raw_means(scorer: Scorer, given: list[Sample]) -> list[float]:
    """Mean raw value of each sample."""
    encoder = scorer.encoder
    means = []
    for sample in given:
        encoded = [
            encoder.one(text) if question is None else encoder.pair(question, text) for question, text in sample.texts
        ]
        means.append(sum(map(scorer.raw, encoded)) / len(encoded))
    return means


def quantiles(scorer: Scorer, given: list[Sample]) -> list[float]:
    """Score quantiles 0 %, 1 %, ... 100 %."""
    scores = []
    for sample in given:
        own = scorer.scores(sample.texts)
        scores.append(sum(own) / len(own))
    return [round(float(value), 4) for value in np.quantile(scores, np.linspace(0, 1, 101))]
