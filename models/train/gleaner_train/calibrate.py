"""Placing scores: 0.5 is the middle of real LLaVA data, and the bulk spreads over 0..1."""

import math
from collections import Counter
from dataclasses import dataclass

import numpy as np

from gleaner_train.records import Data, Record, clean
from gleaner_train.scorer import Calibration, Scorer

UPPER = math.log(0.85 / 0.15)
TEMPLATED = 10
FEWEST = 50


@dataclass(frozen=True)
class Sample:
    """The texts of one sample that a role scores; the sample's score is their mean."""

    texts: list[tuple[str | None, str]]
    kind: str = ""
    times: int = 1  # that it occurs


def samples(data: Data, role: str) -> list[Sample]:
    """Reads LLaVA samples. The question role takes each distinct request once: most samples repeat a few templates."""
    found: dict[str, Sample] = {}
    records = list(data.all("llava/llava_samples"))
    requests = Counter(clean(record["conversations"][0]["value"]) for record in records)
    asked = Counter(_questions(record) for record in records)
    for number, record in enumerate(records):
        turns = record["conversations"]
        kind = _kind(len(turns), requests[clean(turns[0]["value"])])
        questions = [clean(turn["value"]) for turn in turns if turn["from"] == "human"]
        answers = [clean(turn["value"]) for turn in turns if turn["from"] != "human"]
        if role == "question":
            text = _questions(record)
            found.setdefault(text, Sample([(None, text)], kind, asked[text]))
        elif role == "answer":
            found[str(number)] = Sample(list(zip(questions, answers, strict=True)), kind)
        else:
            found[str(number)] = Sample([(None, answer) for answer in answers], kind)
    return list(found.values())


def _questions(record: Record) -> str:
    return clean([turn["value"] for turn in record["conversations"] if turn["from"] == "human"])


def _kind(messages: int, repetitions: int) -> str:
    """Several exchanges are a conversation, a request that many samples share asks for a description."""
    if messages > 2:
        return "conversation"
    return "detail" if repetitions >= TEMPLATED else "complex"


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


def quantiles(scorer: Scorer, given: list[Sample]) -> dict[str, list[float]]:
    """Score quantiles 0 %, 1 %, ... 100 %: of all under "", and of each kind with enough samples, repeated ones as often
    as they occur."""
    scores: dict[str, list[float]] = {"": []}
    for sample in given:
        own = scorer.scores(sample.texts)
        mean = sum(own) / len(own)
        scores[""].append(mean)
        scores.setdefault(sample.kind, []).extend([mean] * sample.times)
    places = np.linspace(0, 1, 101)
    enough = {kind: values for kind, values in scores.items() if not kind or len(values) >= FEWEST}
    return {kind: [round(float(value), 4) for value in np.quantile(values, places)] for kind, values in enough.items()}
