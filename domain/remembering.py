"""What a person said once for all mail with an address: it belongs to a party, in some context.

A choice is one stream for each address and context, so another party is another word about the
same. It stands above what contacts tell of the address, and below what is said about one message.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Annotated, assert_never
from uuid import UUID

from domain.classes import dataclass
from domain.likeness import bare
from domain.values import MailboxId, PartyId, Personal, Rejected

_WORD = re.compile(r"\w+")
MOST_WORDS = 10


@dataclass(frozen=True, slots=True)
class ChoiceRemembered:
    """Mail with an address belongs to a party, earlier mail too.

    `address` is in lower case. `mailbox` None means mail of every mailbox; else mail that was seen
    in that one. `words` have to stand in the subject, all of them; none means any subject.
    """

    party: PartyId
    mailbox: MailboxId | None
    address: Annotated[str, Personal]
    words: Annotated[str, Personal] = ""


@dataclass(frozen=True, slots=True)
class ChoiceForgotten:
    """Mail with the address is linked by the other rules again."""


RememberingEvent = ChoiceRemembered | ChoiceForgotten


@dataclass(frozen=True, slots=True)
class RememberChoice:
    """Remember to whom mail with an address belongs."""

    remembered: ChoiceRemembered


@dataclass(frozen=True, slots=True)
class ForgetChoice:
    """Forget it."""


RememberingCommand = RememberChoice | ForgetChoice


@dataclass(frozen=True, slots=True)
class Remembered:
    """What stands; None if nothing is remembered of this address in this context."""

    standing: ChoiceRemembered | None = None


initial = Remembered()


def evolve(remembered: Remembered, event: object) -> Remembered:
    """Give what stands after an event."""
    match event:
        case ChoiceRemembered():
            return Remembered(event)
        case ChoiceForgotten():
            return initial
        case _:
            return remembered


def decide(remembered: Remembered, command: RememberingCommand) -> list[RememberingEvent]:
    """Return what happens. An empty list means that it is so already."""
    match command:
        case RememberChoice(choice):
            known = remembered.standing
            return [] if known is not None and known.party == choice.party else [choice]
        case ForgetChoice():
            if remembered.standing is None:
                raise Rejected(
                    "NOT_FOUND",
                    "nothing is remembered there; see what is (choices list, rememberedChoices)",
                )
            return [ChoiceForgotten()]
        case _ as never:
            assert_never(never)


# ---- which one holds


@dataclass(frozen=True, slots=True)
class Choice:
    """A remembered choice as it is matched; `words` as `words_in` gives them."""

    id: UUID
    party: UUID
    mailbox: UUID | None = None
    words: frozenset[str] = frozenset()

    def fits(self, mailboxes: Collection[UUID], subject: frozenset[str]) -> bool:
        """Tell whether a message lies in its context."""
        return self.words <= subject and (self.mailbox is None or self.mailbox in mailboxes)

    def narrows(self, other: "Choice") -> bool:
        """Tell whether its context is a part of another's, and so weighs more."""
        within = other.mailbox in (None, self.mailbox) and other.words <= self.words
        return within and (self.mailbox, self.words) != (other.mailbox, other.words)


def words_in(text: str) -> tuple[str, ...]:
    """Give the words of a text as they are compared: no case, no accents, each once."""
    return tuple(dict.fromkeys(_WORD.findall(bare(text))))


def holding(
    choices: Iterable[Choice], mailboxes: Collection[UUID], subjects: Sequence[str]
) -> tuple[Choice, ...]:
    """Give those in whose context a message lies, without those that another one narrows."""
    words = frozenset(word for subject in subjects for word in words_in(subject))
    fitting = [one for one in choices if one.fits(mailboxes, words)]
    return tuple(one for one in fitting if not any(other.narrows(one) for other in fitting))


def held_of(
    said: Mapping[str, Iterable[Choice]], mailboxes: Collection[UUID], subjects: Sequence[str]
) -> dict[str, tuple[Choice, ...]]:
    """Give what holds of several addresses, those left out of which nothing does."""
    held = ((key, holding(choices, mailboxes, subjects)) for key, choices in said.items())
    return {key: found for key, found in held if found}
