"""No durable step is driven by no test: the names in the code against the names that tests say they drive."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from dagster_project.checks import STAGES

TESTS = Path(__file__).resolve().parents[1]
PACKAGE = TESTS.parent / "dagster_project"
# What the parts of a composed name may be; a composed name with another part is no name that a test could drive.
PARTS = {"stage": STAGES}
# What a kill leaves done or undone, as it is written; and the functions in which it is no step, since nobody reads what they change.
MOVES = {"rename", "unlink", "rmdir", "rmtree", "move", "link", "replace"}
_WORK = "a work folder: whoever comes next takes one that was left away, or begins it anew"
_MAKING = "what is being made beside its place, which a rename that is a step brings there"
BESIDE = {
    "bulletin.folder.replaced": _MAKING,
    "dbt_parse._folder": "parses beside the project: one that is gone is made again",
    "desk.originals.opened": _WORK,
    "handing_out.whole_file": _MAKING,
    "ingest.landing.ingest_landing": _WORK,
    "ingest.taking._finish": _WORK,
    "ingest.trial._try_one": _WORK,
    "keeping.copying._copy_history": _MAKING,
    "keeping.restore.restore": _MAKING,
    "keeping.restore._remove_empty": "empty folders, in the place of which the restored home comes",
    "keeping.restore._remove": _MAKING,
    "rehearsal.scratch": "a home for a trial alone, which nobody goes on from",
    "rehearsal._link": "likewise",
    "sample.master_files._benefits": _MAKING,
    "serving.publish.publish_serving": _MAKING,
}


def names_in(source: str, path: str = "") -> Iterator[str]:
    """Names of the durable steps of a module."""
    for node in ast.walk(ast.parse(source)) if "durable_step" in source else ():
        if not isinstance(node, ast.Call) or not isinstance(node.func, (ast.Name, ast.Attribute)):
            continue
        called = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
        if called != "durable_step":
            continue
        name = node.args[0]
        if isinstance(name, ast.Constant):
            yield str(name.value)
            continue
        composed = ast.unparse(name).removeprefix("f").strip("\"'") if isinstance(name, ast.JoinedStr) else "{}"
        (part,) = re.findall(r"{(\w*)}", composed)
        assert part in PARTS, f"{path}:{node.lineno} the name of a durable step cannot be read off the code"
        yield from (composed.replace(f"{{{part}}}", value) for value in PARTS[part])


@cache
def steps_in_code() -> dict[str, str]:
    """Every durable step of the package, with its module."""
    return {
        name: path.relative_to(PACKAGE).as_posix()
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.name != "durable.py"
        for name in names_in(path.read_text(encoding="utf-8"), str(path))
    }


@cache
def steps_that_tests_drive() -> dict[str, str]:
    """Names in the constants DRIVES… of test modules, which these modules' tests assert to have been hit."""
    found: dict[str, str] = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        source = path.read_text(encoding="utf-8")
        for node in ast.parse(source).body if "DRIVES" in source else ():
            if (
                isinstance(node, ast.Assign)
                and isinstance(node.targets[0], ast.Name)
                and node.targets[0].id.startswith("DRIVES")
            ):
                found |= dict.fromkeys(ast.literal_eval(node.value), path.name)
    return found


def test_every_durable_step_is_driven_by_a_test() -> None:
    undriven = {name: module for name, module in steps_in_code().items() if name not in steps_that_tests_drive()}
    assert not undriven, f"stop before and after these steps in a test: {undriven}"


def test_no_test_says_to_drive_a_step_that_is_gone() -> None:
    gone = {name: module for name, module in steps_that_tests_drive().items() if name not in steps_in_code()}
    assert not gone


def test_names_are_found_however_the_step_is_written() -> None:
    found = names_in("with durable_step('a.b'), durable.durable_step(f\"checks.{stage}.commit\"): pass")
    assert set(found) == {"a.b", *(f"checks.{stage}.commit" for stage in STAGES)}


def test_steps_have_names_of_their_own() -> None:
    counted = [
        name
        for path in PACKAGE.rglob("*.py")
        if path.name != "durable.py"
        for name in names_in(path.read_text(encoding="utf-8"))
    ]
    assert len(counted) == len(set(counted)), "two steps share a name, so that only one of them is surely stopped at"


def is_lasting(call: ast.Call) -> bool:
    """Whether a call puts a file in place, takes one away, or commits."""
    if not isinstance(call.func, ast.Attribute):
        return False
    first = call.args[0] if call.args else None
    if call.func.attr == "execute":
        return isinstance(first, ast.Constant) and str(first.value).strip().lower() == "commit"
    # Of text and of columns two words are replaced and names by a table: those are other things of the same name.
    return (
        call.func.attr in MOVES
        and len(call.args) < 2 + (call.func.attr == "link")
        and not (
            call.func.attr in ("rename", "replace")
            and (call.keywords or not call.args or isinstance(first, ast.Dict | ast.DictComp))
        )
    )


def unmarked_in(source: str) -> Iterator[tuple[str, int]]:
    """Function and line of everything lasting that stands in no durable step."""

    def within(nodes: Sequence[ast.AST], function: str) -> Iterator[tuple[str, int]]:
        for node in nodes:
            if isinstance(node, ast.With) and any("durable_step(" in ast.unparse(item) for item in node.items):
                continue
            if isinstance(node, ast.Call) and is_lasting(node):
                yield function, node.lineno
            name = node.name if isinstance(node, ast.FunctionDef) else function
            yield from within(list(ast.iter_child_nodes(node)), name)

    yield from within(ast.parse(source).body, "")


def test_nothing_lasting_is_done_outside_of_a_durable_step() -> None:
    found: dict[str, str] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        for function, line in unmarked_in(path.read_text(encoding="utf-8")):
            module = path.relative_to(PACKAGE).with_suffix("").as_posix().replace("/", ".")
            found[f"{module}.{function}"] = f"{path.name}:{line}"
    unknown = {name: place for name, place in found.items() if name not in BESIDE}
    assert not unknown, f"put these into a durable step, or say why a kill there is nobody's loss: {unknown}"
    assert not BESIDE.keys() - found.keys(), "these are no exceptions any more"


def test_what_lasts_is_told_from_what_only_has_its_name() -> None:
    source = """
def f(part, path, text, frame):
    part.replace(path)
    connection.execute("commit")
    shutil.rmtree(path)
    text.replace("a", "b"), frame.rename({"a": "b"}), moment.replace(tzinfo=None)
    with durable_step("x"):
        part.replace(path)
"""
    assert [line for _, line in unmarked_in(source)] == [3, 4, 5]
