"""Real mail, if it is at hand: each can be answered with its quote and itself attached."""

import os
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.building.builder import build
from adapters.building.quotes import quote_forward, quote_reply
from adapters.mime.reader import Reading, read
from composed import MARCO, composed
from domain.composing import Composed, File, Quote
from domain.quoting import Telling
from domain.replying import To, reply
from domain.wording import new_text

DATA = os.environ.get("CARTEGGIO_TEST_DATA", "")
ITALIAN = Telling("it", UTC, datetime(2026, 3, 9, tzinfo=UTC))


def mails() -> Iterator[bytes]:
    for name in ("mime", "hostile", "pec", "replies", "signed"):
        with zipfile.ZipFile(Path(DATA) / f"{name}.zip") as archive:
            for file in archive.namelist():
                if not file.endswith("/"):
                    yield archive.read(file)


def answer_to(reading: Reading, quote: Quote) -> Composed:
    begun = reply(reading.content, frozenset(), To.ALL)
    pictures = [File("", "image/png", str(one.place), one.content_id) for one in quote.pictures]
    return composed(
        to=(MARCO,), subject=begun.subject, references=begun.references, text="Nuovo.", quote=quote,
        files=(*pictures, File("", "message/rfc822", "raw")),
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.skipif(not DATA, reason="CARTEGGIO_TEST_DATA names no folder of test mail")
def test_real_mail_is_quoted_and_attached_whole():
    count = 0
    for raw in mails():
        reading, count = read(raw), count + 1
        quote = quote_reply(reading.content, raw, ITALIAN)
        contents = {str(place): octets for place, octets in enumerate(reading.files)}
        mail = answer_to(reading, quote)
        found = read(build(mail, {**contents, "raw": raw}).raw)
        assert found.content.subject == mail.subject
        assert found.content.references == (mail.references or (mail.message_id,))
        assert new_text(found.content.text) == "Nuovo."
        assert {raw, raw.replace(b"\n", b"\r\n")} & set(found.files)
        assert quote_forward(reading.content, raw, ITALIAN).text.endswith(reading.content.text)
    assert count > 800
