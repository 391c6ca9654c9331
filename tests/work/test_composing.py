"""A mail that is begun from a record has its sender, recipients, links, quote and files proposed."""

import asyncio
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from api.work.composing import Context, Group, How, Proposal, composed
from api.work.drafts import Writer
from api.work.making import made
from api.work.sendingside import EnteredSending, configure_sending
from composed import as_others_read, bodies
from domain.choosing import TargetKind
from domain.values import ColleagueId, Rejected
from dovecot import PASSWORD
from letters import letter
from office import MULTIPART, WITH_A_FILE
from projections.reader import EVERYTHING, Reader
from sendable import ANNA, INFO, Office, on_behalf

HTML = (
    b"--x\nContent-Type: text/html\n\n<p>Quando <b>arriva</b>?</p>\n--x\n"
    b"Content-Type: application/pdf\nContent-Disposition: attachment; filename=foto.pdf\n\npdf\n--x--\n"
)


def writer(office: Office, colleague: bool = True) -> Writer:
    from domain.identity import colleague_id  # noqa: PLC0415

    id = colleague_id(office.carteggio.identity_key, ANNA)
    boxes = Reader((office.box(),))
    return Writer(f"col_{id.hex}", boxes, boxes, ColleagueId(id) if colleague else None)


def proposal(office: Office, *, colleague: bool = True, **given: object) -> Proposal:
    context = Context(**given)  # type: ignore[arg-type]
    return asyncio.run(composed(office.carteggio, writer(office, colleague), context))


def question(office: Office, folder: Path, body: bytes = WITH_A_FILE) -> UUID:
    from domain.identity import identify  # noqa: PLC0415

    raw = letter("q@verdi.example", b"Ordine 2026/118", sender="Ada <ada@verdi.example>",
                 to=f"{INFO}, marco@verdi.example", more=MULTIPART, body=body)  # fmt: skip
    office.arrives(raw, folder)
    return identify(office.carteggio.identity_key, raw).message


def test_from_an_order_who_receives_orders_is_proposed_and_the_site_is_offered(
    sending_office: Office,
) -> None:
    office = sending_office
    found = proposal(office, document=office.document("O1"))
    draft = found.draft
    assert (draft.sender, draft.sender_name, draft.company) == (INFO, "Anna Bianchi", "Ditta SRL")
    assert draft.to == ("Ada Verdi <ada@verdi.example>",)
    assert draft.language == "it"
    assert set(draft.targets) == {
        (TargetKind.PARTY, office.party("C1")), (TargetKind.DOCUMENT, office.document("O1")),
    }  # fmt: skip
    offered = [(one.address, one.group, one.of) for one in found.recipients]
    assert offered[:3] == [
        ("ada@verdi.example", Group.PARTY, "Verdi"),
        ("marco@verdi.example", Group.PARTY, "Verdi"),
        ("porta@condominio.example", Group.SITE, "Via Po 1"),
    ]
    assert {one.group for one in found.recipients[3:]} == {Group.COLLEAGUE}
    assert {one.address for one in found.senders} == {INFO, ANNA}
    by_role = proposal(office, document=office.document("O1"), role="titolare").draft
    assert by_role.to == ("Marco Verdi <marco@verdi.example>",)


def test_where_answers_are_wanted_is_proposed_with_each_mail(sending_office: Office) -> None:
    office = sending_office
    entered = EnteredSending(
        INFO, "127.0.0.1", office.server.submissions, "tls", "password", "user1", PASSWORD,
        ca_file=str(office.server.dovecot.authority), reply_to="orders@ditta.example",
    )  # fmt: skip
    configure_sending(office.carteggio, entered)
    office.settled()
    draft = proposal(office, document=office.document("O1")).draft
    assert draft.reply_to == ("orders@ditta.example",)
    draft = replace(draft, subject="Ordine", text="Ecco.", presents=False)
    mail = sent_mail(office, asyncio.run(made(office.carteggio, draft)))
    assert mail["Reply-To"] == "orders@ditta.example"


def test_a_reply_to_all_quotes_and_goes_on_with_what_the_message_belongs_to(
    sending_office: Office, tmp_path: Path
) -> None:
    office = sending_office
    asked = question(office, tmp_path, HTML)
    found = proposal(office, message=asked, how=How.REPLY_ALL)
    draft = found.draft
    assert (draft.to, draft.cc) == (("Ada <ada@verdi.example>",), ("marco@verdi.example",))
    assert (draft.subject, draft.answers) == ("Re: Ordine 2026/118", asked)
    assert (TargetKind.DOCUMENT, office.document("O1")) in draft.targets
    assert found.quote is not None
    assert "ha scritto:" in found.quote.text
    html = replace(draft, html="<p>Domani.</p>")
    wanted = asyncio.run(made(office.carteggio, html))
    office.send(replace(wanted, undo=wanted.undo, not_before=None, acknowledged=frozenset()), "r1")
    mail = sent_mail(office, wanted)
    assert mail["In-Reply-To"] == "<q@verdi.example>"
    plain, rich = bodies(mail)
    assert "> Quando arriva?" in plain
    assert "<b>arriva</b>" in rich


def sent_mail(office: Office, wanted: object):
    """Give what would leave, as others read it."""
    from adapters.building.builder import build  # noqa: PLC0415
    from api.work.sending import tried  # noqa: PLC0415

    found = asyncio.run(tried(office.carteggio, wanted, on_behalf))  # type: ignore[arg-type]
    return as_others_read(build(found.mail, wanted.contents).raw)  # type: ignore[attr-defined]


def test_an_attachment_of_an_orders_mail_is_sent_with_the_order_filled_in(
    sending_office: Office, tmp_path: Path
) -> None:
    office = sending_office
    asked = question(office, tmp_path)
    draft = proposal(office, message=asked, place=0).draft
    assert draft.document == office.document("O1")
    assert draft.to == ("Ada Verdi <ada@verdi.example>",)
    assert [one.name for one in draft.files] == ["plan.pdf"]
    mail = sent_mail(office, asyncio.run(made(office.carteggio, draft)))
    assert [one.get_content() for one in mail.iter_attachments()] == [b"pdf"]
    forwarded = proposal(office, message=asked, how=How.FORWARD).draft
    assert (forwarded.subject, len(forwarded.files)) == ("Fwd: Ordine 2026/118", 1)
    whole = proposal(office, message=asked, how=How.FORWARD_ATTACHED).draft
    whole = replace(
        whole, to=("bob@rossi.example",), acknowledged=("OTHER_PARTY:bob@rossi.example",)
    )
    mail = sent_mail(office, asyncio.run(made(office.carteggio, whole)))
    (inside,) = (one.get_content() for one in mail.iter_attachments())
    assert inside["Message-ID"] == "<q@verdi.example>"


def test_what_may_not_be_seen_is_not_composed_from(sending_office: Office, tmp_path: Path) -> None:
    office = sending_office
    asked = question(office, tmp_path)
    nobody = Writer("tok_x", Reader(()), Reader(()))
    only_reads = Writer("col_x", EVERYTHING, Reader(()))
    with pytest.raises(Rejected, match="no such message"):
        asyncio.run(composed(office.carteggio, nobody, Context(message=asked)))
    with pytest.raises(Rejected, match="no mailbox from which you may send"):
        asyncio.run(composed(office.carteggio, only_reads, Context(message=asked)))
    with pytest.raises(Rejected, match="no such document"):
        proposal(office, document=UUID(int=1))
    uncleared = Writer("tok_x", Reader(None, 0), EVERYTHING)
    with pytest.raises(Rejected, match="no such party"):
        asyncio.run(composed(office.carteggio, uncleared, Context(party=office.party("C4"))))
