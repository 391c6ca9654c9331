"""Does a message want an answer, and which message answers it (MAIL_RULES: unanswered)."""

import re

from domain.classes import dataclass
from domain.content import Content
from domain.courtesy import courtesy
from domain.machine import Machine
from domain.message import Direction, MessageClassified
from domain.subject import is_reply
from domain.wording import below, spoken

VERSION = 5
"""Of classification as a whole: it rises when recognising machine mail, telling the direction, or
whether an answer is wanted gives other answers than before."""

UNPROVEN = "sender_unproven"
"""The reason of mail in our name that no folder of sent mail holds, and a server denies to be ours."""

_REQUEST = re.compile(
    r"\?|\b(?:potete|potreste|può|potrebbe|vi pregh\w+|prego di|chied\w+|richied\w+|attend\w+"
    r"|sollecit\w+|urgent\w*|mandat\w+ci|inviat\w+ci|fateci|"
    r"please|could you|can you|kindly|we need|asap|let us know"
    r"|bitte\w*|könn(?:en|ten) sie|benötig\w+|klärung|dringend|wann|erwarten"
    r"|pouvez|pourriez|veuillez|merci de (?!votre|vos|ta|ton)|prière|il nous faut|attendons"
    r"|in anticipo|in advance|im voraus|d.avance|z góry|prosz\w+|prosimy|czy|kiedy|pilne\w*|potrzeb\w+|oczekuj\w+)",
    re.IGNORECASE,
)
_GREETING = re.compile(r"^[^\n]{0,60}[,!]?[ \t]*\n\s*\n")
_REFERS = re.compile(
    r"\b(?:come (?:da (?:accordi|telefonata)|concordato|d'accordo)|as (?:discussed|agreed)"
    r"|wie (?:besprochen|vereinbart)|(?:und|zu) (?:ihrer|ihrem) (?:mail|e-mail|schreiben|anruf)"
    r"|suite à (?:notre|votre)|comme convenu|jak (?:uzgodni\w+|ustali\w+)|zgodnie z rozmową)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Want:
    """Whether an answer is wanted, the rule's word for why, and the words that decided."""

    wanted: bool
    reason: str
    evidence: str = ""


def answers(said: MessageClassified) -> bool:
    """Tell whether a message may answer others: a person of ours wrote it to the outside."""
    return said.direction is Direction.OUTBOUND and not said.automatic and said.reason != UNPROVEN


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
    """Thanks end a talk only where there is one: the first mail of a talk waits, however kind."""
    said = _ungreeted(spoken(content.text))
    if _is_answer(content, said) and not _REQUEST.search(said):
        words = courtesy(said)
        if words:
            return Want(wanted=False, reason="courtesy", evidence=words)
    return Want(wanted=True, reason="person_writes")


def _is_answer(content: Content, said: str) -> bool:
    """Tell a mail that answers another, or goes back to a talk (on the telephone)."""
    threaded = content.in_reply_to or content.references or is_reply(content.subject)
    return bool(threaded or below(content.text) or _REFERS.search(said))


def _ungreeted(said: str) -> str:
    """Leave the greeting out; a first line that thanks is no greeting but the message itself."""
    greeting = _GREETING.match(said)
    if greeting is None or courtesy(greeting.group()):
        return said
    return said[greeting.end() :].strip()
