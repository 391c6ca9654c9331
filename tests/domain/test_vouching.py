"""On whose word a signed token counts."""

import pytest

from domain.content import Content
from domain.correspondents import FORM, FORWARDED
from domain.message import Direction
from domain.values import Address
from domain.vouching import NOBODY, Speaking, speaking, takes_part

ANNA, BOB = "Anna@rossi.example", "bob@bianchi.example"


def people(*keys: str) -> Speaking:
    return Speaking(frozenset(keys))


@pytest.mark.parametrize(
    ("correspondents", "way", "who"),
    [
        ([("from", ANNA), ("to", BOB)], Direction.INBOUND, people("anna@rossi.example")),
        ([("pec_sender", BOB), ("reply_to", ANNA)], Direction.INBOUND, people(BOB)),
        ([(FORWARDED, BOB)], Direction.INBOUND, people(BOB)),
        ([(FORM, BOB)], Direction.INBOUND, NOBODY),
        ([("to", BOB), ("cc", ANNA)], Direction.OUTBOUND, people(BOB, "anna@rossi.example")),
        ([], Direction.INTERNAL, Speaking(among_us=True)),
    ],
)
def test_the_writer_speaks_or_in_mail_of_ours_its_readers(
    correspondents: list[tuple[str, str]], way: Direction, who: Speaking
) -> None:
    assert speaking(correspondents, way, forged=False) == who
    assert speaking(correspondents, way, forged=True) == NOBODY


@pytest.mark.parametrize("role", ["authors", "reply_to", "to", "cc", "bcc"])
def test_authors_and_readers_take_part(role: str) -> None:
    named = Content(reader=1, **{role: (Address(ANNA),)})  # type: ignore[arg-type]
    assert takes_part(people("anna@rossi.example"), named)
    assert takes_part(Speaking(among_us=True), named)
    assert not takes_part(people(BOB), named)
    assert not takes_part(NOBODY, named)


def test_who_sent_certified_mail_takes_part() -> None:
    assert takes_part(people(BOB), Content(reader=1, pec_sender=Address(BOB)))
    assert takes_part(people(BOB), Content(reader=1, sender=Address(BOB)))
