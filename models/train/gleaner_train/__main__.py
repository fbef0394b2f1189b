"""Command line: train one role, write its card again, compare architectures, or write the golden scores."""

import argparse
import logging
import os
import random
from pathlib import Path

import torch

from gleaner_train import base, card, export, finish, golden, pareto, teach
from gleaner_train.fit import fit
from gleaner_train.inputs import Encoder
from gleaner_train.network import Network
from gleaner_train.recipes import RECIPES, Recipe
from gleaner_train.records import Data


def main() -> None:
    arguments = _arguments()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    os.environ["TOKENIZERS_PARALLELISM"] = "true" if arguments.threads > 1 else "false"
    torch.set_num_threads(arguments.threads)
    torch.use_deterministic_algorithms(True)
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    if arguments.command == "golden":
        golden.write(arguments.models, arguments.models / "golden.jsonl")
    elif arguments.command == "pareto":
        _pareto(Data(arguments.data, arguments.permissive_only), arguments)
    else:
        recipe, data = RECIPES[arguments.command], Data(arguments.data, arguments.permissive_only)
        if not arguments.card:
            _train(recipe, data, arguments)
        card.write(arguments.models / recipe.role, recipe, data, arguments.gleaner)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="gleaner_train", description=__doc__)
    parser.add_argument("command", choices=[*RECIPES, "pareto", "golden"])
    parser.add_argument("--data", type=Path, help="folder of the data files")
    parser.add_argument("--build", type=Path, help="folder with the packages of the bases; keeps checkpoints, too")
    parser.add_argument("--models", type=Path, required=True, help="folder that holds one folder for each role")
    parser.add_argument("--gleaner", type=Path, help="the program that evaluates")
    parser.add_argument("--permissive-only", action="store_true", help="train on rows whose terms allow commercial use")
    parser.add_argument("--card", action="store_true", help="train nothing; evaluate again and write the card")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


def _train(recipe: Recipe, data: Data, arguments: argparse.Namespace) -> None:
    taught = teach.opinions(recipe, data, arguments.build, arguments.seed)
    torch.manual_seed(arguments.seed)
    folder = arguments.models / recipe.role
    folder.mkdir(parents=True, exist_ok=True)
    base.write_tokenizer(arguments.build, folder / "tokenizer.json")
    encoder = Encoder(folder / "tokenizer.json", recipe.layout)
    network = Network(recipe.shape, base.embeddings(arguments.build, recipe.shape.width), recipe.dropout)
    stages = recipe.stages(data, random.Random(arguments.seed), taught)
    network = fit(network, encoder, stages, arguments.seed, arguments.build / f"{recipe.role}-student")
    export.write(network, folder / "model.onnx")
    finish.describe(recipe, data, folder, encoder)


def _pareto(data: Data, arguments: argparse.Namespace) -> None:
    recipe = RECIPES["answer"]
    taught = teach.opinions(recipe, data, arguments.build, arguments.seed)
    table = pareto.compare(recipe, data, taught, arguments.build, arguments.gleaner, arguments.seed)
    (arguments.build / "pareto.md").write_text(table, encoding="utf-8")
    print(table)


if __name__ == "__main__":
    main()
