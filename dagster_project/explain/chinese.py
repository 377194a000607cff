"""Chinese for the English prose that an explanation prints.

Belongs here: looking a text up in `chinese.yml`. Does not belong here: names, labels and units, which are Chinese and English
in the dictionary already.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import yaml

FILE = Path(__file__).with_name("chinese.yml")
_SENTENCES = re.compile(r"(?<=[.])\s+(?=[A-Z])")


@cache
def _texts() -> dict[str, dict[str, str]]:
    content: dict[str, dict[str, str]] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return content


def chinese(kind: str, text: str) -> str:
    """A text of one kind (traps, formulas, sources, notes) in Chinese; itself where there is none.

    Formulas of ids and operators are the same in every language and stay as they are.
    """
    known = _texts()[kind]
    if text in known:
        return known[text]
    sentences = _merged(_SENTENCES.split(text), known)
    if any(sentence in known for sentence in sentences):
        return "。".join(known.get(sentence, sentence) for sentence in sentences)
    for english, word in _texts()["words"].items():
        text = text.replace(english, word)
    return text


def _merged(sentences: list[str], known: dict[str, str]) -> list[str]:
    """Sentences without their full stops; two that are only known together are one."""
    found: list[str] = []
    for sentence in (one.rstrip(".") for one in sentences):
        if found and f"{found[-1]}. {sentence}" in known:
            found[-1] = f"{found[-1]}. {sentence}"
        else:
            found.append(sentence)
    return found
