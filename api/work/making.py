"""A draft becomes what is to be sent: its files are opened, and what it answers is quoted below."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from adapters.building.quotes import quote_forward, quote_reply
from api.work import uploads
from api.work.instance import Carteggio
from api.work.objecting import MOST_OCTETS
from api.work.originals import Original, octets_of, original
from api.work.tosend import ToSend
from domain.composing import MESSAGE, Composed, File, Quote, Sender
from domain.draft import Attached, Draft, typed
from domain.quoting import Telling
from domain.values import ColleagueId, Rejected
from projections.reader import EVERYTHING, Reader

_NOTHING: Final[Mapping[str, bytes]] = {}
_PICTURE: Final = "quoted {}"


@dataclass(slots=True)
class _Files:
    """The files of a mail and their octets, by the keys under which they are built."""

    files: list[File] = field(default_factory=list)
    contents: dict[str, bytes] = field(default_factory=dict)

    def add(self, file: File, octets: bytes) -> None:
        """Take a file in; Rejected as soon as they are too much for one mail, before more are opened."""
        self.files.append(file)
        self.contents[file.content] = octets
        if sum(map(len, self.contents.values())) > MOST_OCTETS:
            most = MOST_OCTETS // (1024 * 1024)
            raise Rejected(
                "TOO_LARGE", f"files: those of one mail have {most} MB together at most"
            )


async def made(
    carteggio: Carteggio,
    draft: Draft,
    *,
    reader: Reader = EVERYTHING,
    colleague: ColleagueId | None = None,
    owner: str = "",
    id: UUID | None = None,
    given: Mapping[str, bytes] = _NOTHING,
) -> ToSend:
    """Give what is to be sent of a draft; Rejected: a file, or what it answers, is not there.

    `reader` is what its sender may see, `owner` whose uploads count, `id` the draft's, if it has one;
    `given` are octets that came with it, by the keys of the files.
    """
    found = _Files()
    earlier = await _earlier(carteggio, draft, reader)
    for one in draft.files:
        octets = given.get(one.key)
        if octets is None:
            octets = await _octets(carteggio, one, reader, owner, id)
        found.add(File(one.name, one.media_type, one.key, one.content_id), octets)
    quote = None
    if draft.quotes and earlier is not None:
        quote = await asyncio.to_thread(_quoted, carteggio, draft, earlier, found)
    return replace(_to_send(draft, found, quote, reader, colleague), draft=id)


def _to_send(
    draft: Draft, found: _Files, quote: Quote | None, reader: Reader, colleague: ColleagueId | None
) -> ToSend:
    mail = Composed(
        message_id="",
        at=datetime.now(UTC),
        sender=Sender(draft.sender.strip(), draft.sender_name, draft.company),
        to=tuple(map(typed, draft.to)),
        cc=tuple(map(typed, draft.cc)),
        bcc=tuple(map(typed, draft.bcc)),
        reply_to=tuple(map(typed, draft.reply_to)),
        subject=draft.subject,
        text=draft.text,
        html=draft.html,
        quote=quote,
        files=tuple(found.files),
        language=draft.language,
    )
    return ToSend(
        mailbox=draft.mailbox,
        mail=mail,
        contents=found.contents,
        targets=draft.targets,
        removed=draft.removed,
        document=draft.document,
        presents=draft.presents,
        template=draft.template,
        template_version=draft.template_version,
        answers=draft.answers,
        forwards=draft.forwards,
        carries=frozenset(one.message for one in draft.files if one.message is not None),
        not_before=draft.not_before,
        acknowledged=frozenset(draft.acknowledged),
        colleague=colleague,
        reader=reader,
    )


# ---- files


async def _octets(
    carteggio: Carteggio, one: Attached, reader: Reader, owner: str, id: UUID | None
) -> bytes:
    if one.upload is not None:
        return await asyncio.to_thread(_uploaded, carteggio, one.upload, owner, id)
    if one.message is None:
        raise Rejected("INVALID", f"the file {one.name!r} has no octets: upload it")
    of = await original(carteggio, reader, one.message)
    if one.place is None:
        return await asyncio.to_thread(octets_of, carteggio, of.id, of.raw)
    if not 0 <= one.place < len(of.files):
        raise Rejected("NOT_FOUND", "the message has no such attachment")
    return await asyncio.to_thread(octets_of, carteggio, of.id, of.files[one.place])


def _uploaded(carteggio: Carteggio, upload: UUID, owner: str, id: UUID | None) -> bytes:
    found = uploads.uploads(carteggio, [upload], owner, id)[upload]
    return carteggio.blobs.get(found.blob, upload)


def attached_of(of: Original, places: tuple[int, ...]) -> Iterator[Attached]:
    """Give attachments of a message as files of a draft."""
    for place in places:
        one = of.content.attachments[place]
        name = one.name or one.title
        yield Attached(f"{of.id.hex}-{place}", name, one.media_type, None, of.id, place)


def attached_whole(of: Original) -> Attached:
    """Give a message as a file of a draft."""
    name = f"{of.content.subject[:80] or 'message'}.eml"
    return Attached(of.id.hex, name, MESSAGE, None, of.id)


# ---- quotes


async def _earlier(carteggio: Carteggio, draft: Draft, reader: Reader) -> Original | None:
    earlier = draft.answers or draft.forwards
    if not draft.quotes or earlier is None:
        return None
    return await original(carteggio, reader, earlier)


def _quoted(carteggio: Carteggio, draft: Draft, earlier: Original, found: _Files) -> Quote:
    """Quote below; what is written as plain text quotes as plain text."""
    quote = quote_of(carteggio, earlier, draft.language, forwards=draft.answers is None)
    if not draft.html:
        return Quote(quote.text)
    for picture in quote.pictures:
        octets = octets_of(carteggio, earlier.id, earlier.files[picture.place])
        of = earlier.content.attachments[picture.place]
        key = _PICTURE.format(picture.place)
        found.add(File(of.name, of.media_type, key, picture.content_id), octets)
    return quote


def quote_of(carteggio: Carteggio, of: Original, language: str, *, forwards: bool) -> Quote:
    """Give what stands below the new text of an answer, or of what passes a message on."""
    raw = octets_of(carteggio, of.id, of.raw)
    telling = Telling(language, carteggio.settings.zone, of.received_at)
    write = quote_forward if forwards else quote_reply
    return write(of.content, raw, telling)
