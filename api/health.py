"""Is an instance sound? Each look gives a finding, and says what to do where it is not."""

import asyncio
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Final
from uuid import UUID

import psycopg

from adapters import migrations
from adapters.blobs import StorageFull, StorageUnavailable
from adapters.database import Database, DatabaseUnavailable
from adapters.home import Home
from adapters.keyring import FileRoot, Keyring, NoKeys, RootKeyUnusable
from adapters.matching import Lookups
from adapters.matching_due import Due
from adapters.postgres_user import PostgresFailed
from adapters.settings import Settings
from api.compose import compose, opened_database
from api.work.accounts import accounts_of
from api.work.autoreplying import halted_now
from api.work.consent import to_do
from api.work.instance import PROJECTIONS, Carteggio
from api.work.ledger import is_overdue, ledgers_of
from api.work.looks import states_of
from api.work.queued import addresses_of
from api.work.reactions import Reactions
from api.work.troubles import troubles

_SCARCE: Final = 1 << 30
_VERY_SCARCE: Final = 100 << 20
_FAR_BEHIND: Final = 10_000
_BY_CONSENT: Final = "needs_consent"


class State(StrEnum):
    """How a part is."""

    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of a part; `do` says what to do about it."""

    part: str
    state: State
    said: str
    do: str = ""


def examine(
    home: Home,
    settings: Settings,
    company: str | None,
    *,
    contents: bool = False,
    quick: bool = False,
) -> Iterator[Finding]:
    """Look at everything an instance needs; `contents` opens every blob, `quick` looks at none."""
    yield Finding("settings", State.GOOD, f"{home.settings_file} is read")
    yield from _space(home, settings)
    try:
        with opened_database(home, settings, company) as database:
            yield _server(database, embedded=settings.dsn_of(database.company) is None)
            missing = migrations.pending(database)
            if missing:
                said = f"{len(missing)} of {len(migrations.available())} steps are missing"
                yield Finding("tables", State.BAD, said, "run: carteggio init")
                return
            yield Finding("tables", State.GOOD, "up to date")
            yield (keys := _keys(home, settings, database))
            if keys.state is not State.GOOD:
                return
        with compose(home, settings, company) as carteggio:
            yield from _projections(carteggio)
            yield _decisions(carteggio)
            if not quick:
                yield _blobs(carteggio, contents=contents)
            yield from _accounts(carteggio)
            yield from _consents(carteggio)
            yield from _ledgers(carteggio)
            yield from _sending(carteggio)
            yield from _autoreplies(carteggio)
    except (DatabaseUnavailable, PostgresFailed, psycopg.OperationalError) as trouble:
        yield Finding("database", State.BAD, _line(trouble), "start it, or mend its address")


def _server(database: Database, *, embedded: bool) -> Finding:
    with database.connect() as connection:
        version = connection.info.server_version
        size = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    kind = "the embedded server" if embedded else f"the server at {database.place}"
    number = f"PostgreSQL {version // 10_000}.{version % 10_000}"
    octets = (size[0] if size else 0) / 1_000_000
    return Finding("database", State.GOOD, f"{kind}, {number}, {octets:,.0f} MB")


def _keys(home: Home, settings: Settings, database: Database) -> Finding:
    root = FileRoot(settings.root_key_file or home.root_key)
    try:
        Keyring(database, root, database.company)
    except (RootKeyUnusable, NoKeys) as trouble:
        return Finding("keys", State.BAD, _line(trouble), "put the right key file back")
    return Finding("keys", State.GOOD, f"{root.path} opens the company's keys")


def _projections(carteggio: Carteggio) -> Iterator[Finding]:
    there = {one.name: one for one in carteggio.feed.status() if one.active}
    for projection in PROJECTIONS:
        one = there.get(projection.name)
        part = f"read model {projection.name}"
        if one is None:
            yield Finding(part, State.BAD, "it is not there", "run: carteggio replay")
        elif one.state == "stopped":
            said = f"stopped at event {one.stopped_at_position}: {one.error}"
            do = f"mend the cause and run: carteggio replay {one.name}; or: carteggio skip {one.name}"
            yield Finding(part, State.BAD, said, do)
        elif one.version != projection.version:
            said = f"version {one.version} is read, {projection.version} is wanted"
            yield Finding(part, State.WARNING, said, f"run: carteggio replay {one.name}")
        else:
            state = State.WARNING if one.lag > _FAR_BEHIND else State.GOOD
            do = "run: carteggio work" if state is State.WARNING else ""
            yield Finding(part, state, f"{one.lag:,} events behind", do)


def _decisions(carteggio: Carteggio) -> Finding:
    with carteggio.database.pool.connection() as connection:
        lag = carteggio.journal.head() - Lookups(connection).position(Reactions.name)
        due = Due(connection).count_due(_FAR_BEHIND + 1)
    state = State.WARNING if max(lag, due) > _FAR_BEHIND else State.GOOD
    said = f"{lag:,} events behind, {due:,} messages to be decided on"
    return Finding("links", state, said, "run: carteggio work" if state is State.WARNING else "")


def _blobs(carteggio: Carteggio, *, contents: bool) -> Finding:
    with carteggio.database.pool.connection() as connection:
        row = connection.execute("SELECT count(*), coalesce(sum(size), 0) FROM blob").fetchone()
    count, octets = row or (0, 0)
    try:
        wrong = list(carteggio.blobs.scrub(contents=contents))
    except (StorageUnavailable, StorageFull, OSError) as trouble:
        return Finding("blobs", State.BAD, _line(trouble), "make the store reachable")
    if wrong:
        names = ", ".join(f"{one.name} ({one.trouble})" for one in wrong[:5])
        said = f"{len(wrong):,} of {count:,} are missing or damaged: {names}"
        return Finding("blobs", State.BAD, said, "put these files back from a backup")
    looked = "each opened" if contents else "all there"
    return Finding("blobs", State.GOOD, f"{count:,}, {octets / 1_000_000:,.0f} MB, {looked}")


def _accounts(carteggio: Carteggio) -> Iterator[Finding]:
    in_trouble = {
        id: one
        for id, one in states_of(carteggio).items()
        if one.trouble and one.trouble != _BY_CONSENT
    }
    addresses = _addresses(carteggio) if in_trouble else {}
    for id, state in in_trouble.items():
        if addresses is not None and id not in addresses:
            continue  # it was removed while somebody looked
        since = f", last fetched {state.fetched_at:%Y-%m-%d %H:%M}" if state.fetched_at else ""
        said, address = f"{state.trouble}{since}", (addresses or {}).get(id)
        do = f"run: carteggio account test {address}" if address else "run: carteggio sync"
        yield Finding(f"account {address or id}", State.WARNING, said, do)


def _addresses(carteggio: Carteggio) -> dict[UUID, str] | None:
    """Give the accounts' addresses; None where the read model is not there to be asked."""
    try:
        return {one.id: one.address for one in asyncio.run(accounts_of(carteggio))}
    except (LookupError, psycopg.Error):
        return None


def _ledgers(carteggio: Carteggio) -> Iterator[Finding]:
    ledgers, do = ledgers_of(carteggio.database), "run: carteggio account ledger"
    addresses = _addresses(carteggio)
    for id, state in states_of(carteggio).items():
        if addresses is not None and id not in addresses:
            continue
        one, part = ledgers.get(id), f"ledger of {(addresses or {}).get(id, id)}"
        if one is not None and one.missing:
            said = f"{one.missing:,} messages on the server were not taken in"
            yield Finding(part, State.WARNING, said, f"{do}; it lists them")
        elif is_overdue(one, state.fetched_at):
            since = f"since {one.checked_at:%Y-%m-%d %H:%M}" if one and one.checked_at else "ever"
            why = f": {one.trouble}" if one and one.trouble else ""
            said = f"not compared with the server {since}{why}"
            yield Finding(part, State.WARNING, said, do)
        elif one is not None:
            said = f"nothing is missing in {one.folders} folders"
            yield Finding(part, State.GOOD, said)


def _sending(carteggio: Carteggio) -> Iterator[Finding]:
    for part, said, do in troubles(carteggio, addresses_of(carteggio), datetime.now(UTC)):
        yield Finding(part, State.WARNING, said, do)


def _autoreplies(carteggio: Carteggio) -> Iterator[Finding]:
    addresses = addresses_of(carteggio)
    for box, until in halted_now(carteggio, datetime.now(UTC)).items():
        said = f"automatic answers are halted until {until:%Y-%m-%d %H:%M} UTC: too many left it"
        do = "look in its history who writes so much"
        yield Finding(f"mailbox {addresses.get(box, box)}", State.WARNING, said, do)


def _consents(carteggio: Carteggio) -> Iterator[Finding]:
    try:
        found = asyncio.run(to_do(carteggio, datetime.now(UTC)))
    except (LookupError, psycopg.Error):
        return  # what stands in the way is told above
    for address, sentence in found:
        said, _, do = sentence.partition(": ")
        do = f"run: {do}" if do.startswith("carteggio") else do
        yield Finding(f"account {address}", State.WARNING, said, do)


def _space(home: Home, settings: Settings) -> Iterator[Finding]:
    places: dict[str, Callable[[], Path]] = {"disk": lambda: home.folder}
    if settings.blobs is not None and not settings.blobs.startswith("s3://"):
        folder = settings.blobs
        places["disk of the blobs"] = lambda: Path(folder)
    for part, place in places.items():
        try:
            free = shutil.disk_usage(place()).free
        except OSError as trouble:
            yield Finding(part, State.BAD, _line(trouble), "make the folder reachable")
            continue
        state = State.GOOD if free > _SCARCE else State.WARNING
        state = State.BAD if free < _VERY_SCARCE else state
        do = "" if state is State.GOOD else "free some room: capture stops when there is none"
        yield Finding(part, state, f"{free / 1_000_000_000:,.1f} GB free", do)


def _line(trouble: BaseException) -> str:
    lines = str(trouble).strip().splitlines()
    return lines[0] if lines else type(trouble).__name__
