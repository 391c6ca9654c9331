"""Mail of ours that came back: it reached nobody outside, so it answers nobody.

A notice names the mail it is about, and whom it did not reach. Servers pass mail on, and then tell of
other addresses than those written to; so who was not reached is counted, not compared.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

from domain.content import Content
from domain.delivery import FAILED, counts, means
from domain.message import MessageReceived
from domain.recorded import Recorded
from domain.rereading import MessageReread, Saying
from projections.conversations import ref
from projections.deliveryrows import reports


def people_outside(content: Content) -> int:
    """Count to how many addresses a mail went that are of another domain than its author."""
    home = content.authors[0].key.rpartition("@")[2] if content.authors else ""
    to = {one.key for one in (*content.to, *content.cc, *content.bcc)}
    return sum(one.rpartition("@")[2] != home for one in to)


def lost_by(recorded: Recorded, before: Collection[UUID]) -> list[UUID]:
    """Give whom a notice's mail did not reach, hashed, after one more of its copies or readings."""
    event = recorded.event
    if not isinstance(event, Saying) or event.content is None or event.content.notice is None:
        return list(before)
    at: datetime = recorded.envelope.at
    rows = list(reports(recorded.stream, "", event.content, at, event.mailbox))
    told = [row.told(event.mailbox) for row in rows]
    lost = {
        ref(one.recipient or one.final)
        for one in told
        if means(one.kind, one.outcome) in FAILED and counts(one, certified=True)
    }
    anew = isinstance(event, MessageReceived | MessageReread)
    return sorted(lost if anew else lost | set(before))


def came_back(
    people: int, own: Iterable[UUID], notices: Iterable[tuple[set[UUID], list[UUID]]]
) -> bool:
    """Tell whether a mail under these ids reached none of so many people.

    Notices are what each is about, and whom that did not reach.
    """
    ids = set(own)
    lost = {one for about, some in notices if about & ids for one in some}
    return len(lost) >= max(people, 1)
