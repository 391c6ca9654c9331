"""What a mail is: real mail of the test data, read and judged; counts, and what they are out of.

Nothing is stored: this measures the reader and the rule on machine mail, not capture.
"""

import json
import lzma
import os
import re
import sys
import zipfile
from base64 import encodebytes
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from adapters.mime.reader import read
from benchmarks.stage import Stopwatch, tell
from domain.content import Content, NoticeKind
from domain.machine import recognise

_STARTS = re.compile(rb"(?m)^From [^\n]*\n")
_QUOTED = re.compile(rb"(?m)^>(>*From )")
_ANY_ID = re.compile(rb"(?im)^[ \t>]*(?:original-)?message-id[ \t]*:\s*<?([^\s<>]+)")
# Streams without a mail around them are put into one, as their programs send them.
_STREAMS = {
    ".tnef": ('application/ms-tnef; name="winmail.dat"', "base64"),
    ".ics": ("text/calendar; charset=utf-8", "base64"),
}


def main() -> None:
    place = os.environ.get("CARTEGGIO_TEST_DATA", "")
    if not place:
        sys.exit("CARTEGGIO_TEST_DATA names no folder of test mail")
    data, watch = Path(place), Stopwatch()
    labels = labelled(data)
    figures = {
        "automatic": judged(data, labels),
        "bounces": bounces(data, labels),
        "tnef": tnef(data),
        "signed": signed(data),
        "pec": certified(data),
        "calendar": calendars(data),
    }
    tell("recognition", {**figures, "seconds": round(watch.seconds, 1)})


def labelled(data: Path) -> dict[tuple[str, str], dict[str, object]]:
    """Give what each mail is meant to be, by archive and file or Message-ID."""
    lines = (data / "expected" / "labels.jsonl").read_text(encoding="utf-8").splitlines()
    found = map(json.loads, lines)
    return {(one["archive"], one.get("file") or one["message_id"]): one for one in found}


def mails(data: Path, archive: str) -> Iterator[tuple[str, bytes]]:
    """Give the mails of an archive by file, of an mbox by Message-ID."""
    if archive.endswith(".zip"):
        with zipfile.ZipFile(data / archive) as files:
            for name in files.namelist():
                if not name.endswith("/"):
                    yield name, _in_a_mail(name, files.read(name))
        return
    raw = lzma.decompress((data / archive).read_bytes())
    for piece in _STARTS.split(raw)[1:]:
        mail = _QUOTED.sub(rb"\1", piece)
        yield f"<{read(mail).content.message_id}>", mail


def _in_a_mail(name: str, octets: bytes) -> bytes:
    stream = _STREAMS.get(name[name.rfind(".") :])
    if stream is None:
        return octets
    media_type, encoding = stream
    head = f"From: a@a.example\nContent-Type: {media_type}\nContent-Transfer-Encoding: {encoding}"
    return head.encode() + b"\n\n" + encodebytes(octets)


def judged(data: Path, labels: Mapping[tuple[str, str], dict[str, object]]) -> dict[str, object]:
    """Compare human or automatic with what is meant; `wrong` names the labels that were missed."""
    counts: Counter[tuple[bool, bool]] = Counter()
    wrong: Counter[str] = Counter()
    for archive in sorted({archive for archive, _ in labels}):
        for name, raw in mails(data, archive):
            meant = labels.get((archive, name), {})
            if meant.get("automatic") is None:
                continue
            content = read(raw).content
            said = recognise(content, content.trace).automatic
            counts[bool(meant["automatic"]), said] += 1
            if said != meant["automatic"]:
                wrong[str(meant["label"])] += 1
    right = counts[True, True]
    missed, false = counts[True, False], counts[False, True]
    return {
        "f1": round(2 * right / max(1, 2 * right + missed + false), 4),
        "of": counts.total(),
        "missed": missed,
        "false": false,
        "wrong": dict(wrong),
    }


def bounces(data: Path, labels: Mapping[tuple[str, str], dict[str, object]]) -> dict[str, int]:
    """Count what is known of delivery notifications; `with_an_id`: those that hold another's."""
    found: Counter[str] = Counter()
    for name, raw in mails(data, "bounces.zip"):
        if labels.get(("bounces.zip", name), {}).get("label") != "delivery_notification":
            continue
        content = read(raw).content
        notice = content.notice
        others = {one.decode("latin-1") for one in _ANY_ID.findall(raw)} - {content.message_id}
        known = notice is not None and notice.kind is NoticeKind.DELIVERY
        found["of"] += 1
        found["recognised"] += known
        found["recipient"] += bool(notice and notice.recipient)
        found["original"] += bool(notice and notice.concerns)
        found["with_an_id"] += bool(others)
    return dict(found)


def _counted(data: Path, archive: str, tests: Mapping[str, object]) -> dict[str, int]:
    found: Counter[str] = Counter(dict.fromkeys(tests, 0))
    for _, raw in mails(data, archive):
        content = read(raw).content
        found["of"] += 1
        for name, test in tests.items():
            assert callable(test)
            found[name] += int(test(content))
    return dict(found)


def tnef(data: Path) -> dict[str, int]:
    """Count TNEF streams of which something was taken out, and the files that came."""
    return _counted(
        data, "tnef.zip", {"unpacked": lambda one: _unpacked(one) > 0, "files": _unpacked}
    )


def _unpacked(content: Content) -> int:
    return sum(one.inside is not None for one in content.attachments)


def signed(data: Path) -> dict[str, int]:
    """Count signed and encrypted mail, by protection and by the state of the signature."""
    found: Counter[str] = Counter()
    for _, raw in mails(data, "signed.zip"):
        content = read(raw).content
        found["of"] += 1
        found[content.protection or "neither"] += 1
        if content.signature:
            found[f"signature {content.signature}"] += 1
    return dict(sorted(found.items()))


def certified(data: Path) -> dict[str, int]:
    """Count PEC mail that is known for a receipt or an envelope, with the message it is about."""
    return _counted(
        data,
        "pec.zip",
        {
            "recognised": lambda one: bool(one.pec_sender or one.notice),
            "original": lambda one: bool(
                one.pec_message_id or (one.notice and one.notice.concerns)
            ),
        },
    )


def calendars(data: Path) -> dict[str, int]:
    """Count calendar mail: with a method, and with an event's id, start and organiser."""
    return _counted(
        data,
        "calendar.zip",
        {
            "method": lambda one: bool(one.calendar_method),
            "uid": lambda one: bool(one.calendar and one.calendar.uid),
            "start": lambda one: bool(one.calendar and one.calendar.start),
            "organiser": lambda one: bool(one.calendar and one.calendar.organiser),
        },
    )


if __name__ == "__main__":
    main()
