"""What speaks against sending a composed mail: all of it at once, each with its field.

An objection that blocks is a mail that cannot be, or must not; one that does not is a question to
the person who sends: the mail is built as the sentence says.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

from domain.classes import dataclass
from domain.composing import MESSAGE, Composed, File, one_line
from domain.filenames import (
    extension,
    extensions_for,
    is_refused,
    safe_name,
    shown,
)
from domain.hostnames import apart, ascii_domain, looks_alike
from domain.pictures import may_be_shown
from domain.values import Address, Rejected

MOST_OF_A_NAME: Final = 200
MOST_OF_A_SUBJECT: Final = 1_000
MOST_OF_A_LOCAL: Final = 64
"""Octets before the @ (RFC 5321 4.5.3.1.1)."""
MOST_OF_AN_ID: Final = 500
MOST_RECIPIENTS: Final = 1_000
MOST_CERTIFIED: Final = 30_000_000
"""Octets of a PEC times its recipients (RFC 6109 2.1, the providers' agreement)."""
_MOST_TOLD: Final = 20
_ATOM: Final = r"[\w!#$%&'*+/=?^`{|}~\u00a1-\U0010ffff-]+"
_LOCAL: Final = re.compile(rf'{_ATOM}(?:\.{_ATOM})*|"[^"\\\x00-\x1f\x7f-\x9f]+"')
_ID: Final = re.compile(r"[!-;=?-~]+")
_MESSAGE_ID: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9.-]+")
_CONTENT_ID: Final = re.compile(r"[A-Za-z0-9_.+@$=-]{1,200}")
_TYPE: Final = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,99}/[a-z0-9][a-z0-9!#$&^_.+-]{0,99}")
_URL: Final = re.compile(r"https://[!-;=?-~]{1,900}")
_CID: Final = re.compile(r"""(?i)src\s*=\s*["']?\s*cid:([^"'\s>]+)""")


@dataclass(frozen=True, slots=True)
class Objection:
    """One thing against a mail: `field` as in `to[0]` or `files[1]`, a code, and a sentence."""

    field: str
    code: str
    sentence: str
    blocks: bool = True


class NotSendable(Rejected):
    """A mail cannot be sent, or must not: `objections` are all those that block, each with its field."""

    def __init__(self, objections: Sequence[Objection]) -> None:
        """Say no with the sentences of the first ones."""
        sentences = "; ".join(f"{one.field}: {one.sentence}" for one in objections[:_MOST_TOLD])
        super().__init__("NOT_SENDABLE", sentences)
        self.objections = tuple(objections)


Found = Iterator[Objection]


def refuse_blocking(found: Sequence[Objection]) -> None:
    """Raise NotSendable where something blocks."""
    if blocking := [one for one in found if one.blocks]:
        raise NotSendable(blocking)


def objections(mail: Composed, sizes: Mapping[str, int]) -> list[Objection]:
    """Give all that speaks against a mail; `sizes` are the octets of the contents at hand, by key.

    An empty list, or one where nothing blocks, means that it can be built.
    """
    found = (_people(mail), _words(mail), _ids(mail), _files(mail, sizes), _sorts(mail))
    return [one for every in found for one in every]


def certified_size(octets: int, recipients: int) -> Objection | None:
    """Say that a PEC is too large: what counts is its size times its recipients."""
    if octets * recipients <= MOST_CERTIFIED:
        return None
    each = MOST_CERTIFIED // max(recipients, 1)
    most = f"{each // 1_000_000} MB" if each >= 1_000_000 else f"{each // 1_000} kB"
    sentence = f"a PEC to {recipients} recipients may have {most}; send it to fewer, or less"
    return Objection("files", "CERTIFIED_TOO_LARGE", sentence)


# ---- people


def _people(mail: Composed) -> Found:
    yield from _mailbox("sender", mail.sender.address)
    if mail.submitted_by is not None:
        yield from _mailbox("submitted_by", mail.submitted_by)
    every = [("to", mail.to), ("cc", mail.cc), ("bcc", mail.bcc), ("reply_to", mail.reply_to)]
    for field, addresses in every:
        for place, address in enumerate(addresses):
            yield from _mailbox(f"{field}[{place}]", address)
    if not mail.recipients:
        yield Objection("to", "NO_RECIPIENT", "the mail has no recipient; add one")
    if len(mail.recipients) > MOST_RECIPIENTS:
        sentence = f"{MOST_RECIPIENTS} recipients are the most for one mail; make a mailing of it"
        yield Objection("to", "TOO_MANY_RECIPIENTS", sentence)
    yield from _twice(mail)


def _twice(mail: Composed) -> Found:
    seen: set[str] = set()
    for field in ("to", "cc", "bcc"):
        for place, one in enumerate(getattr(mail, field)):
            if apart(one.spec) in seen:
                sentence = f"{one.spec} stands there already; it gets the mail once"
                yield Objection(f"{field}[{place}]", "TWICE", sentence, blocks=False)
            seen.add(apart(one.spec))


def _mailbox(field: str, address: Address) -> Found:
    spec, name = address.spec, address.name
    if why := _bad_address(spec):
        sentence = f"{one_line(spec)[:80] or 'nothing'} is no address: {why}"
        yield Objection(field, "BAD_ADDRESS", sentence)
    elif "." not in spec.rpartition("@")[2]:
        yield Objection(field, "NO_DOT", f"the domain of {spec} has no dot", blocks=False)
    elif not spec.rpartition("@")[0].isascii():
        sentence = f"{spec} can only be reached by servers that know SMTPUTF8 (RFC 6531)"
        yield Objection(field, "NEEDS_SMTPUTF8", sentence, blocks=False)
    if looks_alike(spec.rpartition("@")[2]):
        sentence = f"{spec} mixes letters of alphabets that look alike; check where it came from"
        yield Objection(field, "LOOKS_ALIKE", sentence, blocks=False)
    if len(name) > MOST_OF_A_NAME:
        sentence = f"a name has {MOST_OF_A_NAME} characters at most; shorten it"
        yield Objection(field, "NAME_TOO_LONG", sentence)
    yield from _cleaned(field, name, one_line(name))
    if "@" in name and one_line(name).casefold() != spec.casefold():
        sentence = f"the name {one_line(name)[:80]} looks like another address than {spec}"
        yield Objection(field, "NAME_IS_ADDRESS", sentence, blocks=field == "sender")


def _bad_address(spec: str) -> str:
    local, at, domain = spec.rpartition("@")
    if not at:
        return "it has no @"
    if one_line(spec) != spec or any(one.isspace() for one in spec if one != " "):
        return "it holds signs that break lines or cannot be seen"
    if not _LOCAL.fullmatch(local):
        return "what stands before the @ holds signs or dots that are not allowed there"
    if len(local.encode()) > MOST_OF_A_LOCAL:
        return f"more than {MOST_OF_A_LOCAL} octets stand before the @"
    return "" if ascii_domain(domain) else "what stands behind the @ is no domain"


def _cleaned(field: str, before: str, after: str) -> Found:
    if before.strip() != after:
        sentence = "line breaks become blanks; controls and invisible signs are left out"
        yield Objection(field, "SIGNS_LEFT_OUT", sentence, blocks=False)


# ---- words


def _words(mail: Composed) -> Found:
    if not one_line(mail.subject):
        yield Objection("subject", "NO_SUBJECT", "send it without a subject?", blocks=False)
    if len(mail.subject) > MOST_OF_A_SUBJECT:
        sentence = f"a subject has {MOST_OF_A_SUBJECT} characters at most; shorten it"
        yield Objection("subject", "SUBJECT_TOO_LONG", sentence)
    yield from _cleaned("subject", mail.subject, one_line(mail.subject))
    if not (mail.text.strip() or mail.html.strip() or mail.files):
        sentence = "the mail has neither text nor attachment; send it all the same?"
        yield Objection("text", "NO_TEXT", sentence, blocks=False)


def _ids(mail: Composed) -> Found:
    if not _MESSAGE_ID.fullmatch(mail.message_id) or len(mail.message_id) > MOST_OF_AN_ID:
        sentence = "a Message-ID is local@domain, in ASCII and without brackets (RFC 5322 3.6.4)"
        yield Objection("message_id", "BAD_MESSAGE_ID", sentence)
    if mail.at.tzinfo is None:
        yield Objection("at", "NO_ZONE", "the date of a mail needs a zone (RFC 5322 3.3)")
    for field in ("in_reply_to", "references"):
        for place, id in enumerate(getattr(mail, field)):
            if not is_id(id):
                sentence = "an id that no header field can hold is left out"
                yield Objection(f"{field}[{place}]", "BAD_ID", sentence, blocks=False)


def is_id(id: str) -> bool:
    """Tell whether a Message-ID of others can be written as it stands: ASCII, no blank, no <>."""
    return len(id) <= MOST_OF_AN_ID and _ID.fullmatch(id) is not None


def _sorts(mail: Composed) -> Found:
    if mail.language and not re.fullmatch(
        r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,4}", mail.language
    ):
        yield Objection(
            "language", "BAD_LANGUAGE", "name the language as in de or pt-BR (RFC 5646)"
        )
    if mail.mass is not None:
        if not _URL.fullmatch(mail.mass.url):
            sentence = "a mailing needs an https address where one POST unsubscribes (RFC 8058)"
            yield Objection("mass.url", "BAD_UNSUBSCRIBE", sentence)
        if mail.mass.address:
            yield from _mailbox("mass.address", Address(mail.mass.address))
    if mail.certified and mail.bcc:
        sentence = "a PEC has no recipients in blind copy; write to each by itself (RFC 6109)"
        yield Objection("bcc", "CERTIFIED_BCC", sentence)
    if mail.certified and mail.submitted_by not in (None, mail.sender.address):
        sentence = "a PEC is sent by its author: sender and account have to be the same (RFC 6109)"
        yield Objection("submitted_by", "CERTIFIED_SENDER", sentence)


# ---- files


def _files(mail: Composed, sizes: Mapping[str, int]) -> Found:
    for place, file in enumerate(mail.files):
        yield from _file(f"files[{place}]", file, sizes)
    wanted = dict.fromkeys(_CID.findall(mail.html))
    given = Counter(one.content_id for one in mail.files if one.content_id)
    for id in wanted:
        if id not in given:
            sentence = f"the text shows a picture {one_line(id)[:80]} that is not there; add it"
            yield Objection("html", "NO_PICTURE", sentence)
    for place, file in enumerate(mail.files):
        if file.content_id and given[file.content_id] > 1:
            sentence = "two pictures have one content id; give each its own"
            yield Objection(f"files[{place}]", "CONTENT_ID_TWICE", sentence)
    yield from _not_shown(mail, wanted)


def _not_shown(mail: Composed, wanted: Collection[str]) -> Found:
    quoted = {one.content_id for one in mail.quote.pictures} if mail.quote else set()
    for place, file in enumerate(mail.files):
        is_shown = file.content_id in wanted and may_be_shown(file.media_type)
        if _CONTENT_ID.fullmatch(file.content_id) and not (is_shown or file.content_id in quoted):
            sentence = (
                "it goes as a file: the text shows PNG, JPEG, GIF and WebP, by cid: and its id"
            )
            yield Objection(f"files[{place}]", "PICTURE_ATTACHED", sentence, blocks=False)


def _file(field: str, file: File, sizes: Mapping[str, int]) -> Found:
    if file.content not in sizes:
        sentence = f"{shown(file.name) or 'the file'} is not there any more; attach it again"
        yield Objection(field, "NO_CONTENT", sentence)
    elif sizes[file.content] == 0:
        yield Objection(field, "EMPTY_FILE", f"{shown(file.name)} is empty", blocks=False)
    if not _TYPE.fullmatch(file.media_type) or file.media_type.startswith("multipart/"):
        sentence = "the media type is no type/subtype in lower case (RFC 2045 5.1)"
        yield Objection(field, "BAD_TYPE", sentence)
    if file.content_id and not _CONTENT_ID.fullmatch(file.content_id):
        sentence = "a content id has letters, digits and .+@$=_- only"
        yield Objection(field, "BAD_CONTENT_ID", sentence)
    yield from _file_name(field, file)


def _file_name(field: str, file: File) -> Found:
    name, fitting = safe_name(file.name), extensions_for(file.media_type)
    if not shown(file.name) and not file.content_id and file.media_type != MESSAGE:
        yield Objection(field, "NO_NAME", "the file has no name; give it one")
    elif name != file.name:
        sentence = f"the file is called {name}: other signs are no part of file names"
        yield Objection(field, "SIGNS_LEFT_OUT", sentence, blocks=False)
    if fitting and shown(file.name) and extension(name) not in fitting:
        sentence = f"{name} is {file.media_type}; its name has to end with .{fitting[0]}"
        yield Objection(field, "OTHER_EXTENSION", sentence)
    if is_refused(name):
        sentence = f"many servers send {name} back; send it in another way"
        yield Objection(field, "OFTEN_REFUSED", sentence, blocks=False)
