"""Scores by the exported model, as the daemon computes them."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime

from gleaner_train.inputs import Encoded, Encoder


@dataclass(frozen=True)
class Calibration:
    """score = 1 / (1 + exp(-(scale * raw + shift))), rounded to 1e-4."""

    scale: float = 1.0
    shift: float = 0.0

    def score(self, raw: float) -> float:
        logit = max(-700.0, min(700.0, self.scale * raw + self.shift))
        return round(1.0 / (1.0 + math.exp(-logit)), 4)


class Scorer:
    """Runs one role's model.onnx."""

    def __init__(self, folder: Path, encoder: Encoder, calibration: Calibration) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(folder / "model.onnx", options)
        self._names = {given.name for given in self._session.get_inputs()}
        self.encoder = encoder
        self.calibration = calibration

    def raw(self, inputs: Encoded) -> float:
        fed = {
            "ids": np.array([inputs.ids], dtype=np.int64),
            "segments": np.array([inputs.segments], dtype=np.int64),
            "lengths": np.array([inputs.lengths], dtype=np.float32),
        }
        (value,) = self._session.run(["raw"], {name: fed[name] for name in self._names})
        return float(value.reshape(-1)[0])

    def scores(self, texts: list[tuple[str | None, str]]) -> list[float]:
        """Scores (question, text) pairs; the question is None where the role has only one part."""
        encoded = [
            self.encoder.one(text) if question is None else self.encoder.pair(question, text)
            for question, text in texts
        ]
        return [self.calibration.score(self.raw(one)) for one in encoded]
