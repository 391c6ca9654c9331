"""Who says that a message belongs to something: a rung of the ladder, a person, a rule about mail."""

from uuid import UUID

from api.graphql.node import Actor
from api.ids import Kind, shown
from domain.rules import MAIL_RULE, PERSON
from domain.values import ActorKind
from projections.history import LinkRow


def who_said(row: LinkRow) -> Actor:
    """Tell who said so: a link that follows from a word of somebody names whose it was."""
    if row.rule == MAIL_RULE.name:
        return Actor(kind=ActorKind.RULE, id=row.evidence)
    if row.rule != PERSON.name or not row.evidence:
        return Actor(kind=ActorKind(row.actor_kind), id=row.actor_id)
    kinds = {Kind.COLLEAGUE.value: ActorKind.USER, Kind.TOKEN.value: ActorKind.CLIENT}
    kind = kinds.get(row.evidence.partition("_")[0], ActorKind.SYSTEM)
    return Actor(kind=kind, id=row.evidence)


def rule_said(row: LinkRow) -> tuple[str | None, int | None]:
    """Give by which rule it is linked, and its version: of a rule about mail its id."""
    if row.rule == MAIL_RULE.name:
        id, _, version = row.evidence.partition("@")
        return shown(Kind.RULE, UUID(hex=id)), int(version)
    return (row.rule, row.rule_version) if row.rule else (None, None)
