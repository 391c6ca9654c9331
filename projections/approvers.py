"""Reading: who sees a mailbox, and as what; so, whether he may approve mail that leaves it."""

from collections.abc import Sequence
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from domain.approval import Approver
from domain.approvalrules import ApproverRole
from domain.classes import dataclass
from domain.mailbox import ACTING, ALERTED, Role
from domain.permission import roles_in
from domain.values import ColleagueId
from projections.projection import Names
from projections.reader import Reader, rows_of


@dataclass(frozen=True, slots=True)
class SeerRow:
    """A colleague who sees a mailbox: his own, or as a member; roles by master data, and by word."""

    mailbox: UUID
    colleague: UUID
    own: bool
    member: str
    role: str
    given: list[str]

    @property
    def alerted(self) -> bool:
        """Tell whether he is told of what waits there."""
        return self.own or self.member in ALERTED

    def approver(self, ids: tuple[str, ...]) -> Approver:
        """Give him as one who may approve; `ids` are all by which he may have written."""
        roles = {ApproverRole(one.value) for one in roles_in(self.role)}
        roles |= {ApproverRole(one) for one in self.given}
        if self.member == Role.SUPERVISOR:
            roles.add(ApproverRole.SUPERVISOR)
        acts = self.own or self.member in ACTING
        return Approver(ColleagueId(self.colleague), ids, acts, tuple(sorted(roles)))


async def seers(
    connection: AsyncConnection[TupleRow], names: Names, reader: Reader, mailboxes: Sequence[UUID]
) -> list[SeerRow]:
    """Give who sees mailboxes, and as what."""
    query = names.sql(
        "SELECT b.id, c.id, c.address_key = b.address_key, coalesce(m.role, ''),"
        " coalesce(c.role, ''), ARRAY(SELECT w.name FROM {sending_word} w"
        " WHERE w.subject = c.id AND w.topic = 'role')"
        " FROM {mailbox} b CROSS JOIN {colleague} c"
        " LEFT JOIN {member} m ON m.mailbox = b.id AND m.colleague = c.id"
        " WHERE b.id = ANY(%(ids)s) AND {sees}"
        " AND (c.address_key = b.address_key OR m.colleague IS NOT NULL) ORDER BY b.id, c.id",
        sees=reader.sees("ARRAY[b.id]"),
    )
    given = {**reader.params(), "ids": list(mailboxes)}
    return await rows_of(connection, SeerRow, query, given)
