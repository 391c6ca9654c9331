"""What a rule's actions came to, in plain English, one sentence each."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from domain.drawing import Candidate, Draw, Way
from domain.ruleactions import ASSIGNS, Act, ActionKind, Done, Why
from domain.ruleplans import WORDS, Planned

_WAYS: Final = {Way.LOT: "by lot", Way.TURN: "by turn", Way.LEAST_BUSY: "as who has least to do"}


def told(act: Act, done: Done, names: Mapping[UUID, str], more: str = "") -> str:
    """Say what came of an action; `names` are those of colleagues, `more` why in other words."""
    if act.kind in ASSIGNS:
        return _given(act, done, names)
    if not done.done:
        why = more or WORDS[done.why]
        return f"not {_done(act)}: {why}"
    return _done(act)


def may_be_given(plan: Planned, names: Mapping[UUID, str]) -> str:
    """Say among whom somebody would be drawn, with those for whom substitutes stand in."""
    if not plan.candidates or plan.act.way is None:
        return f"given to nobody: {WORDS[Why.NOBODY_THERE]}"
    people = (_candidate(one, names) for one in plan.candidates)
    return f"given {_WAYS[plan.act.way]} to one of {', '.join(people)}"


def _candidate(one: Candidate, names: Mapping[UUID, str]) -> str:
    who = names.get(one.who, "a colleague")
    if one.who == one.member:
        return who
    return f"{who} (standing in for {names.get(one.member, 'a colleague')})"


def _given(act: Act, done: Done, names: Mapping[UUID, str]) -> str:
    if not done.done or done.to is None:
        return f"given to nobody: {WORDS[done.why]}"
    said = [f"given to {names.get(done.to, 'a colleague')}"]
    if done.why is Why.STANDS_IN and done.instead_of is not None:
        said.append(f"standing in for {names.get(done.instead_of, 'a colleague')}")
    if done.draw is not None:
        said.append(_drawn(done.draw))
    elif act.kind is not ActionKind.ASSIGN:
        manager = act.kind is ActionKind.ASSIGN_SALES_MANAGER
        said.append("the party's sales manager" if manager else "who answered last")
    return ", ".join(said)


def _drawn(drawn: Draw) -> str:
    return f"{_WAYS[drawn.way]} among {len(drawn.candidates)}"


def _done(act: Act) -> str:
    match act.kind:
        case ActionKind.FORWARD:
            return f"forwarded to {', '.join(one.spec for one in act.to)}"
        case ActionKind.HAND_TO_MAILBOX:
            return "handed to another mailbox"
        case ActionKind.LINK:
            return f"linked to a {act.target[0].value if act.target else 'record'}"
        case ActionKind.TAG:
            return f"tagged {act.words}"
        case ActionKind.REGISTER_EVENT:
            return f"registered on the party: {act.words}"
        case ActionKind.REPLY:
            return "answered by a template"
        case ActionKind.SNOOZE:
            return f"snoozed for {act.hours} h" if act.hours else "snoozed until they write"
        case ActionKind.STOP:
            return "no later rule is asked"
        case _:
            return "done"
