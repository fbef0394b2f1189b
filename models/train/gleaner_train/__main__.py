"""Command line: train one role, evaluate what was trained, or write the golden scores."""

import argparse
import logging
import os
import random
from pathlib import Path

import torch

from gleaner_train import base, calibrate, card, evaluate, export, files, golden
from gleaner_train.evaluate import Figures
from gleaner_train.fit import fit
from gleaner_train.inputs import Encoder
from gleaner_train.network import Network
from gleaner_train.recipes import RECIPES, Recipe
from gleaner_train.scorer import Calibration, Scorer

log = logging.getLogger("gleaner_train")


def main() -> None:
    arguments = _arguments()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    os.environ["TOKENIZERS_PARALLELISM"] = "true" if arguments.threads > 1 else "false"
    torch.set_num_threads(arguments.threads)
    torch.use_deterministic_algorithms(True)
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    if arguments.command == "golden":
        golden.write(arguments.models, arguments.models / "golden.jsonl")
    elif arguments.card:
        _card(RECIPES[arguments.command], arguments)
    else:
        _train(RECIPES[arguments.command], arguments)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="gleaner_train", description=__doc__)
    parser.add_argument("command", choices=[*RECIPES, "golden"])
    parser.add_argument("--data", type=Path, help="folder of the data files")
    parser.add_argument("--base", type=Path, help="folder with the wheel of the base embeddings")
    parser.add_argument("--models", type=Path, required=True, help="folder that holds one folder for each role")
    parser.add_argument(
        "--held-out",
        type=float,
        default=0.0,
        help="share of scored groups kept from training and evaluated instead of dev",
    )
    parser.add_argument("--card", action="store_true", help="train nothing; evaluate again and write the card")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


def _train(recipe: Recipe, arguments: argparse.Namespace) -> None:
    torch.manual_seed(arguments.seed)
    folder = arguments.models / recipe.role
    folder.mkdir(parents=True, exist_ok=True)
    base.write_tokenizer(arguments.base, folder / "tokenizer.json")
    encoder = Encoder(folder / "tokenizer.json", recipe.layout)
    network = Network(recipe.shape, base.embeddings(arguments.base, recipe.shape.width), recipe.dropout)
    stages = recipe.stages(arguments.data, arguments.held_out, random.Random(arguments.seed))
    network = fit(network, encoder, stages, arguments.seed)
    export.write(network, folder / "model.onnx")

    samples = calibrate.samples(arguments.data / "llava/llava_samples.jsonl", recipe.role)
    uncalibrated = Scorer(folder, encoder, Calibration())
    calibration = calibrate.calibrate(calibrate.raw_means(uncalibrated, samples))
    scorer = Scorer(folder, encoder, calibration)
    reference = (calibrate.describe(recipe.role, len(samples)), calibrate.quantiles(scorer, samples))
    figures = _evaluate(recipe, scorer, arguments)
    files.write(folder, recipe, calibration, reference, figures)
    card.write(folder, recipe, figures, card.notes(recipe, scorer, arguments.data))


def _card(recipe: Recipe, arguments: argparse.Namespace) -> None:
    folder = arguments.models / recipe.role
    layout, calibration = files.read(folder)
    scorer = Scorer(folder, Encoder(folder / "tokenizer.json", layout), calibration)
    figures = _evaluate(recipe, scorer, arguments)
    card.write(folder, recipe, figures, card.notes(recipe, scorer, arguments.data))


def _evaluate(recipe: Recipe, scorer: Scorer, arguments: argparse.Namespace) -> list[Figures]:
    found = []
    for data, groups in recipe.evaluations(arguments.data, arguments.held_out).items():
        figures = evaluate.agreement(scorer, groups, data, recipe.shape.pair)
        log.info("%s", figures)
        found.append(figures)
    return found


if __name__ == "__main__":
    main()
