"""model.toml: written after training, read again for evaluation and golden scores."""

import hashlib
import re
import tomllib
from dataclasses import asdict
from pathlib import Path

from gleaner_train.figures import Report
from gleaner_train.inputs import Layout
from gleaner_train.recipes import Recipe
from gleaner_train.scorer import Calibration

LICENCE = "Trained in part on data under non-commercial terms; see MODEL_CARD.md. For research use."
FILES = ("model.onnx", "tokenizer.json")


def write(
    folder: Path,
    recipe: Recipe,
    calibration: Calibration,
    reference: tuple[str, dict[str, list[float]]],
) -> None:
    """Writes model.toml for the files in `folder`, without figures."""
    data, quantiles = reference
    sections = [
        _head(recipe),
        '[onnx]\nfile = "model.onnx"\noutput = "raw"\n',
        _tokenizer(recipe.layout),
        f"[calibration]\nscale = {calibration.scale!r}\nshift = {calibration.shift!r}\n",
        reference_section(data, quantiles),
        "[sha256]\n" + "".join(f'"{name}" = "{_sha256(folder / name)}"\n' for name in FILES),
    ]
    (folder / "model.toml").write_text("\n".join(sections), encoding="utf-8")


def reference_section(data: str, quantiles: dict[str, list[float]]) -> str:
    """The distribution of scores over real data, and over those of one kind."""
    section = f'[reference]\ndata = "{data}"\nquantiles = {_rows(quantiles[""])}\n'
    kinds = "".join(f"{kind} = {_rows(values)}\n" for kind, values in sorted(quantiles.items()) if kind)
    return section + (f"\n[reference.kinds]\n{kinds}" if kinds else "")


def read(folder: Path) -> tuple[Layout, Calibration]:
    """What scoring needs of model.toml."""
    content = tomllib.loads((folder / "model.toml").read_text(encoding="utf-8"))
    section = {name: value for name, value in content["tokenizer"].items() if name != "file"}
    return Layout(**section), Calibration(**content["calibration"])


def _head(recipe: Recipe) -> str:
    values = {
        "name": f"gleaner-{recipe.role}",
        "version": "0.1.0",
        "role": recipe.role,
        "description": recipe.description,
        "base": "potion-base-8M",
        "base_licence": "MIT",
        "licence": LICENCE,
    }
    return "".join(f'{name} = "{value}"\n' for name, value in values.items())


def _tokenizer(layout: Layout) -> str:
    lines = ["[tokenizer]", 'file = "tokenizer.json"']
    for name, value in asdict(layout).items():
        if value is not None:
            lines.append(f'{name} = "{value}"' if isinstance(value, str) else f"{name} = {value}")
    return "\n".join(lines) + "\n"


def _rows(values: list[float]) -> str:
    rows = [", ".join(f"{value:.4f}" for value in values[at : at + 10]) for at in range(0, len(values), 10)]
    return "[\n" + "".join(f"    {row},\n" for row in rows) + "]"


def set_figures(folder: Path, reports: dict[str, Report]) -> None:
    """Puts the figures of these reports into model.toml, instead of those that it had."""
    path = folder / "model.toml"
    text = re.sub(r"\[\[figures\]\]\n(.+\n)+\n", "", path.read_text(encoding="utf-8"))
    sections = "".join(_figures(data, report) for data, report in reports.items())
    path.write_text(text.replace("[sha256]", sections + "[sha256]"), encoding="utf-8")


def _figures(data: str, report: Report) -> str:
    return (
        f'[[figures]]\ndata = "{data}"\npairs = {report["pairs"]}\n'
        f"accuracy = {report['accuracy']:.3f}\n"
        f"similar_length_accuracy = {report['similar_length']['accuracy']:.3f}\n"
        f"longest_accuracy = {report['baselines']['longest']['accuracy']:.3f}\n\n"
    )


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
