import json
from collections.abc import Collection
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, get_type_hints
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters import codec
from adapters.codec import Row, UnknownEvent, decode_many, encode, name_of
from adapters.sealing import Damaged, Key
from domain.catalog import BY_CLASS, BY_NAME, CATALOG, EventType
from domain.message import CloseReason, MessageClosed
from domain.recorded import Erased, Recorded
from domain.values import Personal, Rejected
from events import NOON, envelope, example, stream

GOLDEN = Path(__file__).parents[1] / "golden"
MAIL = stream("a mail")
KEY = Key(stream("a key"), MAIL, b"a key that guards nothing at all", "main")

st.register_type_strategy(datetime, st.datetimes(timezones=st.just(UTC)))
st.register_type_strategy(str, st.text(st.characters(codec="utf-8", exclude_characters="\0")))
st.register_type_strategy(int, st.integers(-(2**63), 2**63 - 1))


@dataclass
class Held:
    keys: tuple[Key, ...] = (KEY,)

    def find(self, key_ids: Collection[UUID]) -> dict[UUID, Key]:
        return {key.id: key for key in self.keys if key.id in key_ids}


def read(state: bytes, name: str, keys: Held | None = None, at: UUID = MAIL) -> Recorded:
    return decode_many([Row(1, NOON, at, 1, name, state)], keys or Held())[0]


@pytest.mark.parametrize("kind", CATALOG, ids=lambda kind: kind.name)
def test_every_event_comes_back_as_it_was(kind: EventType):
    @settings(max_examples=25, deadline=None)
    @given(st.from_type(kind.event))
    def comes_back(event: object) -> None:
        context = envelope(command_id="c1", address="192.0.2.1")
        found = read(encode(event, context, MAIL, KEY), kind.name)
        assert (found.event, found.envelope) == (event, context)

    comes_back()


@pytest.mark.parametrize("kind", CATALOG, ids=lambda kind: kind.name)
def test_nothing_personal_can_be_read_in_what_is_stored(kind: EventType):
    event = example(kind.event)
    state = encode(event, envelope(address="192.0.2.1"), MAIL, KEY)
    hints = get_type_hints(kind.event, include_extras=True)

    assert b"192.0.2.1" not in state
    for spec in fields(kind.event):
        said = _texts(getattr(event, spec.name))
        hidden = codec.is_personal(hints[spec.name])
        assert all((text.encode() in state) is not hidden for text in said)


def _texts(value: object) -> list[str]:
    """Give the example texts in a value; those of enumerations and numbers tell nothing."""
    written = msgspec.json.decode(msgspec.json.encode(value))
    if isinstance(written, dict):
        written = list(written.values())
    if isinstance(written, list):
        return [text for part in written for text in _texts(part)]
    return [written] if isinstance(written, str) and "example of" in written else []


def test_without_its_key_an_event_is_erased_and_its_envelope_is_not():
    context = envelope(address="192.0.2.1")
    state = encode(MessageClosed(CloseReason.SPAM, "from Rossi"), context, MAIL, KEY)

    found = read(state, "message.closed", Held(()))

    assert found.event == Erased("message.closed")
    assert found.envelope == replace(context, origin=replace(context.origin, address=""))


def test_an_event_without_personal_fields_outlives_its_key():
    from domain.account import AccountPaused  # noqa: PLC0415

    state = encode(AccountPaused(), envelope(address="192.0.2.1"), MAIL, KEY)
    assert read(state, "account.paused", Held(())).event == AccountPaused()
    assert b'"key"' not in encode(AccountPaused(), envelope(), MAIL, KEY)


def test_nothing_personal_is_recorded_about_what_was_erased():
    with pytest.raises(Rejected) as no:
        encode(MessageClosed(CloseReason.SPAM, "x"), envelope(), MAIL, None)
    assert no.value.code == "ERASED"


def test_a_box_opens_only_in_its_own_stream_and_event():
    one, other = envelope(), envelope()
    state = encode(MessageClosed(CloseReason.SPAM, "x"), one, MAIL, KEY)
    moved = state.replace(str(one.event_id).encode(), str(other.event_id).encode())

    with pytest.raises(Damaged):
        read(moved, "message.closed")
    with pytest.raises(Damaged):
        read(state, "message.closed", at=stream("another mail"))


def test_an_unknown_name_or_a_later_version_is_said_so():
    state = encode(MessageClosed(CloseReason.SPAM, "x"), envelope(), MAIL, KEY)
    with pytest.raises(UnknownEvent):
        read(state, "message.sung")
    with pytest.raises(UnknownEvent):
        read(state[:-1] + b',"v":9}', "message.closed")


@dataclass(frozen=True, slots=True)
class Renamed:
    """A test's event: version 1 had `text`, version 2 had `note`, version 3 has `note`, `loud`."""

    loud: bool
    note: Annotated[str, Personal]


def test_an_older_version_is_brought_up_to_date(monkeypatch: pytest.MonkeyPatch):
    @dataclass(frozen=True, slots=True)
    class First:
        """What the event was at first."""

        text: Annotated[str, Personal]

    first = EventType("x.y", First)
    monkeypatch.setitem(BY_NAME, "x.y", first)
    monkeypatch.setitem(BY_CLASS, First, first)
    state = encode(First("hello"), envelope(), MAIL, KEY)

    upcasts = {1: lambda old: {"note": old["text"]}, 2: lambda old: {**old, "loud": False}}
    third = EventType("x.y", Renamed, 3, upcasts)
    monkeypatch.setitem(BY_NAME, "x.y", third)

    assert read(state, "x.y").event == Renamed(loud=False, note="hello")
    assert read(state, "x.y", Held(())).event == Erased("x.y")


def test_every_version_of_every_event_has_a_golden_file():
    there = {file.stem for file in GOLDEN.glob("*.json")}
    wanted = {f"{kind.name}.v{v}" for kind in CATALOG for v in range(1, kind.version + 1)}
    assert wanted <= there, "write the missing ones with: python tests/golden/write.py"
    assert there <= wanted, "an event that was once stored is read for ever"


@pytest.mark.parametrize("file", sorted(GOLDEN.glob("*.json")), ids=lambda file: file.stem)
def test_golden_files_are_read_for_ever(file: Path):
    golden = json.loads(file.read_text(encoding="utf-8"))
    name = file.stem.rpartition(".v")[0]
    at = stream(name)
    key = Key(stream(f"key of {name}"), at, b"a key that guards nothing at all", "golden")

    found = read(json.dumps(golden["state"]).encode(), name, Held((key,)), at)

    assert found.event == msgspec.convert(golden["means"], BY_NAME[name].event)
    assert name_of(found.event) == name
    assert found.envelope.command_id == "a command"
    key_used = golden["state"].get("key")
    assert found.envelope.origin.address == ("192.0.2.7" if key_used else "")


def test_the_page_of_events_says_what_the_catalogue_says():
    from adapters.catalog_page import page  # noqa: PLC0415

    shown = (Path(__file__).parents[2] / "docs" / "events.md").read_text(encoding="utf-8")
    assert shown == page(), "make it anew: python -m adapters.catalog_page > docs/events.md"
