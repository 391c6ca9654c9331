"""Machines' notices about other messages: RFC 3464, RFC 8098, RFC 5965, and the message meant."""

import re
from collections.abc import Iterable, Iterator

from adapters.mime import bounces
from adapters.mime.addresses import addresses_in
from adapters.mime.charsets import decode
from adapters.mime.fields import Fields, read_fields, section_end
from adapters.mime.ids import first_id, former_ids, ids_in
from adapters.mime.pec import MOST_TOLD, receipt
from adapters.mime.tree import MESSAGE_TYPES, Part, parse
from domain.content import Notice, NoticeKind, Report

MOST_RECIPIENTS = 1_000
MOST_REPORT = 1_000_000
MOST_ENVELOPE = 100

_RETURNED = MESSAGE_TYPES | {
    "text/rfc822-headers",
    "message/rfc822-headers",
    "message/global-headers",
    "message/partial",
}
_STATUS_TYPES = ("message/delivery-status", "message/global-delivery-status")
_DISPOSITION_TYPES = (
    "message/disposition-notification",
    "message/global-disposition-notification",
)
# Of several recipients the worst matters to the sender.
_WORST_FIRST = ("failed", "delayed", "delivered", "relayed", "expanded")
# rfc822; mimecast writes rfc/822
_TYPED = re.compile(r"^[\w/-]+\s*;\s*")
_BLOCKS = re.compile(rb"\r*\n(?:[ \t]*\r*\n)+")
_ID_LINE = re.compile(
    r"(?im)^[ \t>]*(?:x-)?(?:original-)?message-id[ \t]*:[ \t]*(\S[^\n]{0,1000})"
)


def notice_of(fields: Fields, root: Part, text: str) -> Notice | None:
    """Tell what a mail says about another one; None for mail that speaks for itself."""
    certified = receipt(fields, root)
    if certified is not None:
        return certified
    leaves = list(root.leaves())
    report = root.media_type == "multipart/report"
    kind = root.parameters.get("report-type", "").lower() if report else ""
    if feedback := _leaf(leaves, ("message/feedback-report",)):
        return _feedback(fields, leaves, feedback)
    if disposition := _leaf(leaves, _DISPOSITION_TYPES):
        return _disposition(fields, leaves, disposition)
    status = _leaf(leaves, _STATUS_TYPES)
    if status and (report or bounces.comes_from_a_machine(fields)):
        return _delivery(fields, leaves, status, text)
    returned = any(leaf.media_type in _RETURNED for leaf in leaves)
    if returned and bounces.is_complaint(fields):
        concerns = _concerns(fields, leaves, [], "")
        return Notice(kind=NoticeKind.FEEDBACK, outcome="abuse", concerns=concerns)
    declared = kind == "delivery-status"
    if declared or bounces.is_bounce(fields, text, returned=returned):
        return _bounce(fields, leaves, text)
    return None


def _leaf(leaves: Iterable[Part], types: Iterable[str]) -> Part | None:
    return next((leaf for leaf in leaves if leaf.media_type in types), None)


def _blocks(part: Part) -> list[Fields]:
    data = part.octets()[:MOST_REPORT].strip(b"\r\n")
    return [read_fields(block) for block in _BLOCKS.split(data, MOST_RECIPIENTS)]


def _feedback(fields: Fields, leaves: list[Part], part: Part) -> Notice:
    block = next(iter(_blocks(part)))
    return Notice(
        kind=NoticeKind.FEEDBACK,
        outcome=block.text("feedback-type").lower(),
        recipient=_recipient(block.text("original-rcpt-to")),
        concerns=_concerns(fields, leaves, [block], ""),
    )


def _disposition(fields: Fields, leaves: list[Part], part: Part) -> Notice:
    block = next(iter(_blocks(part)))
    # manual-action/MDN-sent-manually; displayed (RFC 8098 3.2.6)
    disposition = block.text("disposition").rpartition(";")[2]
    recipient = block.text("final-recipient") or block.text("original-recipient")
    return Notice(
        kind=NoticeKind.DISPOSITION,
        outcome=disposition.strip().partition("/")[0].lower(),
        recipient=_recipient(recipient),
        concerns=_concerns(fields, leaves, [block], ""),
    )


def _delivery(fields: Fields, leaves: list[Part], part: Part, text: str) -> Notice:
    blocks = _blocks(part)
    worst = min((b for b in blocks if b.first("action")), key=_rank, default=blocks[0])
    outcome = _action(worst)
    recipient = worst.text("original-recipient") or worst.text("final-recipient")
    return Notice(
        kind=NoticeKind.DELIVERY,
        outcome=outcome or bounces.outcome_in(fields, text),
        status=bounces.status_in(worst.text("status")) or bounces.status_in(text),
        recipient=_recipient(recipient) or _bounced(fields, leaves, text),
        concerns=_concerns(fields, leaves, blocks, text),
        reports=tuple(_report(one) for one in blocks if one.first("final-recipient")),
        envelope=next((b.text("original-envelope-id") for b in blocks), "")[:MOST_ENVELOPE],
    )


def _report(block: Fields) -> Report:
    """Read what is said of one recipient (RFC 3464 2.3)."""
    final = _recipient(block.text("final-recipient"))
    return Report(
        recipient=_recipient(block.text("original-recipient")) or final,
        outcome=_action(block),
        status=bounces.status_in(block.text("status")),
        text=_TYPED.sub("", block.text("diagnostic-code"))[:MOST_TOLD].strip(),
        final=final,
    )


def _action(block: Fields) -> str:
    return (block.text("action").lower().split() or [""])[0].strip(";,")


def _rank(block: Fields) -> int:
    action = block.text("action").lower()
    found = (place for place, name in enumerate(_WORST_FIRST) if action.startswith(name))
    return next(found, len(_WORST_FIRST))


def _bounce(fields: Fields, leaves: list[Part], text: str) -> Notice:
    return Notice(
        kind=NoticeKind.DELIVERY,
        outcome=bounces.outcome_in(fields, text),
        status=bounces.status_in(text),
        recipient=_bounced(fields, leaves, text),
        concerns=_concerns(fields, leaves, [], text),
    )


def _bounced(fields: Fields, leaves: list[Part], text: str) -> str:
    """Give whom the wording names, or else the only one to whom the returned message went."""
    if told := bounces.recipient_in(fields, text):
        return told
    returned = [leaf for leaf in leaves if leaf.media_type in _RETURNED]
    headers = [_returned_fields(leaf) for leaf in returned]
    ours = [inner for inner in headers if not bounces.comes_from_a_machine(inner)]
    to = [
        one.spec for inner in ours for one in addresses_in(inner.every("to") + inner.every("cc"))
    ]
    if len(to) == 1:
        return to[0]
    return _reported(returned[0]) if len(returned) == 1 and not ours else ""


def _reported(leaf: Part) -> str:
    """Give whom a report names that a gateway has put into a notice of its own."""
    status = _leaf(parse(leaf.octets()).root.leaves(), _STATUS_TYPES)
    blocks = _blocks(status) if status else []
    named = (
        b.text("original-recipient") or b.text("final-recipient")
        for b in sorted(blocks, key=_rank)
    )
    return next((_recipient(one) for one in named if one), "")


def _recipient(value: str) -> str:
    """Give the address of a typed recipient: rfc822; user@host (RFC 3464 2.3.1)."""
    return _TYPED.sub("", value).strip("<> ")


def _concerns(
    fields: Fields, leaves: list[Part], blocks: list[Fields], text: str
) -> tuple[str, ...]:
    """Give the ids of the message meant, the surest source first, never the notice's own.

    Some senders give their Message-ID as ENVID (RFC 3461); others give something else.
    """
    own = set(ids_in(fields.every("message-id")))
    sources = _sources(fields, leaves, blocks, text)
    named = (tuple(id for id in source if id not in own) for source in sources)
    found = next((ids for ids in named if ids), ())
    return tuple(dict.fromkeys((*found, *_of_envelope(blocks))))


def _of_envelope(blocks: list[Fields]) -> tuple[str, ...]:
    return ids_in([value for block in blocks for value in block.every("original-envelope-id")])


def _sources(
    fields: Fields, leaves: list[Part], blocks: list[Fields], text: str
) -> Iterator[Iterable[str]]:
    told = [v for b in blocks for n in _TOLD for v in b.every(n)]
    returned = [leaf for leaf in leaves if leaf.media_type in _RETURNED]
    yield (*ids_in(told), *(id for leaf in returned for id in _returned_ids(leaf)))
    # Where a boundary is mistyped, or forgotten, the returned header stands in the report itself.
    yield ids_in([value for block in blocks for value in block.every("message-id")])
    yield ids_in([v for n in _TOLD for v in fields.every(n)])
    plain = [
        leaf for leaf in leaves if leaf not in returned and leaf.media_type.startswith("text/")
    ]
    yield _scraped(text)
    for leaf in plain:
        yield _scraped(decode(leaf.octets()[:MOST_REPORT], leaf.parameters.get("charset", "")))
    # Some put the returned message straight into a part, its header in place of the part's.
    inner = [leaf.fields for leaf in leaves if leaf.fields is not fields]
    yield ids_in([value for part in inner for value in part.every("message-id")])
    yield ids_in(fields.every("in-reply-to"))
    yield ids_in(fields.every("references"))[-1:]


_TOLD = ("original-message-id", "x-original-message-id", "x-riferimento-message-id")


def _returned_ids(leaf: Part) -> tuple[str, ...]:
    header = _returned_fields(leaf)
    id = first_id(header.every("message-id")[:1])
    return (id, *former_ids(header)) if id else ()


def _returned_fields(leaf: Part) -> Fields:
    octets = leaf.octets()
    header_end, _ = section_end(octets, 0, len(octets))
    if header_end < 3:
        octets = octets.lstrip()
        header_end, _ = section_end(octets, 0, len(octets))
    return read_fields(octets[:header_end])


def _scraped(text: str) -> tuple[str, ...]:
    found = _ID_LINE.search(text)
    return ids_in([found[1].encode()])[:1] if found else ()
