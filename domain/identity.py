"""Deterministic ids: what makes two copies one message, and a record's stream its own.

FROZEN: streams are found by these functions for ever. They read the raw bytes by themselves, so
that a better MIME reader never moves a message to another stream.
"""

import hashlib
import hmac
import re
from collections.abc import Collection, Iterable, Iterator
from datetime import date
from uuid import UUID, uuid5

from domain.classes import dataclass
from domain.values import (
    ColleagueId,
    ContactId,
    DocumentId,
    MailboxId,
    MessageId,
    PartyId,
    TemplateId,
)

# Anchored and possessive: a megabyte without a colon is gone through once, not once an octet.
_FIELD = re.compile(rb"^([!-9;-~]++)[ \t]*+:((?:[^\n]++|\n[ \t])*+)", re.MULTILINE)
_SAME = (
    b"from", b"to", b"cc", b"subject", b"date", b"message-id", b"in-reply-to", b"references",
    b"reply-to", b"sender", b"content-type", b"content-transfer-encoding",
)  # fmt: skip
_NAMESPACE = UUID("6f0d3b52-6f0b-5d0c-9b5e-0c2c4f1f7a11")
_HEADER_LIMIT = 1 << 20
_EMPTY_LINE = re.compile(rb"\n\n")
_BLANKS = b" \t\n\r\x0b\f"


@dataclass(frozen=True, slots=True)
class MessageIdentity:
    """What a raw message is known by; all values are keyed, none can be guessed from outside.

    `content_key` is equal for copies that differ in trace headers or line ends only, `header_key`
    for messages that share a Message-ID (empty without one).
    """

    message: MessageId
    content_key: str
    header_key: str


def identify(key: bytes, raw: bytes) -> MessageIdentity:
    """Tell which message these bytes are: Message-ID, From and Date together.

    Without a Message-ID (RFC 5322 3.6.4 says SHOULD) the bytes themselves are the identity, line
    ends normalised. `key` is the company's identity key.
    """
    return _identified(key, _normalised(raw))


def identify_in(
    key: bytes, mailbox: MailboxId, folder: str, raw: bytes
) -> tuple[MessageIdentity, UUID]:
    """Give what `identify` and `occurrence_id` give, for less: line ends are looked for once."""
    plain = _normalised(raw)
    return _identified(key, plain), _occurrence(key, mailbox, folder, plain)


def _identified(key: bytes, plain: memoryview) -> MessageIdentity:
    head, body = _split(plain)
    fields = dict(reversed(list(_fields(head))))
    own_id = _bracketed(fields.get(b"message-id", b""))
    whole = _content_key(key, fields, body)
    if not own_id:
        return MessageIdentity(MessageId(_uuid(key, b"raw", plain)), whole, "")
    sender = _spec(fields.get(b"from", b""))
    date = b" ".join(fields.get(b"date", b"").split())
    message = MessageId(_uuid(key, b"message", own_id, sender, date))
    return MessageIdentity(message, whole, header_key(key, own_id.decode("utf-8", "replace")))


def header_key(key: bytes, message_id: str) -> str:
    """Give the keyed hash of a Message-ID without brackets; ids compare with case (RFC 5256)."""
    return _digest(key, b"message-id", message_id.encode("utf-8", "replace")).hex()[:32]


def occurrence_id(key: bytes, mailbox: MailboxId, folder: str, raw: bytes) -> UUID:
    """Tell the same bytes seen again in the same folder, whatever brought them."""
    return _occurrence(key, mailbox, folder, _normalised(raw))


def _occurrence(key: bytes, mailbox: MailboxId, folder: str, plain: memoryview) -> UUID:
    return _uuid(key, b"occurrence", mailbox.bytes, folder.encode(), plain)


def mailbox_id(key: bytes, address: str) -> MailboxId:
    """Give a mailbox's stream id."""
    return MailboxId(_uuid(key, b"mailbox", address.casefold().encode()))


def colleague_id(key: bytes, address: str) -> ColleagueId:
    """Give a colleague's stream id."""
    return ColleagueId(_uuid(key, b"colleague", address.casefold().encode()))


def contact_id(key: bytes, party: PartyId, address: str) -> ContactId:
    """Give a contact's id: one address of one party."""
    return ContactId(_uuid(key, b"contact", party.bytes, address.casefold().encode()))


def account_id(key: bytes, mailbox: MailboxId) -> UUID:
    """Give the stream id of the account that fetches a mailbox."""
    return _uuid(key, b"account", mailbox.bytes)


def correspondent_key(key: bytes, address: str) -> UUID:
    """Give what tells whether an address is the same one again, without telling which."""
    return _uuid(key, b"correspondent", address.casefold().encode())


def web_form_id(key: bytes, address: str, mailbox: MailboxId | None = None) -> UUID:
    """Give the stream id of a web form's address, in every mailbox or in one."""
    box = () if mailbox is None else (mailbox.bytes,)
    return _uuid(key, b"web form", address.casefold().encode(), *box)


def webhook_id(key: bytes, name: str) -> UUID:
    """Give the stream id of the webhook with a name, whatever its case."""
    return _uuid(key, b"webhook", name.strip().casefold().encode())


def calendar_id(key: bytes, name: str) -> UUID:
    """Give the stream id of the calendar with a name, whatever its case."""
    return _uuid(key, b"calendar", name.strip().casefold().encode())


def recipient_id(key: bytes, address: str) -> UUID:
    """Give the stream id of an address to which rules may be let send."""
    return _uuid(key, b"recipient", address.casefold().encode())


def group_id(key: bytes, name: str) -> UUID:
    """Give the stream id of the group of colleagues with a name, whatever its case."""
    return _uuid(key, b"staff group", name.strip().casefold().encode())


def target_id(
    key: bytes, mailbox: MailboxId | None, category: str, kind: str, priority: str
) -> UUID:
    """Give the stream id of the target of a scope: the same scope, the same target."""
    box = mailbox.bytes if mailbox is not None else b""
    return _uuid(key, b"target", box, *(one.encode() for one in (category, kind, priority)))


def choice_id(key: bytes, address: str, mailbox: MailboxId | None, words: Collection[str]) -> UUID:
    """Give the stream id of what is remembered of an address in a context; words in any order."""
    box = mailbox.bytes if mailbox is not None else b""
    of_subject = (one.encode() for one in sorted(words))
    return _uuid(key, b"choice", address.casefold().encode(), box, *of_subject)


def outgoing_id(key: bytes, command_id: str) -> UUID:
    """Give the stream id of the mail that a command lets leave: the same command, the same mail."""
    return _uuid(key, b"outgoing", command_id.encode())


def draft_id(key: bytes, author: str, command_id: str) -> UUID:
    """Give the id of the draft that a command begins: the same command begins one."""
    return _uuid(key, b"draft", author.encode(), command_id.encode())


def approval_rule_id(
    key: bytes, mailbox: MailboxId | None, kind: str, colleague: ColleagueId | None
) -> UUID:
    """Give the stream id of the rule of approval of a scope: the same scope, the same rule."""
    box, who = (one.bytes if one is not None else b"" for one in (mailbox, colleague))
    return _uuid(key, b"approval rule", box, kind.encode(), who)


def approval_id(key: bytes, draft: UUID, exactly: Iterable[str]) -> UUID:
    """Give the stream id of the approval of a draft as it is: said otherwise, it is another one."""
    parts = (one.encode("utf-8", "surrogatepass") for one in exactly)
    return _uuid(key, b"approval", draft.bytes, *parts)


def reading_id(key: bytes, message: MessageId, reader: ColleagueId, day: date) -> UUID:
    """Give the stream id of what a colleague read of another person's message on a day."""
    return _uuid(key, b"reading", message.bytes, reader.bytes, day.isoformat().encode())


def server_id(company: str, server: str) -> UUID:
    """Give the stream id of a mail server that may be believed about senders."""
    return uuid5(_NAMESPACE, f"server\n{company}\n{server}")


def exclusion_id(key: bytes, side: str, mailbox: MailboxId | None, pattern: str) -> UUID:
    """Give the stream id of an entry of the do-not-capture list: the same entry is one stream."""
    box = mailbox.bytes if mailbox is not None else b""
    return _uuid(key, b"exclusion", side.encode(), box, pattern.encode())


def quarantine_stream(company: str) -> UUID:
    """Give the stream id of what is ordered for the quarantine."""
    return uuid5(_NAMESPACE, f"quarantine\n{company}")


def relinking_stream(company: str) -> UUID:
    """Name the stream of the orders to match all mail again."""
    return uuid5(_NAMESPACE, f"relinking\n{company}")


def regrouping_id(company: str, command_id: str) -> UUID:
    """Name the stream of a regrouping of conversations by the command that ordered it."""
    return uuid5(_NAMESPACE, f"regrouping\n{company}\n{command_id}")


def template_id(company: str, command_id: str) -> TemplateId:
    """Name the stream of a template by the command that saved it first."""
    return TemplateId(uuid5(_NAMESPACE, f"template\n{company}\n{command_id}"))


def rule_id(company: str, command_id: str) -> UUID:
    """Name the stream of a rule by the command that saved it first."""
    return uuid5(_NAMESPACE, f"rule\n{company}\n{command_id}")


def company_stream(company: str) -> UUID:
    """Give the stream id of the company's own description."""
    return uuid5(_NAMESPACE, f"company\n{company}")


def party_id(company: str, source: str, erp_id: str) -> PartyId:
    """Give a party's stream id: whatever its kind, as a lead becomes a customer."""
    return PartyId(uuid5(_NAMESPACE, f"party\n{company}\n{source}\n{erp_id}"))


def document_id(company: str, source: str, erp_id: str) -> DocumentId:
    """Give a document's stream id."""
    return DocumentId(uuid5(_NAMESPACE, f"document\n{company}\n{source}\n{erp_id}"))


def projection_stream(company: str, projection: str) -> UUID:
    """Give the stream id for what operators do to a projection."""
    return uuid5(_NAMESPACE, f"projection\n{company}\n{projection}")


def reaction_event(cause: UUID, rule: str, rule_version: int, target: UUID) -> UUID:
    """Give the id of an event that a rule records: the same cause and target give the same id."""
    return uuid5(cause, f"{rule}\n{rule_version}\n{target}")


def _normalised(raw: bytes) -> memoryview:
    """Give the mail with LF alone, without those at its end; a large one is not copied for it."""
    plain = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return _without_end(memoryview(plain), b"\n")


def _without_end(octets: memoryview, these: bytes) -> memoryview:
    end = len(octets)
    while end and octets[end - 1] in these:
        end -= 1
    return octets[:end]


def _split(plain: memoryview) -> tuple[bytes, memoryview]:
    found = _EMPTY_LINE.search(plain)
    head, body = found.span() if found else (len(plain), len(plain))
    return bytes(plain[: min(head, _HEADER_LIMIT)]), plain[body:]


def _fields(head: bytes) -> Iterator[tuple[bytes, bytes]]:
    for field in _FIELD.finditer(head):
        yield field.group(1).lower(), field.group(2).strip()


def _content_key(key: bytes, fields: dict[bytes, bytes], body: memoryview) -> str:
    same = [b" ".join(fields.get(name, b"").split()) for name in _SAME]
    return _digest(key, b"content", *same, _without_end(body, _BLANKS)).hex()[:32]


def _bracketed(value: bytes) -> bytes:
    """Take the first id: several are seen, and comments around them; brackets are no part of it."""
    flat = b"".join(value.split())
    start, end = flat.find(b"<"), flat.find(b">")
    return flat[start + 1 : end] if 0 <= start < end else flat


def _spec(value: bytes) -> bytes:
    """Take the address in the last brackets, else the first word with an @; without case."""
    start = value.rfind(b"<")
    if start >= 0:
        return value[start + 1 :].partition(b">")[0].strip().lower()
    return next((word for word in value.split() if b"@" in word), value).strip(b",;").lower()


def _digest(key: bytes, *parts: bytes | memoryview) -> bytes:
    """Hash parts, each after its length; what is large (a view) is not copied for it."""
    sealed, gathered = hmac.new(key, digestmod=hashlib.sha256), bytearray()
    for part in parts:
        gathered += len(part).to_bytes(8, "big")
        if isinstance(part, memoryview):
            sealed.update(gathered)
            sealed.update(part)
            gathered = bytearray()
        else:
            gathered += part
    sealed.update(gathered)
    return sealed.digest()


def _uuid(key: bytes, *parts: bytes | memoryview) -> UUID:
    """Make a uuid8 (RFC 9562 5.8) of a keyed hash."""
    octets = bytearray(_digest(key, *parts)[:16])
    octets[6] = (octets[6] & 0x0F) | 0x80
    octets[8] = (octets[8] & 0x3F) | 0x80
    return UUID(bytes=bytes(octets))
