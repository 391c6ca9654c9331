"""What a mail is known by: its id and date, what it goes on with, and signed tokens (decision 0019).

The Message-ID bears the token of the document that it is about, or of the message that it answers;
its own token stands where answers bring it back: in Reply-To, and below the text.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import format_datetime
from typing import Final
from uuid import UUID

from adapters.building import headers
from api.work.instance import Carteggio
from domain.composing import Composed
from domain.content import Content
from domain.hostnames import ascii_domain
from domain.identity import identify
from domain.replying import chain
from domain.signedtoken import Named, Names, body_marker, message_id, plus_address, sign
from domain.values import Address, DocumentId, MessageId

_DRAWN: Final = "drawn when it is sent"
_IN_ADDRESS: Final = re.compile(r"(?<=\+c\.)[a-z]+(?=@)")


@dataclass(frozen=True, slots=True)
class GoesOn:
    """What a mail goes on with: the document that it belongs to, a message that it answers or passes on."""

    document: DocumentId | None = None
    answers: MessageId | None = None
    earlier: Content | None = None
    """What the message says that it answers or passes on."""


def marked(
    carteggio: Carteggio, mail: Composed, unique: UUID, at: datetime, goes_on: GoesOn
) -> Composed:
    """Put in what the mail is known by; `unique` is in no other one's Message-ID."""
    mail = replace(mail, message_id=_named(carteggio, mail, unique, goes_on), at=at)
    if goes_on.earlier is not None:
        answered = (goes_on.earlier.message_id,) if goes_on.answers is not None else ()
        ids = tuple(one for one in answered if one)
        mail = replace(mail, in_reply_to=ids, references=chain(goes_on.earlier))
    token = sign(carteggio.signing.key, Named(Names.MESSAGE, _message(carteggio, mail)))
    return _bearing(carteggio, mail, token)


def before_it_leaves(mail: Composed) -> Composed:
    """Give a marked mail as it is shown before: its token follows from the moment at which it leaves."""
    back = tuple(Address(_IN_ADDRESS.sub("…", one.spec), one.name) for one in mail.reply_to)
    return replace(mail, reply_to=back, marker=body_marker(_DRAWN) if mail.marker else "")


def _named(carteggio: Carteggio, mail: Composed, unique: UUID, goes_on: GoesOn) -> str:
    domain = ascii_domain(mail.sender.spec.rpartition("@")[2]) or "invalid"
    if goes_on.document is not None:
        named = Named(Names.DOCUMENT, goes_on.document)
    elif goes_on.answers is not None:
        named = Named(Names.MESSAGE, goes_on.answers)
    else:
        return f"{unique.hex}@{domain}"
    return message_id(sign(carteggio.signing.key, named), unique.hex, domain)


def _bearing(carteggio: Carteggio, mail: Composed, token: str) -> Composed:
    own = mail.sender.address
    # Providers of certified mail know no such addresses.
    plus = () if mail.certified else carteggio.settings.plus_addresses
    reply_to = tuple(_returning(one, token, plus) for one in mail.reply_to or (own,))
    if reply_to != (own,):
        mail = replace(mail, reply_to=reply_to)
    shown = carteggio.settings.reference_in_text
    return replace(mail, marker=body_marker(token) if shown else "")


def _returning(address: Address, token: str, plus: Collection[str]) -> Address:
    if address.key not in plus and address.domain not in plus:
        return address
    longer = plus_address(address.spec, token)
    return address if longer is None else Address(longer, address.name)


def _message(carteggio: Carteggio, mail: Composed) -> MessageId:
    """Give as which message a mail will be known (domain/identity.py)."""
    sender = mail.sender.spec
    known = ascii_domain(sender.rpartition("@")[2]) is not None
    spec = headers.wire(sender) if known else ""
    date = format_datetime(mail.at)
    head = f"Message-ID: <{mail.message_id}>\r\nFrom: <{spec}>\r\nDate: {date}\r\n\r\n"
    return MessageId(identify(carteggio.identity_key, head.encode("utf-8", "replace")).message)
