"""Identifiers: pseudonyms, the key, and that no identifier reaches a file of the home."""

from __future__ import annotations

import hashlib
import hmac
import stat
import uuid
from pathlib import Path

import pytest

from dagster_project.errors import ExitCode, UserError
from dagster_project.ingest import open_key
from tests.intake_world import Home, row, rows

CERTIFICATE = "520102197013170015"
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def with_check_digit(first: str) -> str:
    """A certificate of 18 characters by GB 11643."""
    return first + "10X98765432"[sum(w * int(d) for w, d in zip(WEIGHTS, first, strict=True)) % 11]


def pseudonym(key: bytes, value: str) -> uuid.UUID:
    """The pseudonym as Python computes it."""
    return uuid.UUID(hmac.new(key, value.encode(), hashlib.sha256).hexdigest()[:32])


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An empty home."""
    return Home(tmp_path / "home")


def test_S6_pseudonyms_are_the_same_in_every_extract(home: Home) -> None:
    person = "52010000000000000042"
    home.put_rows("setl_d.csv", rows("setl_d", 3, psn_no=f" {person}\t", certno=CERTIFICATE, medins_setl_id="m"))
    home.put_rows("psn_insu_d.csv", rows("psn_insu_d", 1, psn_no=person))
    home.put_rows(
        "psn_info_b.csv", [row("psn_info_b", 1, psn_no=person, certno="g1234567x", psn_name="某某", brdy="1970-03-17")]
    )
    home.run()
    key = open_key(home.settings)
    expected = pseudonym(key, person)
    for table in ("setl_d", "psn_insu_d", "psn_info_b"):
        assert home.query(f"select distinct psn_no from raw.{table}") == [(expected,)], table
    assert home.query("select certno, brdy::varchar from raw.psn_info_b") == [
        (pseudonym(key, "G1234567X"), "1970-03-01")
    ]
    columns = {name for (name,) in home.query("select column_name from duckdb_columns() where schema_name = 'raw'")}
    assert not columns & {"psn_name", "medins_setl_id", "ipt_otp_no"}


def test_certificates_of_15_digits_meet_their_18_digits(home: Home) -> None:
    long = with_check_digit("52010219700317001")
    short = long[:6] + long[8:17]
    table = [
        row("psn_info_b", 1, psn_no="a", psn_cert_type="01", certno=short),
        row("psn_info_b", 2, psn_no="b", psn_cert_type="1", certno=long.lower()),
        row("psn_info_b", 3, psn_no="c", psn_cert_type="08", certno=short),
    ]
    home.put_rows("psn_info_b.csv", table)
    home.run()
    key = open_key(home.settings)
    assert [r[0] for r in home.query("select certno from raw.psn_info_b order by source_row")] == [
        pseudonym(key, long), pseudonym(key, long), pseudonym(key, short),
    ]  # fmt: skip


def test_L64_a_list_without_kinds_of_certificates_names_identity_cards(home: Home) -> None:
    long = with_check_digit("52010219700317001")
    numbers = (long[:6] + long[8:17], long.lower(), "G1234567X")
    home.put_rows("psn_idet_info_b.csv", [row("psn_idet_info_b", n, certno=one) for n, one in enumerate(numbers)])
    home.run()
    key = open_key(home.settings)
    assert [r[0] for r in home.query("select certno from raw.psn_idet_info_b order by source_row")] == [
        pseudonym(key, long), pseudonym(key, long), pseudonym(key, "G1234567X"),
    ]  # fmt: skip


def test_checksum_is_asked_of_type_01_with_18_characters_only(home: Home) -> None:
    good = with_check_digit("52010219700317001")
    wrong = good[:17] + ("0" if good[17] != "0" else "1")
    no_day = with_check_digit("52010219701317001")
    cases = [
        ("01", good),
        ("01", wrong),
        ("01", no_day),
        ("01", "5201021970031700AX"),
        ("08", wrong),
        ("01", good[:6] + good[8:17]),
        ("01", "12345"),
    ]
    home.put_rows(
        "psn_info_b.csv",
        [row("psn_info_b", n, psn_no=f"p{n}", psn_cert_type=k, certno=c) for n, (k, c) in enumerate(cases, 1)],
    )
    home.run()
    assert home.rejected() == {n: ["id_checksum"] for n in (2, 3, 4)}


def test_L80_certificates_that_lost_their_end_are_held(home: Home) -> None:
    """Two people whose numbers differ in the 17th place would become one, and one person two."""
    one, other = with_check_digit("52010219700317001"), with_check_digit("52010219700317002")
    old = one[:6] + one[8:17]
    cases = [
        ("01", one[:17]), ("01", one[:16]), ("1", other[:16]), ("01", one[:15]), ("01", one[:16] + "X"),
        ("01", one), ("01", old), ("08", one[:17]), ("08", one[:16]), ("01", one[:14]), ("01", one[:16] + "　"),
    ]  # fmt: skip
    table = [row("psn_info_b", n, psn_no=f"p{n}", psn_cert_type=k, certno=c) for n, (k, c) in enumerate(cases, 1)]
    table += rows("psn_info_b", 600, start=100)
    home.put_rows("psn_info_b.csv", table)
    numbers = [one[:17], one[:16], one[:15], one[:16] + "X", one, old, "G1234567X", "AB20102197003170"]
    listed = [row("psn_idet_info_b", n, certno=c) for n, c in enumerate(numbers, 1)]
    home.put_rows("psn_idet_info_b.csv", listed)
    home.run()
    held = "select r.source_row, r.rule_ids from quarantine.rejected_row r join ops.load l using (load_id) where l.extract = ? order by 1"
    assert home.query(held, ["psn_info_b"]) == [(n, ["id_cut"]) for n in (1, 2, 3, 4, 5, 11)]
    assert home.query(held, ["psn_idet_info_b"]) == [(n, ["id_cut"]) for n in (1, 2, 3, 4)]
    assert home.value("select count(distinct certno) from raw.psn_idet_info_b") == 3, "the old form is the same card"


def test_L80_an_export_of_too_narrow_a_column_is_refused_and_says_why(home: Home) -> None:
    cut = [with_check_digit(f"520102197003{day:02}001")[:17] for day in range(10, 20)]
    home.put_rows("psn_info_b.csv", [row("psn_info_b", n, psn_cert_type="01", certno=c) for n, c in enumerate(cut)])
    (reason,) = home.reasons().values()
    assert "id_cut" in reason and "10" in reason and cut[0] not in reason


def test_no_identifier_reaches_any_file(home: Home) -> None:
    marks = {"psn_no": "52019876543210", "certno": CERTIFICATE, "psn_name": "欧阳某某"}
    broken = row(
        "psn_info_b",
        1,
        psn_cert_type="01",
        certno=CERTIFICATE[:17] + "9",
        psn_name=marks["psn_name"],
        psn_no=marks["psn_no"],
    )
    home.put_rows("psn_info_b.csv", [broken, row("psn_info_b", 2, psn_no=marks["psn_no"], certno="E7654321")])
    slipped = row(
        "setl_d", 1, psn_no=marks["psn_no"], certno=CERTIFICATE, gend=CERTIFICATE, med_type="9977", emp_no="13812345678"
    )
    home.put_rows("setl_d.csv", [slipped, row("setl_d", 2, psn_no=marks["psn_no"], pay_loc=CERTIFICATE)])
    lines = "setl_id,psn_no\n"
    home.put("setl_d_bad.csv", lines + f"1,{marks['psn_no']}\n")
    report = home.run()
    said = "".join(str(file.reason) for file in report.files)
    texts = [str(r) for r in home.query("select row_text from quarantine.rejected_row")]
    assert len(texts) == 3 and any("***" in t for t in texts)
    stored = b"".join(
        path.read_bytes()
        for path in home.settings.home.rglob("*")
        if path.is_file() and home.landing not in path.parents
    )
    shown = "".join(texts) + said + str(home.query("from ops.file")) + str(home.query("from ops.unmapped_code"))
    for secret in (marks["psn_no"], CERTIFICATE, CERTIFICATE[:17], marks["psn_name"], "E7654321", "13812345678"):
        assert secret not in shown and secret.encode() not in stored, secret
    assert open_key(home.settings) not in stored and open_key(home.settings).hex().encode() not in stored
    assert not list((home.settings.home / "tmp").glob("intake-*"))


def test_the_key_is_made_once_for_its_owner_only(home: Home) -> None:
    key = open_key(home.settings)
    assert len(key) == 32 and open_key(home.settings) == key
    assert stat.S_IMODE(home.settings.key_file.stat().st_mode) == 0o600


def test_another_key_or_a_lost_one_stops_the_run(home: Home) -> None:
    home.put_rows("setl_d_1.csv", rows("setl_d", 1))
    home.run()
    home.put_rows("setl_d_2.csv", rows("setl_d", 1, start=2))
    key = home.settings.key_file.read_bytes()
    home.settings.key_file.write_bytes(b"x" * 32)
    with pytest.raises(UserError) as other:
        home.run()
    home.settings.key_file.unlink()
    with pytest.raises(UserError) as lost:
        home.run()
    assert other.value.code == lost.value.code == ExitCode.BROKEN_INSTALLATION
    assert not home.settings.key_file.exists(), "a lost key is never replaced by a new one"
    home.settings.key_file.write_bytes(b"short")
    with pytest.raises(UserError):
        home.run()
    home.settings.key_file.write_bytes(key)
    assert len(home.run().loaded) == 1
