"""Flights that land while the next one is under way."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from domain.sendingside import usual_rates
from flying import DONE, STATES, board, doing, flights, in_flight, offer, states, taken
from postbox import PEOPLE, Postbox, letter

if TYPE_CHECKING:
    pass


async def test_of_a_process_that_died_while_a_flight_landed_both_flights_are_told(
    postbox: Postbox,
) -> None:
    mails = [postbox.queue(one) for one in range(2)]
    landing = board(postbox)
    await offer(postbox, landing, 0)
    await offer(postbox, landing, 1, answered=True)
    mails += [postbox.queue(one) for one in range(2, 4)]
    await offer(postbox, board(postbox), 0)
    await postbox.drain()
    told = [STATES.ACCEPTED, STATES.UNCERTAIN, STATES.UNCERTAIN, STATES.ACCEPTED]
    assert states(postbox, mails) == told
    assert (postbox.sink.mails, in_flight(postbox)) == ([letter(3)], 0)


async def test_of_a_process_that_dies_before_a_flight_lands_the_last_answer_is_known(
    postbox: Postbox,
) -> None:
    from api.work.attempts import Attempts  # noqa: PLC0415
    from api.work.flightmarks import Marks  # noqa: PLC0415
    from api.work.flightrecords import Landing, Together  # noqa: PLC0415
    from api.work.rates import Used  # noqa: PLC0415

    class Died(Landing):
        async def begin(self, land: Callable[[], None]) -> None:
            """Nothing is recorded any more."""

    mails = [postbox.queue(one) for one in range(2)]
    carteggio, boarded = postbox.carteggio, board(postbox)
    used = Used(carteggio.database, postbox.id, usual_rates(""))
    marks, attempts = Marks(carteggio.database), Attempts(carteggio)
    async with Together(flights(postbox), marks, attempts, boarded, used, Died()) as records:
        for leaving in boarded.mails:
            await records.begun(leaving, frozenset(PEOPLE))
            await records.concluded(leaving, taken(), begun=True)
    await marks.close()
    await postbox.drain()
    assert (states(postbox, mails), postbox.sink.mails) == ([STATES.ACCEPTED] * 2, [])


async def test_a_flight_lands_while_the_next_one_is_under_way(postbox: Postbox) -> None:
    """The third flight begins only when the first has landed: else nothing bounds them."""
    mails = [postbox.queue(one) for one in range(30)]
    there: list[set[STATES]] = []

    def look() -> None:
        there.append({postbox.state(one).state for one in mails[:5]})

    contents = [*[DONE] * 25, doing(look, b"250 2.0.0 ok\r\n"), DONE]
    await postbox.drain({"CONTENT": contents})
    assert there == [{STATES.ACCEPTED}]
    assert states(postbox, mails) == [STATES.ACCEPTED] * 30
    with postbox.carteggio.database.pool.connection() as connection:
        used = connection.execute("SELECT sum(used) FROM outbox_used WHERE per = 'minute'")
        assert used.fetchone() == (30,)
