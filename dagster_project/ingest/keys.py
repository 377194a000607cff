"""The pseudonym key and the pseudonym itself.

Belongs here: key file, fingerprint, HMAC as SQL. The key leaves this module only as bound parameters; it never stands
in SQL text, logs, metadata or the home folder.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path

import duckdb

from dagster_project.durable import durable_step
from dagster_project.errors import ExitCode, UserError
from dagster_project.ingest.damage import in_words
from dagster_project.ingest.store import get_meta
from dagster_project.language import Text
from dagster_project.settings import Settings

KEY_BYTES = 32
_BLOCK = 64  # block of SHA-256 in bytes


def open_key(settings: Settings) -> bytes:
    """The province's key; made at random on first use, readable by its owner only.

    Raises UserError (exit 3) when the file cannot be read or is too short to be a key.
    """
    path = settings.key_file
    try:
        if not path.exists():
            _make(path)
        key = path.read_bytes()
    except OSError as error:
        why = in_words(error)
        raise _broken(
            Text(f"密钥文件无法读写：{why.zh}。", f"The key file cannot be read or written: {why.en}."), path
        ) from error
    if len(key) < 16:
        raise _broken(Text("密钥文件不完整（少于 16 字节）。", "The key file is incomplete (under 16 bytes)."), path)
    return key


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(secrets.token_bytes(KEY_BYTES))
        stream.flush()
        os.fsync(stream.fileno())
    with durable_step("ingest.make_key"):
        part.replace(path)


def _broken(what: Text, path: Path, detail: str = "") -> UserError:
    return UserError(
        what,
        where=f"{path} {detail}".strip(),
        todo=Text(
            "从备份恢复密钥文件，或用 BULLETIN_KEY_FILE 指向它；不要新建密钥，否则新旧数据对不上同一个人。",
            "Restore the key file from its backup or point BULLETIN_KEY_FILE at it; a new key would not join old data.",
        ),
        code=ExitCode.BROKEN_INSTALLATION,
    )


def fingerprint(key: bytes) -> str:
    """A short text that tells keys apart and tells nothing about them."""
    return hashlib.sha256(b"fingerprint of a pseudonym key" + key).hexdigest()[:16]


def key_of_warehouse(connection: duckdb.DuckDBPyConnection, settings: Settings) -> bytes:
    """The key, after making sure that it is the one that the warehouse was filled with.

    Raises UserError (exit 3) for another key or a lost one.
    """
    known = get_meta(connection, "key_fingerprint")
    if known is not None and not settings.key_file.exists():
        raise _broken(
            Text("仓库已有数据，但密钥文件不见了。", "The warehouse holds data, but its key file is gone."),
            settings.key_file,
        )
    key = open_key(settings)
    if known is not None and known != fingerprint(key):
        raise _broken(
            Text("密钥与本仓库所用的不同，本次未做任何改动。", "This is not the warehouse's key; nothing was done."),
            settings.key_file,
        )
    return key


def pads(key: bytes) -> dict[str, bytes]:
    """Inner and outer pad of HMAC (RFC 2104) as parameters of `pseudonym_sql`."""
    block = (hashlib.sha256(key).digest() if len(key) > _BLOCK else key).ljust(_BLOCK, b"\0")
    return {"inner_pad": bytes(byte ^ 0x36 for byte in block), "outer_pad": bytes(byte ^ 0x5C for byte in block)}


def pseudonym_sql(value: str) -> str:
    """SQL of the first 128 bits of HMAC-SHA-256 of a text, as UUID; null stays null."""
    return f"cast(left(sha256($outer_pad || unhex(sha256($inner_pad || encode({value})))), 32) as uuid)"


def certificate_sql(kind: str, number: str) -> str:
    """SQL that raises a 15-digit certificate of type 01 to 18 characters (GB 11643); others stay."""
    long = f"(left({number}, 6) || '19' || substr({number}, 7))"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = " + ".join(
        f"{weight} * cast(substr({long}, {place}, 1) as integer)" for place, weight in enumerate(weights, 1)
    )
    return (
        f"case when {kind} = '01' and regexp_full_match({number}, '[0-9]{{15}}') "
        f"then {long} || substr('10X98765432', ({total}) % 11 + 1, 1) else {number} end"
    )
