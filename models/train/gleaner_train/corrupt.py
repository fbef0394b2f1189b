"""Ways to spoil a good text, for negatives whose order is certain."""

import random


def shuffle_words(text: str, rng: random.Random) -> str:
    words = text.split()
    rng.shuffle(words)
    return " ".join(words)


def shuffle_span(text: str, rng: random.Random) -> str:
    """Shuffles a third to all of the words, a subtler kind of word salad."""
    words = text.split()
    size = max(3, int(len(words) * rng.uniform(0.33, 1.0)))
    start = rng.randrange(max(1, len(words) - size + 1))
    span = words[start : start + size]
    rng.shuffle(span)
    return " ".join(words[:start] + span + words[start + size :])


def delete_words(text: str, rng: random.Random) -> str:
    words = text.split()
    kept = [word for word in words if rng.random() > 0.3]
    return " ".join(kept or words[:1])


def cut_off(text: str, rng: random.Random) -> str:
    """Ends in the middle of a sentence."""
    words = text.split()
    if len(words) < 6:
        return text
    kept = words[: int(len(words) * rng.uniform(0.4, 0.9))]
    return " ".join(kept).rstrip(".!?,;:")


def repeat_question(text: str, rng: random.Random) -> str:
    """Asks one of the questions again, word for word."""
    lines = text.split("\n")
    lines.insert(rng.randrange(len(lines) + 1), rng.choice(lines))
    return "\n".join(lines)


def loop(text: str, rng: random.Random) -> str:
    """Says the last sentence over and over."""
    sentences = text.split(". ")
    return ". ".join(sentences + [sentences[-1].rstrip(".")] * rng.randint(3, 8))
