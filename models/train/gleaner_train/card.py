"""MODEL_CARD.md: what a model is, what it learned from and how well it does."""

from pathlib import Path
from random import Random

from gleaner_train import corrupt, files, style
from gleaner_train.figures import HEADS, Judge, Report, auc, row
from gleaner_train.groups import mismatched, read_groups, spoilt
from gleaner_train.inputs import Encoder
from gleaner_train.recipes import Recipe
from gleaner_train.records import Data, clean, key
from gleaner_train.scorer import Scorer

TEACHER = "all-MiniLM-L6-v2 (Apache-2.0), fine-tuned"
OWN_TEXTS = ("`gleaner_train/scenes`, our own, and `gleaner_train/phrases`, for negatives", "Apache-2.0, part of this project")
SOURCES = {
    "question": [
        ("Align2LLaVA annotations of questions (`align2/question.train`)", "no licence stated by the authors"),
        ("CoachLM revisions of instructions", "Apache-2.0, derived from Alpaca (CC BY-NC 4.0)"),
        ("rated Chatbot Arena prompts", "Apache-2.0"),
        OWN_TEXTS,
    ],
    "answer": [
        ("Align2LLaVA annotations of answers (`align2/answer.train`)", "no licence stated by the authors"),
        ("HH-RLHF, helpful and harmless", "MIT; one cleaned copy CC BY-NC 4.0"),
        ("QA-feedback", "Apache-2.0"),
        ("CoachLM revisions", "Apache-2.0, derived from Alpaca (CC BY-NC 4.0)"),
        ("WebGPT comparisons and others judged by people", "CC BY-NC 4.0 or by row"),
        ("AlpacaEval (direct and derived), arena-bench, QLoRA and others judged by GPT-4", "mostly CC BY-NC 4.0"),
        ("`llava_samples.jsonl`: texts without labels, as good ones that are spoilt", "research use"),
        OWN_TEXTS,
    ],
    "style": [
        (
            "answers of Vicuna, of other models and of people: AlpacaEval, FLASK, arena-hard, arena-bench, others",
            "mixed, mostly CC BY-NC 4.0 and the terms of each model's output",
        ),
    ],
}
LIMITS = {
    "question": (
        "It never sees the picture: it cannot tell whether a question can be answered from it. The scored groups are "
        "few and people agree on them only moderately. English only."
    ),
    "answer": (
        "It never sees the picture and knows no facts: a fluent invention scores as well as the truth. Of answers "
        "longer than 500 tokens both ends are read. English only."
    ),
    "style": (
        "It reads at most 256 tokens, half from either end, without case or line breaks. Other models that were tuned "
        "on chat are hard to tell from Vicuna. Trained on chat answers, not on captions. English only."
    ),
}
PROBE_FILES = Path(__file__).parents[2] / "probes"
NOTE = (
    '"Similar length" means within 15 % of characters; `longest` prefers the longer text. Ties in the labels are '
    "left out, a tie in the model counts as wrong. The lift is how far the best-scored candidate of a group lies "
    "from the group's mean towards its best. All figures but AUCs are printed by `gleaner evaluate`."
)
PROBES = (
    "Pairs of which the better one is obvious, from `models/probes` (training never sees them). Share ordered right, "
    "by the model alone and by checks and model together, with its 95 % interval. Those held out were "
    "written by others, and nobody who worked on the recipes has read them."
)
STYLE_RIVALS = {
    "all other families": None,
    "people": {"human"},
    "gpt-4 and gpt-3.5": {"gpt-4", "gpt-3.5"},
    "llama-2, wizardlm, tulu, alpaca": {"llama-2", "wizardlm", "tulu", "alpaca"},
}


def write(folder: Path, recipe: Recipe, data: Data, program: Path) -> None:
    """Evaluates with `program`, and writes the figures into model.toml and MODEL_CARD.md."""
    judge = Judge(program, recipe.role, folder)
    evaluations = {name: groups for name, groups in recipe.evaluations(data).items() if groups}
    reports = {name: judge.groups(groups) for name, groups in evaluations.items()}
    files.set_figures(folder, reports)
    parts = [
        f"# gleaner-{recipe.role}",
        recipe.description,
        "## Model",
        _architecture(recipe),
        "## Sources",
        _table(["data", "terms"], [[name, terms] for name, terms in SOURCES[recipe.role]]),
        "## Figures",
        _table(HEADS, [row(name, report) for name, report in reports.items()]),
        NOTE,
        *_notes(recipe, data, judge, folder),
        "## Limits",
        LIMITS[recipe.role],
        f"`make {recipe.role}` in `models/train` makes this model again.",
    ]
    (folder / "MODEL_CARD.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def _notes(recipe: Recipe, data: Data, judge: Judge, folder: Path) -> list[str]:
    if recipe.role == "style":
        return ["### Which family", *_style_notes(data, folder)]
    notes = ["### Blind spots", PROBES, _probes(judge, PROBE_FILES)]
    return notes + (["### Spoilt answers", _spoilt(data, judge)] if recipe.role == "answer" else [])


def _probes(judge: Judge, folder: Path) -> str:
    """Accuracy by kind over both probe sets."""
    blind = sorted(folder.glob("held_out*.jsonl"))
    own = judge.files(*sorted(set(folder.glob("*.jsonl")) - set(blind)))["kinds"]
    other = judge.files(*blind)["kinds"]
    lines = [[kind, *_probe(own[kind]), *_probe(other[kind])] for kind in sorted(own)]
    heads = ["kind", "pairs", "model", "checks and model", "held out: pairs", "model", "checks and model"]
    return _table(heads, lines)


def _probe(kind: Report) -> list[str]:
    both = kind["pipeline"]
    low, high = both["interval"]
    return [str(kind["pairs"]), f"{kind['accuracy']:.2f}", f"{both['accuracy']:.2f} ({low:.2f} to {high:.2f})"]


def _spoilt(data: Data, judge: Judge) -> str:
    """How often the best answer of a development group beats a spoilt copy, by the model alone."""
    rng = Random(3)
    groups = read_groups(data.all("align2/answer.dev"))
    kinds = {"answer to another question": mismatched(groups, 200, 1.0, rng)}
    kinds |= {one.__name__.replace("_", " "): spoilt(groups, [one], 200, 1.0, rng) for one in corrupt.ANSWER}
    reports = {name: judge.groups(pairs) for name, pairs in kinds.items()}
    lines = [[name, str(report["pairs"]), f"{report['accuracy']:.2f}"] for name, report in reports.items()]
    return "Best answers of `align2/answer.dev` against spoilt copies.\n\n" + _table(["spoilt by", "pairs", "model"], lines)


def _style_notes(data: Data, folder: Path) -> list[str]:
    """AUC over the held-out prompts that Vicuna answered, beside that of length."""
    layout, calibration = files.read(folder)
    scorer = Scorer(folder, Encoder(folder / "tokenizer.json", layout), calibration)
    records = style.records(data, development=True)
    answered = {key(record["instruction"]) for record in records if record["family"] == style.OWN}
    records = [record for record in records if key(record["instruction"]) in answered]
    texts = [clean(record["answer"]) for record in records]
    scores = scorer.scores([(None, text) for text in texts])
    lengths = [float(len(text)) for text in texts]
    own = [record["family"] == style.OWN for record in records]
    lines = []
    for name, families in STYLE_RIVALS.items():
        rivals = [i for i, record in enumerate(records) if not own[i] and (not families or record["family"] in families)]
        mine = [i for i in range(len(records)) if own[i]]
        if not rivals or not mine:
            continue
        by_score = auc([scores[i] for i in mine], [scores[i] for i in rivals])
        by_length = auc([lengths[i] for i in mine], [lengths[i] for i in rivals])
        lines.append([name, str(len(rivals)), f"{by_score:.3f}", f"{by_length:.3f}"])
    note = f"AUC of {sum(own)} answers of Vicuna against others to the same held-out prompts."
    return [note, _table(["against", "answers", "model", "length alone"], lines)]


def _architecture(recipe: Recipe) -> str:
    shape = recipe.shape
    as_teachers = "as the teacher" if recipe.teachers == 1 else f"{recipe.teachers} times, as teachers whose mean opinion counts"
    layers = f"{shape.layers} layers" if shape.layers > 1 else "a layer"
    return (
        f"{TEACHER} {as_teachers}; the student that ships starts from the token embeddings of potion-base-8M (MinishLab, MIT), reduced to "
        f"their first {shape.width} principal components and stored as float16. On them {layers} of {shape.units} units over "
        "each token and its two neighbours"
        + ("; how well the words of question and answer meet each other" if shape.pair else "")
        + f"; mean and maximum over the tokens; a head of {shape.hidden} units, which "
        + ("also sees the logarithm of the true length." if shape.lengths else "does not see the length.")
    )


def _table(heads: list[str], lines: list[list[str]]) -> str:
    rows = [heads, ["---"] * len(heads), *lines]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in rows)
