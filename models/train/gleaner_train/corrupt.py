"""Ways to spoil a good text, for negatives whose order is certain. Phrases that are mixed in stand in phrases/."""

import random
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

Spoiler = Callable[[str, random.Random], str]

_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_PHRASES = Path(__file__).parent / "phrases"


@cache
def phrases(name: str) -> list[str]:
    """The lines of phrases/NAME.txt."""
    return (_PHRASES / f"{name}.txt").read_text(encoding="utf-8").splitlines()


def sentences(text: str) -> list[str]:
    return _SENTENCE.split(text)


def shuffle_words(text: str, rng: random.Random) -> str:
    words = text.split()
    rng.shuffle(words)
    return " ".join(words)


def shuffle_span(text: str, rng: random.Random) -> str:
    """Shuffles a third to all of the words, a subtler kind of word salad; ends and capitals may be mended."""
    words = text.split()
    size = max(3, int(len(words) * rng.uniform(0.33, 1.0)))
    start = rng.randrange(max(1, len(words) - size + 1))
    span = words[start : start + size]
    rng.shuffle(span)
    return _mended(words[:start] + span + words[start + size :], rng)


def swap_neighbours(text: str, rng: random.Random) -> str:
    """Exchanges most words with one of their next three."""
    words = text.split()
    for place in range(len(words) - 1):
        if rng.random() < 0.6:
            other = min(len(words) - 1, place + rng.randint(1, 3))
            words[place], words[other] = words[other], words[place]
    return _mended(words, rng)


def stitch(text: str, rng: random.Random) -> str:
    """Cuts the text into runs of two to four words and joins them in another order."""
    words, runs = text.split(), []
    while words:
        size = rng.randint(2, 4)
        runs.append(words[:size])
        words = words[size:]
    rng.shuffle(runs)
    return _mended([word for run in runs for word in run], rng)


def _mended(words: list[str], rng: random.Random) -> str:
    if rng.random() < 0.5:
        return " ".join(words)
    text = " ".join(word.strip(".,!?;:").lower() for word in words)
    return text[:1].upper() + text[1:] + "."


def delete_words(text: str, rng: random.Random) -> str:
    words = text.split()
    kept = [word for word in words if rng.random() > 0.3]
    return " ".join(kept or words[:1])


def cut_off(text: str, rng: random.Random) -> str:
    """Ends in the middle of a sentence, one time in five in the middle of a word."""
    words = text.split()
    if len(words) < 4:
        return text[: max(1, len(text) // 2)]
    size = max(2, int(len(words) * rng.uniform(0.3, 0.95)))
    kept = " ".join(words[:size])
    if rng.random() < 0.2:
        kept += " " + words[size][: max(1, len(words[size]) // 2)] if size < len(words) else ""
    return kept.rstrip(".!?;:" if rng.random() < 0.3 else ".!?,;:")


def repeat_question(text: str, rng: random.Random) -> str:
    """Asks one of the questions again, word for word."""
    lines = text.split("\n")
    lines.insert(rng.randrange(len(lines) + 1), rng.choice(lines))
    return "\n".join(lines)


def loop(text: str, rng: random.Random) -> str:
    """Falls into a loop of some words, a sentence or two sentences."""
    words, parts = text.split(), sentences(text)
    many = rng.randint(3, 12)
    match rng.randrange(4):
        case 0:
            return " ".join(parts + [parts[-1]] * many)
        case 1 if len(parts) > 2:
            return " ".join(parts + parts[-2:] * max(2, many // 2))
        case 2:
            stop = rng.randint(min(3, len(words)), len(words))
            size = rng.randint(1, 6)
            return " ".join(words[:stop] + words[max(0, stop - size) : stop] * many * 2)
        case _:
            stop = rng.randint(min(3, len(words)), len(words))
            return " ".join(words[:stop] + [rng.choice(words[:stop])] * many * 2)


def flatter(text: str, rng: random.Random) -> str:
    """Praises whoever asks, before or after (a part of) the text."""
    parts = sentences(text)
    if len(parts) > 1 and rng.random() < 0.4:
        parts = parts[: len(parts) // 2]
    before = rng.sample(phrases("flattery_start"), rng.choice([0, 1, 1, 2]))
    after = rng.sample(phrases("flattery_end"), rng.choice([0, 0, 1]) if before else 1)
    return " ".join([*before, *parts, *after])


def praise(text: str, rng: random.Random) -> str:
    """Says nothing but how fine the picture is, in one to two and a half times the words."""
    goal = len(text) * rng.uniform(1.0, 2.5)
    return _filled([], "praise", goal, rng)


def pad(text: str, rng: random.Random) -> str:
    """Hides a short text in filler; of a long one a sentence or two."""
    parts = sentences(text)
    if len(text) > 300:
        start = rng.randrange(len(parts))
        parts = parts[start : start + rng.randint(1, 2)]
    goal = len(" ".join(parts)) * rng.uniform(1.8, 4.0)
    opening = rng.sample(phrases("filler_start"), rng.choice([0, 1, 1, 2]))
    return _filled([*opening, *parts, *(parts[:1] if rng.random() < 0.3 else [])], "filler", goal, rng)


def lengthen(text: str, rng: random.Random) -> str:
    """Adds one to three sentences of filler or praise to the whole text."""
    extra = rng.sample(phrases(rng.choice(["filler", "praise"])), rng.randint(1, 3))
    opening = rng.sample(phrases("filler_start"), rng.choice([0, 1]))
    return " ".join([*opening, text, *extra])


def _filled(parts: list[str], name: str, goal: float, rng: random.Random) -> str:
    bank = rng.sample(phrases(name), min(40, len(phrases(name))))
    while bank and (not parts or len(" ".join(parts)) < goal):
        parts.append(bank.pop())
    return " ".join(parts)


def refuse(text: str, rng: random.Random) -> str:
    """Declines instead, now and then with a piece of the answer."""
    refusal = rng.choice(phrases("refusals"))
    return refusal if rng.random() < 0.8 else f"{refusal} {rng.choice(sentences(text))}"


def evade(text: str, rng: random.Random) -> str:
    """Says nothing that fits."""
    return " ".join(rng.sample(phrases("vague"), rng.randint(1, 3)))


def mention_source(text: str, rng: random.Random) -> str:
    """Betrays that captions or boxes were seen, not the picture."""
    parts = sentences(text)
    parts.insert(rng.randrange(len(parts) + 1), rng.choice(phrases("meta_answer")))
    return " ".join(parts)


def translate(text: str, rng: random.Random) -> str:
    """Speaks another language, now and then after an English start."""
    size = 1 + len(text) // 150
    lines = phrases("foreign")
    block = rng.randrange(len(lines) // 10) * 10
    foreign = " ".join(rng.sample(lines[block : block + 10], min(10, size)))
    if rng.random() < 0.75:
        return foreign
    words = text.split()
    return " ".join([*words[: max(3, len(words) // 2)], foreign])


def mark_up(text: str, rng: random.Random) -> str:
    """Wrecks plain prose with markup: several of headings, emphasis, lists, tables, fences, rules and tags."""
    parts = sentences(text)
    ways = rng.sample(_MARKUP, rng.randint(2, 4))
    for way in ways:
        parts = way(parts, rng)
    return "\n".join(parts) if rng.random() < 0.8 else " ".join(parts)


def _headings(parts: list[str], rng: random.Random) -> list[str]:
    names = ["Answer", "Overview", "Summary", "Details", "Response", "Key points", "Notes", "Image", "1.", "Conclusion"]
    for _ in range(rng.randint(1, 3)):
        parts = [*parts]
        parts.insert(rng.randrange(len(parts)), "#" * rng.randint(1, 6) + " " + rng.choice(names))
    return parts


def _emphasis(parts: list[str], rng: random.Random) -> list[str]:
    mark = rng.choice(["**", "*", "_", "__", "~~", "`", "***"])
    chance = rng.uniform(0.2, 0.6)
    return [
        " ".join(mark + word + mark if rng.random() < chance else word for word in part.split()) for part in parts
    ]


def _bullets(parts: list[str], rng: random.Random) -> list[str]:
    mark = rng.choice(["- ", "* ", "+ ", "1. ", "• ", "✅ ", "👉 ", "🔹 ", "  - ", "- [ ] ", "> "])
    pieces = [piece for part in parts for piece in re.split(r"(?<=,)\s", part)] if rng.random() < 0.6 else parts
    return [mark + piece for piece in pieces]


def _table(parts: list[str], rng: random.Random) -> list[str]:
    rows = [f"| {' | '.join(part.split()[:6])} |" for part in parts]
    return rows[:1] + ["|---|---|"] + rows[1:]


def _fences(parts: list[str], rng: random.Random) -> list[str]:
    fence = rng.choice(["```", "```text", "```markdown", "~~~", "$$"])
    return [fence, *parts] + ([fence[:3]] if rng.random() < 0.5 else [])


def _rules(parts: list[str], rng: random.Random) -> list[str]:
    rule = rng.choice(["---", "***", "===", "___", "<hr>", "\\n"])
    return [line for part in parts for line in (part, rule)]


def _tags(parts: list[str], rng: random.Random) -> list[str]:
    tag = rng.choice(["b", "p", "div", "span", "strong", "li", "br", "i", "h2", "em"])
    return [f"<{tag}>{part}</{tag}>" if rng.random() < 0.7 else f"{part}<{tag}/>" for part in parts]


def _escapes(parts: list[str], rng: random.Random) -> list[str]:
    return [part.replace(" ", rng.choice([" \\", " ** ", " &nbsp;", " \\_", " | "]), rng.randint(1, 6)) for part in parts]


def _emoji(parts: list[str], rng: random.Random) -> list[str]:
    signs = "✨🌟🔥💡📌🎯✅👉📷😍🚀🖼️"
    return [f"{rng.choice(signs)} {part} {rng.choice(signs)}" for part in parts]


_MARKUP = [_headings, _emphasis, _bullets, _table, _fences, _rules, _tags, _escapes, _emoji]


def generic_question(text: str, rng: random.Random) -> str:
    """Asks what could be asked about any picture, as many times as the text asks."""
    many = len(text.split("\n"))
    asked = [_generic(rng) for _ in range(max(1, min(6, many + rng.choice([0, 0, 0, 1, 2]))))]
    return (" " if rng.random() < 0.2 else "\n").join(asked)


def _generic(rng: random.Random) -> str:
    if rng.random() < 0.5:
        return rng.choice(phrases("generic_questions"))
    things = rng.sample(phrases("generic_things"), rng.choice([1, 1, 2, 3]))
    return rng.choice(phrases("generic_frames")).format(", ".join(things[:-1]) + " and " + things[-1] if things[1:] else things[0])


def question_source(text: str, rng: random.Random) -> str:
    """Asks about captions or boxes."""
    lines = text.split("\n")
    lines[rng.randrange(len(lines))] = rng.choice(phrases("meta_question"))
    return "\n".join(lines)


def foreign_question(text: str, rng: random.Random) -> str:
    return "\n".join(rng.sample(phrases("foreign_question"), min(6, len(text.split("\n")))))


ORDER = [shuffle_words, shuffle_span, swap_neighbours, stitch, delete_words, cut_off, loop]
ANSWER = [
    shuffle_span,
    swap_neighbours,
    stitch,
    delete_words,
    cut_off,
    loop,
    flatter,
    praise,
    pad,
    pad,
    lengthen,
    refuse,
    evade,
    mention_source,
    translate,
    mark_up,
    mark_up,
]
QUESTION = [
    shuffle_words,
    shuffle_span,
    delete_words,
    repeat_question,
    generic_question,
    generic_question,
    generic_question,
    generic_question,
    question_source,
    question_source,
    foreign_question,
]
