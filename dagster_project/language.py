"""Text in both languages of the product, Chinese first.

Belongs here: the pair type and the choice of a language. Texts themselves stand where they are used; labels and
indicator names come from the dictionary.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Text:
    """One text in Chinese and English."""

    zh: str
    en: str

    def in_language(self, language: str) -> str:
        """The Chinese text for 'zh', the English one for anything else."""
        return self.zh if language == "zh" else self.en

    def __str__(self) -> str:
        return f"{self.zh} / {self.en}"
