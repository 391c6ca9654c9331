"""Certified mail of Italy (RFC 6109): its certification data, without entities or network."""

import re
from dataclasses import dataclass
from xml.parsers import expat

from adapters.mime.addresses import addresses_in, addresses_of
from adapters.mime.fields import Fields
from adapters.mime.ids import first_id, ids_in, ids_of
from adapters.mime.tree import MESSAGE_TYPES, Part, Tree, parse
from domain.content import Notice, NoticeKind
from domain.values import Address

MOST_XML = 1_000_000
_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")


@dataclass(frozen=True, slots=True)
class Certification:
    """What daticert.xml says: `error` is errore (nessuno, no-dest, …), `id` is identificativo."""

    kind: str = ""
    error: str = ""
    sender: str = ""
    recipients: tuple[str, ...] = ()
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


def read_certification(data: bytes) -> Certification | None:
    """Read the XML; None unless its root is `postacert` and it is plain, without a DTD."""
    texts: dict[str, list[str]] = {}
    path: list[str] = []
    root: dict[str, str] = {}

    def start(name: str, attributes: dict[str, str]) -> None:
        if not path:
            root.update(attributes, name=name)
        path.append(name)
        texts.setdefault(name, []).append("")

    def end(_name: str) -> None:
        path.pop()

    def characters(data: str) -> None:
        if path:
            texts[path[-1]][-1] += data

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = characters
    try:
        parser.Parse(data[:MOST_XML], True)
    except (expat.ExpatError, _Refused, ValueError, LookupError):
        if not texts:
            return None  # cut at the end, what stands before is still worth reading
    return _certification(root, texts) if root.get("name") == "postacert" else None


class _Refused(Exception):
    """The data hold a document type, hence perhaps entities."""


def _refuse(*_declaration: object) -> None:
    raise _Refused


def _certification(root: dict[str, str], texts: dict[str, list[str]]) -> Certification:
    def one(name: str) -> str:
        return next((text.strip().replace("\0", "") for text in texts.get(name, ())), "")

    return Certification(
        kind=root.get("tipo", ""),
        error=root.get("errore", ""),
        sender=one("mittente"),
        recipients=tuple(text.strip() for text in texts.get("destinatari", ()) if text.strip()),
        delivered_to=one("consegna"),
        id=one("identificativo").strip("<>"),
        original_id=next(iter(ids_of(one("msgid"))), ""),
        detail=one("errore-esteso"),
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
    only = data.recipients[0] if len(data.recipients) == 1 else ""
    return Notice(
        kind=NoticeKind.PEC,
        outcome=outcome,
        status=failed[1] if failed else "",
        recipient=data.delivered_to or only,
        concerns=tuple(id for id in concerns if id),
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
