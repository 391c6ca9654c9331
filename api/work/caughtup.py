"""Whether read models know yet what a decision is taken by."""

from collections.abc import Collection, Sequence

from api.work.instance import Carteggio


def is_behind(
    carteggio: Carteggio, models: Sequence[str], says: Collection[str] | None, upto: int
) -> bool:
    """Tell whether up to a position an event of these names (None: of any) lies beyond one of the models."""
    with carteggio.database.pool.connection() as connection:
        row = connection.execute(
            "SELECT min(position) FROM projection WHERE active AND name = ANY(%s)", (list(models),)
        ).fetchone()
    reached = int(row[0] or 0) if row else 0
    return bool(carteggio.journal.read(reached, upto=upto, limit=1, names=says))
