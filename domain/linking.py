"""Which parties and documents a message belongs to, and why: the rungs of the ladder.

Each rung is a pure function that claims links; what an earlier rung claimed with equal or greater
right stands. A rung is added here, with a name and a version that rises when its answers change.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from domain import correspondents as roles
from domain.announcing import Announcement, surely
from domain.choosing import Target, TargetKind
from domain.claims import Claim, Claims, Known
from domain.freemail import company_domains
from domain.message import Direction, LinkState
from domain.naming import NumberedDocument, is_telling, named, names_alone
from domain.numbers import Sighting
from domain.remembering import Choice
from domain.rules import (
    ADDRESS,
    ALONE,
    ANNOUNCED,
    BLIND,
    DOMAIN,
    FORM,
    FORWARD,
    MAIL_RULE,
    NUMBER,
    PERSON,
    QUOTED,
    REMEMBERED,
    REPLY,
    TOKEN,
    UNPROVEN,
    UNPROVEN_REPLY,
    Rule,
)

_BY_ROLE: Mapping[str, tuple[Rule, int]] = {
    roles.FORM: (FORM, 90),
    roles.FORWARDED: (FORWARD, 95),
}
"""The rule by which an address in a special role is matched, and how sure that is."""
_BRIEF = ("subject", "attachment")
"""Texts that may be no more than a number."""
_MAIL_RULE = re.compile(r"[0-9a-f]{32}@\d+")
"""How a rule about mail is named where somebody said something."""
_MOST_REJECTED = 20
"""So many others are told of: some shared domain may have thousands."""


def link(known: Known) -> Claims:
    """Climb the ladder: each rung sees what the ones before it claimed, and people before all."""
    claims: Claims = {target: _said(who) for target, who in known.confirmed.items()}
    for rung in LADDER:
        for target, claim in rung(known, claims):
            if target in known.rejected:
                continue
            if target not in claims or (claim.counts and not claims[target].counts):
                claims[target] = claim
    return {target: one for target, one in claims.items() if not _settled(known, target, one)}


def _said(who: str) -> Claim:
    """Claim what a person said, or what a rule about mail did: both stand above the ladder."""
    if _MAIL_RULE.fullmatch(who):
        return Claim(LinkState.AUTOMATIC, MAIL_RULE, 100, MAIL_RULE.name, who)
    return Claim(LinkState.CONFIRMED, PERSON, 100, PERSON.name, who)


def _settled(known: Known, target: Target, claim: Claim) -> bool:
    """Tell whether a person chose one of the others that a claim could as well be about."""
    others = {(target[0], one) for one in claim.rejected}
    return not claim.counts and not others.isdisjoint(known.confirmed)


def _chosen(known: Known, address: str) -> Choice | None:
    """Give what holds of an address by a person's word, unless this message was spoken of apart."""
    held = known.remembered.get(address.casefold(), ())
    if len({one.party for one in held}) != 1:
        return None
    party = held[0].party
    others = {(TargetKind.PARTY, one) for one in _parties_at(known, address) if one != party}
    if (TargetKind.PARTY, party) in known.rejected or not others.isdisjoint(known.confirmed):
        return None
    return min(held, key=lambda one: one.id)


def _parties_at(known: Known, address: str) -> tuple[UUID, ...]:
    """Give those who have an address, and those to whom it belongs by words that contradict."""
    key = address.casefold()
    there, said = (
        known.parties_at.get(key, ()),
        {one.party for one in known.remembered.get(key, ())},
    )
    return there if len(said) < 2 else tuple(sorted({*there, *said}))


def _by_choice(known: Known, _claims: Claims) -> Iterable[tuple[Target, Claim]]:
    for role, address in known.correspondents:
        if (chosen := _chosen(known, address)) is None:
            continue
        _, sure = _BY_ROLE.get(role, (ADDRESS, 99))
        lost = tuple(one for one in _parties_at(known, address) if one != chosen.party)
        claim = Claim(
            LinkState.AUTOMATIC,
            REMEMBERED,
            sure,
            role,
            address,
            rejected=lost[:_MOST_REJECTED],
            choice=chosen.id,
        )
        yield from _of_parties(known, (chosen.party,), claim)


def _by_address(known: Known, _claims: Claims) -> Iterable[tuple[Target, Claim]]:
    for role, address in known.correspondents:
        if _chosen(known, address) is not None:
            continue
        parties = _parties_at(known, address)
        rule, sure = _BY_ROLE.get(role, (ADDRESS, 99))
        yield from _of_parties(
            known, parties, Claim(LinkState.AUTOMATIC, rule, sure, role, address)
        )


def _of_parties(
    known: Known, parties: Sequence[UUID], claim: Claim, shared: LinkState = LinkState.AMBIGUOUS
) -> Iterable[tuple[Target, Claim]]:
    """Claim one party; where there are several each is one of them, and a person chooses."""
    if known.forged and len(parties) == 1:
        claim = replace(claim, state=LinkState.SUGGESTED, rule=UNPROVEN, confidence=30)
    for party in parties:
        others = tuple(sorted(other for other in parties if other != party))
        one = claim
        if others:
            sure = claim.confidence // len(parties)
            one = replace(claim, state=shared, confidence=sure, rejected=others[:_MOST_REJECTED])
        yield (TargetKind.PARTY, party), one


def _by_announcement(known: Known, _claims: Claims) -> Iterable[tuple[Target, Claim]]:
    for role, address in known.correspondents:
        if _chosen(known, address) is not None or _parties_at(known, address):
            continue
        key = address.casefold()
        told = known.announced_by.get(key, ())
        told = told if (sure := surely(told)) else () if _of_domain(known, key) else told
        state, much = (LinkState.AUTOMATIC, 90) if sure else (LinkState.SUGGESTED, 40)
        where = {one: _parties_of(known, [one]) for one in sure or told}
        source = min((one.message for one, has in where.items() if has), default=None)
        claim = Claim(state, ANNOUNCED, much, role, address, inherited_from=source)
        shared = LinkState.AMBIGUOUS if sure else LinkState.SUGGESTED
        yield from _of_parties(known, _parties_of(known, sure or told), claim, shared)


def _announcing(known: Known, key: str) -> Sequence[UUID]:
    return _parties_of(known, surely(known.announced_by.get(key, ())))


def _parties_of(known: Known, told: Sequence[Announcement]) -> Sequence[UUID]:
    return sorted({one for by in told for one in known.parties_at.get(by.teller, ())})


def _by_domain(known: Known, _claims: Claims) -> Iterable[tuple[Target, Claim]]:
    for role, address in known.correspondents:
        key = address.casefold()
        settled = _chosen(known, address) is not None or _parties_at(known, address)
        if settled or surely(known.announced_by.get(key, ())):
            continue
        claim = Claim(LinkState.AUTOMATIC, DOMAIN, 85, role, address)
        yield from _of_parties(known, _of_domain(known, key), claim, LinkState.SUGGESTED)


def _of_domain(known: Known, key: str) -> Sequence[UUID]:
    above = company_domains(key.rpartition("@")[2])
    found = (known.parties_of_domain.get(one, ()) for one in above)
    return next((one for one in found if one), ())


def _by_token(known: Known, _claims: Claims) -> Iterable[tuple[Target, Claim]]:
    """Link the document of a token, on the word of who belongs to its party; else suggest it.

    What the message of a token is linked to is suggested: who takes part in that one goes on with
    it, and inherits.
    """
    suggested = LinkState.SUGGESTED
    for one in known.vouchers:
        if one.document is not None:
            sure = _belongs(known, one.party)
            state, much = (LinkState.AUTOMATIC, 98) if sure else (suggested, 50)
            claim = Claim(state, TOKEN, much, one.where, one.evidence)
            yield (TargetKind.DOCUMENT, one.document), claim
        for target, link in one.links.items():
            if link.counts and link.where != BLIND:
                yield target, Claim(suggested, TOKEN, 50, one.where, one.evidence)


def _belongs(known: Known, party: UUID | None) -> bool:
    """Tell whether a mail is exchanged with somebody of a party, or stays among ourselves."""
    if known.speaking.among_us:
        return True
    for key in known.speaking.addresses:
        own = known.parties_at.get(key) or _announcing(known, key)
        shared = () if own else _of_domain(known, key)
        if party in own or (party in shared and len(shared) == 1):
            return True
    return False


def _party_by_reply(known: Known, claims: Claims) -> Iterable[tuple[Target, Claim]]:
    """Inherit a party only where no address gave one: who writes weighs more."""
    if not known.listed and not any(
        kind is TargetKind.PARTY and claims[kind, key].counts for kind, key in claims
    ):
        yield from _inherited(known, TargetKind.PARTY)


def _document_by_reply(known: Known, _claims: Claims) -> Iterable[tuple[Target, Claim]]:
    yield from _inherited(known, TargetKind.DOCUMENT)


def _inherited(known: Known, kind: TargetKind) -> Iterable[tuple[Target, Claim]]:
    """Answers do not reach a blind recipient (RFC 5322 3.6.3), so they are not about him.

    Whoever can name a message can answer it: a forged sender is no ground.
    """
    doubtful = known.anew or known.forged
    for (parent_kind, target), parent in known.inherited.items():
        if parent_kind is kind and parent.counts and parent.where != BLIND:
            yield (
                (kind, target),
                Claim(
                    LinkState.SUGGESTED if doubtful else LinkState.AUTOMATIC,
                    UNPROVEN_REPLY if known.forged else REPLY,
                    40 if doubtful else max(parent.confidence - 2, 50),
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
    for where, seen in known.numbers:
        for sighting, found in named(seen, documents, known.at):
            yield from _claimed(where, sighting, found, sure)


def _claimed(
    where: str, sighting: Sighting, found: list[NumberedDocument], sure: set[UUID]
) -> Iterable[tuple[Target, Claim]]:
    candidates = {document.document for document in found}
    for document in found:
        others = tuple(sorted(candidates - {document.document}))
        told = is_telling(document, sighting) or (sighting.whole and where in _BRIEF)
        certain = told and not others and document.party in sure and where != QUOTED
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


def _by_number_alone(known: Known, claims: Claims) -> Iterable[tuple[Target, Claim]]:
    """Find numbers among all documents, where a message belongs to nobody by other evidence.

    Among ourselves we name our customers' documents; a stranger may name anybody's.
    """
    if claims or known.direction is Direction.OUTBOUND:
        return
    among_us = known.direction is Direction.INTERNAL
    for where, seen in known.numbers:
        if where == QUOTED:
            continue
        for sighting, found in named(seen, known.documents_anywhere, known.at):
            if len(found) > 1 or not names_alone(found[0], sighting):
                continue
            state, sure = (LinkState.AUTOMATIC, 85) if among_us else (LinkState.SUGGESTED, 40)
            claim = Claim(state, ALONE, sure, where, sighting.snippet)
            yield (TargetKind.DOCUMENT, found[0].document), claim
            yield (TargetKind.PARTY, found[0].party), claim


LADDER: tuple[Callable[[Known, Claims], Iterable[tuple[Target, Claim]]], ...] = (
    _by_choice,
    _by_address,
    _by_announcement,
    _by_domain,
    _by_token,
    _party_by_reply,
    _by_number,
    _document_by_reply,
    _by_number_alone,
)
