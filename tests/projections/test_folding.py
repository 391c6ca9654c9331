"""The rows of a projection do not depend on where batches begin and end."""

from typing import Any

import pytest

from projections.access import access
from projections.choices import choices
from projections.company import company
from projections.directory import directory
from projections.folders import folders
from projections.history import history
from projections.mail import mail
from projections.merges import merges
from projections.projection import Projection
from projections.trail import trail
from worlds import content_of, create, fill, names_for, world

PROJECTIONS = (directory, merges, choices, company, mail, history, folders, trail, access)
BATCHES = ([1], [7, 3, 50, 1, 2], [113])


@pytest.fixture
def connection(database):
    with database.connect() as connection:
        yield connection


@pytest.mark.parametrize("projection", PROJECTIONS, ids=lambda one: one.name)
def test_the_rows_are_the_same_whatever_the_batching(
    connection, projection: Projection[Any]
) -> None:
    for seed in range(3):
        events = world(seed, 400)
        generation = 10 * seed
        whole = names_for(projection, generation=generation)
        create(connection, whole, projection)
        fill(connection, whole, projection, events)
        expected = content_of(connection, whole, projection)
        assert any(expected.values())
        for at, sizes in enumerate(BATCHES, 1):
            names = names_for(projection, generation=generation + at)
            create(connection, names, projection)
            fill(connection, names, projection, events, sizes)
            assert content_of(connection, names, projection) == expected


def test_the_world_holds_what_is_hard() -> None:
    names = {recorded.name for recorded in world(1, 400)}
    assert len(names) >= 20
    assert any(type(recorded.event).__name__ == "Erased" for recorded in world(1, 400))
