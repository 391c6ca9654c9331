"""Which folders a server has, whose they are, and which are the inbox and the sent mail."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from adapters.imap.connection import Connection
from adapters.imap.grammar import Value, quoted, sayable, values
from adapters.imap.splitter import Response
from adapters.imap.utf7 import decode_folder, encode_folder
from adapters.imap.values import ImapTrouble, Namespace, RemoteFolder, Role, TroubleKind

_UNUSABLE = {b"\\noselect", b"\\nonexistent"}
_USES = ("all", "archive", "drafts", "flagged", "important", "junk", "sent", "trash")
"""RFC 6154 2, RFC 8457 3."""
_MOST_PREFIXES = 20

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
        # Spanish, Portuguese
        "enviados", "elementos enviados", "mensajes enviados", "correo enviado", "enviadas",
        "itens enviados", "mensagens enviadas",
        # Dutch, Danish, Swedish, Norwegian
        "verzonden", "verzonden items", "verzonden berichten", "sendt", "sendte elementer",
        "sendt post", "skickat", "skickade objekt",
    }
)  # fmt: skip
"""Names under which mail programs file what was sent, where the server does not say (RFC 6154)."""

Listed = tuple[frozenset[bytes], str, RemoteFolder]


@dataclass(frozen=True, slots=True)
class Prefixes:
    """How the names of folders begin that are not ours (RFC 2342 5); empty where all are."""

    others: tuple[bytes, ...] = ()
    shared: tuple[bytes, ...] = ()

    def whose(self, wire: bytes) -> Namespace:
        """Say whose folder this is; the longest beginning that fits decides."""
        fitting = [
            (len(prefix), whose)
            for prefixes, whose in (
                (self.others, Namespace.OTHERS),
                (self.shared, Namespace.SHARED),
            )
            for prefix in prefixes
            if wire.startswith(prefix) or wire == prefix[:-1]
        ]
        return max(fitting)[1] if fitting else Namespace.PERSONAL


async def folders_of(connection: Connection) -> tuple[RemoteFolder, ...]:
    """List the folders that can hold mail: ours, those shared with us, those that are everybody's.

    Servers may leave out in an ordinary LIST what is not ours: it is asked for by its prefix then.
    """
    found: dict[bytes, Listed] = {}

    def take(response: Response) -> bool:
        if (one := listed(response)) is not None:
            found.setdefault(one[2].wire, one)
        if len(found) > connection.limits.folders:
            sentence = f"the server has more than {connection.limits.folders} folders"
            raise ImapTrouble(TroubleKind.TOO_MUCH_DATA, sentence)
        return True

    extended = {"LIST-EXTENDED", "SPECIAL-USE"} <= connection.capabilities
    asked = b" RETURN (SPECIAL-USE)" if extended else b""
    await connection.run(b'LIST "" "*"' + asked, take=take)
    prefixes = await _prefixes(connection)
    for prefix in (*prefixes.others, *prefixes.shared):
        if not any(wire.startswith(prefix) for wire in found):
            try:
                await connection.run(b'LIST "" ' + quoted(prefix + b"*") + asked, take=take)
            except ImapTrouble as trouble:
                if trouble.kind is not TroubleKind.REFUSED:
                    raise
    return with_roles(found.values(), prefixes)


async def _prefixes(connection: Connection) -> Prefixes:
    """Ask where folders of others begin; a server that does not tell is taken to have none."""
    told: list[Value] = []

    def take(response: Response) -> bool:
        named = response[0][:12].upper() == b"* NAMESPACE "
        if named:
            told.extend(values(response, 12))
        return named

    if "NAMESPACE" not in connection.capabilities:
        return Prefixes()
    try:
        await connection.run(b"NAMESPACE", take=take)
    except ImapTrouble as trouble:
        if trouble.kind is not TroubleKind.REFUSED:
            raise
    ours, *rest = [_beginnings(one) for one in told[:3]] or [()]
    others, shared = (*rest, (), ())[:2]
    return Prefixes(
        tuple(one for one in others if one not in ours),
        tuple(one for one in shared if one not in ours),
    )


def _beginnings(told: Value) -> tuple[bytes, ...]:
    """Read `(("prefix" "/") …)`; an empty prefix names nothing."""
    found = told if isinstance(told, list) else []
    first = [one[0] for one in found[:_MOST_PREFIXES] if isinstance(one, list) and one]
    return tuple(one for one in first if isinstance(one, bytes) and one and sayable(one))


def listed(response: Response) -> Listed | None:
    """Read `* LIST (flags) "/" name`: flags, hierarchy delimiter and folder; None for others."""
    if response[0][:7].upper() != b"* LIST ":
        return None
    read = values(response, 7)
    if len(read) < 3 or not isinstance(read[0], list) or not isinstance(read[2], bytes):
        return None
    said = frozenset(x.lower() for x in read[0] if isinstance(x, bytes))
    if said & _UNUSABLE or not sayable(read[2]):
        return None
    uses = tuple(use for use in _USES if b"\\" + use.encode() in said)
    return said, _text(read[1]), RemoteFolder(_name(read[2]), Role.OTHER, read[2], uses=uses)


def with_roles(
    found: Iterable[Listed], prefixes: Prefixes | None = None
) -> tuple[RemoteFolder, ...]:
    """Say whose each folder is, and what it is for: INBOX by its name, Sent by flag or by name."""
    known = prefixes or Prefixes()
    everything = [
        (said, delimiter, replace(folder, namespace=known.whose(folder.wire)))
        for said, delimiter, folder in found
    ]
    ours = [one for one in everything if one[2].namespace is Namespace.PERSONAL]
    sent = {folder.wire for _, _, folder in ours if "sent" in folder.uses}
    sent = sent or _sent_by_name(ours)
    sent |= {one[2].wire for one in everything if one not in ours and _is_sent(one)}
    return tuple(replace(folder, role=_role(folder, sent)) for _, _, folder in everything)


def _role(folder: RemoteFolder, sent: set[bytes]) -> Role:
    if folder.wire.upper() == b"INBOX":
        return Role.INBOX
    return Role.SENT if folder.wire in sent else Role.OTHER


def _sent_by_name(found: Sequence[Listed]) -> set[bytes]:
    """Take the uppermost folder that bears a well-known name."""
    candidates = [
        (len(parts), one[2].name, one[2].wire)
        for one in found
        if (parts := _parts(one))[-1].casefold() in SENT_NAMES
    ]
    return {min(candidates)[2]} if candidates else set()


def _is_sent(one: Listed) -> bool:
    return "sent" in one[2].uses or _parts(one)[-1].casefold() in SENT_NAMES


def _parts(one: Listed) -> list[str]:
    _, delimiter, folder = one
    return folder.name.split(delimiter) if delimiter else [folder.name]


def to_wire(name: str) -> bytes:
    """Write a folder's name as the server reads it."""
    return encode_folder(name).encode("ascii")


def named(wire: bytes) -> RemoteFolder:
    """Give the folder of this name, of which nothing else is known."""
    return RemoteFolder(_name(wire), Role.OTHER, wire)


def _name(wire: bytes) -> str:
    return decode_folder(wire.decode("utf-8", "replace"))


def _text(value: Value) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else ""
