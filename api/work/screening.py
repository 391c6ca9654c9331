"""What the do-not-capture list keeps out: told by the header alone where that is enough."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from adapters.journal import Journal
from adapters.mime.worker import ReadingWorker
from api.work.arrivals import Place
from api.work.capturing import Seen
from api.work.excluding import Exclusions, PassedOver, Rules, forget_all_but, passed_over
from domain.exclusion import excluded_by
from domain.identity import MessageIdentity, identify
from domain.values import MailboxId


class Screening:
    """Looks at mail before anything of it is kept."""

    def __init__(self, journal: Journal, worker: ReadingWorker) -> None:
        """Read headers through `worker`."""
        self._key = journal.keyring.identity_key
        self._worker = worker
        self._exclusions = Exclusions(journal)
        self._database = journal.database
        self._last: Rules | None = None

    def minds(self, mailbox: MailboxId) -> bool:
        """Say whether anything is kept out of a mailbox."""
        return any(rule.mailbox in (None, mailbox) for _, rule in self._rules())

    def by_header(self, place: Place, headers: Sequence[bytes]) -> list[PassedOver | None]:
        """Say of mail in a place what its header keeps out already.

        None does not mean that it may be taken in: of certified mail and of bounces, the body
        tells who wrote and for whom.
        """
        rules, identities = self._rules(), [identify(self._key, one) for one in headers]
        readings = self._worker.read_many(headers)
        found = [excluded_by(one.content, place.mailbox, rules) for one in readings]
        here = self._known(one.message for one in identities) if any(found) else set()
        return [
            None if rule is None or own.message in here else self._over(rule, place, own)
            for rule, own in zip(found, identities, strict=True)
        ]

    def _known(self, messages: Iterable[UUID]) -> set[UUID]:
        """Give the messages that were taken in before: those stay, and are known where they lie."""
        with self._database.pool.connection() as connection:
            rows = connection.execute(
                "SELECT message FROM occurrence WHERE message = ANY(%b)", (list(messages),)
            )
            return {row[0] for row in rows}

    def of(self, fresh: Sequence[Seen]) -> list[PassedOver | None]:
        """Say of mail that was read what is kept out."""
        rules = self._rules() if fresh else ()
        found = [
            (one, excluded_by(one.reading.content, one.arrival.place.mailbox, rules))
            for one in fresh
        ]
        return [
            None if rule is None else self._over(rule, one.arrival.place, one.identity)
            for one, rule in found
        ]

    def _rules(self) -> Rules:
        """Give what stands; which mail was counted for what stands no more is forgotten."""
        rules = self._exclusions.rules()
        if rules is not self._last:
            with self._database.pool.connection() as connection:
                forget_all_but(connection, [id for id, _ in rules])
            self._last = rules
        return rules

    def _over(self, rule: UUID, place: Place, identity: MessageIdentity) -> PassedOver:
        return passed_over(self._key, rule, place, identity.message)
