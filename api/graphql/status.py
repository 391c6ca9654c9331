"""How far everything is: the journal's head, and each read model."""

from enum import Enum

import strawberry

from api.graphql.scalars import Position
from api.work.instance import Carteggio


@strawberry.enum(description="How a read model is.")
class ProjectionState(Enum):
    LIVE = strawberry.enum_value("live", description="It follows the journal.")
    FILLING = strawberry.enum_value("filling", description="It is filled from the first event on.")
    STOPPED = strawberry.enum_value("stopped", description="It could not take an event.")


@strawberry.type(description="How far a read model is.")
class ProjectionStatus:
    name: str = strawberry.field(description="Its name.")
    version: int = strawberry.field(description="Its version.")
    position: Position = strawberry.field(description="How far it has come.")
    lag: int = strawberry.field(description="How many places behind the journal it is.")
    state: ProjectionState = strawberry.field(description="How it is.")
    is_active: bool = strawberry.field(description="Whether answers are read from it.")
    is_rebuilding: bool = strawberry.field(description="Whether it is being filled anew.")
    error: str | None = strawberry.field(description="Why it stopped; tells no content.")


@strawberry.type(description="How far everything is.")
class SystemStatus:
    position: Position = strawberry.field(description="The last event's place in the journal.")
    projections: list[ProjectionStatus] = strawberry.field(description="The read models.")


def system_status(carteggio: Carteggio) -> SystemStatus:
    """Tell how far everything is."""
    return SystemStatus(
        position=Position(carteggio.journal.head()),
        projections=[
            ProjectionStatus(
                name=one.name,
                version=one.version,
                position=Position(one.position),
                lag=one.lag,
                state=ProjectionState(one.state),
                is_active=one.active,
                is_rebuilding=one.state == "filling",
                error=one.error,
            )
            for one in carteggio.feed.status()
        ],
    )
