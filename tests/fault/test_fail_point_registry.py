"""No durable step is driven by no test: the names in the code against the names that tests say they drive."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from dagster_project.checks import STAGES

TESTS = Path(__file__).resolve().parents[1]
PACKAGE = TESTS.parent / "dagster_project"
# What the parts of a composed name may be; a composed name with another part is no name that a test could drive.
PARTS = {"stage": STAGES}


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


def steps_in_code() -> dict[str, str]:
    """Every durable step of the package, with its module."""
    return {
        name: path.relative_to(PACKAGE).as_posix()
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.name != "durable.py"
        for name in names_in(path.read_text(encoding="utf-8"), str(path))
    }


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
