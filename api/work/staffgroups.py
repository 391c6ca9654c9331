"""Groups of colleagues as people have them: saved, retired, found by their name."""

from collections.abc import Sequence
from uuid import UUID

from api.work.instance import Carteggio
from api.work.sharing import check_registered
from domain import staffgroup as stream
from domain.identity import group_id
from domain.recorded import Envelope
from domain.staffgroup import RetireGroup, SaveGroup
from domain.values import ColleagueId, Rejected
from projections.reader import EVERYTHING
from projections.staffgroups import StaffGroupRow, groups_now


def group_named(carteggio: Carteggio, name: str) -> UUID:
    """Give the id of the group with a name, whether there is one or not."""
    return group_id(carteggio.identity_key, " ".join(name.split()))


def save_group(
    carteggio: Carteggio, name: str, members: Sequence[ColleagueId], envelope: Envelope
) -> tuple[UUID, int | None]:
    """Save a group under its name; give its id and the event's position (None: it is so).

    Raises Rejected where it cannot be one, or somebody is no colleague.
    """
    for one in members:
        check_registered(carteggio, one)
    id = group_named(carteggio, name)
    return id, carteggio.journal.record(id, stream, SaveGroup(tuple(members), name), envelope)


def retire_group(carteggio: Carteggio, id: UUID, envelope: Envelope) -> int | None:
    """Let nobody be chosen from a group any more; Rejected if there is none."""
    return carteggio.journal.record(id, stream, RetireGroup(), envelope)


async def groups(carteggio: Carteggio) -> list[StaffGroupRow]:
    """Give the groups from which somebody may be chosen, by name."""
    async with carteggio.reading() as asked:
        return await groups_now(*asked, EVERYTHING)


def check_group(carteggio: Carteggio, id: UUID) -> None:
    """Raise Rejected unless this is a group that stands."""
    state = stream.initial
    for recorded in carteggio.journal.stream(id):
        state = stream.evolve(state, recorded.event)
    if state.saved is None or state.retired:
        raise Rejected("NOT_FOUND", "there is no such group; see: group list")
