"""Measures of a finished model, by `gleaner evaluate`: what the daemon computes is what is reported."""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gleaner_train.groups import Group

Report = dict[str, Any]

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Judge:
    """The program, and the folder of the model that it is to load for one role."""

    program: Path
    role: str
    folder: Path

    def files(self, *paths: Path) -> Report:
        """The report on labelled files."""
        files = [path.resolve() for path in paths]
        command = [self.program.resolve(), "evaluate", "--json", "--role", self.role, *files]
        models = {f"GLEANER__MODELS__{self.role.upper()}": str(self.folder.resolve())}
        # The other roles' models are those of the repository.
        done = subprocess.run(command, env=os.environ | models, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{self.program} evaluate: {done.stderr.strip()}")
        return json.loads(done.stdout)["roles"][self.role]

    def groups(self, groups: Iterable[Group]) -> Report:
        """The report on groups."""
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as file:
            for group in groups:
                line = {"role": self.role, "question": group.prompt}
                line |= {"candidates": group.candidates, "scores": group.scores}
                file.write(json.dumps(line) + "\n")
            file.flush()
            return self.files(Path(file.name))


def row(name: str, report: Report) -> list[str]:
    """One line of the table of a card: the model beside `longest`."""
    long = report["baselines"]["longest"]
    cells = [name, str(report["pairs"])]
    cells += [_number(report["accuracy"]), _number(long["accuracy"]), str(report["similar_length"]["pairs"])]
    cells += [_number(report["similar_length"]["accuracy"]), _number(long["similar_length"]["accuracy"])]
    cells += [_number(report["best_of_n_lift"]), _number(long["best_of_n_lift"]), _number(report["spearman"])]
    return cells


HEADS = [
    "data",
    "pairs",
    "accuracy",
    "`longest`",
    "similar length: pairs",
    "accuracy",
    "`longest`",
    "lift",
    "`longest`",
    "Spearman",
]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def auc(positive: list[float], negative: list[float]) -> float:
    """The chance that a positive scores above a negative; ties count half."""
    ranked = sorted([(value, 1) for value in positive] + [(value, 0) for value in negative])
    total, place = 0.0, 0
    while place < len(ranked):
        end = place
        while end < len(ranked) and ranked[end][0] == ranked[place][0]:
            end += 1
        total += sum(label for _, label in ranked[place:end]) * (place + end + 1) / 2
        place = end
    size = len(positive)
    return (total - size * (size + 1) / 2) / (size * len(negative))
