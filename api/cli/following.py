"""The log of events as lines, to its end or for ever."""

import json
from collections.abc import Iterator
from datetime import UTC
from uuid import UUID

from psycopg.sql import SQL, Identifier

from adapters.journal import channel
from api.cli.setting import local
from api.work.instance import Carteggio
from domain.recorded import Erased, Recorded
from projections.fields import data_of
from projections.sentences import sentence

_POLL = 1.0


def print_events(
    carteggio: Carteggio, stream: UUID | None, start: int, *, follow: bool, as_json: bool
) -> Iterator[str]:
    """Give each event as a line."""
    write = _as_json if as_json else _as_text
    for recorded in _recorded(carteggio, start - 1, follow=follow, stream=stream):
        if stream in (None, recorded.stream):
            yield write(carteggio, recorded)


def _recorded(
    carteggio: Carteggio, after: int, *, follow: bool, stream: UUID | None
) -> Iterator[Recorded]:
    journal = carteggio.journal
    if stream is not None and not follow:
        yield from (one for one in journal.stream(stream) if one.position > after)
        return
    with carteggio.database.connect(direct=True) as connection:
        connection.execute(SQL("LISTEN {}").format(Identifier(channel(carteggio.database))))
        while True:
            batch = journal.read(after)
            yield from batch
            if batch:
                after = batch[-1].position
            elif follow:  # a NOTIFY can get lost: look again after a while in any case
                list(connection.notifies(timeout=_POLL, stop_after=1))
            else:
                return


def _as_text(carteggio: Carteggio, recorded: Recorded) -> str:
    erased = isinstance(recorded.event, Erased)
    said = "(erased)" if erased else sentence(recorded.event)
    shown = "".join(one if one.isprintable() else " " for one in said)
    when = local(recorded.recorded_at, carteggio.settings.zone)
    return f"{recorded.position:>8}  {when}  {recorded.stream}  {recorded.name:<26}  {shown}"


def _as_json(carteggio: Carteggio, recorded: Recorded) -> str:
    del carteggio
    envelope, erased = recorded.envelope, isinstance(recorded.event, Erased)
    line = {
        "position": recorded.position,
        "recorded_at": recorded.recorded_at.astimezone(UTC).isoformat(),
        "stream": str(recorded.stream),
        "version": recorded.version,
        "event": recorded.name,
        "id": str(envelope.event_id),
        "at": envelope.at.astimezone(UTC).isoformat(),
        "actor": f"{envelope.actor.kind}:{envelope.actor.id}",
        "channel": envelope.origin.channel,
        "causation": str(envelope.causation) if envelope.causation else None,
        "erased": erased,
        "data": None if erased else json.loads(data_of(recorded.event)),
    }
    return json.dumps(line, ensure_ascii=False)
