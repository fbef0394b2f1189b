"""Makes a folder in which the whole pipeline runs in a minute: a few rows of data, and random bases.

`python -m gleaner_train.smoke FOLDER TOKENIZER` writes FOLDER/data and FOLDER/build.
"""

import json
import random
import sys
from pathlib import Path

import numpy as np
import zstandard
from safetensors.numpy import save_file

from gleaner_train.base import MINILM, POTION
from gleaner_train.teach import INNER, LAYERS, WIDTH
from gleaner_train.transformer import POSITIONS

THINGS = ["boat", "dog", "kite", "tower", "bicycle", "lamp", "market", "violin", "bridge", "kettle"]
PLACES = ["harbour", "kitchen", "meadow", "station", "gallery", "workshop", "balcony", "valley", "library", "stadium"]


def sentence(rng: random.Random) -> str:
    return f"The {rng.choice(THINGS)} near the {rng.choice(PLACES)} is older than the {rng.choice(THINGS)} beside it."


def question(rng: random.Random) -> str:
    return f"Why is the {rng.choice(THINGS)} in the {rng.choice(PLACES)}?"


def write_data(folder: Path, rng: random.Random) -> None:
    terms = {"license": "MIT", "source": "smoke"}
    files: dict[str, list[dict]] = {}
    for part in ("train", "dev"):
        files[f"align2/question.{part}"] = [
            {"id": f"{part}{n}", "candidates": [question(rng) for _ in range(4)], "scores": [0.1, 0.4, 0.7, 0.9]}
            for n in range(6)
        ]
        files[f"align2/answer.{part}"] = [
            {
                "id": f"{part}{n}#{n % 2}",
                "question": question(rng),
                "candidates": [sentence(rng) for _ in range(4)],
                "scores": [0.2, 0.5, 0.6, 1.0],
            }
            for n in range(8)
        ]
    for name in ("pairs/train_human", "pairs/train_llm", "pairs/dev"):
        files[name] = [
            terms | {"instruction": question(rng), "chosen": sentence(rng), "rejected": sentence(rng)} for _ in range(16)
        ]
    files["labels/question_quality"] = [
        terms | {"kind": "pair", "chosen": question(rng), "rejected": "What is it?"} for _ in range(6)
    ]
    files["style/style_answers"] = [
        {"family": family, "instruction": f"{number} {question(rng)}", "answer": sentence(rng)}
        for number in range(60)
        for family in ("vicuna", "human", "gpt-4")
    ]
    # The families must have answered the same instructions.
    for number, record in enumerate(files["style/style_answers"]):
        record["instruction"] = files["style/style_answers"][number - number % 3]["instruction"]
    for name, records in files.items():
        path = folder / f"{name}.jsonl.zst"
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = "".join(json.dumps(record) + "\n" for record in records)
        path.write_bytes(zstandard.compress(lines.encode()))
    samples = [
        {"conversations": [{"from": "human", "value": "<image>\n" + question(rng)}, {"from": "gpt", "value": sentence(rng)}]}
        for _ in range(60)
    ]
    path = folder / "llava/llava_samples.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(sample) + "\n" for sample in samples), encoding="utf-8")


def write_bases(folder: Path, tokenizer: Path) -> None:
    """Random weights in the shapes of the bases, both with this tokenizer."""
    text = tokenizer.read_text(encoding="utf-8")
    tokens = 1 + max(json.loads(text)["model"]["vocab"].values())
    draw = np.random.default_rng(1)

    def values(*shape: int) -> np.ndarray:
        return draw.standard_normal(shape, dtype=np.float32) * np.float32(0.02)

    names = {
        "attention.self.query": (WIDTH, WIDTH),
        "attention.self.key": (WIDTH, WIDTH),
        "attention.self.value": (WIDTH, WIDTH),
        "attention.output.dense": (WIDTH, WIDTH),
        "intermediate.dense": (INNER, WIDTH),
        "output.dense": (WIDTH, INNER),
    }
    weights = {
        "embeddings.word_embeddings.weight": values(tokens, WIDTH),
        "embeddings.position_embeddings.weight": values(POSITIONS, WIDTH),
        "embeddings.token_type_embeddings.weight": values(2, WIDTH),
        "embeddings.LayerNorm.weight": np.ones(WIDTH, dtype=np.float32),
        "embeddings.LayerNorm.bias": np.zeros(WIDTH, dtype=np.float32),
    }
    for layer in range(LAYERS):
        for name, shape in names.items():
            weights[f"encoder.layer.{layer}.{name}.weight"] = values(*shape)
            weights[f"encoder.layer.{layer}.{name}.bias"] = np.zeros(shape[0], dtype=np.float32)
        for name in ("attention.output.LayerNorm", "output.LayerNorm"):
            weights[f"encoder.layer.{layer}.{name}.weight"] = np.ones(WIDTH, dtype=np.float32)
            weights[f"encoder.layer.{layer}.{name}.bias"] = np.zeros(WIDTH, dtype=np.float32)
    for name, tensors in {POTION[0]: {"embeddings": values(tokens, 128)}, MINILM[0]: weights}.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        save_file(tensors, folder / name / "model.safetensors")
        (folder / name / "tokenizer.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    target = Path(sys.argv[1])
    write_data(target / "data", random.Random(1))
    write_bases(target / "build", Path(sys.argv[2]))
