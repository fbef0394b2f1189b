"""Reference scores of fixed texts, which the daemon must reproduce."""

import json
from pathlib import Path

import numpy as np

from gleaner_train import export, files
from gleaner_train.fit import score
from gleaner_train.golden_texts import EXCHANGES, QUESTIONS, STYLES
from gleaner_train.inputs import Encoder
from gleaner_train.network import Network
from gleaner_train.recipes import RECIPES
from gleaner_train.records import clean


def write(models: Path, target: Path) -> None:
    """Scores the texts by the network itself in float32, one at a time."""
    lines: list[dict[str, object]] = []
    for question in QUESTIONS:
        lines.append({"role": "question", "question": clean(question)})
    for question, answer in EXCHANGES:
        lines.append({"role": "answer", "question": clean(question), "answer": clean(answer)})
    for answer in STYLES:
        lines.append({"role": "style", "answer": clean(answer)})
    for role in RECIPES:
        _score_role(models / role, role, [line for line in lines if line["role"] == role])
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    target.write_text(text, encoding="utf-8")


def _score_role(folder: Path, role: str, lines: list[dict[str, object]]) -> None:
    layout, calibration = files.read(folder)
    encoder = Encoder(folder / "tokenizer.json", layout)
    shape = RECIPES[role].shape
    tokens = 1 + max(_vocabulary(folder / "tokenizer.json").values())
    network = Network(shape, np.zeros((tokens, shape.width), dtype=np.float32))
    export.load(network, folder / "model.onnx")
    for line in lines:
        if role == "answer":
            encoded = encoder.pair(str(line["question"]), str(line["answer"]))
        else:
            encoded = encoder.one(str(line[role if role == "question" else "answer"]))
        (raw,) = score(network, [encoded])
        line |= {"score": calibration.score(raw), "raw": round(raw, 6)}


def _vocabulary(tokenizer: Path) -> dict[str, int]:
    return json.loads(tokenizer.read_text(encoding="utf-8"))["model"]["vocab"]
