"""What rules did with messages, in plain English."""

from domain.ruleactions import PartyEventRegistered, RuleApplied, RuleRunEvent
from domain.tagging import MessageTagged, MessageUntagged, TaggingEvent

OfRuns = RuleRunEvent | TaggingEvent


def of_runs(event: OfRuns) -> str:
    """Say which rule held, and what was done."""
    match event:
        case RuleApplied(version=version, name=name, said=said):
            what = "; ".join(said) or "nothing was to be done"
            return f"the rule {name} (version {version}) held: {what}"
        case MessageTagged(rule=rule, tag=tag):
            return f"a rule tagged it: {tag}" if rule else f"tagged: {tag}"
        case MessageUntagged(tag):
            return f"the tag was taken away: {tag}"
        case PartyEventRegistered(words=words):
            return f"a rule registered: {words}"
