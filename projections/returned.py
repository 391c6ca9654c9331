"""Mail of ours that came back: it reached nobody outside, so it answers nobody.

A notice names the mail it is about, and whom it did not reach: whom we wrote to (Original-Recipient),
or whom it was for in the end. One that names nobody to whom the mail went changes nothing.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

from domain.delivery import FAILED, counts, means
from domain.message import MessageReceived
from domain.recorded import Recorded
from domain.rereading import MessageReread, Saying
from projections.deliveryrows import reports
from projections.refs import ref

_NOBODY: Final = ref("")


def lost_by(recorded: Recorded, before: Collection[UUID]) -> list[UUID]:
    """Give whom a notice's mail did not reach, hashed, after one more of its copies or readings."""
    event = recorded.event
    if not isinstance(event, Saying) or event.content is None or event.content.notice is None:
        return list(before)
    at: datetime = recorded.envelope.at
    rows = list(reports(recorded.stream, "", event.content, at, event.mailbox))
    told = [row.told(event.mailbox) for row in rows]
    lost = {
        ref(named)
        for one in told
        if means(one.kind, one.outcome) in FAILED and counts(one, certified=True)
        for named in {one.recipient, one.final} - {""} or {""}
    }
    anew = isinstance(event, MessageReceived | MessageReread)
    return sorted(lost if anew else lost | set(before))


def came_back(
    people: Iterable[UUID], own: Iterable[UUID], notices: Iterable[tuple[set[UUID], list[UUID]]]
) -> bool:
    """Tell whether a mail under these ids reached nobody of those (hashed) to whom it went.

    Notices are what each is about, and whom that did not reach. One that names nobody is believed of
    a mail that went to one alone.
    """
    ids, to = set(own), set(people)
    lost = {one for about, some in notices if about & ids for one in some}
    unnamed = _NOBODY in lost and len(to) <= 1
    return unnamed or (bool(to) and to <= lost)
