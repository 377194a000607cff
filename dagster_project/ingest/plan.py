"""A contract and a header, as SQL: one pass from the delivered cells to typed columns and the question "accepted?".

Belongs here: the stacked projections and the conditions of rejection. Does not belong here: running them (`load.py`).

The stack: cells trimmed, null words taken out, typed, judged. Each level is a projection of its own so that an
expression is computed once; the judgement carries a volatile call, because otherwise the optimiser moves the filter
below the projections and computes every conversion twice.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from dagster_project.contracts import Column, Contract
from dagster_project.ingest import values
from dagster_project.ingest.codes import REGIONS, is_region, known_codes
from dagster_project.ingest.header import HeaderMatch
from dagster_project.ingest.keys import certificate_sql, pseudonym_sql
from dagster_project.ingest.plain import Plain
from dagster_project.ingest.readable import Source
from dagster_project.ingest.store import LINEAGE, literal

ROW, OK = '"row.number"', '"row.accepted"'
# Temporary table of a file's rejected rows, typed as far as they can be: their reasons and their amounts are both told of it.
REJECTED_CELLS = "rejected_cells"
FEW_ROWS = 20_000
HEADER_AGAIN = "header_again"


@dataclass(frozen=True)
class Condition:
    """One way to break the contract: true SQL means a broken row; `value` is the code for unknown codes."""

    rule_id: str
    column: str
    sql: str
    value: str = ""


class Plan:
    """SQL for one file."""

    def __init__(
        self,
        contract: Contract,
        source: Source,
        header: HeaderMatch,
        *,
        source_file: str,
        code_names: dict[str, dict[str, str]],
        province: str | None,
        provincial_sets: Collection[str],
        plain: Mapping[str, Plain],
        kept: Mapping[str, Sequence[str]],
    ):
        self.contract = contract
        self.source = source
        self.header = header
        self.source_file = source_file
        self.code_names = code_names
        self.home_province = province
        self.provincial_sets = (
            provincial_sets  # sets to which some province has added a code: a look into a table for each row
        )
        self.plain = plain  # columns that need no care, by name
        self.kept = kept  # all values of columns of few values, by name
        self.people: str | None = None  # temporary table psn_no → pseudonym that is joined; None: every row is hashed
        self.present = [column for column in contract.columns if column.name in header.columns]

    def cell(self, column: Column) -> tuple[str, str]:
        """The delivered cell of a column as SQL, and its type."""
        place = self.header.columns[column.name]
        return f'"{self.source.columns[place].replace(chr(34), chr(34) * 2)}"', self.source.types[place]

    def delivered(self, column: Column) -> str:
        """A cell as delivered, as text without the blanks around it."""
        cell, kind = self.cell(column)
        return cell if column.name in self.plain else f"cast({values.trimmed(cell, kind)} as varchar)"

    def _cleaned(self, rows: str = "", only: Collection[str] | None = None) -> str:
        """Cells without blanks and null words, as "<column>.text"; `rows` narrows the records read, `only` the columns."""
        first, second = [f"{self.source.row} as {ROW}"], [ROW]
        for column in self.present:
            if only is not None and column.name not in only:
                continue
            cell, kind = self.cell(column)
            if (plain := self.plain.get(column.name)) is not None:
                value = f"case when {cell} = '' then null else {cell} end" if plain.may_be_empty else cell
                first.append(f'{value} as "{column.name}.text"')
                second.append(f'"{column.name}.text"')
                continue
            first.append(f'{values.trimmed(cell, kind, self.source.rows < FEW_ROWS)} as "{column.name}.text"')
            second.append(
                f'{values.without_null_words(f"{chr(34)}{column.name}.text{chr(34)}", kind)} as "{column.name}.text"'
            )
        inner = f"select {', '.join(first)} from {self.source.relation} {rows}"
        return f"select {', '.join(second)} from ({inner})"

    def typed(self, rows: str = "", only: Collection[str] | None = None) -> str:
        """Every column of the contract under its name and type; cells of text-like sources also as "<column>.text".

        For a small file planning all columns takes longer than reading it, hence `only`.
        """
        columns = [ROW]
        for column in self.contract.columns:
            if only is not None and column.name not in only:
                continue
            if column.name not in self.header.columns:
                columns.append(f'cast(null as {column.sql_type}) as "{column.name}"')
                continue
            _, kind = self.cell(column)
            name = f'"{column.name}.text"'
            names = self.code_names.get(column.code_set or "", {})
            value = (
                values.typed_plainly(name, column)
                if column.name in self.plain
                else values.typed(name, kind, column, names)
            )
            columns.append(f'{value} as "{column.name}"')
            columns.append(name)
        return f"select {', '.join(columns)} from ({self._cleaned(rows, only)})"

    def province(self) -> str:
        """SQL of a row's province."""
        home = f"cast({literal(self.home_province) if self.home_province else 'null'} as varchar)"
        for name in self.contract.place_by:
            if any(column.name == name for column in self.contract.columns):
                return f"case when regexp_matches(\"{name}\", '^[0-9]{{2}}') then left(\"{name}\", 2) || '0000' else {home} end"
        return home

    def _header_again(self) -> Condition | None:
        """The names of the columns once more amid the rows, as where files were put one behind the other; a file in which a cell may be
        something else than text (Parquet, dates of a sheet) holds no such row."""
        if not self.present or not all(values.is_text(self.cell(column)[1]) for column in self.present):
            return None
        same = [
            f'"{column.name}.text" = {literal(self.source.header[self.header.columns[column.name]].strip())}'
            for column in sorted(self.present, key=lambda column: not column.key)
        ]
        # One comparison settles it for every other row.
        return Condition(HEADER_AGAIN, "*", f"case when {same[0]} then {' and '.join(same)} else false end")

    def conditions(self) -> list[Condition]:
        """Everything that quarantines a row, a header among the rows first, then columns."""
        again = self._header_again()
        found = [again] if again else []
        for column in self.present:
            name, text = f'"{column.name}"', f'"{column.name}.text"'
            if column.type != "varchar":
                form = "number_form" if column.type == "decimal" else "date_form"
                found.append(Condition(form, column.name, f"{text} is not null and {name} is null"))
                if column.required:
                    found.append(Condition("required", column.name, f"{text} is null"))
                continue
            plain = self.plain.get(column.name)
            lost = values.rounded(column.name, self.cell(column)[1], column)
            if lost and plain is None:
                found.append(Condition("identifier_rounded", column.name, lost))
            if column.required:
                found.append(Condition("required", column.name, f"{name} is null"))
            if plain is None or not plain.is_known:
                # Counting letters costs three times as much as asking for the bytes, which are never fewer.
                too_long = (
                    f"case when strlen({name}) > {column.length} then length({name}) > {column.length} else false end"
                )
                found.append(Condition("length", column.name, too_long))
            if column.form == "month" and plain is None:
                found.append(
                    Condition("month_form", column.name, f"not regexp_full_match({name}, '{values.MONTH_FORM}')")
                )
            if column.code_set and column.unknown == "quarantine" and not self.is_known(column):
                found.append(Condition("code_unknown", column.name, self.unknown_code(column), name))
        if self.contract.name in ("setl_d", "outmed_setl_d"):
            found.append(self._region_of_institution())
        for rule in self.contract.rules:
            if rule.severity == "error" and any(name in self.header.columns for name in rule.columns):
                found.append(Condition(rule.id, ", ".join(rule.columns), rule.violated()))
        return found

    def reasons(self) -> list[Condition]:
        """The conditions, as flags of `flagged`, as reasons to give: a cell that cannot be used is said once, by the first rule
        that it breaks.

        A rule over several cells is silent where one of them cannot be used: it was never really asked. An unknown code
        is always named, since the cure of S1 goes by the code.
        """
        found: list[Condition] = []
        spoken: dict[str, list[str]] = {}
        no_row: list[str] = []  # of a header among the rows nothing else is said, neither are its names codes
        for place, condition in enumerate(self.conditions()):
            flag, names = f'"broken.{place}"', condition.column.split(", ")
            before = [sql for name in names for sql in spoken.get(name, ()) if condition.rule_id != "code_unknown"]
            before += no_row
            if condition.rule_id == HEADER_AGAIN:
                no_row = [flag]
                before = []
            if len(names) == 1:
                spoken.setdefault(names[0], []).append(flag)
            silent = f" and not ({' or '.join(before)})" if before else ""
            found.append(replace(condition, sql=f"{flag}{silent}"))
        return found

    def flagged(self, typed: str) -> str:
        """Rows of a typed relation with a flag "broken.<number>" for each condition."""
        flags = [
            f'coalesce(({condition.sql}), false) as "broken.{place}"'
            for place, condition in enumerate(self.conditions())
        ]
        return f"select {', '.join(['*', *flags])} from {typed}"

    def _region_of_institution(self) -> Condition:
        """Where the treatment place is not given it is read from the institution's code, and must be a region (S1)."""
        place = 'substr("fixmedins_code", 2, 6)'
        return Condition(
            "code_unknown",
            "fixmedins_code",
            f"\"fix_blng_admdvs\" is null and regexp_full_match({place}, '[0-9]{{6}}') and not ({is_region(place)})",
            place,
        )

    def is_known(self, column: Column) -> bool:
        """Whether every code of a column is known to be in its set."""
        return column.name in self.plain and self.plain[column.name].is_known

    def unknown_code(self, column: Column) -> str:
        """SQL that is true for a code outside its set; an empty cell is no code."""
        name = f'"{column.name}"'
        if column.code_set == REGIONS:
            known = is_region(name)
        else:
            # A look into a constant list costs half of a join; DuckDB even does it once an entry of a dictionary.
            codes = ", ".join(literal(code) for code in known_codes(column.code_set or ""))
            known = f"list_contains(cast([{codes}] as varchar[]), {name})"
            if column.code_set in self.provincial_sets:
                own = f"select province || code from known_provincial_code where code_set = {literal(str(column.code_set))}"
                known += f" or ({self.province()}) || {name} in ({own})"
        return f"{name} is not null and not ({known})"

    def judged(self, rows: str = "") -> str:
        """Typed rows with the flag "row.accepted"; `rows` narrows the records read."""
        # One true condition is enough, whatever is unknown of the others.
        broken = " or ".join(f"({condition.sql})" for condition in self.conditions()) or "false"
        return f"select *, not coalesce({broken}, false) and random() >= 0 as {OK} from ({self.typed(rows)})"

    def split_by_month(self, month: str) -> tuple[str, str]:
        """The records of a month (yyyymm) and all others, as conditions on the delivered rows.

        Only a delivered date can be asked for its month before it is typed; otherwise ("", ""): nothing is split.
        """
        cell, kind = self.cell(self.contract.column(self.contract.month_by))
        if kind != "DATE" and not (kind.startswith("TIMESTAMP") and "ZONE" not in kind):
            return "", ""
        first = f"date '{month[:4]}-{month[4:]}-01'"
        inside = f"{cell} >= {first} and {cell} < {first} + interval 1 month"
        return f"where {inside}", f"where ({inside}) is not true"

    def accepted(self, load_id: int, rows: str = "") -> str:
        """Rows as they lie in raw: landed columns, pseudonyms, lineage; `rows` narrows the records read."""
        columns = []
        for column in self.contract.landed:
            name = f'"{column.name}"'
            if column.landed == "pseudonym":
                columns.append(f"{self._pseudonym(column)} as {name}")
            elif column.name in self.kept:
                columns.append(f"{_of_few(name, self.kept[column.name])} as {name}")
            else:
                columns.append(f"{values.final(name, column)} as {name}")
        columns += [
            f"cast({load_id} as {LINEAGE['load_id']}) as load_id",
            # One value, written as an enumeration of it: as text every row would be looked up in a dictionary of one.
            f"{_of_few(literal(self.source_file), [self.source_file])} as source_file",
            f"{ROW} as source_row",
            f"{self.province()} as province",
        ]
        join = f' left join {self.people} as people on people.psn_no = judged."psn_no"' if self.people else ""
        return f"select {', '.join(columns)} from ({self.judged(rows)}) as judged{join} where {OK}"

    def _pseudonym(self, column: Column) -> str:
        value = f'judged."{column.name}"'
        if column.name == "psn_no" and self.people:
            return f"coalesce(people.pseudonym, {pseudonym_sql(value)})"
        if column.name == "certno":  # a list that names no kinds of certificates names identity cards
            has_kind = any(other.name == "psn_cert_type" for other in self.contract.columns)
            value = certificate_sql('"psn_cert_type"' if has_kind else "'01'", value)
        return pseudonym_sql(value)

    def persons(self) -> str:
        """Distinct person numbers of the file, cleaned; no filter, which would be pushed into every expression."""
        cell, kind = self.cell(self.contract.column("psn_no"))
        text = values.without_null_words("cell", kind)
        value = values.typed("cell", kind, self.contract.column("psn_no"), {})
        return (
            f"select distinct {value} as psn_no from (select {text} as cell from "
            f"(select {values.trimmed(cell, kind)} as cell from {self.source.relation}))"
        )


def _of_few(text: str, known: Sequence[str]) -> str:
    """SQL of a text as a value of the enumeration of all that it can be."""
    return f"cast({text} as enum({', '.join(literal(value) for value in known)}))"
