"""Drafts: seen by whom they are for, never saved over another's words, gone when they are sent."""

import asyncio
from dataclasses import replace
from uuid import UUID

import pytest
from psycopg.sql import SQL, Identifier

from api.work import drafts
from api.work.drafts import Writer
from api.work.uploads import sweep, upload
from composed import as_others_read
from domain.choosing import TargetKind
from domain.draft import Attached, Draft
from domain.objections import NotSendable
from domain.values import Rejected
from projections.reader import Reader
from sendable import INFO, Office, on_behalf


def writer(office: Office, name: str = "tok_1") -> Writer:
    boxes = Reader((office.box(),))
    return Writer(name, boxes, boxes)


def draft(office: Office, **more: object) -> Draft:
    order = office.document("O1")
    given: dict[str, object] = {
        "to": ("Ada <ada@verdi.example>",),
        "subject": "Ordine",
        "text": "Ecco.\n",
    }
    given |= {"sender": INFO, "document": order, "targets": ((TargetKind.DOCUMENT, order),)}
    return Draft(office.box(), **(given | more))  # type: ignore[arg-type]


def rows(office: Office, table: str) -> list[tuple[object, ...]]:
    with office.carteggio.database.pool.connection() as connection:
        query = SQL("SELECT * FROM {}").format(Identifier(table))
        return list(connection.execute(query).fetchall())


def send(office: Office, who: Writer, id: UUID, version: int, command: str = "s"):
    made = lambda _part: on_behalf(command)  # noqa: E731
    return asyncio.run(drafts.send_draft(office.carteggio, who, id, version, made))


def test_over_somebody_elses_newer_words_nothing_is_saved(sending_office: Office) -> None:
    office, opened = sending_office, sending_office.carteggio
    anna, luca = writer(office, "col_anna"), writer(office, "col_luca")
    first = drafts.save(opened, anna, draft(office), "c1", shared=True)
    assert drafts.save(opened, anna, draft(office), "c1", shared=True) == first
    second = drafts.save(opened, luca, draft(office, text="Luca"), "c2", id=first.id,
                         version=1, shared=True)  # fmt: skip
    assert (second.version, second.by, second.author) == (2, "col_luca", "col_anna")
    with pytest.raises(
        Rejected, match=r"col_luca saved this draft at .*, as version 2"
    ) as refusal:
        drafts.save(opened, anna, draft(office, text="Anna"), "c3", id=first.id, version=1)
    assert refusal.value.code == "CONFLICT"
    assert drafts.saved(opened, anna, first.id).draft.text == "Luca"


def test_a_private_draft_is_nobody_elses_and_what_it_says_is_sealed(
    sending_office: Office,
) -> None:
    office, opened = sending_office, sending_office.carteggio
    anna, luca = writer(office, "col_anna"), writer(office, "col_luca")
    outside = Writer("col_eve", Reader(()), Reader(()))
    own = drafts.save(opened, anna, draft(office, text="Segreto"), "c1")
    shared = drafts.save(opened, anna, draft(office), "c2", shared=True)
    assert [one.id for one in drafts.all_saved(opened, luca)] == [shared.id]
    assert [one.id for one in drafts.all_saved(opened, anna)] == [shared.id, own.id]
    assert drafts.all_saved(opened, outside) == []
    for act in (
        lambda: drafts.saved(opened, luca, own.id),
        lambda: drafts.save(opened, luca, draft(office), "c3", id=own.id, version=1),
        lambda: send(office, luca, own.id, 1),
    ):
        with pytest.raises(Rejected, match="no such draft"):
            act()
    drafts.delete(opened, luca, own.id)
    assert drafts.saved(opened, anna, own.id).draft.text == "Segreto"
    assert "Segreto" not in str(rows(office, "draft"))
    assert "verdi" not in str(rows(office, "draft"))


def test_a_draft_that_is_sent_is_gone_with_its_files_and_sent_once(sending_office: Office) -> None:
    office, opened, who = sending_office, sending_office.carteggio, writer(sending_office)
    file = upload(opened, who.id, "ordine.pdf", "application/pdf", b"%PDF \x00\xff")
    attached = Attached("f", file.name, file.media_type, file.id)
    one = drafts.save(opened, who, draft(office, files=(attached,)), "c1")
    assert len(rows(office, "upload")) == 1
    sent = send(office, who, one.id, 1)
    assert send(office, who, one.id, 1).mail == sent.mail
    assert rows(office, "upload") == []
    assert drafts.all_saved(opened, who) == []
    with pytest.raises(Rejected, match="no such draft"):
        send(office, who, one.id, 1, "again")
    with pytest.raises(Rejected, match="was sent"):
        drafts.save(opened, who, draft(office), "c9", id=one.id, version=1)
    (queued,) = [x.event for x in opened.journal.read(0, names=["outgoing.queued"])]
    mail = as_others_read(opened.blobs.get(queued.raw, sent.mail))  # type: ignore[attr-defined]
    assert [x.get_content() for x in mail.iter_attachments()] == [b"%PDF \x00\xff"]
    assert opened.keyring.destroy([one.id, file.id]) == 0


def test_what_is_wrong_leaves_the_draft_and_another_version_is_not_sent(
    sending_office: Office,
) -> None:
    office, opened, who = sending_office, sending_office.carteggio, writer(sending_office)
    one = drafts.save(opened, who, draft(office, to=()), "c1")
    with pytest.raises(NotSendable, match="no recipient"):
        send(office, who, one.id, 1)
    two = drafts.save(opened, who, draft(office), "c2", id=one.id, version=1)
    with pytest.raises(Rejected, match="as version 2"):
        send(office, who, one.id, 1)
    assert send(office, who, two.id, 2).mail
    other = replace(draft(office), mailbox=office.box("other@ditta.example"))
    with pytest.raises(Rejected, match="no such mailbox"):
        drafts.save(opened, who, other, "c3")


def test_files_are_used_by_whom_they_were_uploaded_and_go_when_they_are_taken_out(
    sending_office: Office,
) -> None:
    office, opened = sending_office, sending_office.carteggio
    anna, luca = writer(office, "col_anna"), writer(office, "col_luca")
    file = upload(opened, anna.id, "a.pdf", "application/pdf", b"x")
    attached = (Attached("f", file.name, file.media_type, file.id),)
    with pytest.raises(Rejected, match="no such upload"):
        drafts.save(opened, luca, draft(office, files=attached), "c1")
    one = drafts.save(opened, anna, draft(office, files=attached), "c2", shared=True)
    drafts.save(
        opened, luca, draft(office, files=attached), "c3", id=one.id, version=1, shared=True
    )
    drafts.save(opened, luca, draft(office), "c4", id=one.id, version=2, shared=True)
    assert rows(office, "upload") == []
    drafts.delete(opened, anna, one.id)
    assert rows(office, "draft") == []


def test_who_has_uploaded_too_much_uploads_nothing_more_until_something_is_gone(
    sending_office: Office,
) -> None:
    office, who = sending_office, writer(sending_office)
    settings = office.carteggio.settings.model_copy(update={"upload_quota_bytes": 10})
    opened = replace(office.carteggio, settings=settings)
    file = upload(opened, who.id, "a.pdf", "application/pdf", b"1234567")
    attached = (Attached("f", file.name, file.media_type, file.id),)
    one = drafts.save(opened, who, draft(office, files=attached), "c1")
    with pytest.raises(Rejected, match="no mail has taken yet; send drafts, or") as refusal:
        upload(opened, who.id, "b.pdf", "application/pdf", b"1234")
    assert refusal.value.code == "QUOTA_EXCEEDED"
    assert upload(opened, "another", "b.pdf", "application/pdf", b"1234").size == 4
    drafts.delete(opened, who, one.id)
    assert upload(opened, who.id, "b.pdf", "application/pdf", b"1234").size == 4


def test_files_that_are_too_much_for_one_mail_are_in_no_draft(
    sending_office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office, opened, who = sending_office, sending_office.carteggio, writer(sending_office)
    monkeypatch.setattr("api.work.uploads.MOST_OCTETS", 10)
    files = [upload(opened, who.id, f"{x}.pdf", "application/pdf", b"123456") for x in "ab"]
    both = tuple(Attached(one.name, one.name, one.media_type, one.id) for one in files)
    with pytest.raises(Rejected, match="take some out"):
        drafts.save(opened, who, draft(office, files=both), "c1")
    assert drafts.save(opened, who, draft(office, files=both[:1]), "c2").version == 1


def test_what_no_draft_has_is_gone_after_a_day(sending_office: Office) -> None:
    office, opened, who = sending_office, sending_office.carteggio, writer(sending_office)
    file = upload(opened, who.id, "a.pdf", "application/pdf", b"x")
    attached = (Attached("f", file.name, file.media_type, file.id),)
    drafts.save(opened, who, draft(office, files=attached), "c1")
    for name in ("b.pdf", "c.pdf"):
        upload(opened, who.id, name, "application/pdf", b"x")
    with opened.database.pool.connection() as connection:
        connection.execute("UPDATE upload SET uploaded_at = now() - interval '25 hours'")
    sweep(opened)
    assert [row[0] for row in rows(office, "upload")] == [file.id]


def test_files_that_are_too_much_for_one_mail_are_not_all_opened(
    sending_office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office, opened, who = sending_office, sending_office.carteggio, writer(sending_office)
    monkeypatch.setattr("api.work.making.MOST_OCTETS", 10)
    file = upload(opened, who.id, "a.pdf", "application/pdf", b"123456")
    twice = tuple(Attached(key, file.name, file.media_type, file.id) for key in "ab")
    one = drafts.save(opened, who, draft(office, files=twice), "c1")
    with pytest.raises(Rejected, match="together at most"):
        send(office, who, one.id, 1)
    assert drafts.saved(opened, who, one.id).version == 1
