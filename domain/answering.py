"""Does a message want an answer, and which message answers it (MAIL_RULES: unanswered)."""

import re

from domain.classes import dataclass
from domain.content import Content
from domain.machine import Machine
from domain.message import Direction
from domain.wording import spoken

VERSION = 3
"""Of classification as a whole: it rises when recognising machine mail, telling the direction, or
whether an answer is wanted gives other answers than before."""

_THANKS = re.compile(
    r"\b(?:grazie|ringrazi\w+|ricevut[oa]|perfetto|va bene|confermiamo|confermo|registrat[oa]"
    r"|thanks?|thank you|received|perfect|great|confirm(?:ed|ing)?"
    r"|danke\w*|vielen dank|besten dank|erhalten|bestätig\w+|eingebucht|passt|in ordnung"
    r"|merci|bien reçu|parfait|c'est (?:bon|noté)|confirm(?:ons|é|ée)"
    r"|dziękuj\w+|dzięki|otrzyma\w+|potwierdz\w+|zgoda|ok|okay)\b",
    re.IGNORECASE,
)
_REQUEST = re.compile(
    r"\?|\b(?:potete|potreste|può|potrebbe|vi pregh\w+|prego di|chied\w+|richied\w+|attend\w+"
    r"|sollecit\w+|urgent\w*|mandat\w+ci|inviat\w+ci|fateci|"
    r"please|could you|can you|kindly|we need|asap|let us know"
    r"|bitte\w*|könn(?:en|ten) sie|benötig\w+|klärung|dringend|wann|erwarten"
    r"|pouvez|pourriez|veuillez|merci de|prière|il nous faut|attendons"
    r"|prosz\w+|prosimy|czy|kiedy|pilne\w*|potrzeb\w+|oczekuj\w+)",
    re.IGNORECASE,
)
_GREETING = re.compile(r"^[^\n]{0,60}[,!]?[ \t]*\n\s*\n")
_LONG_FOR_THANKS = 240
_OPENING = 60
"""Thanks at the end close many requests; only thanks at the beginning are the message."""


@dataclass(frozen=True, slots=True)
class Want:
    """Whether an answer is wanted, the rule's word for why, and the words that decided."""

    wanted: bool
    reason: str
    evidence: str = ""


def wants_answer(content: Content, direction: Direction, machine: Machine) -> Want:
    """Decide on an inbound message of a person; nothing else ever waits."""
    if direction is not Direction.INBOUND:
        return Want(wanted=False, reason="not_inbound", evidence=machine.evidence)
    if machine.automatic:
        return Want(wanted=False, reason="machine_mail", evidence=machine.evidence)
    if machine.listed:
        return Want(wanted=False, reason="discussion_list", evidence=machine.evidence)
    if content.calendar_method in ("REPLY", "COUNTER", "CANCEL"):
        return Want(wanted=False, reason="calendar_answer", evidence=content.calendar_method)
    if _is_empty(content):
        return Want(wanted=False, reason="empty")
    return _courtesy(content)


def _is_empty(content: Content) -> bool:
    """Tell a mail of nothing: there is nobody to answer, and nothing that could not be read."""
    written = content.authors or content.subject or content.text or content.attachments
    return not written and not content.degraded


def _courtesy(content: Content) -> Want:
    """A short message that thanks or confirms, and asks nothing, ends a talk ("Grazie mille!")."""
    said = _ungreeted(spoken(content.text))
    thanks = _THANKS.search(said[:_OPENING])
    if thanks and len(said) <= _LONG_FOR_THANKS and not _REQUEST.search(said):
        return Want(wanted=False, reason="courtesy", evidence=thanks.group())
    return Want(wanted=True, reason="person_writes")


def _ungreeted(said: str) -> str:
    """Leave the greeting out; a first line that thanks is no greeting but the message itself."""
    greeting = _GREETING.match(said)
    if greeting is None or _THANKS.search(greeting.group()):
        return said
    return said[greeting.end() :].strip()
