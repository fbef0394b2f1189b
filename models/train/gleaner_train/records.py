"""Reading data files: cleaning, terms of use, and keeping training and evaluation apart."""

import hashlib
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zstandard

Record = dict[str, Any]

_IMAGE = re.compile(r"<image>", re.IGNORECASE)
_NOT_WORD = re.compile(r"[\W_]+")
_PERMITTED = re.compile(r"\b(MIT|Apache|BSD|ISC|CC-BY-SA|CC-BY|CC0)\b")
_RESTRICTED = re.compile(r"\bNC\b|non-commercial|unspecified|to be checked|no licen[cs]e|GPT-4 output|model-output", re.I)


@dataclass(frozen=True)
class Data:
    """The data folder. `permissive`: only rows whose terms allow commercial use."""

    folder: Path
    permissive: bool = False

    def read(self, name: str) -> Iterator[Record]:
        """Yields the records of NAME.jsonl or NAME.jsonl.zst that may be used."""
        return (record for record in self.all(name) if not self.permissive or permitted(record.get("license")))

    def all(self, name: str) -> Iterator[Record]:
        """Yields all records of NAME.jsonl or NAME.jsonl.zst."""
        return read(self.path(name))

    def path(self, name: str) -> Path:
        """The file NAME.jsonl.zst, or NAME.jsonl if there is none."""
        packed = self.folder / f"{name}.jsonl.zst"
        return packed if packed.exists() else self.folder / f"{name}.jsonl"


def read(path: Path) -> Iterator[Record]:
    """Yields the records of a .jsonl or .jsonl.zst file."""
    with path.open("rb") as file:
        stream = zstandard.ZstdDecompressor().stream_reader(file) if path.suffix == ".zst" else file
        for line in io.TextIOWrapper(stream, encoding="utf-8"):
            if line.strip():
                yield json.loads(line)


def permitted(terms: str | None) -> bool:
    """Whether the stated terms allow commercial use; terms that are not stated do not."""
    return bool(terms and _PERMITTED.search(terms) and not _RESTRICTED.search(terms))


def clean(text: str | list[str]) -> str:
    """Strips `<image>`, which tells which candidate was the original, and joins lists by newlines."""
    if isinstance(text, list):
        return "\n".join(part for part in map(clean, text) if part)
    return _IMAGE.sub("", text).strip()


def prompt_of(record: Record) -> str:
    """The instruction of a pair, with its input on the following lines."""
    return clean([record["instruction"], record.get("input") or ""])


def key(*texts: str) -> str:
    """A digest that texts share which differ only in case, spaces and punctuation."""
    plain = "\0".join(_NOT_WORD.sub(" ", text.lower()).strip() for text in texts)
    return hashlib.sha256(plain.encode()).hexdigest()[:16]


def share(identity: str) -> float:
    """Maps a group to a fixed place in 0..1, by which groups are split."""
    return int(hashlib.sha256(identity.encode()).hexdigest()[:8], 16) / 2**32
