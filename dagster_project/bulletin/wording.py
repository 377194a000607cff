"""Words that depend on the definition in force: names, labels and notes say what the numbers were made by.

Belongs here: the choice in force of each definition and the words it decides (`wording.yml`), and putting them into the
templates of the outline and the notes. Does not belong here: the templates themselves; what a choice does to a number.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from dagster_project.bulletin.reading import Sources
from dagster_project.dictionary.definitions import load_national, load_switches
from dagster_project.dictionary.pooling import CROSS_REGION_BASE, describe_pooling
from dagster_project.language import Text

_PLACEHOLDER = re.compile(r"\{([a-z_0-9]+)\}")
_LEVELS = {"prefecture": "市级统筹", "province": "省级统筹"}
_RULING = re.compile(r"（R\d+）$")


@lru_cache(maxsize=1)
def load_wording() -> dict[str, Any]:
    """Phrases by the choice that decides them, and the choices that only select what is printed."""
    text = Path(__file__).with_name("wording.yml").read_text(encoding="utf-8")
    content: dict[str, Any] = yaml.load(text, Loader=yaml.CSafeLoader)
    return content


def pooling_in_words(text: str) -> str:
    """A pooling level over time (`prefecture>province@2024-12-01`) as a reader says it; any other text as it is."""
    text = re.sub(r">(prefecture|province)@(\d{4}-\d{2}-\d{2})", r"，\2起\1", text)
    return re.sub(r"(?<![a-z])(prefecture|province)(?![a-z])", lambda match: _LEVELS[match.group(1)], text)


class Wording:
    """The definition choices of one bulletin, in words."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._choices = sources.choices()
        self._phrases: dict[str, dict[str, Any]] = load_wording()["phrases"]

    def choice(self, switch: str) -> str:
        """The value in force in the reporting year; the national default where the home records none."""
        return self._choices.get(switch) or self.national(switch)

    def national(self, switch: str) -> str:
        """The national default of a choice in the reporting year."""
        if switch == CROSS_REGION_BASE:
            return describe_pooling(load_national(), self._sources.year)
        return load_national().choice(switch, self._sources.year)

    def name(self, switch: str) -> Text:
        """What a choice is about, as a reader of the bulletin knows it: without the number of our ruling."""
        if switch == CROSS_REGION_BASE:
            return Text("统筹层次", "Pooling level")
        label = load_switches()[switch].label
        zh = _RULING.sub("", label.zh)
        return Text(f"{zh}（决定正文所列指标）" if switch in load_wording()["selecting"] else zh, label.en)

    def value(self, switch: str, value: str) -> Text:
        """A value of a choice in plain words."""
        if switch == CROSS_REGION_BASE:
            return Text(self._with_names(pooling_in_words(value)), value)
        return load_switches()[switch].text(value)

    def _with_names(self, pooling: str) -> str:
        names = self._sources.region_names
        return re.sub(r";(\d{6}):", lambda match: f"；{names.get(match.group(1), match.group(1))}", pooling)

    def phrase(self, name: str) -> Text:
        """The words that the choice in force gives to a phrase, or the plain words of a switch.

        Raises KeyError for a name that is neither: a template is wrong then.
        """
        if name not in self._phrases:
            return self.value(name, self.choice(name))
        phrase = self._phrases[name]
        switch = load_switches()[phrase["switch"]]
        chosen = self.choice(phrase["switch"])
        return Text(**phrase["values"][switch.known(chosen) or chosen])

    def fill(self, content: Any, language: str = "zh") -> Any:
        """A template, or any structure of templates, with its placeholders filled; texts under `en` in English."""
        if isinstance(content, str):
            return _PLACEHOLDER.sub(lambda match: self.phrase(match.group(1)).in_language(language), content)
        if isinstance(content, dict):
            return {key: self.fill(one, "en" if key == "en" else language) for key, one in content.items()}
        return [self.fill(one, language) for one in content] if isinstance(content, list) else content
