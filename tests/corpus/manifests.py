"""Operators on a batch's manifest.json (S8): the file beside it is good, what is said of it is odd.

Belongs here: manifests. Does not belong here: the files that they list.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.corpus.odd import ROWS, Odd, delimited, good

EXTRACT = "fund_ledger_m"
# What stands under the manifest's name, with what the refusal says of it.
NO_FILES = {
    "pipe": "no ordinary file", "socket": "no ordinary file", "folder": "a folder", "device": "leads out", "dead link": "link to nothing",
}  # fmt: skip


def manifests(numbers: Iterator[int]) -> list[Odd]:
    """Every operator on a folder of its own."""
    made = []
    for operator, kind, says, change in _changes():
        number = next(numbers)
        folder = f"manifest {operator}"
        name = f"{EXTRACT}_{number}.csv"
        content = delimited(good(EXTRACT, number)).encode()
        entry: dict[str, Any] = {"file": name, "rows": ROWS, "sha256": hashlib.sha256(content).hexdigest()}
        told = change({"batch": folder, "files": [entry]})
        text = told if isinstance(told, bytes) else json.dumps(told, ensure_ascii=False).encode()
        rows = ROWS if kind == "accepted" else 0
        made.append(Odd(f"manifest: {operator}", f"{folder}/{name}", content, kind, rows, says=says, manifest=text))
    for what, says in NO_FILES.items():
        number = next(numbers)
        name = f"manifest {what}/{EXTRACT}_{number}.csv"
        content = delimited(good(EXTRACT, number)).encode()
        made.append(Odd(f"manifest: {what}", name, content, "refused", says=says, in_its_place=what))
    return made


def put_in_place(path: Path, what: str) -> None:
    """Something that is no file, at a path."""
    if what == "pipe":
        os.mkfifo(path)
    elif what == "socket":
        os.mknod(path, stat.S_IFSOCK | 0o600)
    elif what == "folder":
        path.mkdir()
    else:
        path.symlink_to("/dev/zero" if what == "device" else path.with_name("nowhere.json"))


def _changes() -> Iterator[tuple[str, Any, str, Any]]:
    """Name of an operator, the fate of the file, what the reason says, and the change of a good manifest."""

    def of_entry(**cells: Any) -> Any:
        return lambda told: told | {"files": [told["files"][0] | cells]}

    def written(codec: str) -> Any:
        return lambda told: json.dumps(told, ensure_ascii=False, indent=1).encode(codec)

    sums = {"medfee_sumamt": "1"}
    yield "as it should be", "accepted", "", lambda told: told
    yield "with BOM", "accepted", "", written("utf-8-sig")
    yield "with CRLF", "accepted", "", lambda told: json.dumps(told, indent=1).replace("\n", "\r\n").encode()
    yield "hash in capitals", "accepted", "", lambda told: of_entry(sha256=told["files"][0]["sha256"].upper())(told)
    yield "rows as text", "accepted", "", of_entry(rows=str(ROWS))
    yield "no numbers at all", "accepted", "", of_entry(rows=None, sha256=None)
    yield "fields that nobody asked for", "accepted", "", of_entry(remark="备注", size=1)
    yield "batch as a number", "accepted", "", lambda told: told | {"batch": 202401}
    yield "empty", "refused", "JSON", lambda told: b""
    yield "cut short", "refused", "JSON", lambda told: json.dumps(told).encode()[:-5]
    yield "a comma too many", "refused", "JSON", lambda told: json.dumps(told).replace("]", ",]").encode()
    yield "text", "refused", "JSON", lambda told: "第一批，共一个文件".encode()
    yield "NUL bytes", "refused", "manifest.json", lambda told: bytes(64)
    yield "in GB18030", "refused", "UTF-8", lambda told: written("gb18030")(told | {"batch": "一月"})
    yield "in UTF-16", "refused", "UTF-8", written("utf-16")
    yield "a list", "refused", "object", lambda told: [told]
    yield "a number", "refused", "object", lambda told: 7
    yield "brackets within brackets", "refused", "brackets", lambda told: b"[" * 100_000
    yield "no list", "refused", "lists no file", lambda told: {"batch": told["batch"]}
    yield "an empty list", "refused", "lists no file", lambda told: told | {"files": []}
    yield "files as an object", "refused", "files", lambda told: told | {"files": {"file": "x"}}
    yield "an entry that is a name", "refused", "files[1]", lambda told: told | {"files": [told["files"][0]["file"]]}
    yield "an entry without a name", "refused", "files[1]", lambda told: told | {"files": [{"rows": ROWS}]}
    yield "a name that is a number", "refused", "files[1]", of_entry(file=7)
    yield (
        "a file that is absent",
        "refused",
        "absent",
        lambda told: told | {"files": [*told["files"], {"file": "setl_d.csv"}]},
    )
    yield "a name that climbs out", "refused", "absent", of_entry(file="../../etc/passwd")
    yield "another file listed", "refused", "absent", of_entry(file="fund_ledger_m_other.csv")
    yield "a row less", "refused", str(ROWS - 1), of_entry(rows=ROWS - 1)
    yield "rows below zero", "refused", "rows", of_entry(rows=-1)
    yield "rows as a fraction", "refused", "rows", of_entry(rows=8.5)
    yield "rows as a truth", "refused", "rows", of_entry(rows=True)
    yield "rows without end", "refused", "rows", of_entry(rows="9" * 5000)
    yield "another hash", "refused", "sha256", of_entry(sha256="0" * 64)
    yield "half a hash", "refused", "sha256", lambda told: of_entry(sha256=told["files"][0]["sha256"][:32])(told)
    yield "a hash that is a number", "refused", "sha256", of_entry(sha256=7)
    yield "sums of no column", "refused", "medfee_sumamt", of_entry(sums=sums)
    yield "sums that are no numbers", "refused", "amt", of_entry(sums={"amt": "about 5"})
    yield "sums as a list", "refused", "sums", of_entry(sums=["amt"])
    yield "a time that is none", "refused", "extracted_at", lambda told: told | {"extracted_at": "昨天"}
    yield (
        "a time before time",
        "refused",
        "extracted_at",
        lambda told: told | {"extracted_at": "0001-01-01T00:00:00+23:00"},
    )
    yield "another kind of delivery", "refused", "delivery", lambda told: told | {"delivery": "partial"}
    yield "corrections of nobody", "refused", "--take", of_entry(corrects={"load": 1, "rows": [1]})
    yield "corrections of no form", "refused", "--take", of_entry(corrects="all")
