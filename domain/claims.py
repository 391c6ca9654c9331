"""What is known of a message when it is linked, and what rules assert: the words of the ladder."""

from collections.abc import Mapping
from dataclasses import field
from datetime import date
from uuid import UUID

from domain.announcing import Announcement
from domain.choosing import Target
from domain.classes import dataclass
from domain.message import Direction, LinkState, MessageLinked
from domain.naming import NumberedDocument
from domain.numbers import Sighting
from domain.remembering import Choice
from domain.rules import Rule
from domain.values import MessageId
from domain.vouching import NOBODY, Speaking


@dataclass(frozen=True, slots=True)
class Claim:
    """A link that a rule asserts, with the evidence it rests on."""

    state: LinkState
    rule: Rule
    confidence: int
    where: str
    evidence: str
    inherited_from: MessageId | None = None
    """The message whose link it takes over, or that tells of the address."""
    rejected: tuple[UUID, ...] = ()
    choice: UUID | None = None
    """The remembered choice on which it rests."""

    @property
    def counts(self) -> bool:
        """Tell whether the link is taken as given."""
        return self.state in (LinkState.AUTOMATIC, LinkState.CONFIRMED)


@dataclass(frozen=True, slots=True)
class Voucher:
    """A token of ours in a message: the document that it names, with its party if it has one.

    Or the links of the message that it names, where who writes takes no part in that one.
    """

    where: str
    evidence: str
    document: UUID | None = None
    party: UUID | None = None
    links: Mapping[Target, Claim] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known when a message is matched: looked up by the shell, decided on here.

    `correspondents` are (role, address) of everybody who is not ours; `parties_at` gives the
    parties of an address key, `parties_of_domain` those with contacts in a domain, `announced_by`
    who told of an address as his own, and where; `documents_of` those of a party,
    `documents_anywhere` those with the numbers seen, whoever they belong to; `inherited` what the
    message that this one goes on with is linked to. `numbers` are (where, sightings) text by text,
    the strongest place first.
    """

    direction: Direction
    correspondents: tuple[tuple[str, str], ...]
    numbers: tuple[tuple[str, tuple[Sighting, ...]], ...]
    parties_at: Mapping[str, tuple[UUID, ...]]
    documents_of: Mapping[UUID, tuple[NumberedDocument, ...]]
    parties_of_domain: Mapping[str, tuple[UUID, ...]] = field(default_factory=dict)
    announced_by: Mapping[str, tuple[Announcement, ...]] = field(default_factory=dict)
    documents_anywhere: tuple[NumberedDocument, ...] = ()
    answers: MessageId | None = None
    inherited: Mapping[Target, Claim] = field(default_factory=dict)
    at: date | None = None
    """The day on which it was received."""
    confirmed: Mapping[Target, str] = field(default_factory=dict)
    """What people said that it belongs to, and who said so."""
    rejected: frozenset[Target] = frozenset()
    """What people said that it does not belong to."""
    remembered: Mapping[str, tuple[Choice, ...]] = field(default_factory=dict)
    """What people said for all mail with an address key, as far as it holds for this message."""
    listed: bool = False
    """It came over a mailing list, where anybody answers anybody."""
    anew: bool = False
    """It makes use of the message that it refers to, for another topic."""
    forged: bool = False
    """A server of ours says that From is not who it claims to be."""
    vouchers: tuple[Voucher, ...] = ()
    speaking: Speaking = NOBODY
    """On whose word vouchers stand."""


Claims = dict[Target, Claim]


def linked(target: Target, claim: Claim) -> MessageLinked:
    """Say a claim as the event that it becomes."""
    return MessageLinked(
        kind=target[0],
        target=target[1],
        state=claim.state,
        rule=claim.rule.name,
        rule_version=claim.rule.version,
        confidence=claim.confidence,
        where=claim.where,
        evidence=claim.evidence,
        inherited_from=claim.inherited_from,
        rejected=claim.rejected,
        choice=claim.choice,
    )


def claim_of(link: MessageLinked) -> Claim:
    """Give the claim that an event told."""
    return Claim(
        state=link.state,
        rule=Rule(link.rule, link.rule_version),
        confidence=link.confidence,
        where=link.where,
        evidence=link.evidence,
        inherited_from=link.inherited_from,
        rejected=link.rejected,
        choice=link.choice,
    )
