"""What each role is made of: input layouts, networks, and where its examples come from."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from gleaner_train import answer, question, style
from gleaner_train.fit import Stages
from gleaner_train.groups import Group
from gleaner_train.inputs import Layout
from gleaner_train.network import Shape
from gleaner_train.records import Data


@dataclass(frozen=True)
class Recipe:
    """One role: its teachers' examples, what they are asked about, and the student's layout, network and examples."""

    role: str
    description: str
    teachers: int  # whose mean opinion is learned
    teacher_layout: Layout
    teacher_stages: Callable[[Data, Random], Stages]
    asked: Callable[[Data, Random], list[Group]]
    layout: Layout
    shape: Shape
    dropout: float
    stages: Callable[[Data, Random, list[Group]], Stages]
    evaluations: Callable[[Data], dict[str, list[Group]]]


RECIPES = {
    "question": Recipe(
        role="question",
        description="Rates how good the questions of a sample are, from their text alone.",
        teachers=2,
        teacher_layout=question.TEACHER,
        teacher_stages=question.teacher_stages,
        asked=question.asked,
        layout=question.STUDENT,
        shape=Shape(width=96, layers=1, units=96, hidden=48, pair=False, lengths=True),
        dropout=0.4,
        stages=question.stages,
        evaluations=question.evaluations,
    ),
    "answer": Recipe(
        role="answer",
        description="Rates how good an answer is to its question, from the text of one turn.",
        teachers=1,
        teacher_layout=answer.TEACHER,
        teacher_stages=answer.teacher_stages,
        asked=answer.asked,
        layout=answer.STUDENT,
        shape=Shape(width=96, layers=2, units=128, hidden=96, pair=True, lengths=True),
        dropout=0.2,
        stages=answer.stages,
        evaluations=answer.evaluations,
    ),
    "style": Recipe(
        role="style",
        description="Tells how close an answer's writing is to that of Vicuna.",
        teachers=1,
        teacher_layout=style.TEACHER,
        teacher_stages=style.teacher_stages,
        asked=style.asked,
        layout=style.STUDENT,
        shape=Shape(width=64, layers=1, units=64, hidden=48, pair=False, lengths=False),
        dropout=0.2,
        stages=style.stages,
        evaluations=style.evaluations,
    ),
}


def with_shape(recipe: Recipe, **sizes: int) -> Recipe:
    """The same role with another network."""
    return replace(recipe, shape=replace(recipe.shape, **sizes))
