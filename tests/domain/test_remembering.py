"""To whom mail with an address belongs by a person's word, in which context."""

from uuid import UUID

from domain import remembering
from domain.identity import choice_id
from domain.remembering import (
    Choice,
    ChoiceForgotten,
    ChoiceRemembered,
    ForgetChoice,
    RememberChoice,
    Remembered,
    holding,
    words_in,
)
from domain.values import MailboxId, PartyId
from given import Story

ACME, ROSSI = PartyId(UUID(int=1)), PartyId(UUID(int=2))
INFO, SALES = MailboxId(UUID(int=3)), MailboxId(UUID(int=4))
SHARED = "studio@conti.example"
SAID = ChoiceRemembered(ACME, INFO, SHARED, "Cantiere Nord")


def choice() -> Story:
    return Story(Remembered(), remembering.evolve, remembering.decide)


def test_a_choice_is_remembered_once_changed_and_forgotten_once() -> None:
    other = ChoiceRemembered(ROSSI, INFO, SHARED, "Cantiere Nord")
    again = ChoiceRemembered(ACME, INFO, SHARED, "nord CANTIERE")
    choice().when(RememberChoice(SAID)).then(SAID)
    choice().given(SAID).when(RememberChoice(again)).then_nothing()
    choice().given(SAID).when(RememberChoice(other)).then(other)
    choice().given(SAID, other).when(ForgetChoice()).then(ChoiceForgotten())
    choice().given(SAID, ChoiceForgotten()).when(ForgetChoice()).then_refused("NOT_FOUND")
    choice().given(SAID, ChoiceForgotten()).when(RememberChoice(SAID)).then(SAID)


def test_a_context_has_one_stream_whatever_the_order_of_its_words() -> None:
    def id(mailbox: MailboxId | None, *words: str) -> UUID:
        return choice_id(b"key", SHARED, mailbox, words)

    assert id(INFO, "nord", "cantiere") == id(INFO, "cantiere", "nord")
    found = {
        id(None),
        id(INFO),
        id(SALES),
        id(None, "nord"),
        id(INFO, "nord"),
        id(None, "nor", "d"),
    }
    assert len(found) == 6


def held(*choices: Choice, mailboxes: tuple[UUID, ...] = (INFO,), subject: str = "") -> set[UUID]:
    return {one.party for one in holding(choices, mailboxes, (subject,))}


def test_the_narrower_context_wins_and_equal_ones_are_told_apart_by_nobody() -> None:
    anywhere, here = Choice(UUID(int=11), ACME), Choice(UUID(int=12), ROSSI, INFO)
    named = Choice(UUID(int=13), UUID(int=5), None, frozenset(words_in("Cantiere Nord")))
    both = Choice(UUID(int=14), UUID(int=6), INFO, named.words)
    assert held(anywhere, here) == {ROSSI}
    assert held(anywhere, here, mailboxes=(SALES,)) == {ACME}
    assert held(anywhere, named, subject="AW: NORD, cantière") == {named.party}
    assert held(anywhere, named, subject="AW: Nordwand, Cantiere") == {ACME}
    assert held(here, named, subject="Cantiere nord") == {ROSSI, named.party}
    assert held(anywhere, here, named, both, subject="Cantiere nord") == {both.party}
    assert held(here, mailboxes=(SALES,)) == set()
