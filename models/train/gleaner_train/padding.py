"""Hiding a short answer in words: the question again, remarks near its topic, the answer once more, filler."""

import random
import re
from collections import defaultdict

from gleaner_train.corrupt import phrases
from gleaner_train.groups import MOST, Group
from gleaner_train.records import key

_WORD = re.compile(r"[a-z]{4,}")
COMMON = 150


class Remarks:
    """Sentences that can be found by the rarer words of a question."""

    def __init__(self, groups: list[Group]) -> None:
        self._groups = groups
        found: dict[str, list[int]] = defaultdict(list)
        for number, group in enumerate(groups):
            for word in set(_WORD.findall(group.best.lower())):
                found[word].append(number)
        self._found = {word: numbers for word, numbers in found.items() if len(numbers) <= COMMON}

    def near(self, group: Group, rng: random.Random) -> str | None:
        """A sentence from another exchange that shares a word with the question."""
        words = [word for word in _WORD.findall(group.prompt.lower()) if word in self._found]
        if not words:
            return None
        other = self._groups[rng.choice(self._found[rng.choice(words)])]
        return other.best if key(other.prompt) != key(group.prompt) and key(other.best) != key(group.best) else None

    def mistaken(self, size: int, weight: float, rng: random.Random) -> list[Group]:
        """Good answers against sentences near the topic that answer something else."""
        return self._against(size, weight, rng, lambda group: self.near(group, rng))

    def buried(self, size: int, weight: float, rng: random.Random) -> list[Group]:
        """Good answers against the same in padding."""
        return self._against(size, weight, rng, lambda group: self._bury(group, rng))

    def _against(self, size: int, weight: float, rng: random.Random, worsen) -> list[Group]:
        made = []
        for _ in range(min(size, MOST * len(self._groups))):
            group = self._groups[rng.randrange(len(self._groups))]
            worse = worsen(group)
            if worse:
                made.append(Group(group.prompt, (group.best, worse), (1.0, 0.0), weight, source="padding"))
        return made

    def _bury(self, group: Group, rng: random.Random) -> str:
        before, after = [], []
        question = group.prompt.split("\n")[0].strip()
        if rng.random() < 0.45 and 0 < len(question) < 160:
            before.append(rng.choice(phrases("restate_question")).format(question))
        for bank in rng.sample(["near", "near", "filler_start", "filler", "restate", "restate"], rng.randint(1, 3)):
            match bank:
                case "near":
                    (before if rng.random() < 0.6 else after).append(self.near(group, rng) or rng.choice(phrases("filler")))
                case "filler_start":
                    before.append(rng.choice(phrases(bank)))
                case "filler":
                    after.append(rng.choice(phrases(bank)))
                case _:
                    after.append(rng.choice(phrases(bank)).format(_lower(group.best)))
        answer = group.best if rng.random() < 0.6 else rng.choice(phrases("restate")).format(_lower(group.best))
        return " ".join([*before, answer, *after])


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
