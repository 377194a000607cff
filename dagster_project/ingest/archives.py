"""Packed files: what an archive may hold, and how much may come out of one.

Belongs here: members that are not read (names that climb out, links, archives in archives, bombs), the bound on unpacking.
Does not belong here: which extract a member is (`discover.py`), unpacking itself (`source.py`).

No member is ever written under its own name, so a name can do no harm; one that climbs out is refused all the same, because
whoever made it meant something else than to deliver an extract.
"""

from __future__ import annotations

import io
import shutil
import struct
import zipfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from dagster_project.ingest.forms import require_form
from dagster_project.ingest.report import Refusal
from dagster_project.language import Text

# So much may come out of anything; above it, at most so many times what it was packed in. Extracts of nothing but zeros reach
# forty; a bomb begins at a thousand.
_ALWAYS, _TIMES = 256 << 20, 200
_MOST_MEMBERS = 10_000
# A share of the free disk that unpacking leaves to everything else: the rows are written again behind it.
_LEFT_FREE = 0.2
_NESTED = (".zip", ".gz", ".zst", ".tar", ".tgz", ".7z", ".rar", ".bz2", ".xz")
_LINK, _KIND = 0o120000, 0o170000
_ENCRYPTED, _UTF8 = 0x1, 0x800
HOUSEKEEPING = {"manifest.json", "synthetic.json", "truth.json"}


@dataclass(frozen=True)
class Member:
    """A file in an archive: its place among all members, its name as people read it, and why it is not read."""

    place: int
    name: str
    problem: Text | None = None


def members(path: Path) -> list[Member]:
    """The files of a zip archive in the order of their names. Raises Refusal for an archive that is not opened at all."""
    try:
        require_form(path, ".zip")
        with zipfile.ZipFile(path) as archive:
            found = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error, OverflowError) as error:
        raise Refusal(
            Text("压缩包已损坏，无法打开；请重新拷贝。", "The archive is damaged and cannot be opened; copy it again.")
        ) from error
    files = [(place, _name(item), item) for place, item in enumerate(found) if not item.is_dir()]
    files = [(place, name, item) for place, name, item in files if not _is_housekeeping(name)]
    if not files:
        raise Refusal(Text("压缩包里没有文件。", "The archive holds no file."))
    if len(files) > _MOST_MEMBERS:
        raise Refusal(
            Text(
                f"压缩包里有 {len(files)} 个文件，超过 {_MOST_MEMBERS} 个；请分成几个包。",
                f"The archive holds {len(files)} files, more than {_MOST_MEMBERS}; make several of it.",
            )
        )
    packed = path.stat().st_size
    if (
        sum(item.file_size for *_, item in files) > allowance(packed)
        or sum(i.compress_size for *_, i in files) > packed
    ):
        raise Refusal(_bomb())
    often = Counter(name for _, name, _ in files)
    return sorted(
        (Member(place, shown(name), _problem(name, item, often[name])) for place, name, item in files),
        key=lambda member: (member.name, member.place),
    )


def allowance(packed: int) -> int:
    """Bytes that may come out of so many packed ones."""
    return max(_ALWAYS, _TIMES * packed)


def shown(name: str) -> str:
    """A name that can be printed and recorded: control characters and broken letters would change what stands around it.

    Part by part: a folder may be written in one encoding and the file in it in another.
    """
    return "/".join(_part(part) for part in name.split("/"))


def _part(name: str) -> str:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:  # bytes that are no UTF-8: mostly a name that was written in GBK
        name = name.encode("utf-8", "surrogateescape").decode("gb18030", "replace")
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in name)


def told(path: Path, base: Path) -> str:
    """A path as `ops`, a manifest and people name it: relative to a folder that it lies in, else its name alone."""
    return shown(path.relative_to(base).as_posix() if path.is_relative_to(base) else path.name)


def is_plain(name: str) -> bool:
    """Whether a name holds nothing that a terminal or a log would take for more than letters."""
    return all(letter.isprintable() or "\udc80" <= letter <= "\udcff" for letter in name)


def no_plain_name() -> Text:
    """What to say of a name with control characters."""
    return Text(
        "文件名含有换行等控制字符；请改名后重新放入。",
        "The name holds control characters such as a line break; rename it.",
    )


def _name(item: zipfile.ZipInfo) -> str:
    """A member's name: archives made by Chinese systems write GBK and do not say so."""
    if item.flag_bits & _UTF8 or item.filename.isascii():
        return item.filename
    written = item.filename.encode("cp437", "replace")
    for encoding in ("utf-8", "gb18030"):
        try:
            return written.decode(encoding)
        except UnicodeDecodeError:
            continue
    return item.filename


def _is_housekeeping(name: str) -> bool:
    own = PurePosixPath(name.replace("\\", "/")).name
    return own in HOUSEKEEPING or own.startswith((".", "~$")) or name.startswith("__MACOSX")


def _problem(name: str, item: zipfile.ZipInfo, times: int) -> Text | None:
    parts = name.replace("\\", "/").split("/")
    if ".." in parts or not parts[0] or parts[0].endswith(":"):
        return Text(
            "压缩包内的路径指向包外（绝对路径或 ..），不予读取；请重新打包，只放文件本身。",
            "The path of this member leads out of the archive (absolute, or ..) and is not read; pack the file itself again.",
        )
    if not is_plain(name):
        return no_plain_name()
    if (item.external_attr >> 16) & _KIND == _LINK:
        return Text(
            "压缩包内的这一项是链接，不会跟随；请打包文件本身。",
            "This member is a link and is not followed; pack the file itself.",
        )
    if item.flag_bits & _ENCRYPTED:
        return Text(
            "压缩包设了密码，无法读取；请不加密打包后重新交付。",
            "The archive is encrypted and cannot be read; deliver it without a password.",
        )
    if name.lower().endswith(_NESTED):
        return Text(
            "压缩包里还有压缩包，不逐层解开；请只压缩一层。",
            "An archive within an archive is not unpacked; pack the files once only.",
        )
    if times > 1:
        return Text(
            f"压缩包里有 {times} 个同名文件，无法分辨；请重新打包。",
            f"The archive holds {times} files of this name, which cannot be told apart; pack it again.",
        )
    return _bomb() if item.file_size > allowance(item.compress_size) else None


def _bomb() -> Text:
    return Text(
        f"解开后的大小超过压缩后的 {_TIMES} 倍，或压缩包内容互相重叠，不像正常数据（压缩炸弹）；确属数据时请解压后直接放入。",
        f"It would grow to more than {_TIMES} times its packed size, or its members overlap: no ordinary data (a zip bomb). If "
        "it is data all the same, land it unpacked.",
    )


class Bounded(io.RawIOBase):
    """A stream that ends in a Refusal when more comes out than may, by what it was packed in and by the free disk."""

    def __init__(self, stream: IO[bytes], packed: int, work: Path):
        super().__init__()
        self._stream = stream
        self._packed = packed
        self._work = work
        self._allowed = allowance(packed)
        self._seen = 0
        self._asked = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        chunk = self._stream.read(size)
        self._seen += len(chunk)
        if self._seen > self._allowed:
            raise Refusal(_bomb())
        if self._seen - self._asked > _ALWAYS // 4:
            self._asked = self._seen
            if shutil.disk_usage(self._work).free < _LEFT_FREE * self._seen:
                raise Refusal(
                    Text(
                        f"解开后的内容（已达 {self._seen >> 20} MB）放不进工作磁盘；请腾出空间，或分成几个文件交付。",
                        f"What comes out ({self._seen >> 20} MB so far) does not fit on the disk of the work files; free some "
                        "space, or have it delivered in several files.",
                    )
                )
        return chunk

    def close(self) -> None:
        self._stream.close()
        super().close()
