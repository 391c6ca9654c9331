"""Certified mail of Italy (RFC 6109): its certification data, without entities or network."""

import re
from dataclasses import dataclass
from xml.parsers import expat

from adapters.mime.addresses import addresses_in, addresses_of
from adapters.mime.charsets import clean
from adapters.mime.fields import Fields
from adapters.mime.ids import first_id, ids_in, ids_of
from adapters.mime.tree import MESSAGE_TYPES, Part, Tree, parse
from domain.content import Notice, NoticeKind, Report
from domain.values import Address

MOST_XML = 1_000_000
_OF_ONE = ("avvenuta-consegna", "errore-consegna", "preavviso-errore-consegna")
DISPUTED = "disputed"
"""What a receipt says whose header, which nobody signs, is another one than its certification."""
MOST_TOLD = 500
"""So many characters are kept of what a server said of a recipient."""
_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")


_STATUS_OF = {"no-dest": "5.1.1", "no-dominio": "5.1.2"}
"""What the errors of RFC 6109 are as status codes (RFC 3463); the others tell no reason."""


@dataclass(frozen=True, slots=True)
class Certification:
    """What daticert.xml says: `error` is errore (nessuno, no-dest, …), `id` is identificativo.

    `certified` and `ordinary` are the recipients that are PEC addresses and those that are none,
    `taken` those whose mail a provider took over.
    """

    kind: str = ""
    error: str = ""
    sender: str = ""
    recipients: tuple[str, ...] = ()
    certified: tuple[str, ...] = ()
    ordinary: tuple[str, ...] = ()
    taken: tuple[str, ...] = ()
    delivered_to: str = ""
    id: str = ""
    original_id: str = ""
    detail: str = ""


def certification_in(part: Part) -> Certification:
    """Find and read the certification data below a part; empty where there is none."""
    for leaf in part.leaves():
        is_xml = leaf.media_type in ("application/xml", "text/xml")
        if is_xml or leaf.name.lower() == "daticert.xml":
            data = leaf.octets()
            if b"postacert" in data[:2_000] and (read := read_certification(data)):
                return read
    return Certification()


class _Refused(Exception):
    """The data hold a document type, hence perhaps entities."""


class _Elements:
    """The texts of an XML document by element name, in order."""

    def __init__(self) -> None:
        self.root: tuple[str, dict[str, str]] = ("", {})
        self.texts: list[tuple[str, dict[str, str], list[str]]] = []
        self._open: list[list[str]] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if not self._open:
            self.root = (name, attributes)
        self.texts.append((name, attributes, []))
        self._open.append(self.texts[-1][2])

    def end(self, _name: str) -> None:
        self._open.pop()

    def characters(self, data: str) -> None:
        if self._open:
            self._open[-1].append(data)

    def every(self, name: str, **attributes: str) -> list[str]:
        found = (
            clean("".join(text)).strip()
            for key, said, text in self.texts
            if key == name and attributes.items() <= said.items()
        )
        return [text for text in found if text]

    def one(self, name: str) -> str:
        return next(iter(self.every(name)), "")


def _refuse(*_declaration: object) -> None:
    raise _Refused


def read_certification(data: bytes) -> Certification | None:
    """Read the XML; None unless its root is `postacert` and it is plain, without a DTD."""
    found = _Elements()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse
    parser.StartElementHandler, parser.EndElementHandler = found.start, found.end
    parser.CharacterDataHandler = found.characters
    try:
        parser.Parse(data[:MOST_XML], True)  # noqa: FBT003  expat takes no keyword
    except _Refused:
        return None
    except (expat.ExpatError, ValueError, LookupError):
        pass  # cut or damaged: what stands before is still worth reading
    name, attributes = found.root
    return _certification(found, attributes) if name == "postacert" else None


def _certification(found: _Elements, attributes: dict[str, str]) -> Certification:
    return Certification(
        kind=clean(attributes.get("tipo", "")),
        error=clean(attributes.get("errore", "")),
        sender=found.one("mittente"),
        recipients=tuple(found.every("destinatari")),
        certified=tuple(found.every("destinatari", tipo="certificato")),
        ordinary=tuple(found.every("destinatari", tipo="esterno")),
        taken=tuple(found.every("ricezione")),
        delivered_to=found.one("consegna"),
        id=found.one("identificativo").strip("<>"),
        original_id=next(iter(ids_of(found.one("msgid"))), ""),
        detail=found.one("errore-esteso"),
    )


def receipt(fields: Fields, part: Part) -> Notice | None:
    """Read a receipt. Only X-Ricevuta makes one: envelopes too name the original's id."""
    outcome = fields.text("x-ricevuta").lower()
    if not outcome:
        return None
    data = certification_in(part)
    named = ids_in(fields.every("x-riferimento-message-id"))
    concerns = dict.fromkeys((*named, data.original_id, data.id))
    failed = _STATUS.search(data.detail)
    status = failed[1] if failed else _STATUS_OF.get(data.error, "")
    only = data.recipients[0] if len(data.recipients) == 1 else ""
    return Notice(
        kind=NoticeKind.PEC,
        outcome=outcome,
        status=status,
        recipient=data.delivered_to or only,
        concerns=tuple(id for id in concerns if id),
        reports=tuple(_report(data, one, outcome, status) for one in _concerned(data)),
    )


def _concerned(data: Certification) -> tuple[str, ...]:
    """Give whom a receipt is about: whom it names by himself, else all, where it can be about all."""
    if data.delivered_to or data.taken:
        return (data.delivered_to,) if data.delivered_to else data.taken
    return () if data.kind in _OF_ONE and len(data.recipients) > 1 else data.recipients


def _report(data: Certification, recipient: str, outcome: str, status: str) -> Report:
    told = {one.casefold(): True for one in data.certified}
    told.update((one.casefold(), False) for one in data.ordinary)
    return Report(
        recipient=recipient,
        outcome=outcome if data.kind in ("", outcome) else DISPUTED,
        status=status,
        text=(data.detail or data.error.replace("nessuno", ""))[:MOST_TOLD],
        certified=told.get(recipient.casefold()),
    )


@dataclass(frozen=True, slots=True)
class Envelope:
    """A transport envelope opened: who really wrote, under which id, and the mail inside."""

    sender: Address | None
    message_id: str
    inner: Tree | None


def envelope(fields: Fields, part: Part) -> Envelope | None:
    """Open a transport envelope (X-Trasporto); None for any other mail."""
    if not fields.first("x-trasporto") or fields.first("x-ricevuta"):
        return None
    data = certification_in(part)
    inner = _inner_message(part)
    authors = addresses_in(inner.root.fields.every("from")[:1]) if inner else ()
    certified = addresses_of(data.sender) if data.sender else []
    senders = [*certified, *addresses_in(fields.every("reply-to")), *authors]
    # The certified address counts; only the inner From knows the name that goes with it.
    sender = next((a for a in authors if senders[0].key == a.key), senders[0]) if senders else None
    named = ids_in(fields.every("x-riferimento-message-id"))
    inside = first_id(inner.root.fields.every("message-id")) if inner else ""
    return Envelope(sender, next((i for i in (*named, data.original_id, inside) if i), ""), inner)


def _inner_message(part: Part) -> Tree | None:
    messages = [leaf for leaf in part.leaves() if leaf.media_type in MESSAGE_TYPES]
    named = [leaf for leaf in part.leaves() if leaf.name.lower() == "postacert.eml"]
    chosen = next(iter([leaf for leaf in named if leaf in messages] or named or messages), None)
    return parse(chosen.octets()) if chosen else None
