"""Which parties and documents a message belongs to, and why: the rungs of the ladder.

Each rung is a pure function that claims links; what an earlier rung claimed with equal or greater
right stands. A rung is added here, with a name and a version that rises when its answers change.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from domain import correspondents as roles
from domain.message import Direction, LinkState, TargetKind
from domain.numbers import Number, Sighting, same
from domain.values import MessageId

Target = tuple[TargetKind, UUID]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rung's name and version, as links carry them."""

    name: str
    version: int


ADDRESS = Rule("address-exact", 1)
FORM = Rule("web-form", 1)
"""Who stands in Reply-To of a form's mail: anybody can have typed it there."""
REPLY = Rule("reply-to-linked", 1)
NUMBER = Rule("document-number", 1)
FORWARD = Rule("forwarded", 1)
"""Who wrote what a colleague passes on, as the forwarded part says."""
UNPROVEN = Rule("address-unproven", 1)
"""An address in a mail whose sender failed the checks of our own server: a person decides."""
_BY_ROLE: Mapping[str, tuple[Rule, int]] = {
    roles.FORM: (FORM, 90),
    roles.FORWARDED: (FORWARD, 95),
}
"""The rule by which an address in a special role is matched, and how sure that is."""
BLIND = "bcc"
"""Where a blind recipient stands: only the sending side may know of such a link."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A link that a rule asserts, with the evidence it rests on."""

    state: LinkState
    rule: Rule
    confidence: int
    where: str
    evidence: str
    inherited_from: MessageId | None = None
    rejected: tuple[UUID, ...] = ()

    @property
    def counts(self) -> bool:
        """Tell whether the link is taken as given."""
        return self.state in (LinkState.AUTOMATIC, LinkState.CONFIRMED)


@dataclass(frozen=True, slots=True)
class NumberedDocument:
    """A document of a party, with the numbers under which it may be named."""

    document: UUID
    party: UUID
    numbers: tuple[Number, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """What is known when a message is matched: looked up by the shell, decided on here.

    `correspondents` are (role, address) of everybody who is not ours; `parties_at` gives the
    parties of an address key; `documents_of` those of a party; `inherited` what the nearest known
    message that this one answers is linked to. `numbers` are
    (where, sighting), the strongest place first.
    """

    direction: Direction
    correspondents: tuple[tuple[str, str], ...]
    numbers: tuple[tuple[str, Sighting], ...]
    parties_at: Mapping[str, tuple[UUID, ...]]
    documents_of: Mapping[UUID, tuple[NumberedDocument, ...]]
    answers: MessageId | None = None
    inherited: Mapping[Target, Claim] = field(default_factory=dict)
    forged: bool = False
    """A server of ours says that From is not who it claims to be."""


Claims = dict[Target, Claim]


def link(known: Known) -> Claims:
    """Climb the ladder: each rung sees what the ones before it claimed."""
    claims: Claims = {}
    for rung in LADDER:
        for target, claim in rung(known, claims):
            if target not in claims or (claim.counts and not claims[target].counts):
                claims[target] = claim
    return claims


def _by_address(known: Known, _claims: Claims) -> Iterable[tuple[Target, Claim]]:
    for role, address in known.correspondents:
        parties = known.parties_at.get(address.casefold(), ())
        for party in parties:
            others = tuple(sorted(other for other in parties if other != party))
            state = LinkState.AMBIGUOUS if others else LinkState.AUTOMATIC
            rule, sure = _BY_ROLE.get(role, (ADDRESS, 99))
            if known.forged and not others:
                state, rule, sure = LinkState.SUGGESTED, UNPROVEN, 30
            confidence = 100 // len(parties) if others else sure
            yield (
                (TargetKind.PARTY, party),
                Claim(state, rule, confidence, role, address, rejected=others),
            )


def _party_by_reply(known: Known, claims: Claims) -> Iterable[tuple[Target, Claim]]:
    """Inherit a party only where no address gave one: who writes weighs more."""
    if not any(kind is TargetKind.PARTY and claims[kind, key].counts for kind, key in claims):
        yield from _inherited(known, TargetKind.PARTY)


def _document_by_reply(known: Known, _claims: Claims) -> Iterable[tuple[Target, Claim]]:
    yield from _inherited(known, TargetKind.DOCUMENT)


def _inherited(known: Known, kind: TargetKind) -> Iterable[tuple[Target, Claim]]:
    """Answers do not reach a blind recipient (RFC 5322 3.6.3), so they are not about him."""
    for (parent_kind, target), parent in known.inherited.items():
        if parent_kind is kind and parent.counts and parent.where != BLIND:
            yield (
                (kind, target),
                Claim(
                    LinkState.AUTOMATIC,
                    REPLY,
                    max(parent.confidence - 2, 50),
                    "reply",
                    parent.evidence,
                    known.answers,
                ),
            )


def _by_number(known: Known, claims: Claims) -> Iterable[tuple[Target, Claim]]:
    """Find numbers, but only among the documents of the matched parties."""
    parties = [key for (kind, key), claim in claims.items() if kind is TargetKind.PARTY]
    sure = {key for key in parties if claims[TargetKind.PARTY, key].counts}
    documents = [one for party in parties for one in known.documents_of.get(party, ())]
    if not documents:
        return
    numbered = {number.key for document in documents for number in document.numbers}
    for where, sighting in known.numbers:
        if sighting.number.key not in numbered:
            continue  # as nearly always
        found = [
            document
            for document in documents
            if any(same(number, sighting.number) for number in document.numbers)
        ]
        if found:
            yield from _claimed(where, sighting, _closest(found, sighting), sure)


def _closest(found: list[NumberedDocument], sighting: Sighting) -> list[NumberedDocument]:
    """Keep those written most alike: same letters first, then same order of the groups."""

    def likeness(document: NumberedDocument) -> tuple[int, int]:
        return max(
            (
                len(set(number.letters) & set(sighting.number.letters)),
                int(number.groups == sighting.number.groups),
            )
            for number in document.numbers
        )

    best = max(map(likeness, found))
    return [document for document in found if likeness(document) == best]


def _claimed(
    where: str, sighting: Sighting, found: list[NumberedDocument], sure: set[UUID]
) -> Iterable[tuple[Target, Claim]]:
    candidates = {document.document for document in found}
    for document in found:
        others = tuple(sorted(candidates - {document.document}))
        certain = not others and document.party in sure
        yield (
            (TargetKind.DOCUMENT, document.document),
            Claim(
                LinkState.AUTOMATIC if certain else LinkState.SUGGESTED,
                NUMBER,
                97 if certain else 100 // (len(others) + 2),
                where,
                sighting.snippet,
                rejected=others,
            ),
        )


LADDER: tuple[Callable[[Known, Claims], Iterable[tuple[Target, Claim]]], ...] = (
    _by_address,
    _party_by_reply,
    _by_number,
    _document_by_reply,
)
