"""Which folders a server has, and which of them are the inbox and the sent mail."""

from collections.abc import Iterable

from adapters.imap.grammar import Value, values
from adapters.imap.splitter import Response
from adapters.imap.utf7 import decode_folder, encode_folder
from adapters.imap.values import RemoteFolder, Role

_UNUSABLE = {b"\\noselect", b"\\nonexistent"}

SENT_NAMES = frozenset(
    {
        # English; Dovecot, Outlook, Apple Mail, Thunderbird
        "sent", "sent items", "sent messages", "sent mail", "sent-mail", "sentbox", "outbox.sent",
        # Italian
        "inviati", "inviata", "posta inviata", "elementi inviati", "messaggi inviati", "inviate",
        # German
        "gesendet", "gesendete elemente", "gesendete objekte", "gesendete nachrichten",
        "gesendete mails", "gesendete e-mails", "postausgang gesendet",
        # French
        "envoyés", "envoyé", "envoyes", "éléments envoyés", "messages envoyés", "objets envoyés",
        "courrier envoyé",
        # Polish
        "wysłane", "wyslane", "elementy wysłane", "wiadomości wysłane", "poczta wysłana",
    }
)  # fmt: skip
"""Names under which mail programs file what was sent, where the server does not say (RFC 6154)."""

Listed = tuple[frozenset[bytes], str, RemoteFolder]


def listed(response: Response) -> Listed | None:
    """Read `* LIST (flags) "/" name`: flags, hierarchy delimiter and folder; None for others."""
    if response[0][:7].upper() != b"* LIST ":
        return None
    read = values(response, 7)
    if len(read) < 3 or not isinstance(read[0], list) or not isinstance(read[2], bytes):
        return None
    said = frozenset(x.lower() for x in read[0] if isinstance(x, bytes))
    if said & _UNUSABLE:
        return None
    return said, _text(read[1]), RemoteFolder(_name(read[2]), Role.OTHER, read[2])


def with_roles(found: Iterable[Listed]) -> tuple[RemoteFolder, ...]:
    """Say what each folder is for: INBOX by its name, Sent by its flag, or else by its name."""
    everything = list(found)
    sent = {folder.wire for said, _, folder in everything if b"\\sent" in said}
    sent = sent or _sent_by_name(everything)
    return tuple(
        RemoteFolder(folder.name, _role(folder, sent), folder.wire) for _, _, folder in everything
    )


def _role(folder: RemoteFolder, sent: set[bytes]) -> Role:
    if folder.wire.upper() == b"INBOX":
        return Role.INBOX
    return Role.SENT if folder.wire in sent else Role.OTHER


def _sent_by_name(found: list[Listed]) -> set[bytes]:
    """Take the uppermost folder that bears a well-known name."""
    candidates = []
    for _, delimiter, folder in found:
        parts = folder.name.split(delimiter) if delimiter else [folder.name]
        if parts[-1].casefold() in SENT_NAMES:
            candidates.append((len(parts), folder.name, folder.wire))
    return {min(candidates)[2]} if candidates else set()


def to_wire(name: str) -> bytes:
    """Write a folder's name as the server reads it."""
    return encode_folder(name).encode("ascii")


def _name(wire: bytes) -> str:
    return decode_folder(wire.decode("utf-8", "replace"))


def _text(value: Value) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else ""
