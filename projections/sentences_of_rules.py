"""What was said about rules, in plain English."""

import json

from domain.mailrules import RuleEvent, RuleRetired, RuleSaved


def of_rules(event: RuleEvent) -> str:
    """Say what was saved or retired, and why."""
    why = f": {' '.join(event.note.split())}" if event.note else ""
    match event:
        case RuleSaved(version, _, enabled, name=name, then=then):
            off = "" if enabled else ", switched off"
            return f"version {version} of the rule {name} was saved{off}: {_actions(then)}{why}"
        case RuleRetired():
            return f"the rule was retired{why}"


def _actions(then: str) -> str:
    """Name the kinds of actions; what is no list of them is told by no more."""
    try:
        kinds = [str(one["kind"]).replace("_", " ") for one in json.loads(then)]
    except (ValueError, TypeError, KeyError):
        return "actions that cannot be read"
    return ", ".join(kinds) or "nothing is done"
