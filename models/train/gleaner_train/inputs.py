"""From text to model inputs, exactly as the daemon does it."""

from dataclasses import dataclass, field
from pathlib import Path

from tokenizers import Tokenizer

BYTES_PER_TOKEN = 16


@dataclass(frozen=True)
class Layout:
    """The [tokenizer] section of model.toml."""

    max_tokens: int
    truncation: str
    max_question_tokens: int | None = None
    begin: list[int] = field(default_factory=list)
    separator: list[int] = field(default_factory=list)
    end: list[int] = field(default_factory=list)
    unknown: int = 1


@dataclass(frozen=True)
class Encoded:
    """Inputs of one text, or of one question and answer."""

    ids: list[int]
    segments: list[int]
    lengths: tuple[int, int]


def cut_head(text: str, budget: int) -> str:
    """Keeps at most `budget` bytes from the start, ending between two characters."""
    return text.encode()[:budget].decode(errors="ignore")


def cut_tail(text: str, budget: int) -> str:
    """Keeps at most `budget` bytes of the end, starting between two characters."""
    data = text.encode()[-budget:]
    while data and data[0] & 0xC0 == 0x80:
        data = data[1:]
    return data.decode()


def cut(text: str, max_tokens: int, truncation: str) -> str:
    """Bounds the bytes that are tokenised; far more than `max_tokens` tokens remain."""
    budget = BYTES_PER_TOKEN * max_tokens
    if truncation == "head":
        return cut_head(text, budget)
    if len(text.encode()) <= 2 * budget:
        return text
    return cut_head(text, budget) + " " + cut_tail(text, budget)


def truncate(ids: list[int], room: int, truncation: str) -> list[int]:
    """Keeps `room` ids: the first ones, or half from either end."""
    if len(ids) <= room:
        return ids
    if truncation == "head":
        return ids[:room]
    tail = room // 2
    return ids[: room - tail] + ids[len(ids) - tail :]


class Encoder:
    """Tokenises texts and assembles inputs of one layout."""

    def __init__(self, tokenizer: Path, layout: Layout) -> None:
        self.path = tokenizer
        self._tokenizer = Tokenizer.from_file(str(tokenizer))
        self.layout = layout

    def with_layout(self, layout: Layout) -> "Encoder":
        return Encoder(self.path, layout)

    def tokens(self, texts: list[str]) -> list[list[int]]:
        encodings = self._tokenizer.encode_batch(texts, add_special_tokens=False)
        return [encoding.ids for encoding in encodings]

    def one(self, text: str) -> Encoded:
        return self.assemble(self.tokens([self.cut_last(text)])[0])

    def pair(self, question: str, answer: str) -> Encoded:
        first, second = self.tokens([self.cut_question(question), self.cut_last(answer)])
        return self.assemble(first, second)

    def cut_question(self, text: str) -> str:
        return cut_head(text, BYTES_PER_TOKEN * (self.layout.max_question_tokens or 0))

    def cut_last(self, text: str) -> str:
        return cut(text, self.layout.max_tokens, self.layout.truncation)

    def assemble(self, first: list[int], second: list[int] | None = None) -> Encoded:
        """Joins tokenised parts; the last part takes the room that is left."""
        form = self.layout
        room = form.max_tokens - len(form.begin) - len(form.separator) - len(form.end)
        if second is None:
            ids = form.begin + truncate(first, room, form.truncation) + form.separator + form.end
            return Encoded(ids or [form.unknown], [0] * max(len(ids), 1), (len(first), 0))
        head = form.begin + first[: form.max_question_tokens] + form.separator
        room = form.max_tokens - len(head) - len(form.end)
        tail = truncate(second, room, form.truncation) + form.end
        segments = [0] * len(head) + [1] * len(tail)
        return Encoded(head + tail, segments, (len(first), len(second)))
