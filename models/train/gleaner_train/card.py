"""MODEL_CARD.md: what a model is, what it learned from and how well it does."""

import random
from pathlib import Path

from gleaner_train import corrupt
from gleaner_train.evaluate import Figures, agreement, auc
from gleaner_train.groups import corrupted, mismatched, read_groups, style_records
from gleaner_train.recipes import STYLE_DEV, Recipe
from gleaner_train.records import clean, key, share
from gleaner_train.scorer import Scorer

BASE = "The token embeddings start from potion-base-8M (MinishLab, MIT), reduced to their first principal components."
SOURCES = {
    "question": [
        ("Align2LLaVA annotations of questions (`align2/question.train`)", "no licence stated by the authors"),
        ("CoachLM revisions of instructions", "Apache-2.0, derived from Alpaca (CC BY-NC 4.0)"),
        ("rated Chatbot Arena prompts", "Apache-2.0"),
    ],
    "answer": [
        ("Align2LLaVA annotations of answers (`align2/answer.train`)", "no licence stated by the authors"),
        ("HH-RLHF, helpful and harmless", "MIT"),
        ("QA-feedback", "Apache-2.0"),
        ("CoachLM revisions", "Apache-2.0, derived from Alpaca (CC BY-NC 4.0)"),
        ("WebGPT comparisons and others judged by people", "mixed, by row"),
        ("AlpacaEval (direct and derived), arena-bench, QLoRA and others judged by GPT-4", "mostly CC BY-NC 4.0"),
    ],
    "style": [
        (
            "answers of Vicuna and other models: AlpacaEval, FLASK, arena-hard, arena-bench, Vicuna bench, others",
            "mixed, mostly CC BY-NC 4.0 and the terms of each model's output",
        ),
    ],
}
SPOILT = {
    "itself with a third or more of its words shuffled": corrupt.shuffle_span,
    "itself with words left out": corrupt.delete_words,
    "itself cut off": corrupt.cut_off,
    "itself with the last sentence repeated": corrupt.loop,
}
LIMITS = {
    "question": (
        "It never sees the picture: it cannot tell whether a question can be answered from it. The scored groups are "
        "few and people agree on them only moderately. English only."
    ),
    "answer": (
        "It never sees the picture and knows no facts: a fluent invention scores as well as the truth. Word order "
        "counts only within three tokens, so shuffled words and repetitions escape it: leave them to the text checks. "
        "An empty answer or one in another language gets an arbitrary, often high score. Longer answers tend to score "
        "higher. Of long answers both ends are read. English only."
    ),
    "style": (
        "It reads at most 256 tokens, half from either end, without case or line breaks. Other models that were tuned "
        "on chat are hard to tell from Vicuna, and answers of people are too few in the evaluation to say much. "
        "Trained on chat answers, not on captions. English only."
    ),
}


def notes(recipe: Recipe, scorer: Scorer, data: Path) -> list[str]:
    """Further measures of a role."""
    if recipe.role == "style":
        return _style_notes(scorer, data)
    return _answer_notes(scorer, data) if recipe.role == "answer" else []


def _answer_notes(scorer: Scorer, data: Path) -> list[str]:
    """How often the best answer of a development group beats a spoilt copy, by kind."""
    rng = random.Random(3)
    groups = read_groups(data / "align2/answer.dev.jsonl.zst")
    kinds = {"an answer to another question": mismatched(groups, rng, 1.0)}
    for name, spoil in SPOILT.items():
        made = [corrupted(group, spoil, rng, 1.0) for group in groups]
        kinds[name] = [group for group in made if group]
    lines = []
    for name, pairs in kinds.items():
        figures = agreement(scorer, pairs, name, with_prompt=True)
        lines.append(f"The best answer against {name}: {figures.accuracy:.2f} of {figures.pairs} right.")
    return lines


def _style_notes(scorer: Scorer, data: Path) -> list[str]:
    """AUC over the held-out prompts that Vicuna answered, beside that of length."""
    records = [
        record
        for record in style_records(data / "style/style_answers.jsonl.zst")
        if share(key(record["instruction"])) < STYLE_DEV
    ]
    answered = {key(record["instruction"]) for record in records if record["family"] == "vicuna"}
    records = [record for record in records if key(record["instruction"]) in answered]
    texts = [clean(record["answer"]) for record in records]
    scores = scorer.scores([(None, text) for text in texts])
    own = [record["family"] == "vicuna" for record in records]
    lengths = [float(len(text)) for text in texts]
    lines = []
    for name, kept in {
        "all other families": None,
        "people": {"human"},
        "gpt-4 and gpt-3.5": {"gpt-4", "gpt-3.5"},
        "llama-2, wizardlm, tulu, alpaca": {"llama-2", "wizardlm", "tulu", "alpaca"},
    }.items():
        rows = [i for i, record in enumerate(records) if own[i] or kept is None or record["family"] in kept]
        by_score = auc([scores[i] for i in rows if own[i]], [scores[i] for i in rows if not own[i]])
        by_length = auc([lengths[i] for i in rows if own[i]], [lengths[i] for i in rows if not own[i]])
        count = sum(not own[i] for i in rows)
        lines.append(
            f"Vicuna ({sum(own)} answers) against {name} ({count}) on held-out prompts: AUC {by_score:.3f}; "
            f"by length alone {by_length:.3f}."
        )
    return lines


def write(folder: Path, recipe: Recipe, figures: list[Figures], further: list[str]) -> None:
    """Writes MODEL_CARD.md."""
    parts = [
        f"# gleaner-{recipe.role}",
        recipe.description,
        "## Model",
        f"{BASE} {_architecture(recipe)}",
        "## Sources",
        "\n".join(
            ["| data | terms |", "|---|---|", *(f"| {name} | {terms} |" for name, terms in SOURCES[recipe.role])]
        ),
        "## Figures",
        _table(figures),
        *(["\n".join(f"- {line}" for line in further)] if further else []),
        '"Similar length" means within 15 % of characters; `longest` prefers the longer text. Ties in the labels are '
        "left out, a tie in the model counts as wrong. The lift is how far the best-scored candidate of a group lies "
        "from the group's mean towards its best.",
        "## Limits",
        LIMITS[recipe.role],
        f"`make {recipe.role}` in `models/train` makes this model again.",
    ]
    (folder / "MODEL_CARD.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def _architecture(recipe: Recipe) -> str:
    shape = recipe.shape
    return (
        f"{shape.width} dimensions a token, stored as float16; a layer of {shape.triples} units over each token and "
        f"its two neighbours; mean and maximum over the tokens; a head of {shape.hidden} units"
        + (
            ", which also sees the logarithm of the true length."
            if shape.lengths
            else ", which does not see the length."
        )
    )


def _table(figures: list[Figures]) -> str:
    heads = [
        "data",
        "pairs",
        "accuracy",
        "`longest`",
        "similar length: pairs",
        "accuracy",
        "`longest`",
        "lift",
        "`longest`",
    ]
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for one in figures:
        values = [one.accuracy, one.longest_accuracy, one.similar_length_accuracy, one.longest_similar_accuracy]
        cells = [one.data, str(one.pairs), *(f"{value:.3f}" for value in [*values, one.lift, one.longest_lift])]
        cells.insert(4, str(one.similar_pairs))
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)
