"""What a contract is: the typed form of one YAML file.

Belongs here: the classes. Does not belong here: reading YAML (`load.py`), turning a contract into SQL (`ingest/`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from dagster_project.language import Text

Landed = Literal["as_is", "pseudonym", "month", "drop"]
Severity = Literal["error", "warning", "profile"]


@dataclass(frozen=True)
class Thresholds:
    """Shares of a file's rows or money above which the file is refused whole (ruling S2).

    `rules` holds narrower shares of rows for single rules, by rule id; `rows` and `money` are the caps of the file whatever they say.
    """

    rows: float
    money: float
    small_file: int
    small_rows: int
    rules: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Column:
    """One column as the platform names it.

    `landed` says what may reach raw: the value, its pseudonym, the first day of its month, or nothing.
    """

    name: str
    name_zh: str
    name_en: str
    type: Literal["varchar", "decimal", "date", "timestamp"]
    precision: int = 0
    scale: int = 0
    length: int = 0
    required: bool = False
    key: bool = False
    code_set: str | None = None
    # What a value outside the code set is; lawful where the set names only the codes that decide something (L25).
    unknown: Literal["quarantine", "warn", "lawful"] = "warn"
    pad: int = 0  # width to which lost leading zeros are restored
    form: str = ""  # "month": text yyyymm
    open_end: bool = False  # a far date means open (S14)
    by_name: bool = False  # the Chinese name of a code may stand for the code
    landed: Landed = "as_is"
    aliases: tuple[str, ...] = ()

    @property
    def sql_type(self) -> str:
        """Type of the contract in SQL, before anything is withheld."""
        return f"decimal({self.precision}, {self.scale})" if self.type == "decimal" else self.type

    @property
    def raw_type(self) -> str:
        """Type in raw."""
        return {"pseudonym": "uuid", "month": "date"}.get(self.landed, self.sql_type)

    @property
    def is_identifier(self) -> bool:
        """Whether the delivered value may not be stored or shown."""
        return self.landed != "as_is"

    @property
    def may_be_rounded(self) -> bool:
        """Whether numbers of things may stand in it that a spreadsheet would round: free text of 12 letters or more that is landed."""
        is_free = self.type == "varchar" and not (self.code_set or self.form or self.pad)
        return is_free and self.length >= 12 and self.landed != "drop"


@dataclass(frozen=True)
class Rule:
    """A rule over one row. Severity error quarantines, warning accepts and counts, profile only measures."""

    id: str
    kind: Literal["identity", "condition", "checksum", "uncut"]
    severity: Severity
    columns: tuple[str, ...]
    text: Text
    hurts: Text
    when: str = ""

    def violated(self) -> str:
        """SQL over the columns' names that is true for a row that breaks the rule."""
        if self.kind == "identity":
            whole, *parts = self.columns
            total = " + ".join(f"coalesce({part}, 0)" for part in parts)
            return f"abs(coalesce({whole}, 0) - ({total})) > 0.01"
        if self.kind == "checksum":
            kind, number = self.columns
            # GB 11643: weighted digits modulo 11 choose the last character; digits 7 to 14 are a date.
            weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
            total = " + ".join(
                f"{weight} * cast(substr({number}, {place}, 1) as integer)" for place, weight in enumerate(weights, 1)
            )
            return (
                f"{kind} = '01' and length({number}) = 18 and case when regexp_full_match({number}, '[0-9]{{17}}[0-9X]') "
                f"then substr('10X98765432', ({total}) % 11 + 1, 1) <> substr({number}, 18, 1) "
                f"or try_strptime(substr({number}, 7, 8), '%Y%m%d') is null else true end"
            )
        if self.kind == "uncut":
            # Identity cards have 18 characters, old ones 15 of which 7 to 12 are a date; a list that names no kinds names them (L64).
            *kinds, number = self.columns
            is_card = f"{kinds[0]} = '01'" if kinds else f"regexp_full_match({number}, '[0-9]{{14,16}}[0-9X]')"
            no_date = f"regexp_full_match({number}, '[0-9]{{15}}') and try_strptime('19' || substr({number}, 7, 6), '%Y%m%d') is null"
            # Nearly every number has 18 characters: the rest is asked of few.
            return f"case when length({number}) between 15 and 17 then {is_card} and (length({number}) > 15 or {no_date}) else false end"
        return self.when


@dataclass(frozen=True)
class Contract:
    """One extract: its columns, keys, rules, delivery, owner."""

    name: str
    name_zh: str
    name_en: str
    owner: Text
    hurts: Text
    basis: str
    designed: bool
    delivery: Literal["increment", "full"]
    version_by: str  # a column, or "delivery"
    columns: tuple[Column, ...]
    thresholds: Thresholds
    rules: tuple[Rule, ...] = ()
    month_by: str = ""  # column whose month partitions raw; empty: one partition "all"
    # Columns that tell whose region a row is: the first that the extract has.
    place_by: tuple[str, ...] = ("insu_admdvs", "admdvs", "poolarea_no")
    money: str = ""  # column whose sum measures what a rejected row is worth
    texts: dict[str, Text] = field(default_factory=dict)  # rules that come from a column's own line

    @property
    def key(self) -> tuple[str, ...]:
        """Columns of the key as delivered."""
        return tuple(column.name for column in self.columns if column.key)

    @property
    def identity(self) -> tuple[str, ...]:
        """Columns that name a thing over all its versions: the key without the version column."""
        return tuple(name for name in self.key if name != self.version_by)

    @property
    def landed(self) -> tuple[Column, ...]:
        """Columns that reach raw, in contract order."""
        return tuple(column for column in self.columns if column.landed != "drop")

    def column(self, name: str) -> Column:
        """One column by its platform name; KeyError when there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.name}.{name}")

    def rule_text(self, rule_id: str) -> Text:
        """What a rule asks for, in words."""
        for rule in self.rules:
            if rule.id == rule_id:
                return rule.text
        return self.texts.get(rule_id, Text(rule_id, rule_id))
