"""What speaks against sending a mail from a mailbox, with all that has to be looked up for it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from api.work.addressees import circle_of, known_of
from api.work.instance import Carteggio
from api.work.reached import reach_of
from api.work.sendingside import SendingSide
from api.work.tosend import ToSend
from domain.aliveness import undeliverable
from domain.certifying import objections_to_certified
from domain.composing import Composed
from domain.doubts import doubts
from domain.objections import Objection, objections

MOST_OCTETS: Final = 50 * 1024 * 1024
"""So large may the files of one mail be together; what a server takes is usually less."""
_LATEST: Final = timedelta(days=400)
_JUST_NOW: Final = timedelta(minutes=5)


async def speaks_against(
    carteggio: Carteggio, wanted: ToSend, mail: Composed, side: SendingSide
) -> list[Objection]:
    """Give all of it, what blocks and what does not."""
    sizes = {key: len(octets) for key, octets in wanted.contents.items()}
    circle = await circle_of(carteggio, wanted.document, wanted.targets, wanted.reader)
    known = await known_of(carteggio, mail.recipients)
    reach = await reach_of(carteggio, wanted.reader, mail)
    return [
        *_of_the_sender(mail, side),
        *objections(mail, sizes),
        *_too_much(mail, sizes),
        *_certified(mail, side, sizes, reach.certified),
        *undeliverable(mail, reach.invalid),
        *_of_the_time(wanted, mail.at),
        *doubts(mail, known, circle, wanted.acknowledged, presents=wanted.presents),
    ]


def _of_the_sender(mail: Composed, side: SendingSide) -> list[Objection]:
    if side.may_send_as(mail.sender.spec):
        return []
    do = "name it among the senders (account sending, accountSendingConfigure)"
    sentence = f"{side.address} does not send as {mail.sender.spec}: {do}"
    return [Objection("sender", "NOT_A_SENDER", sentence)]


def _too_much(mail: Composed, sizes: Mapping[str, int]) -> list[Objection]:
    total = sum(sizes.get(one.content, 0) for one in mail.files)
    if total <= MOST_OCTETS:
        return []
    most = MOST_OCTETS // (1024 * 1024)
    return [Objection("files", "TOO_LARGE", f"files of one mail have {most} MB together at most")]


def _certified(
    mail: Composed, side: SendingSide, sizes: Mapping[str, int], known: Mapping[str, bool]
) -> list[Objection]:
    octets = sum(sizes.values()) * 4 // 3  # as base64 has it
    return objections_to_certified(mail, side.address, octets, known) if mail.certified else []


def _of_the_time(wanted: ToSend, at: datetime) -> list[Objection]:
    if wanted.not_before is None:
        return []
    if wanted.not_before < at - _JUST_NOW:
        sentence = "this time is over: the mail leaves at once"
        return [Objection("not_before", "IN_THE_PAST", sentence, blocks=False)]
    if wanted.not_before <= at + _LATEST:
        return []
    sentence = f"mail is scheduled for {_LATEST.days} days from now at most"
    return [Objection("not_before", "TOO_LATE", sentence)]
