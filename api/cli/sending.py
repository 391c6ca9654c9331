"""A mail, or a document, is sent from the command line; or only shown as it would leave."""

import asyncio
from dataclasses import dataclass, replace
from mimetypes import guess_type
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from adapters.building.builder import preview
from adapters.ids import uuid7
from api.cli.awaiting import awaited, conclude, facts_of
from api.cli.setting import fresh, local, moment, opened, out, plain, print_json
from api.ids import Kind, id_in, shown
from api.work import drafts
from api.work.approvals import ask
from api.work.composing import Context
from api.work.drafts import OPERATOR
from api.work.instance import Carteggio
from api.work.making import made
from api.work.onestep import OneStep, in_one_step
from api.work.sending import Sent, ToSend, Tried, tried
from api.work.sending import send as send_mail
from api.work.templated import Wanted
from api.work.templatefiles import template_named
from api.work.tokens import by_operator
from api.work.uploads import upload
from domain.composing import each_once
from domain.draft import Attached
from domain.identity import mailbox_id
from domain.objections import Objection
from domain.recorded import Envelope
from domain.values import Rejected
from projections import documents
from projections.reader import EVERYTHING

_UNKNOWN = "application/octet-stream"
_Several = list[str] | None
_Document = Annotated[
    str, typer.Option(metavar="NUMBER", help="The document that it brings: number, id, ERP id.")
]
_Kind = Annotated[str, typer.Option(help="Of this kind, where kinds share numbers.")]
_Party = Annotated[str, typer.Option(help="Or only about a party: code, address, name.")]
_From = Annotated[str, typer.Option("--from", help="The mailbox; else the one that is meant.")]
_Template = Annotated[
    str, typer.Option(help="By its name or id; else the one for the document's kind.")
]
_Value = Annotated[
    _Several,
    typer.Option(metavar="NAME=VALUE", help="A free value of the template; again for more."),
]
_To = Annotated[_Several, typer.Option(help="A recipient; again for more.")]
_Cc = Annotated[_Several, typer.Option(help="Who gets a copy; again for more.")]
_Bcc = Annotated[_Several, typer.Option(help="Unseen by the others; again for more.")]
_Role = Annotated[str, typer.Option(help="To the party's contacts of this role.")]
_Subject = Annotated[str, typer.Option(help="In place of the template's.")]
_Text = Annotated[str, typer.Option(help="In place of the template's words.")]
_Html = Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="The same as HTML.")]
_Attach = Annotated[
    list[Path] | None,
    typer.Option(exists=True, dir_okay=False, help="A file, the document first; again for more."),
]
_At = Annotated[str | None, typer.Option(metavar="TIME", help="Not before then.")]
_Acknowledge = Annotated[
    _Several, typer.Option(metavar="NAME", help="A doubt that is meant so; again for more.")
]
_Once = Annotated[
    str, typer.Option(metavar="KEY", help="The same key sends the same mail once, however often.")
]
_Ask = Annotated[
    str | None,
    typer.Option(metavar="NOTE", help="Ask for the approval of a colleague instead of sending."),
]
_Dry = Annotated[bool, typer.Option("--dry-run", help="Show what would leave; store nothing.")]
_Wait = Annotated[
    int, typer.Option(min=0, max=3600, help="Wait so many seconds for what its server says.")
]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@dataclass(frozen=True, slots=True)
class _Mail:
    """What is to be sent, and how it is told."""

    one: OneStep
    octets: dict[str, bytes]
    once: str
    dry: bool
    as_json: bool
    ask: str | None = None
    wait: int = 0


def send(
    context: typer.Context,
    document: _Document = "",
    kind: _Kind = "",
    party: _Party = "",
    from_: _From = "",
    template: _Template = "",
    value: _Value = None,
    to: _To = None,
    role: _Role = "",
    cc: _Cc = None,
    bcc: _Bcc = None,
    subject: _Subject = "",
    text: _Text = "",
    html_file: _Html = None,
    attach: _Attach = None,
    at: _At = None,
    acknowledge: _Acknowledge = None,
    once: _Once = "",
    ask: _Ask = None,
    dry_run: _Dry = False,
    wait: _Wait = 0,
    as_json: _Json = False,
) -> None:
    """Send a document to whoever receives such documents, or a mail to whom you name.

    carteggio send --document 2026/118 --attach offer.pdf --dry-run
    """
    files, octets = _files(attach or [])
    with opened(context) as carteggio:
        fresh(carteggio)
        one = OneStep(
            begun=asyncio.run(_begun(carteggio, document, kind, party, from_, role)),
            files=files,
            to=tuple(to or ()),
            cc=tuple(cc or ()),
            bcc=tuple(bcc or ()),
            subject=subject,
            text=text,
            html=_html(html_file) if html_file else "",
            send_at=moment(at, carteggio.settings.zone) if at else None,
            acknowledged=tuple(acknowledge or ()),
            template=asyncio.run(_template(carteggio, template, value or [])),
        )
        _go(carteggio, _Mail(one, octets, once, dry_run, as_json, ask, wait))


def _go(carteggio: Carteggio, mail: _Mail) -> None:
    if mail.ask is not None and not mail.dry:
        _ask(carteggio, mail)
        return
    wanted = asyncio.run(_made(carteggio, mail))
    if mail.dry:
        found = asyncio.run(tried(carteggio, wanted))
        print_json(_facts(wanted, found)) if mail.as_json else _show(carteggio, wanted, found)
        if any(one.blocks for one in found.objections):
            raise typer.Exit(1)
        return
    envelope = replace(by_operator(), command_id=mail.once or None)
    sent = asyncio.run(send_mail(carteggio, wanted, lambda _part: _once(envelope)))
    fresh(carteggio)
    told = awaited(carteggio, sent.mail, mail.wait) if mail.wait else None
    if mail.as_json:
        print_json(_sent_facts(sent) | (facts_of(told) if told else {}))
    else:
        _say(carteggio, sent)
    if told is not None:
        conclude(told, quiet=mail.as_json)


def _say(carteggio: Carteggio, sent: Sent) -> None:
    for one in sent.remarks:
        out.print(plain(f"{one.field}: {one.sentence}"))
    due = local(sent.due, carteggio.settings.zone)
    out.print(plain(f"Queued as out_{sent.mail.hex}; it leaves from {due} on."))
    out.print("It leaves while carteggio serve, or work, runs.")


def _ask(carteggio: Carteggio, mail: _Mail) -> None:
    """Save it as a draft of the operator, and ask for its approval."""
    draft = asyncio.run(in_one_step(carteggio, OPERATOR, mail.one))
    files = tuple(
        replace(file, upload=_kept(carteggio, file, mail.octets[file.key]))
        if file.key in mail.octets
        else file
        for file in draft.files
    )
    command = mail.once or uuid7().hex
    saved = drafts.save(carteggio, OPERATOR, replace(draft, files=files), command)
    envelope = by_operator()
    id, _ = asyncio.run(
        ask(carteggio, OPERATOR, saved.id, saved.version, mail.ask or "", lambda _: envelope)
    )
    fresh(carteggio)
    shown_id = shown(Kind.APPROVAL, id)
    print_json({"approval": shown_id}) if mail.as_json else out.print(
        plain(f"Asked as {shown_id}; once it is approved: carteggio approval send {shown_id}")
    )


def _kept(carteggio: Carteggio, file: Attached, octets: bytes) -> UUID:
    return upload(carteggio, OPERATOR.id, file.name, file.media_type, octets).id


def _once(envelope: Envelope) -> Envelope:
    return envelope


async def _made(carteggio: Carteggio, mail: _Mail) -> ToSend:
    draft = await in_one_step(carteggio, OPERATOR, mail.one)
    return await made(carteggio, draft, given=mail.octets)


# ---- what is typed


async def _begun(
    carteggio: Carteggio, document: str, kind: str, party: str, from_: str, role: str
) -> Context:
    box = mailbox_id(carteggio.identity_key, from_.strip()) if from_ else None
    async with carteggio.finding() as finder:
        paper = whose = None
        if document and kind:
            rows = await documents.by_number(
                finder.connection, finder.names, finder.reader, kind.casefold(), document.strip()
            )
            if len(rows) != 1:
                code = "AMBIGUOUS" if rows else "NOT_FOUND"
                raise Rejected(code, f"{len(rows)} documents of the kind {kind} have this number")
            paper = rows[0].id
        elif document:
            paper = (await finder.document(document)).id
        if party:
            whose = (await finder.party(party)).id
    return Context(document=paper, party=whose, mailbox=box, role=role)


async def _template(carteggio: Carteggio, text: str, values: list[str]) -> Wanted:
    given = {}
    for one in values:
        name, equals, value = one.partition("=")
        if not equals:
            raise typer.BadParameter(f"{one!r} is no value; one looks like NAME=VALUE")
        given[name.strip()] = value
    return Wanted(await _template_id(carteggio, text) if text else None, given)


async def _template_id(carteggio: Carteggio, text: str) -> UUID:
    """Find the template that is meant; a colleague's own by its id alone, a retired one never."""
    async with carteggio.reading() as (connection, names):
        found = await template_named((connection, names, EVERYTHING), text)
    if found.retired or (found.owner is not None and id_in(text) is None):
        why = (
            "retired" if found.retired else "a colleague's own: name it by its id, if it is meant"
        )
        raise Rejected(
            "NOT_FOUND", f"the template {text!r} is {why}; see: carteggio template list"
        )
    return found.id


def _html(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise Rejected("INVALID", f"{path} is no text in UTF-8: save it as such") from None


def _files(paths: list[Path]) -> tuple[tuple[Attached, ...], dict[str, bytes]]:
    keyed = {f"f{place}": path for place, path in enumerate(paths)}
    files = tuple(
        Attached(key, path.name, guess_type(path.name)[0] or _UNKNOWN)
        for key, path in keyed.items()
    )
    return files, {key: path.read_bytes() for key, path in keyed.items()}


# ---- what is told


def _show(carteggio: Carteggio, wanted: ToSend, found: Tried) -> None:
    """Show what would leave as a person reads a mail."""
    mail, zone = found.mail, carteggio.settings.zone
    sender = mail.sender.address
    heads = [("From", f"{sender.name} <{sender.spec}>" if sender.name else sender.spec)]
    people = (("Reply-To", mail.reply_to), ("To", mail.to), ("Cc", mail.cc), ("Bcc", mail.bcc))
    heads += [
        (name, ", ".join(one.spec for one in each_once(every))) for name, every in people if every
    ]
    for name, value in (*heads, ("Subject", mail.subject), ("Leaves", local(found.due, zone))):
        out.print(plain(f"{name}: {value}"))
    out.print()
    for line in preview(mail).text.splitlines():
        out.print(plain(line))
    for file in mail.files:
        out.print(plain(f"+ {file.name} ({len(wanted.contents[file.content]):,} octets)"))
    for one in found.objections:
        word = "It cannot be sent so" if one.blocks else "Note"
        out.print(plain(f"{word}: {one.field}: {one.sentence}"))
    out.print("Nothing was stored.")


def _facts(wanted: ToSend, found: Tried) -> dict[str, object]:
    mail = found.mail
    return {
        "from": mail.sender.address.spec,
        "name": mail.sender.address.name,
        "reply_to": [one.spec for one in mail.reply_to],
        "to": [one.spec for one in each_once(mail.to)],
        "cc": [one.spec for one in each_once(mail.cc)],
        "bcc": [one.spec for one in each_once(mail.bcc)],
        "subject": mail.subject,
        "text": preview(mail).text,
        "files": [
            {"name": one.name, "size": len(wanted.contents[one.content])} for one in mail.files
        ],
        "due": found.due,
        "remarks": [_remark(one) for one in found.objections],
    }


def _remark(one: Objection) -> dict[str, object]:
    return {"field": one.field, "code": one.code, "message": one.sentence, "blocks": one.blocks}


def _sent_facts(sent: Sent) -> dict[str, object]:
    return {
        "mail": f"out_{sent.mail.hex}",
        "message": f"msg_{sent.message.hex}",
        "due": sent.due,
        "position": sent.position,
        "remarks": [_remark(one) for one in sent.remarks],
    }
