"""Approvals of mail by a second pair of eyes: how each stands, and what is said about them."""

from collections.abc import Sequence
from dataclasses import field
from datetime import datetime
from uuid import UUID

from psycopg import AsyncConnection, Connection
from psycopg.rows import TupleRow

from domain.approval import (
    ApprovalAsked,
    ApprovalGiven,
    ApprovalRefused,
    ApprovalState,
    ApprovalVoided,
    ApprovalWithdrawn,
)
from domain.approvalrules import (
    ApprovalRuleSet,
    ApprovalRulesEvent,
    ApprovalRuleWithdrawn,
    ApprovalScope,
    ApproverRole,
)
from domain.classes import dataclass
from domain.inforce import Said
from domain.outgoing import MailQueued
from domain.recorded import Recorded
from domain.values import ColleagueId, DocumentId, MailboxId
from projections.projection import Names, Projection, Rows, Table
from projections.reader import Reader, columns_of, rows_of


@dataclass(slots=True)
class ApprovalWordRow:
    """A word of a rule, and from when on it holds; `needed` None: the rule says nothing then."""

    rule: UUID
    position: int
    since: datetime
    mailbox: UUID | None
    kind: str
    colleague: UUID | None
    needed: bool | None
    roles: list[str]
    people: list[UUID]
    programs: bool
    reason: str
    actor_kind: str
    actor_id: str
    at: datetime

    @property
    def said(self) -> Said[ApprovalRulesEvent]:
        """Give what decides which rule holds."""
        return Said(self.rule, self.position, self.since, self._event())

    def _event(self) -> ApprovalRulesEvent:
        box = MailboxId(self.mailbox) if self.mailbox else None
        who = ColleagueId(self.colleague) if self.colleague else None
        scope = ApprovalScope(box, self.kind, who)
        if self.needed is None:
            return ApprovalRuleWithdrawn(scope, self.since)
        roles = tuple(ApproverRole(one) for one in self.roles)
        people = tuple(ColleagueId(one) for one in self.people)
        return ApprovalRuleSet(scope, self.since, self.needed, roles, people, self.programs)


@dataclass(slots=True)
class ApprovalRow:
    """An approval: what was asked last, and how it stands; `mail` is what left under it."""

    id: UUID
    draft: UUID
    version: int
    mailbox: UUID
    document: UUID | None
    rule: UUID
    authors: list[str]
    roles: list[str]
    people: list[UUID]
    note: str
    asked_kind: str
    asked_by: str
    asked_at: datetime
    state: str
    decided_note: str
    decided_kind: str
    decided_by: str
    decided_at: datetime | None
    mail: UUID | None
    position: int

    @property
    def asked(self) -> ApprovalAsked:
        """Give what decides who may approve."""
        return ApprovalAsked(
            draft=self.draft,
            version=self.version,
            mailbox=MailboxId(self.mailbox),
            document=DocumentId(self.document) if self.document else None,
            rule=self.rule,
            authors=tuple(self.authors),
            roles=tuple(ApproverRole(one) for one in self.roles),
            people=tuple(ColleagueId(one) for one in self.people),
            note=self.note,
        )


WORD = Table("approval_word", ApprovalWordRow, key=("rule", "position"))
APPROVAL = Table(
    "approval",
    ApprovalRow,
    key=("id",),
    indexes=("(mailbox) WHERE state = 'asked'", "(position)"),
)
_DECIDED = {
    ApprovalGiven: ApprovalState.APPROVED,
    ApprovalRefused: ApprovalState.REFUSED,
    ApprovalWithdrawn: ApprovalState.WITHDRAWN,
    ApprovalVoided: ApprovalState.VOID,
}


@dataclass(slots=True)
class State:
    """What a batch touches."""

    words: Rows[ApprovalWordRow] = field(default_factory=lambda: Rows(WORD))
    approvals: Rows[ApprovalRow] = field(default_factory=lambda: Rows(APPROVAL))


def load(connection: Connection[TupleRow], names: Names, batch: Sequence[Recorded]) -> State:
    """Read the approvals that the batch changes."""
    state = State()
    approvals = {_approval(one) for one in batch} - {None}
    if approvals:
        state.approvals.fetch(connection, names, "id = ANY(%b)", list(approvals))
    return state


def fold(state: State, recorded: Recorded) -> None:
    """Take one event in."""
    event = recorded.event
    match event:
        case ApprovalRuleSet() | ApprovalRuleWithdrawn():
            state.words.put(_word(recorded, event))
        case ApprovalAsked():
            state.approvals.put(_asked(recorded, event))
        case ApprovalGiven() | ApprovalRefused() | ApprovalWithdrawn() | ApprovalVoided():
            _decide(state, recorded, event)
        case MailQueued(approval=id) if id is not None:
            row = state.approvals.get(id)
            if row is not None:
                row.state, row.mail = ApprovalState.SENT.value, recorded.stream
                row.position = recorded.position
                state.approvals.put(row)
        case _:
            return


def flush(connection: Connection[TupleRow], names: Names, state: State) -> None:
    """Write what changed."""
    state.words.flush(connection, names)
    state.approvals.flush(connection, names)


def _approval(recorded: Recorded) -> UUID | None:
    if isinstance(recorded.event, MailQueued):
        return recorded.event.approval
    return recorded.stream if type(recorded.event) in (ApprovalAsked, *_DECIDED) else None


def _word(recorded: Recorded, event: ApprovalRuleSet | ApprovalRuleWithdrawn) -> ApprovalWordRow:
    scope, withdrawn = event.scope, isinstance(event, ApprovalRuleWithdrawn)
    rule = (
        ApprovalRuleSet(scope, event.since) if isinstance(event, ApprovalRuleWithdrawn) else event
    )
    by = recorded.envelope.on_behalf_of or recorded.envelope.actor
    return ApprovalWordRow(
        rule=recorded.stream,
        position=recorded.position,
        since=event.since,
        mailbox=scope.mailbox,
        kind=scope.kind,
        colleague=scope.colleague,
        needed=None if withdrawn else rule.needed,
        roles=[one.value for one in rule.roles],
        people=list(rule.people),
        programs=rule.programs,
        reason=event.reason,
        actor_kind=by.kind.value,
        actor_id=by.id,
        at=recorded.recorded_at,
    )


def _asked(recorded: Recorded, event: ApprovalAsked) -> ApprovalRow:
    by = recorded.envelope.on_behalf_of or recorded.envelope.actor
    return ApprovalRow(
        id=recorded.stream,
        draft=event.draft,
        version=event.version,
        mailbox=event.mailbox,
        document=event.document,
        rule=event.rule,
        authors=list(event.authors),
        roles=[one.value for one in event.roles],
        people=list(event.people),
        note=event.note,
        asked_kind=by.kind.value,
        asked_by=by.id,
        asked_at=recorded.recorded_at,
        state=ApprovalState.ASKED.value,
        decided_note="",
        decided_kind="",
        decided_by="",
        decided_at=None,
        mail=None,
        position=recorded.position,
    )


def _decide(
    state: State,
    recorded: Recorded,
    event: ApprovalGiven | ApprovalRefused | ApprovalWithdrawn | ApprovalVoided,
) -> None:
    row = state.approvals.get(recorded.stream)
    if row is None:
        return
    by = recorded.envelope.on_behalf_of or recorded.envelope.actor
    row.state = _DECIDED[type(event)].value
    row.decided_kind, row.decided_by = by.kind.value, by.id
    row.decided_at, row.position = recorded.recorded_at, recorded.position
    row.decided_note = "" if isinstance(event, ApprovalVoided) else event.note
    state.approvals.put(row)


approvals = Projection(
    "approvals",
    version=1,
    tables=(WORD, APPROVAL),
    hears=(
        ApprovalRuleSet,
        ApprovalRuleWithdrawn,
        ApprovalAsked,
        ApprovalGiven,
        ApprovalRefused,
        ApprovalWithdrawn,
        ApprovalVoided,
        MailQueued,
    ),
    load=load,
    fold=fold,
    flush=flush,
)

# ---- reading


async def rule_words(
    connection: AsyncConnection[TupleRow], names: Names, reader: Reader
) -> list[ApprovalWordRow]:
    """Give all that was said; of rules for a mailbox those on what the reader sees."""
    query = names.sql(
        "SELECT {columns} FROM {approval_word} WHERE mailbox IS NULL OR {sees} ORDER BY position",
        columns=columns_of(ApprovalWordRow),
        sees=reader.sees("ARRAY[mailbox]"),
    )
    return await rows_of(connection, ApprovalWordRow, query, reader.params())


def rules_standing(rows: Sequence[ApprovalWordRow], at: datetime) -> list[ApprovalWordRow]:
    """Give of all that was said what holds at a moment, or is to hold from a later one on."""
    return [row for row in rows if _counts(row, rows, at)]


def _counts(row: ApprovalWordRow, rows: Sequence[ApprovalWordRow], at: datetime) -> bool:
    """Tell whether the word counts then or later: none said after it holds by the time it does."""
    begins = max(at, row.since)
    later = (one for one in rows if one.rule == row.rule and one.position > row.position)
    ended = row.needed is None and row.since <= at
    return not ended and all(one.since > begins for one in later)


async def approvals_in(
    connection: AsyncConnection[TupleRow],
    names: Names,
    reader: Reader,
    *,
    state: ApprovalState | None = None,
    ids: Sequence[UUID] | None = None,
    most: int = 500,
) -> list[ApprovalRow]:
    """Give the approvals of mail from mailboxes that the reader sees, the latest change first."""
    query = names.sql(
        "SELECT {columns} FROM {approval} WHERE {sees}"
        " AND (%(state)s::text IS NULL OR state = %(state)s)"
        " AND (%(ids)s::uuid[] IS NULL OR id = ANY(%(ids)s))"
        " ORDER BY position DESC LIMIT %(most)s",
        columns=columns_of(ApprovalRow),
        sees=reader.sees("ARRAY[mailbox]"),
    )
    given = {
        "state": state.value if state else None,
        "ids": None if ids is None else list(ids),
        "most": most,
    }
    return await rows_of(connection, ApprovalRow, query, {**reader.params(), **given})
