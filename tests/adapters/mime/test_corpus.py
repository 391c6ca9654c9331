"""Real mail, if it is at hand: marks that five other parsers agree on, and no fault at all."""

import csv
import json
import os
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.mime.reader import Reading, read
from benchmarks.recognition import bounces, judged, labelled
from domain.content import NoticeKind

ARCHIVES = ("mime", "signed", "bounces", "hostile", "bulk", "pec", "tnef", "calendar")
MEANT = {
    "delivery_notification": NoticeKind.DELIVERY,
    "feedback_report": NoticeKind.FEEDBACK,
    "read_receipt": NoticeKind.DISPOSITION,
    "pec_receipt": NoticeKind.PEC,
    "human": None,
    "bulk": None,
    "spam": None,
    "autoreply": None,
}


def data() -> Path:
    place = os.environ.get("CARTEGGIO_TEST_DATA", "")
    if not place:
        pytest.skip("CARTEGGIO_TEST_DATA names no folder of test mail")
    return Path(place)


def readings(place: Path) -> Iterator[tuple[tuple[str, str], Reading]]:
    for name in ARCHIVES:
        with zipfile.ZipFile(place / f"{name}.zip") as archive:
            for file in archive.namelist():
                if not file.endswith(("/", ".tnef", ".ics")):
                    yield (f"{name}.zip", file), read(archive.read(file))


def words(text: str) -> str:
    return " ".join(text.split())


def shapes(reading: Reading) -> dict[str, object]:
    content = reading.content
    return {
        "subject": words(content.subject),
        "from": sorted({words(a.spec).lower() for a in content.authors}),
        "to": sorted({words(a.spec).lower() for a in content.to}),
        "att": sorted(words(a.name) for a in content.attachments if a.name and a.inside is None),
    }


def expected(field: str, value: object) -> object:
    if isinstance(value, str):
        return words(value)
    assert isinstance(value, list)
    found = [words(one) for one in value]
    return sorted(found) if field == "att" else sorted({one.lower() for one in found})


def lines(file: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_real_mail_is_read_as_other_parsers_agree():
    place = data()
    found = {key: shapes(reading) for key, reading in readings(place)}
    right: Counter[tuple[str, bool]] = Counter()
    all_: Counter[tuple[str, bool]] = Counter()
    for case in lines(place / "expected" / "mime.jsonl"):
        key = (str(case["archive"]), str(case["file"]))
        dissent = case.get("dissent") or {}
        assert isinstance(dissent, dict)
        for field in () if case.get("cr_only") else ("subject", "from", "to", "att"):
            if field in case:
                all_[field, field in dissent] += 1
                right[field, field in dissent] += found[key][field] == expected(field, case[field])
    for (field, soft), number in all_.items():
        least = 0.85 if soft else 0.995 if field == "att" else 0.998
        assert right[field, soft] / number >= least, (field, soft, number)


def test_real_notices_are_told_from_other_mail():
    place = data()
    meant = {
        (str(case["archive"]), str(case.get("file"))): str(case["label"])
        for case in lines(place / "expected" / "labels.jsonl")
    }
    right = all_ = 0
    for key, reading in readings(place):
        assert not any("fault" in defect for defect in reading.content.defects), key
        if (label := meant.get(key, "")) in MEANT:
            notice = reading.content.notice
            all_ += 1
            right += (notice.kind if notice else None) == MEANT[label]
    assert right / all_ >= 0.985, (right, all_)


def test_every_mail_of_the_manifest_is_there():
    place = data()
    with (place / "MANIFEST.tsv").open(encoding="utf-8", newline="") as rows:
        listed = {(r["archive"], r["file"]) for r in csv.DictReader(rows, delimiter="\t")}
    assert {key for key, _ in readings(place)} <= listed


def test_machines_are_told_from_people():
    place = data()
    figures = judged(place, labelled(place))
    assert figures["of"] == 1_425
    assert isinstance(figures["f1"], float)
    assert figures["f1"] >= 0.98, figures


def test_bounces_tell_whom_they_did_not_reach_and_which_message():
    place = data()
    figures = bounces(place, labelled(place))
    assert figures["recipient"] / figures["of"] >= 0.97, figures
    assert figures["original"] / figures["of"] >= 0.83, figures
