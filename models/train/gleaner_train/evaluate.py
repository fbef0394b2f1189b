"""Agreement with labels, by the measures of `gleaner evaluate`."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from gleaner_train.groups import Group
from gleaner_train.scorer import Scorer

SIMILAR = 0.15


@dataclass(frozen=True)
class Figures:
    """Accuracy over strictly ordered pairs, beside that of preferring the longer text."""

    data: str
    pairs: int
    accuracy: float
    similar_length_accuracy: float
    longest_accuracy: float
    similar_pairs: int
    longest_similar_accuracy: float
    lift: float
    longest_lift: float


def agreement(scorer: Scorer, groups: list[Group], data: str, with_prompt: bool) -> Figures:
    """Scores all candidates and compares their order with the labels. A tie counts as wrong."""
    wins: list[tuple[bool, bool, bool]] = []
    lifts, long_lifts = [], []
    for group in groups:
        texts = [(group.prompt if with_prompt else None, text) for text in group.candidates]
        given = scorer.scores(texts)
        lengths = [len(text) for text in group.candidates]
        wins += _compare(group, given, lengths)
        lift, long_lift = _lift(group.scores, given), _lift(group.scores, lengths)
        if lift is not None and long_lift is not None:
            lifts.append(lift)
            long_lifts.append(long_lift)
    similar = [win for win in wins if win[2]]
    return Figures(
        data=data,
        pairs=len(wins),
        accuracy=_mean([win[0] for win in wins]),
        similar_length_accuracy=_mean([win[0] for win in similar]),
        longest_accuracy=_mean([win[1] for win in wins]),
        similar_pairs=len(similar),
        longest_similar_accuracy=_mean([win[1] for win in similar]),
        lift=_mean(lifts),
        longest_lift=_mean(long_lifts),
    )


def _compare(group: Group, given: list[float], lengths: list[int]) -> list[tuple[bool, bool, bool]]:
    """For each ordered pair: right by the model, right by length, of similar length."""
    found = []
    for i, j in combinations(range(len(given)), 2):
        if group.scores[i] == group.scores[j]:
            continue
        better, worse = (i, j) if group.scores[i] > group.scores[j] else (j, i)
        near = abs(lengths[i] - lengths[j]) <= SIMILAR * max(lengths[i], lengths[j])
        found.append((given[better] > given[worse], lengths[better] > lengths[worse], near))
    return found


def _lift(scores: tuple[float, ...], given: Sequence[float]) -> float | None:
    """How far the preferred candidate lies from the mean towards the best one."""
    mean, best = _mean(list(scores)), max(scores)
    if best - mean < 1e-9:  # equal labels, up to rounding
        return None
    chosen = max(range(len(given)), key=given.__getitem__)
    return (scores[chosen] - mean) / (best - mean)


def auc(positive: list[float], negative: list[float]) -> float:
    """The chance that a positive scores above a negative; ties count half."""
    ranked = sorted([(value, 1) for value in positive] + [(value, 0) for value in negative])
    total, place = 0.0, 0
    while place < len(ranked):
        end = place
        while end < len(ranked) and ranked[end][0] == ranked[place][0]:
            end += 1
        total += sum(label for _, label in ranked[place:end]) * (place + end + 1) / 2
        place = end
    size = len(positive)
    return (total - size * (size + 1) / 2) / (size * len(negative))


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
