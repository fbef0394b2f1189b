"""From an exported network to a model: calibration, reference quantiles, model.toml."""

from pathlib import Path
from random import Random

from gleaner_train import calibrate, files
from gleaner_train.inputs import Encoder
from gleaner_train.recipes import Recipe
from gleaner_train.records import Data
from gleaner_train.scorer import Calibration, Scorer

FEW = 300


def describe(recipe: Recipe, data: Data, folder: Path, encoder: Encoder, fast: bool = False) -> None:
    """Writes model.toml for model.onnx and tokenizer.json in `folder`; `fast`: by a few samples alone."""
    samples = calibrate.samples(data, recipe.role)
    if fast:
        samples = Random(1).sample(samples, min(FEW, len(samples)))
    calibration = calibrate.calibrate(calibrate.raw_means(Scorer(folder, encoder, Calibration()), samples))
    scorer = Scorer(folder, encoder, calibration)
    reference = (calibrate.describe(recipe.role, len(samples)), calibrate.quantiles(scorer, samples))
    files.write(folder, recipe, calibration, reference)
