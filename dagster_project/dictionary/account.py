"""The account of the dictionary: every row has a figure, is shown under another id, or says why there is none.

Belongs here: sorting the rows into these groups and the sentence that says how many there are; the groups add up to all
rows. Does not belong here: reading figures (`bulletin`, `run`), why one year has no figure (dbt model `indicator_obstacle`).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from dagster_project.dictionary.indicators import Indicator, load_indicators
from dagster_project.language import Text

VALUED, ALIAS, NOT_APPLICABLE, NOT_YET, MISSING = "valued", "alias", "not_applicable", "not_yet", "missing"
NAMES = {
    VALUED: Text("有数", "valued"),
    ALIAS: Text("别名", "alias"),
    NOT_APPLICABLE: Text("不适用（原因已注明）", "not applicable, with the reason"),
    NOT_YET: Text("尚未计算（原因已注明）", "not computed yet, with the reason"),
    MISSING: Text("本年无数（原因见各指标）", "without a figure this year, with the reason"),
}


@dataclass(frozen=True)
class Account:
    """Ids of the dictionary by group, in its order; each id is in exactly one group."""

    groups: dict[str, tuple[str, ...]]

    @property
    def total(self) -> int:
        """All rows of the dictionary."""
        return sum(len(ids) for ids in self.groups.values())

    def sentence(self) -> Text:
        """How many rows each group has, and that they add up; a group without rows is said only where it tells something."""
        parts = [(NAMES[name], len(ids)) for name, ids in self.groups.items() if ids or name not in (NOT_YET, MISSING)]
        return Text(
            "，".join(f"{name.zh} {count}" for name, count in parts) + f"，合计 {self.total}",
            ", ".join(f"{name.en} {count}" for name, count in parts) + f", sum {self.total}",
        )


def take_account(valued: Collection[str], province: str = "") -> Account:
    """The account when these indicators have a figure (a withheld one is one), of a province or of none in particular."""
    groups: dict[str, list[str]] = {name: [] for name in NAMES}
    for row in load_indicators().values():
        groups[group_of(row, valued, province)].append(row.indicator_id)
    return Account({name: tuple(ids) for name, ids in groups.items()})


def group_of(row: Indicator, valued: Collection[str], province: str = "") -> str:
    """The group of one row; what is neither an alias nor without a definition has a figure or a reason.

    A series that another place publishes is not applicable to a province.
    """
    if row.kind == "alias":
        return ALIAS
    if row.kind in (NOT_APPLICABLE, NOT_YET):
        return row.kind
    if province and row.alias_geography not in ("", province):
        return NOT_APPLICABLE
    return VALUED if row.indicator_id in valued else MISSING
