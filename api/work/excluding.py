"""The do-not-capture list: what stands on it now, and how much was passed over because of it."""

import hmac
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import UUID, uuid5

from psycopg import Connection

from adapters.journal import Journal
from adapters.owning import Own
from api.work.arrivals import Place
from domain import exclusion
from domain.exclusion import AddExclusion, ExclusionAdded, RemoveExclusion, Side, pattern_of
from domain.identity import exclusion_id, header_key
from domain.recorded import Envelope
from domain.values import MailboxId, MessageId, Rejected

Rules = tuple[tuple[UUID, ExclusionAdded], ...]

# By an index of its own, on these names alone: however long the journal is, it is no search.
_LAST: Final = (
    "SELECT max(notification_id) FROM stored_events"
    " WHERE topic IN ('exclusion.added', 'exclusion.removed')"
)
_STREAMS: Final = (
    "SELECT originator_id FROM stored_events"
    " WHERE topic IN ('exclusion.added', 'exclusion.removed')"
    " GROUP BY originator_id ORDER BY min(notification_id)"
)


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A mail that a rule kept out; folder and mail are keyed hashes, the latter also of the rule."""

    rule: UUID
    mailbox: MailboxId
    folder: UUID
    mail: UUID


@dataclass(frozen=True, slots=True)
class Count:
    """How much one rule kept out, and when it last did."""

    messages: int
    last: date


class Exclusions:
    """The list as it stands. It is read from the journal, so that an entry counts at once."""

    def __init__(self, journal: Journal) -> None:
        """Read nothing yet."""
        self._journal = journal
        self._known: tuple[int | None, Rules] = (None, ())

    def rules(self) -> Rules:
        """Give what stands now, in the order in which it was first added."""
        with self._journal.database.pool.connection() as connection:
            row = connection.execute(_LAST).fetchone()
            last = row[0] if row else None
            if last == self._known[0]:
                return self._known[1]
            streams = [one for (one,) in connection.execute(_STREAMS)]
        standing = dict.fromkeys(streams, exclusion.initial)
        for one in self._journal.streams(streams):
            standing[one.stream] = exclusion.evolve(standing[one.stream], one.event)
        found = tuple((id, one.standing) for id, one in standing.items() if one.standing)
        self._known = last, found
        return found


def passed_over(identity_key: bytes, rule: UUID, place: Place, message: MessageId) -> PassedOver:
    """Say what is counted of a mail that a rule kept out: neither it nor its folder is told."""
    folder = uuid5(place.mailbox, header_key(identity_key, place.folder))
    told = rule.bytes + place.mailbox.bytes + message.bytes
    mail = UUID(bytes=hmac.digest(identity_key, b"excluded" + told, "sha256")[:16])
    return PassedOver(rule, place.mailbox, folder, mail)


def count(connection: Connection[Any], passed: Sequence[PassedOver]) -> None:
    """Count what was passed over for the first time, in the transaction that moves the cursor."""
    if not passed:
        return
    known = {(one.rule, one.mail): one for one in passed}
    rows = connection.execute(
        "INSERT INTO excluded_once SELECT * FROM unnest(%b::uuid[], %b::uuid[])"
        " ON CONFLICT DO NOTHING RETURNING exclusion, mail",
        ([rule for rule, _ in known], [mail for _, mail in known]),
    )
    new = [known[rule, mail] for rule, mail in rows]
    numbers = Counter((one.rule, one.mailbox, one.folder) for one in new)
    today = datetime.now(UTC).date()
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO excluded_mail AS known (exclusion, mailbox, folder, day, messages)"
            " VALUES (%s, %s, %s, %s, %s) ON CONFLICT (exclusion, mailbox, folder, day)"
            " DO UPDATE SET messages = known.messages + excluded.messages",
            [(*key, today, number) for key, number in sorted(numbers.items())],
        )


def forget_all_but(connection: Connection[Any], standing: Iterable[UUID]) -> None:
    """Forget which mail was counted for entries that are off the list; how much it was stays."""
    connection.execute("DELETE FROM excluded_once WHERE exclusion <> ALL(%b)", (list(standing),))


def counts(
    connection: Connection[Any], rules: Iterable[UUID], mailboxes: Sequence[UUID] | None = None
) -> Mapping[UUID, Count]:
    """Give how much each rule kept out so far; mail that is offered twice counts once.

    `mailboxes`: only out of these.
    """
    boxes = None if mailboxes is None else list(mailboxes)
    rows = connection.execute(
        "SELECT exclusion, sum(messages)::bigint, max(day) FROM excluded_mail"
        " WHERE exclusion = ANY(%(rules)b)"
        " AND (%(boxes)s::uuid[] IS NULL OR mailbox = ANY(%(boxes)s)) GROUP BY exclusion",
        {"rules": list(rules), "boxes": boxes},
    )
    return {id: Count(messages, last) for id, messages, last in rows}


def entry(
    identity_key: bytes, pattern: str, side: Side, mailbox: MailboxId | None, note: str = ""
) -> tuple[UUID, ExclusionAdded]:
    """Read what people type; give the entry with its stream's id, on the list or not."""
    added = ExclusionAdded(side, mailbox, pattern_of(pattern), note)
    return exclusion_id(identity_key, side.value, mailbox, added.pattern), added


def refuse_own(journal: Journal, added: ExclusionAdded) -> None:
    """Refuse an entry that stands for a domain or an address of the company: nobody means that."""
    with journal.database.pool.connection() as connection:
        ours = Own(connection).all().under(added.pattern)
    if ours is not None:
        what = "is our own" if ours == added.pattern else f"stands for our own {ours} too"
        sentence = f"{added.pattern} {what}: nearly all mail would stay out"
        do = "if that is meant, say so, by --own or over the API includeOwn"
        raise Rejected("OWN", f"{sentence}; {do}")


def add(
    journal: Journal,
    pattern: str,
    side: Side,
    mailbox: MailboxId | None,
    note: str,
    context: Envelope,
    *,
    own: bool = False,
) -> ExclusionAdded:
    """Put an address or a domain on the list, from now on; our own only if that is said."""
    id, added = entry(journal.keyring.identity_key, pattern, side, mailbox, note)
    if not own:
        refuse_own(journal, added)
    journal.record(id, exclusion, AddExclusion(added), context)
    return added


def remove(
    journal: Journal, pattern: str, side: Side, mailbox: MailboxId | None, context: Envelope
) -> None:
    """Take it off the list; Rejected if it is not there."""
    id, _ = entry(journal.keyring.identity_key, pattern, side, mailbox)
    journal.record(id, exclusion, RemoveExclusion(), context)
