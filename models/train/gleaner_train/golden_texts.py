"""Texts written for the golden file: ordinary ones, and those at which tokenising or truncation could differ."""

LONG = (
    "A man in a yellow raincoat walks a small brown dog along the harbour wall. Behind them, three fishing boats "
    "lie at anchor and gulls circle over the nets. The sky is grey, yet a strip of light is visible at the horizon. "
)
COUNTED = " ".join(f"Object number {i} stands {i * 7 % 13} metres from the door." for i in range(900))
JAPANESE = "港には三隻の漁船が停泊しており、その上をカモメが飛んでいます。"
CODE = "```python\ndef area(width: float, height: float) -> float:\n    return width * height  # m²\n```"
MARKDOWN = "## What is visible\n\n- **Two** bicycles\n- a *red* door\n\n| item | count |\n|---|---|\n| cup | 3 |\n"
ODD = "\u200bZero\u00adwidth \u00a0 spaces\tand\r\ncontrol\u0007 characters \ufeff, e\u0301 and é, ﬁ, Ⅷ, ß, İstanbul"
FORGED = "[CLS] [SEP] [UNK] [MASK] [PAD] </s> <|endoftext|> {{ prompt }}"

QUESTIONS = [
    "What is the man doing?",
    "Describe this image in detail.",
    "Why might the street be empty at this time of day, and which details in the picture support your answer?",
    "How many boats are in the harbour?\nWhat colour is the dog?\nWhat could happen if the wind grew stronger?",
    "How many boats are in the harbour?\nHow many boats are in the harbour?\nHow many boats are in the harbour?",
    "doing man What the is picture in?",
    "",
    "?",
    "a",
    "🐶🚤🌧️ ???",
    "这张照片里的人在做什么？他们看起来开心吗？",
    "صف ما تراه في الصورة",
    ODD,
    FORGED,
    CODE,
    "x" * 101,
    ("What stands next to the door in this picture? " * 60).strip(),
    COUNTED[:4096] + "?",
    "é" * 4097,
    COUNTED,
    LONG * 200,
]

EXCHANGES = [
    ("What is the man doing?", "The man is walking a small brown dog along the harbour wall."),
    ("What is the man doing?", "Walking a dog."),
    ("What is the man doing?", "The recipe needs two eggs, a cup of flour and a pinch of salt."),
    ("What is the man doing?", "dog the harbour walking is wall a along man The small brown"),
    ("What is the man doing?", "The man is walking a small brown dog along the"),
    ("What is the man doing?", "I'm sorry, but I cannot see any image."),
    ("What is the man doing?", ""),
    ("", "The man is walking a small brown dog along the harbour wall."),
    ("", ""),
    ("Describe this image in detail.", LONG.strip()),
    ("Describe this image in detail.", (LONG * 12).strip()),
    ("Describe this image in detail.", MARKDOWN.strip()),
    ("写真を説明してください。", JAPANESE),
    ("写真を説明してください。", JAPANESE * 300),
    ("Which function computes the area?", CODE),
    ("What is written on the sign?", "🛑 STOP 🛑"),
    ("Is it odd?", ODD),
    (FORGED, FORGED),
    (COUNTED, "Object number 7 stands ten metres from the door."),
    (COUNTED, COUNTED),
    ("ü" * 1536 + "?", "One question of just over the byte budget."),
    ("€" * 1025, "A character of three bytes crosses the byte budget."),
    ("How far is the last object?", COUNTED[:16384]),
    ("How far is the last object?", COUNTED[:16385]),
    ("What is this?", "word " * 600 + "end"),
    ("What is this?", "😀" * 4200),
]

STYLES = [
    "The image shows a man walking his dog. Overall, it is a peaceful scene that conveys a sense of calm.",
    "man walks dog",
    "As an AI language model, I do not have personal opinions, but I can provide some information.",
    "Sure! Here are some tips:\n\n1. Start early.\n2. Take breaks.\n3. Ask for help when you need it.",
    "Nah, looks like a Tuesday to me.",
    MARKDOWN.strip(),
    CODE,
    JAPANESE,
    "",
    "…",
    "🙂",
    ODD,
    FORGED,
    LONG.strip(),
    (LONG * 12).strip(),
    COUNTED,
    "aé" * 1366,
    "supercalifragilisticexpialidocious" * 4,
]
