"""Templates at the command line: saved from files, listed, shown, tried on a document, retired."""

import asyncio
import sys
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from rich.text import Text

from adapters.home import NoInstance
from adapters.templating.files import MOST_OCTETS, TemplateFile, read_template
from api.cli.setting import fresh, local, opened, out, plain, print_json, print_rows, table_of
from api.compose import NoCompany
from api.work.instance import Carteggio
from api.work.templatefiles import file_of, save_file, template_named
from api.work.templates import Attached, Occasion, Rendered, rendered
from api.work.templates import retire as retire_template
from api.work.templatesamples import kinds_of
from api.work.templatesamples import samples as all_samples
from api.work.tokens import by_operator
from domain.composing import Sender
from domain.values import Rejected
from projections.reader import EVERYTHING
from projections.templates import (
    TemplateFilter,
    TemplateRow,
    TemplateVersionRow,
    templates_for,
    version_of,
    versions_of,
)

_Name = Annotated[str, typer.Argument(help="The template's name, or its id.")]
_AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")]
_Version = Annotated[
    int | None, typer.Option("--version", min=1, help="A version; else the one that holds.")
]

_Document = Annotated[str, typer.Option(help="The document: number, ERP id, or id.")]
_Party = Annotated[
    str, typer.Option(help="The party: ERP code, id, address, or the beginning of its name.")
]
_To = Annotated[list[str] | None, typer.Option(help="A recipient's address; again for more.")]
_File = Annotated[
    list[str] | None,
    typer.Option(help="An attachment as it comes, the document first; again for more."),
]
_Sender = Annotated[str, typer.Option(help="The address that it is from.")]
_Value = Annotated[
    list[str] | None, typer.Option(help="A free value, as iban=IT60…; again for more.")
]
_Html = Annotated[bool, typer.Option("--html", help="Print the HTML.")]


def save(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(help="Files (TOML), as `samples` writes them.")],
) -> None:
    """Save templates from files: each as the next version of the one with its name, or a new one.

    carteggio template save invoice.it.toml
    """
    read = [(path, _read(path)) for path in files]
    with opened(context) as carteggio:
        for path, file in read:
            fresh(carteggio)
            try:
                kept = asyncio.run(save_file(carteggio, file, by_operator()))
            except Rejected as wrong:
                raise Rejected(wrong.code, f"{path}: {wrong.sentence}") from wrong
            fresh(carteggio)
            row = asyncio.run(_named(carteggio, str(kept.id)))
            said = f"is version {row.version}" if kept.position else "says the same already"
            out.print(plain(f"{path}: {kept.name} {said}."))


def list_(
    context: typer.Context,
    kind: Annotated[
        str | None, typer.Option(help="document, reply, auto_reply, mailing or signature.")
    ] = None,
    document_kind: Annotated[str | None, typer.Option(help="As the ERP writes it.")] = None,
    language: Annotated[str | None, typer.Option(help="As de or de-CH.")] = None,
    retired: Annotated[bool, typer.Option("--retired", help="Retired ones, too.")] = False,
    as_json: _AsJson = False,
) -> None:
    """List templates, by name.

    carteggio template list --document-kind invoice
    """
    wanted = TemplateFilter(kind, document_kind, language, retired=retired)
    with opened(context) as carteggio:
        fresh(carteggio)
        rows = asyncio.run(_listed(carteggio, wanted))
    table = table_of("name", "kind", "document", "language", "#version", "state")
    print_rows(rows, _facts, table, _cells, as_json=as_json)


def show(context: typer.Context, name: _Name, version: _Version = None) -> None:
    """Print a template as a file that can be edited and saved again.

    carteggio template show "Fattura (it)" > invoice.it.toml
    """
    with opened(context) as carteggio:
        fresh(carteggio)
        sys.stdout.write(asyncio.run(_file(carteggio, name, version)))


def versions(context: typer.Context, name: _Name, as_json: _AsJson = False) -> None:
    """List a template's versions, the newest first.

    carteggio template versions "Fattura (it)"
    """
    with opened(context) as carteggio:
        fresh(carteggio)
        rows = asyncio.run(_versions(carteggio, name))
        zone = carteggio.settings.zone
    table = table_of("#version", "saved", "name", "~subject")

    def cells(row: TemplateVersionRow) -> tuple[str | Text, ...]:
        saved = row.saved
        return str(row.version), local(row.at, zone), plain(saved.name), plain(saved.subject)

    print_rows(rows, _version_facts, table, cells, as_json=as_json)


def preview(
    context: typer.Context,
    name: _Name,
    document: _Document = "",
    party: _Party = "",
    to: _To = None,
    file: _File = None,
    sender: _Sender = "",
    value: _Value = None,
    version: _Version = None,
    html: _Html = False,
    as_json: _AsJson = False,
) -> None:
    """Show the mail that a template makes of a document, as it would be sent; nothing is sent.

    carteggio template preview "Fattura (it)" --document 1198/2026 --file spool.pdf
    """
    given, files = dict(map(_pair, value or ())), [Attached(one) for one in file or ()]
    own = Sender(sender) if sender else None
    mail = Occasion(to=to or (), sender=own, values=given, files=files)
    with opened(context) as carteggio:
        fresh(carteggio)
        found = asyncio.run(_previewed(carteggio, name, version, (document, party), mail))
    if as_json:
        print_json(_mail_facts(found))
    else:
        _print_mail(found, found.html if html else found.text)


def retire(context: typer.Context, name: _Name) -> None:
    """Offer a template no longer; mail that was made from it names it as before.

    carteggio template retire "Fattura (it)"
    """
    with opened(context) as carteggio:
        fresh(carteggio)
        row = asyncio.run(_named(carteggio, name))
        retire_template(carteggio, row.id, by_operator())
        fresh(carteggio)
    out.print(plain(f"{row.name} is offered no longer."))


def samples(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="A folder; it is made if it is not there.")],
) -> None:
    """Write templates to begin with: offer, order, delivery, invoice, work report; it, de, en.

    Each is for the company's own word for that kind of document, as far as its documents tell one.

    carteggio template samples templates
    """
    kinds: list[str] = []
    with suppress(NoInstance, NoCompany), opened(context) as carteggio:
        fresh(carteggio)
        kinds = asyncio.run(kinds_of(carteggio))
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for sample in all_samples(kinds):
        path = folder / sample.name
        if path.exists():
            out.print(plain(f"{path} is there already, and stays as it is."))
            continue
        path.write_text(sample.text, encoding="utf-8")
        written.append(sample.kind)
    out.print(plain(f"{len(written)} templates are in {folder}; edit them, then: template save"))
    if without := sorted(set(kinds) - set(written)):
        do = "give one document_kind"
        out.print(plain(f"None is for documents of these kinds; {do}: {', '.join(without)}"))


# ---- asking


def _read(path: Path) -> TemplateFile:
    try:
        with path.open("rb") as stream:
            return read_template(stream.read(MOST_OCTETS + 1))
    except OSError as trouble:
        sentence = f"{path}: it cannot be read: {trouble.strerror or trouble}"
        raise Rejected("NOT_FOUND", sentence) from trouble
    except Rejected as wrong:
        raise Rejected(wrong.code, f"{path}: {wrong.sentence}") from wrong


async def _named(carteggio: Carteggio, name: str) -> TemplateRow:
    async with carteggio.reading() as (connection, names):
        return await template_named((connection, names, EVERYTHING), name)


async def _listed(carteggio: Carteggio, wanted: TemplateFilter) -> list[TemplateRow]:
    async with carteggio.reading() as asked:
        return await templates_for(*asked, EVERYTHING, wanted)


async def _versions(carteggio: Carteggio, name: str) -> list[TemplateVersionRow]:
    async with carteggio.reading() as (connection, names):
        asked = connection, names, EVERYTHING
        row = await template_named(asked, name)
        return (await versions_of(*asked, [row.id])).get(row.id, [])


async def _file(carteggio: Carteggio, name: str, version: int | None) -> str:
    async with carteggio.reading() as (connection, names):
        asked = connection, names, EVERYTHING
        row = await template_named(asked, name)
        found = await version_of(*asked, row.id, version)
        if found is None:
            raise Rejected("NOT_FOUND", f"{row.name} has no version {version}")
        return await file_of(asked, row, found)


async def _previewed(
    carteggio: Carteggio, name: str, version: int | None, about: tuple[str, str], mail: Occasion
) -> Rendered:
    document, party = about
    async with carteggio.finding() as finder:
        paper = (await finder.document(document)).id if document else None
        whose = (await finder.party(party)).id if party else None
        row = await template_named((finder.connection, finder.names, finder.reader), name)
    asked = replace(mail, document=paper, party=whose)
    return await rendered(carteggio, row.id, asked, version=version, incomplete=True)


# ---- showing


def _facts(row: TemplateRow) -> dict[str, object]:
    return {
        "id": row.id,
        "name": row.name,
        "kind": row.kind,
        "document_kind": row.document_kind,
        "language": row.language,
        "company": row.company,
        "roles": row.roles,
        "version": row.version,
        "retired": row.retired,
    }


def _cells(row: TemplateRow) -> tuple[str | Text, ...]:
    state = "retired" if row.retired else ""
    return (
        plain(row.name),
        row.kind.replace("_", " "),
        plain(row.document_kind or "any"),
        plain(row.language or "the recipient's"),
        str(row.version),
        state,
    )


def _version_facts(row: TemplateVersionRow) -> dict[str, object]:
    saved = row.saved
    at: datetime = row.at
    return {"version": row.version, "at": at, "name": saved.name, "subject": saved.subject}


def _mail_facts(found: Rendered) -> dict[str, object]:
    template: UUID = found.template
    return {
        "template": template,
        "version": found.version,
        "language": found.language,
        "subject": found.subject,
        "text": found.text,
        "html": found.html,
        "files": found.file_names,
        "missing": found.missing,
    }


def _print_mail(found: Rendered, body: str) -> None:
    for one in found.missing:
        out.print(plain(f"Missing: {one}"))
    for said in (f"Subject: {found.subject}", *(f"File: {one}" for one in found.file_names)):
        out.print(plain(said))
    out.print()
    for line in body.splitlines():
        out.print(plain(line))


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise typer.BadParameter(f"{text!r} is no value; one looks like iban=IT60")
    return name.strip(), value
