"""Actions of rules: what they name is looked up, and what cannot be done is refused at save."""

from collections.abc import Sequence
from functools import partial
from uuid import UUID

from adapters.owning import Own
from api.ids import Kind, decoded
from api.work.instance import Carteggio
from api.work.recipients import approved_now
from domain.company import ColleagueRegistered, CompanyDescribed, MailboxRegistered
from domain.document import DocumentRegistered
from domain.identity import colleague_id, company_stream, group_id, mailbox_id
from domain.mailrules import Rule
from domain.party import PartyRegistered
from domain.ruleactions import Act, ActionKind, read_actions
from domain.rulecircles import Route, refuse_circles
from domain.staffgroup import GroupSaved
from domain.template import TemplateSaved
from domain.values import MailboxId, Rejected
from projections.reader import EVERYTHING, Reader

_KINDS = {
    "colleague": (Kind.COLLEAGUE, ColleagueRegistered, "colleague; colleagues.csv names them"),
    "group": (Kind.STAFF_GROUP, GroupSaved, "group; see: group list"),
    "mailbox": (Kind.MAILBOX, MailboxRegistered, "mailbox; see: mailbox list"),
    "party": (Kind.PARTY, PartyRegistered, "party"),
    "document": (Kind.DOCUMENT, DocumentRegistered, "document"),
    "template": (Kind.TEMPLATE, TemplateSaved, "template; see: template list"),
}

ELSEWHERE = "a rule of another mailbox"


def acts_of(carteggio: Carteggio, rule: Rule) -> tuple[Act, ...]:
    """Read the actions of a rule that was saved; Rejected where they cannot be read any more."""
    return read_actions(rule.then, partial(_named, carteggio))


def check_actions(carteggio: Carteggio, rule: Rule) -> None:
    """Refuse actions that cannot be done: what they name is not there, or is not approved."""
    acts = read_actions(rule.then, partial(_existing, carteggio))
    for at, act in enumerate(acts):
        if act.kind is ActionKind.FORWARD:
            _check_addresses(carteggio, at, act)


def check_circles(
    carteggio: Carteggio, rule: Rule, others: Sequence[Rule], reader: Reader = EVERYTHING
) -> None:
    """Raise Rejected (CIRCLE) if mail would go round by a rule and those that are asked beside it.

    Rules of mailboxes that the reader does not see are not told by name.
    """
    routes = _routes(carteggio, rule, reader)
    if routes:
        asked = [one for one in others if one.id != rule.id]
        refuse_circles(routes, [way for one in asked for way in _routes(carteggio, one, reader)])


def not_approved(carteggio: Carteggio, act: Act) -> list[str]:
    """Give the addresses of an action to which nothing may leave: neither ours nor approved."""
    with carteggio.database.pool.connection() as connection:
        ours = Own(connection).all()
    foreign = [one for one in act.to if not ours.holds(one)]
    approved = approved_now(carteggio, foreign) if foreign else frozenset()
    return [one.spec for one in foreign if one.key not in approved]


def _check_addresses(carteggio: Carteggio, at: int, act: Act) -> None:
    if wrong := not_approved(carteggio, act):
        do = "approve it first: recipient approve"
        sentence = f"then[{at}]: to: {wrong[0]} is neither ours nor approved; {do}"
        raise Rejected("NOT_APPROVED", sentence)


def _routes(carteggio: Carteggio, rule: Rule, reader: Reader) -> list[Route]:
    """Give to which mailboxes of ours a rule lets mail come, by name or by address."""
    try:
        acts = acts_of(carteggio, rule)
    except Rejected:
        return []
    found = [act.mailbox for act in acts if act.mailbox is not None]
    if addresses := [one.key for act in acts for one in act.to]:
        found += boxes_of(carteggio, addresses)
    registered = {
        one.stream
        for one in carteggio.journal.streams(found)
        if isinstance(one.event, MailboxRegistered)
    }
    seen = rule.mailbox is None or reader.mailboxes is None or rule.mailbox in reader.mailboxes
    name = rule.name if seen else ELSEWHERE
    return [
        Route(rule.id, name, rule.mailbox, one, rule.when)
        for one in dict.fromkeys(found)
        if one in registered
    ]


def boxes_of(carteggio: Carteggio, addresses: Sequence[str]) -> list[MailboxId]:
    """Give the mailboxes that there may be at addresses, their aliases, and lists to which they lead."""
    said: dict[str, tuple[str, ...]] = {}
    for past in carteggio.journal.stream(company_stream(carteggio.company)):
        if isinstance(past.event, CompanyDescribed):
            said = {name.casefold(): (of,) for name, of in past.event.aliases}
            said |= {name.casefold(): members for name, members in past.event.lists}
    found: list[str] = []
    todo = [one.casefold() for one in addresses]
    while todo:
        if (one := todo.pop()) not in found:
            found.append(one)
            todo += [of.casefold() for of in said.get(one, ())]
    return [mailbox_id(carteggio.identity_key, one) for one in found]


def _named(carteggio: Carteggio, kind: str, text: str) -> UUID:
    """Give the id that a text names: an id, or the address or name from which it follows."""
    prefix, _, _ = _KINDS[kind]
    try:
        return UUID(text)
    except ValueError:
        pass
    if text.startswith(f"{prefix.value}_"):
        return decoded(text)[1]
    match kind:
        case "colleague":
            return colleague_id(carteggio.identity_key, text)
        case "mailbox":
            return mailbox_id(carteggio.identity_key, text)
        case "group":
            return group_id(carteggio.identity_key, text)
        case _:
            raise Rejected("INVALID", f"{text!r} is no id: {prefix.value}_… is needed")


def _existing(carteggio: Carteggio, kind: str, text: str) -> UUID:
    id = _named(carteggio, kind, text)
    _, registered, what = _KINDS[kind]
    past = [one.event for one in carteggio.journal.stream(id)]
    if not any(isinstance(one, registered) for one in past):
        raise Rejected("NOT_FOUND", f"{text}: there is no such {what}")
    return id
