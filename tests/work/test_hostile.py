"""Accounts on hostile servers: told by kind, in nobody's way, and fetched once the server behaves."""

from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import pairwise
from pathlib import Path
from uuid import UUID

import pytest

from adapters.imap.values import Limits, TroubleKind
from api.work.looks import states_of
from attended import Office, counted
from badcertificates import Shown
from certificates import server
from hostile import GOOD, SCRIPTS, behaving
from speaking import GREETING, Script, in_thread, securing, speaking

PROMISED_S = 10.0
LIMITS = Limits(
    connect=2, command=2, fetch=2, line=100_000, answer=200_000, folders=1_000, patience=1
)


@pytest.fixture
def office(carteggio, worker) -> Office:
    return Office(carteggio, worker)


class Street:
    """Many servers side by side, each of which can be told to behave."""

    def __init__(self, folder: Path) -> None:
        self.looks: list[float] = []
        self.ports: dict[str, int] = {}
        self._folder = folder
        self.scripts = [*SCRIPTS, _self_signed(folder)]
        self._answers = {one.name: GOOD | one.answers for one in self.scripts}
        self._answers |= {"neighbour": GOOD | {"EXAMINE": counted(self.looks)}}

    @asynccontextmanager
    async def open(self) -> AsyncIterator[int]:
        async with AsyncExitStack() as stack:
            for name, answers in self._answers.items():
                self.ports[name] = await stack.enter_async_context(speaking(answers))
            yield self.ports["neighbour"]

    def behave(self) -> None:
        for script in self.scripts:
            self._answers[script.name].update(behaving(script.security, self._folder))


def _self_signed(folder: Path) -> Script:
    """Show a certificate that nobody vouches for; beside it, write down whom we trust."""
    context = Shown([server()]).context(folder)
    return Script("self-signed", TroubleKind.TLS, {"": securing(context, after=GREETING)}, "tls")


def test_hostile_servers_delay_nobody_and_are_fetched_once_they_behave(office, tmp_path):
    street = Street(tmp_path)
    seen: dict[UUID, set[str]] = defaultdict(set)
    wanted: dict[UUID, str] = {}

    def all_are_told() -> bool:
        for id, state in states_of(office.carteggio).items():
            seen[id].add(state.trouble)
        return all(kind in seen[id] for id, kind in wanted.items())

    with in_thread(street.open) as neighbour:
        office.add_at(neighbour)
        for at, script in enumerate(street.scripts):
            box, authority = f"box{at}@firm.example", str(tmp_path / "ca.pem")
            id = office.add_at(street.ports[script.name], box, script.security, authority)
            wanted[id] = script.kind.value
        with office.attended(1.0, LIMITS, patience=0.004):
            office.until(all_are_told, seconds=120)
            known = len(street.looks)
            office.until(lambda: len(street.looks) >= known + 3)
            street.behave()
            office.until(lambda: office.fetched(len(street.scripts) + 1), seconds=120)
    assert max(after - before for before, after in pairwise(street.looks)) < PROMISED_S
