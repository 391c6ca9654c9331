"""Notes never leave: in no octets of any mail that answers, passes on or presents what they are about."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from uuid import UUID

from api.work import notes
from api.work.composing import Context, How, composed
from api.work.drafts import Writer
from api.work.exporting import message_lines, write_mail
from api.work.making import made
from api.work.tokens import by_operator
from composed import as_others_read
from domain.identity import identify
from domain.values import NoteId
from events import stream
from instances import events_of
from letters import letter
from projections.messages import MessageFilter
from projections.reader import EVERYTHING, Page
from projections.trails import trail_of
from sendable import INFO, Office

SECRETS = "Nonaffidabile", "Scontosegreto", "Ritardatario"
HTML = (
    b"--x\nContent-Type: text/html\n\n<p>Quando <b>arriva</b>?</p>\n--x\n"
    b"Content-Type: application/pdf\nContent-Disposition: attachment; filename=foto.pdf\n\npdf\n--x--\n"
)
MULTIPART = b"MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n"
AT_ONCE = timedelta(0)


def noted(office: Office, about: UUID, text: str) -> NoteId:
    id = NoteId(stream(text))
    assert notes.add(office.carteggio, about, id, text, by_operator())
    office.settled()
    return id


def question(office: Office, folder: Path) -> UUID:
    raw = letter("q@verdi.example", b"Ordine 2026/118", sender="Ada <ada@verdi.example>",
                 to=f"{INFO}, marco@verdi.example", more=MULTIPART, body=HTML)  # fmt: skip
    office.arrives(raw, folder)
    return identify(office.carteggio.identity_key, raw).message


def leaves(office: Office, message: UUID, how: How, command: str) -> UUID:
    """Send what is proposed for a message; give the message that was sent."""
    writer = Writer("tok_1", EVERYTHING, EVERYTHING)
    context = Context(message=message, how=how)
    draft = asyncio.run(composed(office.carteggio, writer, context)).draft
    draft = replace(draft, to=("ada@verdi.example",), html="<p>Ecco.</p>")
    wanted = asyncio.run(made(office.carteggio, draft))
    sent = office.send(replace(wanted, undo=AT_ONCE, not_before=None), command)
    assert office.drain() == 1
    return UUID(str(sent.message))


def texts(mail: EmailMessage) -> Iterator[str]:
    """Give everything that a mail says, decoded, in all that it carries."""
    yield from (f"{name}: {value}" for name, value in mail.items())
    for part in mail.walk():
        yield from (f"{name}: {value}" for name, value in part.items())
        octets = part.get_payload(decode=True)
        if isinstance(octets, bytes):
            yield octets.decode("utf-8", "replace")


def test_no_note_stands_in_what_answers_or_passes_on_a_message(
    sending_office: Office, tmp_path: Path
) -> None:
    office = sending_office
    asked = question(office, tmp_path)
    changed = noted(office, asked, SECRETS[0])
    assert notes.change(office.carteggio, asked, changed, SECRETS[1], by_operator())
    noted(office, office.document("O1"), SECRETS[2])
    for how in How:
        answer = leaves(office, asked, how, how.value)
        noted(office, answer, f"{SECRETS[0]} {how.value}")
        leaves(office, answer, how, f"{how.value} again")
    mails = office.server.sink.mails
    assert len(mails) == 2 * len(How)
    for raw in mails:
        said = "\n".join([raw.decode("utf-8", "replace"), *texts(as_others_read(raw))])
        assert "Ecco." in said
        assert [one for one in SECRETS if one.casefold() in said.casefold()] == []


def test_notes_stand_in_no_export_and_no_stored_octets_and_in_every_trail(
    sending_office: Office, tmp_path: Path
) -> None:
    office = sending_office
    asked = question(office, tmp_path)
    answer = leaves(office, asked, How.REPLY, "r-1")
    order = office.document("O1")
    for about, text in zip((asked, answer, order), SECRETS, strict=True):
        noted(office, about, text)
    out = tmp_path / "out"
    lines, trails = asyncio.run(_taken_out(office, out, [asked, answer, order]))
    files = [one.read_bytes() for one in out.rglob("*.eml")]
    assert len(lines) == len(files) == 2
    octets = b"\n".join([*files, *(json.dumps(one, default=str).encode() for one in lines)])
    assert [one for one in SECRETS if one.encode() in octets] == []
    assert [[one for one in told if "noted" in one] for told in trails] == [
        [f"noted: {text}"] for text in SECRETS
    ]
    assert {one.text for one in events_of(office.carteggio, "message.noted")} == set(SECRETS[:2])


async def _taken_out(
    office: Office, folder: Path, objects: list[UUID]
) -> tuple[list[object], list[list[str]]]:
    """Give all messages as facts, all raw mail, and the trails of objects."""
    carteggio = office.carteggio
    async with carteggio.reading() as asked:
        everything = *asked, EVERYTHING
        lines = [one async for one in message_lines(*everything, MessageFilter())]
        await write_mail(*everything, carteggio.blobs, MessageFilter(), folder)
        trails = [await trail_of(*everything, one, Page(first=100)) for one in objects]
    return list(lines), [[row.summary for row in one.rows] for one in trails]
