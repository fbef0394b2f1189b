"""Words in wrong places: sentences that keep their form and lose their sense."""

import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterable

_WORD = re.compile(r"[A-Za-z]{3,}")
COMMON = 200  # the most frequent words, nearly all of them grammatical, stay where they are
RARE = 3  # words met fewer times are not put anywhere
ENDING = 2


class Lexicon:
    """The content words of many texts, by their ending, which tells plural from singular and verb from adverb."""

    def __init__(self, texts: Iterable[str]) -> None:
        counts = Counter(word.lower() for text in texts for word in _WORD.findall(text))
        self._grammar = {word for word, _ in counts.most_common(COMMON)}
        self._endings: dict[str, list[str]] = defaultdict(list)
        for word, count in sorted(counts.items()):
            if count >= RARE and word not in self._grammar:
                self._endings[word[-ENDING:]].append(word)

    def exchange(self, text: str, rng: random.Random) -> str:
        """Puts words of other texts in the place of a third to all of the content words."""
        share = rng.uniform(0.35, 1.0)

        def other(found: re.Match[str]) -> str:
            word = found[0]
            alike = self._endings.get(word.lower()[-ENDING:])
            if word.lower() in self._grammar or not alike or rng.random() > share:
                return word
            return _cased(rng.choice(alike), word)

        return _WORD.sub(other, text)

    def permute(self, text: str, rng: random.Random) -> str:
        """Lets the content words of a text change places; of a text with few of them, `exchange`."""
        words = [word for word in _WORD.findall(text) if word.lower() not in self._grammar]
        if len(set(words)) < 4:
            return self.exchange(text, rng)
        rng.shuffle(words)
        places = iter(words)
        return _WORD.sub(lambda found: found[0] if found[0].lower() in self._grammar else _cased(next(places), found[0]), text)


def _cased(word: str, like: str) -> str:
    return word.capitalize() if like[0].isupper() else word.lower()
