"""The Word file and the workbook opened by an office suite: they load, keep the text, and number their pages."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from docx import Document as open_word

from dagster_project.bulletin import PublicationReport, make_publication
from tests.bulletin_home import RUN_ID, make_home

pytestmark = pytest.mark.office
OFFICE = shutil.which("soffice")
if OFFICE is None:
    pytest.skip("LibreOffice is not installed (apt-get install libreoffice-writer)", allow_module_level=True)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> PublicationReport:
    return make_publication(make_home(tmp_path_factory.mktemp("word") / "home"), 2025, run_id=RUN_ID)


def convert(path: Path, target: Path, form: str) -> Path:
    """The file in another form, by an office suite with a profile of its own."""
    profile = (target / "profile").as_uri()
    command = [
        str(OFFICE),
        f"-env:UserInstallation={profile}",
        "--headless",
        "--convert-to",
        form,
        "--outdir",
        str(target),
        str(path),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=180)
    made = target / f"{path.stem}.{form.partition(':')[0]}"
    assert made.exists(), f"{path.name} could not be opened"
    return made


def test_word_opens_and_keeps_its_text(report: PublicationReport, tmp_path: Path) -> None:
    text = convert(report.paths["docx"], tmp_path, "txt:Text (encoded):UTF8").read_text(encoding="utf-8-sig")
    for needed in ("2025年贵州省医疗保障事业发展统计公报", "截至2025年底", "合成数据", "注释与口径"):
        assert needed in text


def test_word_lays_out_on_numbered_pages_with_the_mark_on_each(report: PublicationReport, tmp_path: Path) -> None:
    document = convert(report.paths["docx"], tmp_path, "pdf")
    reader = shutil.which("pdftotext")
    if reader is None:
        pytest.skip("pdftotext is not installed (apt-get install poppler-utils)")
    text = subprocess.run([reader, str(document), "-"], check=True, capture_output=True, timeout=60).stdout.decode()
    pages = text.rstrip("\f").split("\f")
    assert len(pages) > 5
    for number, page in enumerate(pages, 1):
        assert "synthetic" in page and re.search(rf"—\s*{number}\s*—", page), page[-80:]


def test_lists_of_numbers_stand_on_one_line(report: PublicationReport, tmp_path: Path) -> None:
    """The last column of the table of definitions, "10、11、13、17、20、23、26": an office suite tore it after "1"."""
    reader = shutil.which("pdftotext")
    if reader is None:
        pytest.skip("pdftotext is not installed (apt-get install poppler-utils)")
    definitions = list(open_word(str(report.paths["docx"])).tables[-1].rows)[1:]
    printed = convert(report.paths["docx"], tmp_path, "pdf")
    command = [reader, "-layout", str(printed), "-"]
    text = subprocess.run(command, check=True, capture_output=True, timeout=60).stdout.decode()
    lines = {re.sub(r"\s", "", line) for line in text.splitlines()}
    for row in definitions:
        numbers = row.cells[2].text
        assert any(line.endswith(numbers) for line in lines), numbers


def test_the_workbook_opens(report: PublicationReport, tmp_path: Path) -> None:
    if shutil.which("localc") is None:
        pytest.skip("LibreOffice Calc is not installed (apt-get install libreoffice-calc)")
    assert convert(report.paths["xlsx"], tmp_path, "pdf").stat().st_size > 10_000
