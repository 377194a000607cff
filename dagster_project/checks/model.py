"""What a rule, a planned check and a result are.

Belongs here: the plain types that the stages, the judge, the store and the page share. Does not belong here: texts and
thresholds (`rules.yml`), SQL (the stage modules), Great Expectations (`gx_adapter`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

from dagster_project.language import Text

# Stages of a run, and the forms, which are judged when they are filled.
Stage = Literal["landing", "core", "indicator", "publication", "forms"]
Severity = Literal["error", "warning"]
Status = Literal["pass", "warn", "fail", "error", "not_applicable"]

STAGES: tuple[Stage, ...] = ("landing", "core", "indicator", "publication")


@dataclass(frozen=True)
class Rule:
    """One entry of `rules.yml`: how bad a violation is, from where on, and what it means to people.

    `threshold` is the percentage of rows up to which the rule holds; `finding` says that a number below it is shown as
    a warning all the same; `blocks` is 'run' (nothing downstream may be made), 'release' (a draft may be made, but
    nothing may be frozen as final) or 'nothing'. `needs` are the extracts without which the rule says nothing.
    """

    id: str
    stage: Stage
    table: str
    severity: Severity
    threshold: float
    at_least: int
    finding: bool
    blocks: Literal["run", "release", "nothing"]
    needs: tuple[str, ...]
    title: Text
    meaning: Text
    todo: Text
    hurts: Text

    @property
    def help(self) -> str:
        """Meaning, what to do and whom it hurts, as one bilingual text."""
        zh = f"{self.meaning.zh}处理：{self.todo.zh}影响：{self.hurts.zh}"
        en = f"{self.meaning.en} What to do: {self.todo.en} Whom it hurts: {self.hurts.en}"
        return str(Text(zh, en))


@dataclass(frozen=True)
class Expect:
    """A ready-made expectation on one column: not_null, between, in_set or match_regex."""

    kind: Literal["not_null", "between", "in_set", "match_regex"]
    column: str
    minimum: float | None = None
    maximum: float | None = None
    values: tuple[str, ...] = ()
    regex: str = ""

    def violated(self) -> str:
        """The SQL condition of a row that breaks it; null breaks only not_null, as in Great Expectations."""
        if self.kind == "not_null":
            return f"{self.column} is null"
        if self.kind == "in_set":
            return f"{self.column} not in ({', '.join(repr(value) for value in self.values)})"
        if self.kind == "match_regex":
            return f"not regexp_matches({self.column}, '{self.regex}')"
        bounds = [f"{self.column} < {self.minimum}"] if self.minimum is not None else []
        bounds += [f"{self.column} > {self.maximum}"] if self.maximum is not None else []
        return " or ".join(bounds)


@dataclass(frozen=True)
class Check:
    """A rule made concrete for this warehouse: what is judged, and how violations are listed and counted.

    In every SQL text `{batch}` stands for the judged table and `{threshold}` for the rule's threshold in per cent.
    `bad` lists the rows that break the rule beyond its threshold: the rule holds when it lists none. `found` and
    `total` are scalar queries of the numbers shown; `rows` lists the offending rows where they are not rows of the
    judged table; `counted` is a scalar query that is 0 when there was no row to look at, so that the rule does
    not apply.
    """

    rule: str
    bad: str = ""
    found: str = ""
    total: str = "select count(*) from {batch}"
    rows: str = ""
    counted: str = ""
    expect: Expect | None = None


@dataclass(frozen=True)
class Waiver:
    """A known finding taken as it is until a day (included): which, why, by whom; `known` is what it counted then.

    `region` and `month` narrow it to the listed rows of one region or month, '' to none. `known_cells` is JSON: region, month and
    number of listed rows as they were then, of a finding whose rows have a region or a month; else null.
    """

    waiver_id: int
    check_name: str
    region: str
    month: str
    reason: str
    who: str
    until: date
    known: int
    made_at: datetime
    run_id: str
    revoked_at: datetime | None = None
    revoked_by: str | None = None
    revoked_reason: str | None = None
    known_cells: str | None = None

    @property
    def told(self) -> Text:
        """Who, until when and why, in one line."""
        scope = " ".join(part for part in (self.region, self.month) if part)
        where_zh, where_en = (f"（{scope}）", f" ({scope})") if scope else ("", "")
        return Text(
            f"已豁免{where_zh}，至 {self.until.isoformat()}，{self.who}：{self.reason}",
            f"waived{where_en} until {self.until.isoformat()} by {self.who}: {self.reason}",
        )


@dataclass(frozen=True)
class CheckResult:
    """One row of `ops.check_result`; `samples` are rows for people, `waivers` what covers the finding now; neither is stored."""

    run_id: str
    stage: Stage
    table_name: str
    check_name: str
    severity: Severity
    status: Status
    unexpected: int | None = None
    total: int | None = None
    percent: float | None = None
    threshold: float | None = None
    rows_query: str = ""
    help: str = ""
    blocks: Literal["run", "release", "nothing"] = "nothing"
    samples: tuple[dict[str, Any], ...] = field(default=(), compare=False)
    waivers: tuple[Waiver, ...] = field(default=(), compare=False)

    @property
    def blocking(self) -> bool:
        """Whether nothing downstream may be made: a blocking rule that failed, or could not be judged at all, and is not waived."""
        return self.blocks == "run" and self.status in ("fail", "error") and not self.waivers

    @property
    def holds_release(self) -> bool:
        """Whether nothing may be frozen as final."""
        held = self.blocks == "release" and self.status in ("warn", "fail", "error") and not self.waivers
        return self.blocking or held


@dataclass(frozen=True)
class CheckSpec:
    """What Dagster must know of a check before it runs."""

    check_name: str
    table_name: str
    asset_key: tuple[str, ...]
    severity: Severity
    blocking: bool
    description: str
