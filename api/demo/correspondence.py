"""A story becomes letters: who writes to whom, what a letter answers, where copies lie."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from api.demo.chance import number
from api.demo.clients import answered, forwarded, message_id, thread_index, with_history
from api.demo.company import DOMAIN, Company, Person
from api.demo.letters import Letter, Step, Story
from api.demo.wording import Wording, wording
from api.demo.workdays import Calendar

ALIAS_DOMAIN = "morgenti-luce.example"
MACHINE = (("Auto-Submitted", "auto-generated"), ("Precedence", "bulk"))
AUTOMATIC = (("Auto-Submitted", "auto-replied"), ("X-Auto-Response-Suppress", "All"))


@dataclass(frozen=True, slots=True)
class Filed:
    """A letter and the mailboxes in which a copy of it lies, by their short names."""

    step: Step
    letter: Letter
    sent: str
    received: tuple[str, ...]
    undeliverable: bool = False

    @property
    def left_open(self) -> bool:
        """True for what the story lets nobody answer."""
        return "open" in self.step.flags


@dataclass(frozen=True, slots=True)
class Sides:
    """Who takes part in one letter; `writer` signs, `author` is the From."""

    author: Person
    writer: Person
    reader: Person
    to: tuple[Person, ...]
    cc: tuple[Person, ...]


def told(story: Story, company: Company, calendar: Calendar) -> list[Filed]:
    """Write all the letters of a story, in order."""
    written: list[Filed] = []
    for step in story.steps:
        parent = _parent(step, written)
        base = next((filed.letter.subject for filed in written), "")
        sides = _sides(story, step, parent, company)
        written.append(_filed(story, step, sides, parent, base, company, calendar))
    return written


def _filed(
    story: Story,
    step: Step,
    sides: Sides,
    parent: Letter | None,
    base: str,
    company: Company,
    calendar: Calendar,
) -> Filed:
    language = company.contacts[story.party][0].language
    spoken = "it" if step.way in {"f", "i"} else language
    said = wording(story, step, spoken, sides.writer, sides.reader, company, calendar)
    seed = f"{story.key}/{step.back}/{step.clock}"
    second = f"{number(seed, 60):02}"
    letter = _letter(
        seed, step, sides, parent, said, calendar.at(step.back, f"{step.clock}:{second}")
    )
    letter = replace(letter, subject=_subject(step, letter, parent, said, base), language=spoken)
    sent = step.box if step.way in {">", "f"} else ""
    others = [step.options[key] for key in ("also", "cc") if key in step.options]
    received = [] if step.way in {">", "f"} else [step.box]
    return Filed(step, letter, sent, tuple(received + others), "dead" in step.options)


def _parent(step: Step, written: list[Filed]) -> Letter | None:
    if step.flags & {"new", "same"} or not written:
        return None
    if "of" in step.options:
        return written[int(step.options["of"]) - 1].letter
    return next(filed.letter for filed in reversed(written) if not filed.letter.automatic)


def _sides(story: Story, step: Step, parent: Letter | None, company: Company) -> Sides:
    contact = company.contacts[story.party][int(step.options.get("by", "1")) - 1]
    box = company.boxes[step.box]
    seller = company.seller(contact.language, step.box)
    colleague = company.colleagues[step.options.get("as", step.options.get("to", "Chiara"))]
    copied = tuple(company.boxes[step.options[key]] for key in ("cc",) if key in step.options)
    match step.way:
        case ">":
            contact = replace(contact, address=step.options.get("dead", contact.address))
            return Sides(box, seller, contact, (contact,), copied)
        case "c":
            return Sides(colleague, colleague, contact, (contact,), (box,))
        case "f":
            return Sides(box, company.seller("it", step.box), colleague, (colleague,), ())
        case "i":
            return Sides(colleague, colleague, seller, (box,), ())
        case _:
            return _inbound(step, contact, seller, box, parent, company)


def _inbound(
    step: Step,
    contact: Person,
    seller: Person,
    box: Person,
    parent: Letter | None,
    company: Company,
) -> Sides:
    also = tuple(company.boxes[step.options[key]] for key in ("also",) if key in step.options)
    if parent is not None and parent.author in company.colleagues.values() and parent.cc:
        return Sides(contact, contact, parent.author, (parent.author,), (box, *also))
    if "alias" in step.flags:
        box = replace(box, address=f"{step.box}@{ALIAS_DOMAIN}")
    reader = seller if parent is not None else box
    return Sides(contact, contact, reader, (box, *also), ())


def _letter(
    seed: str, step: Step, sides: Sides, parent: Letter | None, said: Wording, at: datetime
) -> Letter:
    client = sides.author.client
    client = next((flag for flag in ("phone", "erp", "machine") if flag in step.flags), client)
    client = "outlook" if "stripped" in step.flags else client
    own = sides.author.domain == DOMAIN
    quotes = None if step.flags & {"auto", "erp"} else parent
    text, html = with_history(client, "it" if own else sides.author.language, said.body, quotes)
    letter = Letter(
        message_id(client, seed, sides.author.domain),
        at,
        sides.author,
        sides.to,
        sides.cc,
        "",
        text,
        html,
        sides.author.language,
        client,
        files=said.files,
        extra=_extra(step),
        # A clock that fell back to its first day: the Date header tells nothing.
        dated=at - timedelta(days=2190) if "wrongdate" in step.flags else None,
    )
    return _threaded(seed, step, letter, parent)


def _extra(step: Step) -> tuple[tuple[str, str], ...]:
    return (AUTOMATIC if "auto" in step.flags else ()) + (
        MACHINE if "machine" in step.flags else ()
    )


def _threaded(seed: str, step: Step, letter: Letter, parent: Letter | None) -> Letter:
    index = ""
    if letter.client == "outlook":
        index = thread_index(seed, letter.sent_at, parent.thread_index if parent else "")
    if parent is None or step.way == "f" or "stripped" in step.flags:
        return replace(letter, thread_index=index)
    references = () if "bare" in step.flags else (*parent.references, parent.id)
    return replace(letter, in_reply_to=parent.id, references=references, thread_index=index)


def _subject(step: Step, letter: Letter, parent: Letter | None, said: Wording, base: str) -> str:
    if "auto" in step.flags and parent is not None:
        return said.subject.format(subject=parent.subject)
    if parent is None:
        return base if "same" in step.flags else said.subject
    language = "it" if letter.author.domain == DOMAIN else letter.author.language
    prefix = forwarded if step.way == "f" else answered
    return prefix(letter.client, language, parent.subject)
