"""What rules did with messages, in plain English."""

from domain.ruleactions import MessageTagged, PartyEventRegistered, RuleApplied, RuleRunEvent


def of_runs(event: RuleRunEvent) -> str:
    """Say which rule held, and what was done."""
    match event:
        case RuleApplied(version=version, name=name, said=said):
            what = "; ".join(said) or "nothing was to be done"
            return f"the rule {name} (version {version}) held: {what}"
        case MessageTagged(tag=tag):
            return f"a rule tagged it: {tag}"
        case PartyEventRegistered(words=words):
            return f"a rule registered: {words}"
