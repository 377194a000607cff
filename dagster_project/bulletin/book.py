"""Looking figures up: the headline row of an indicator, its breakdown rows, its comparison with the year before.

Belongs here: turning rows of the indicator layer into figures. Does not belong here: sentences, tables, formats.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from dagster_project.bulletin.entries import in_reading_order, nameless, read_entries
from dagster_project.bulletin.figures import POINTS, Figure, Kind
from dagster_project.bulletin.numbers import Unit
from dagster_project.bulletin.reading import Sources
from dagster_project.bulletin.wording import Wording
from dagster_project.language import Text

_DIMENSIONS = ("scheme", "member_status", "hospital_tier", "visit_type", "travel_class")
_COLUMNS = (
    "indicator_id", "year", "region_code", *_DIMENSIONS, "other_dimension", "other_member", "definition_id", "unit",
    "numerator", "denominator", "value", "status", "reason",
)  # fmt: skip
Labels = frozenset[tuple[str, str]]


def _decimal(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def _labels(row: Mapping[str, Any]) -> Labels:
    """Breakdown labels of a row; 'total' stands for all and is no label."""
    found = {(name, row[name]) for name in _DIMENSIONS if row.get(name) not in (None, "", "total")}
    if row.get("other_dimension") not in (None, "", "total") and row.get("other_member") not in (None, "", "total"):
        found.add((row["other_dimension"], row["other_member"]))
    return frozenset(found)


class FigureBook:
    """All annual figures of a home, by indicator, year, region and labels."""

    def __init__(
        self,
        sources: Sources,
        wording: Wording,
        names: Mapping[str, Text] | None = None,
        decimals: Mapping[str, int] | None = None,
        spoken: Sequence[str] = (),
    ) -> None:
        """`names` and `decimals` replace the dictionary's for this publication (a province's bulletin does not say 全国).

        `spoken` are the indicators in the order of the text, which is the order of the tables too.
        """
        self.sources = sources
        self.wording = wording
        self.entries = read_entries(sources.dictionary, names or {}, decimals or {})
        self._headline = in_reading_order(self.entries, spoken)
        self._rows: dict[tuple[str, int, str], dict[Labels, dict[str, Any]]] = defaultdict(dict)
        all_labels: dict[str, set[Labels]] = defaultdict(set)
        values = sources.values.sort("definition_id", nulls_last=True)
        for row in values.select([name for name in _COLUMNS if name in values.columns]).iter_rows(named=True):
            labels = _labels(row)
            self._rows[row["indicator_id"], row["year"], row["region_code"]].setdefault(labels, row)
            all_labels[row["indicator_id"]].add(labels)
        # An indicator's own labels are the fewest that any of its rows carries: its id names them.
        self._own = {
            indicator: min(found, key=lambda one: (len(one), sorted(one))) for indicator, found in all_labels.items()
        }
        self._comparisons = {
            (row["indicator_id"], int(row["year"]), row["region_code"]): row
            for row in sources.comparisons.iter_rows(named=True)
        }
        self._breaks = self._read_breaks()

    def _read_breaks(self) -> dict[tuple[str, int], str]:
        breaks: dict[tuple[str, int], str] = {}
        for row in self.sources.register("seed.series_break").iter_rows(named=True):
            if row["breaks_comparison"] != "Y":  # L17: only the print changed
                continue
            for indicator in str(row["indicator_ids"]).split(";"):
                breaks.setdefault((indicator.strip(), int(row["year"])), row["break_id"])
        return breaks

    @property
    def years(self) -> list[int]:
        """Years with annual values up to the reporting year, at most five, ascending."""
        years = {year for _, year, region in self._rows if region == self.sources.region and year <= self.sources.year}
        return sorted(years)[-5:]

    def has(self, indicator: str) -> bool:
        """True when the indicator layer has a row of it for the region and year, with a value or without."""
        return (indicator, self.sources.year, self.sources.region) in self._rows

    def headline(self) -> list[str]:
        """Headline indicators by section, in the order of the text."""
        return list(self._headline)

    def break_of(self, indicator: str, year: int, region: str | None = None) -> str:
        """Id of the series break that lies between this year and the one before, or ''."""
        row = self._comparisons.get((indicator, year, region or self.sources.region))
        return str((row or {}).get("break_id") or self._breaks.get((indicator, year), ""))

    def break_text(self, figure: Figure) -> str:
        """What changed in the definition since the year before, in Chinese."""
        row = self._comparisons.get((figure.indicator_id, figure.year, figure.region_code)) or {}
        parts = [one.partition(" / ")[0] for one in str(row.get("note") or "").split("; ")]
        return "；".join(part for part in parts if "→" in part)

    def figure(self, indicator: str, year: int | None = None, region: str | None = None, **labels: str) -> Figure:
        """The figure of an indicator, of a breakdown of it when labels are given; without value when there is no such row."""
        year, region = year or self.sources.year, region or self.sources.region
        own = self._own.get(indicator, frozenset())
        wanted = frozenset({pair for pair in own if pair[0] not in labels} | set(labels.items()))
        row = self._rows.get((indicator, year, region), {}).get(wanted, {})
        entry = self.entries.get(indicator) or nameless(indicator)
        return Figure(
            indicator_id=indicator,
            year=year,
            region_code=region,
            definition_id=str(row.get("definition_id") or ""),
            kind="level",
            name=entry.name,
            unit=Unit.parse(row["unit"]) if row.get("unit") else entry.unit,
            decimals=entry.decimals,
            value=None if row.get("status") in ("suppressed", "not_computable") else _decimal(row.get("value")),
            status=str(row.get("status") or "not_computable"),
            reason=str(row.get("reason") or ("" if row else "no_row")),
            labels=tuple(sorted(labels.items())),
            numerator=_decimal(row.get("numerator")),
            denominator=_decimal(row.get("denominator")),
        )

    def has_labels(self, indicator: str, **labels: str) -> bool:
        """True when any region has this breakdown row in the reporting year."""
        own = self._own.get(indicator, frozenset())
        wanted = frozenset({pair for pair in own if pair[0] not in labels} | set(labels.items()))
        year = self.sources.year
        return any(wanted in rows for (one, of, _), rows in self._rows.items() if one == indicator and of == year)

    def _derived(
        self, figure: Figure, kind: Kind, unit: Unit, decimals: int, value: Decimal | None, status: str
    ) -> Figure:
        status = figure.status if value is not None else status
        return Figure(
            figure.indicator_id, figure.year, figure.region_code, figure.definition_id, kind, figure.name, unit, decimals,
            value, status, "", figure.labels,
        )  # fmt: skip

    def previous(self, figure: Figure) -> Figure:
        """The prior year's figure as restated now."""
        row = (
            self._comparisons.get((figure.indicator_id, figure.year, figure.region_code)) if not figure.labels else None
        )
        prior = self.figure(figure.indicator_id, figure.year - 1, figure.region_code, **dict(figure.labels))
        if row is None or row.get("previous_value") is None:
            return prior
        return self._derived(
            prior, "previous", figure.unit, figure.decimals, _decimal(row["previous_value"]), prior.status
        )

    def _comparable(self, figure: Figure) -> tuple[str, Decimal, Decimal] | str:
        """('', now, before) or the status that a comparison has instead of a value."""
        if self.break_of(figure.indicator_id, figure.year, figure.region_code):
            return "break"
        before = self.previous(figure)
        if figure.value is None or before.value is None:
            return "suppressed" if "suppressed" in (figure.status, before.status) else "not_computable"
        return "", figure.value, before.value

    def change(self, figure: Figure) -> Figure:
        """Change on the restated year before: in the figure's unit, for ratios in percentage points."""
        unit = Unit(POINTS) if figure.is_ratio else figure.unit
        found = self._comparable(figure)
        value, status = (None, found) if isinstance(found, str) else (found[1] - found[2], "")
        return self._derived(figure, "change", unit, figure.decimals, value, status)

    def growth(self, figure: Figure) -> Figure:
        """Growth in per cent on the restated year before; a ratio has none, see `change`."""
        if figure.is_ratio:
            return self.change(figure)
        found = self._comparable(figure)
        if not isinstance(found, str) and found[2] <= 0:
            found = "not_computable"  # growth on nothing, or on a deficit, says nothing
        value, status = (None, found) if isinstance(found, str) else (100 * (found[1] / found[2] - 1), "")
        return self._derived(figure, "growth", Unit("%"), 1, value, status)


def region_label(sources: Sources, region: str) -> Text:
    """Name of a region; where no list of regions has one, it says so beside the code."""
    name = sources.region_names.get(region)
    return Text(name, name) if name else Text(f"未登记区划 {region}", f"unlisted region {region}")


def with_values(figures: Iterable[Figure]) -> list[Figure]:
    """Those that have a value."""
    return [figure for figure in figures if figure.has_value]
