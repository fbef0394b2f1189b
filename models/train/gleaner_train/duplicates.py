"""Near-duplicates: texts whose sets of word 5-grams have a Jaccard similarity of about 0.8 or more, by MinHash."""

import hashlib
import re
import struct

import numpy as np

_WORD = re.compile(r"\w+")
PRIME = np.uint64((1 << 61) - 1)
BANDS, ROWS = 9, 13  # nine bands of thirteen: half of the pairs at 0.8 and nearly all at 0.9 share a band


class NearDuplicates:
    """Remembers texts and tells whether a new one repeats an earlier one."""

    def __init__(self) -> None:
        draw = np.random.default_rng(1)
        size = BANDS * ROWS
        self._factors = draw.integers(1, 1 << 31, size, dtype=np.uint64)
        self._offsets = draw.integers(0, 1 << 31, size, dtype=np.uint64)
        self._seen: set[bytes] = set()

    def add(self, text: str) -> bool:
        """Remembers `text`; whether it is like an earlier one."""
        bands = self._bands(text)
        known = not self._seen.isdisjoint(bands)
        self._seen.update(bands)
        return known

    def knows(self, text: str) -> bool:
        """Whether `text` is like a remembered one."""
        return not self._seen.isdisjoint(self._bands(text))

    def _bands(self, text: str) -> list[bytes]:
        grams = np.array(list(_grams(text)), dtype=np.uint64)
        least = ((grams[:, None] * self._factors + self._offsets) % PRIME).min(axis=0)
        rows = least.reshape(BANDS, ROWS)
        return [bytes([number]) + hashlib.blake2b(row.tobytes(), digest_size=8).digest() for number, row in enumerate(rows)]


def _grams(text: str) -> set[int]:
    words = _WORD.findall(text.lower())
    runs = [" ".join(words[at : at + 5]) for at in range(max(1, len(words) - 4))]
    return {struct.unpack("<I", hashlib.blake2b(run.encode(), digest_size=4).digest())[0] for run in runs}
