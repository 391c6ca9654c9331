"""What rules did with a message: why each held, and whom it chose among whom."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID

import strawberry
from strawberry import ID, Info
from strawberry.dataloader import DataLoader

from api.graphql import people
from api.graphql.context import Context
from api.graphql.ids import Kind, encoded
from api.graphql.people import User, user_object
from domain.drawing import Way
from domain.ruleactions import ASSIGNS, Done
from projections.ruleruns import RuleRunRow, runs_of


@strawberry.enum(description="How somebody of a group is chosen.")
class DrawnBy(Enum):
    LOT = strawberry.enum_value("lot", description="Each as likely.")
    TURN = strawberry.enum_value("turn", description="One after the other.")
    LEAST_BUSY = strawberry.enum_value(
        "least_busy", description="Who has the fewest open conversations; of several by lot."
    )


@strawberry.type(description="What came of an action of a rule.")
class RuleRunAction:
    kind: str = strawberry.field(description="Which action, as the rule names it.")
    is_done: bool = strawberry.field(description="Whether it was done.")
    why: str | None = strawberry.field(
        description="Why not, or why otherwise than meant: a code; null where it is as meant."
    )
    sentence: str = strawberry.field(description="What came of it, in words.")
    user: User | None = strawberry.field(description="Who got it.")
    instead_of: User | None = strawberry.field(description="Who was meant, and is away.")
    drawn_by: DrawnBy | None = strawberry.field(description="How he was chosen of a group.")
    candidates: list[User] = strawberry.field(description="Among whom: those who were there.")
    mail_id: ID | None = strawberry.field(description="The mail that it let leave.")


@strawberry.type(description="A rule held for a message, and acted on it.")
class RuleRun:
    rule_id: ID = strawberry.field(description="The rule.")
    rule_name: str = strawberry.field(description="What it was called then.")
    version: int = strawberry.field(description="Its version that was asked.")
    at: datetime = strawberry.field(description="When.")
    depth: int = strawberry.field(description="Through so many rules the message had come.")
    explanation: list[str] = strawberry.field(
        description="Each part of its condition, whether it held, and by which words."
    )
    actions: list[RuleRunAction] = strawberry.field(description="What was done.")
    command_id: ID = strawberry.field(description="By which it is undone, as a person's command.")


_Loader = DataLoader[UUID, list[RuleRun]]


@strawberry.type
class RuledOn:
    """What rules act on; all that are asked for in one request are read at once."""

    @strawberry.field(description="What rules did with it, in order.")
    async def rule_runs(self: Any, info: Info[Any, Any]) -> list[RuleRun]:
        return await (await _loader(info.context, self.asking)).load(self.key)


async def _loader(context: Context, asking: Any) -> _Loader:
    async def load(ids: Sequence[UUID]) -> list[list[RuleRun]]:
        async with context.read() as asked:
            rows = await runs_of(*asked, context.viewer.reader, ids)
        staff = await people.colleagues(context) if rows else {}
        users = {id: user_object(row, asking) for id, row in staff.items()}
        return [[_run(row, users) for row in rows.get(id, ())] for id in ids]

    async def made() -> _Loader:
        return DataLoader(load_fn=load)

    return await context.once(runs_of.__name__, made)


def _run(row: RuleRunRow, users: Mapping[UUID, User]) -> RuleRun:
    said = [*row.said, *[""] * len(row.actions)]
    return RuleRun(
        rule_id=encoded(Kind.RULE, row.rule),
        rule_name=row.name,
        version=row.version,
        at=row.at,
        depth=row.depth,
        explanation=row.because,
        actions=[
            _action(one, words, users) for one, words in zip(row.actions, said, strict=False)
        ],
        command_id=ID(row.command),
    )


def _action(one: Done, words: str, users: Mapping[UUID, User]) -> RuleRunAction:
    drawn = one.draw
    given = one.kind in ASSIGNS and one.to is not None
    return RuleRunAction(
        kind=one.kind.value,
        is_done=one.done,
        why=one.why.value or None,
        sentence=words,
        user=users.get(one.to) if given and one.to else None,
        instead_of=users.get(one.instead_of) if one.instead_of else None,
        drawn_by=DrawnBy(Way(drawn.way).value) if drawn else None,
        candidates=[users[x.who] for x in drawn.candidates if x.who in users] if drawn else [],
        mail_id=encoded(Kind.MAIL, one.mail) if one.mail else None,
    )
