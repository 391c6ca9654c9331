"""A template: the parts of a mail, each with places for values; every version is kept.

    saved (version 1) ─▶ saved (version 2) … ─▶ retired

A mail refers to the version that it was made from, and that version can be rendered again for ever.
What a person changes in a mail changes no template.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Annotated, Final, assert_never

from domain.attachmentname import check_pattern
from domain.classes import dataclass
from domain.composing import one_line
from domain.salutation import check_salutations
from domain.values import ColleagueId, Personal, Rejected

AUTO: Final = "auto"
"""As a salutation: by the recipient. As a signature: the sender's own, else the company's."""
MOST: Final = 200_000
"""Letters of a part, at most: a picture pasted into it counts."""
MOST_NAME: Final = 120
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_WORD: Final = re.compile(r"[\w.-]{1,60}")


class TemplateKind(StrEnum):
    """What a template is for."""

    DOCUMENT = "document"
    REPLY = "reply"
    AUTO_REPLY = "auto_reply"
    MAILING = "mailing"
    SIGNATURE = "signature"


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a mail: text, or HTML; empty if the mail has none there."""

    source: str = ""
    is_html: bool = False

    @property
    def is_auto(self) -> bool:
        """Say whether it is found by itself."""
        return self.source.strip() == AUTO


PARTS: Final = ("salutation", "motivation", "individual", "closing", "signature")
"""The parts of the body, in the order in which they stand."""


@dataclass(frozen=True, slots=True)
class TemplateSaved:
    """A version of a template, all of it; versions are counted from 1.

    `document_kind` is the ERP's word (empty: any), `language` as in RFC 5646 (empty: the
    recipient's), `company` the ERP's word for one of several firms (empty: all). `owner` is the
    colleague who alone uses it, `roles` those of colleagues who do (empty: all). `salutations` are
    greetings by form where they are not the usual ones (domain/salutation.py), `attachment_name` a
    pattern (domain/attachmentname.py).
    """

    version: int
    kind: TemplateKind
    document_kind: str
    language: str
    company: str
    owner: ColleagueId | None
    roles: tuple[str, ...]
    name: Annotated[str, Personal]
    subject: Annotated[str, Personal] = ""
    salutation: Annotated[Part, Personal] = Part()
    motivation: Annotated[Part, Personal] = Part()
    individual: Annotated[Part, Personal] = Part()
    closing: Annotated[Part, Personal] = Part()
    signature: Annotated[Part, Personal] = Part()
    attachment_name: Annotated[str, Personal] = ""
    salutations: Annotated[tuple[tuple[str, str], ...], Personal] = ()

    @property
    def parts(self) -> Mapping[str, Part]:
        """Give the parts of the body by name, in order."""
        return {
            "salutation": self.salutation,
            "motivation": self.motivation,
            "individual": self.individual,
            "closing": self.closing,
            "signature": self.signature,
        }


@dataclass(frozen=True, slots=True)
class TemplateRenamed:
    """A template is called otherwise; what it says stays."""

    name: Annotated[str, Personal]


@dataclass(frozen=True, slots=True)
class TemplateRetired:
    """A template is no longer offered; its versions can be read and rendered as before."""


TemplateEvent = TemplateSaved | TemplateRenamed | TemplateRetired


@dataclass(frozen=True, slots=True)
class SaveTemplate:
    """Save what a template says, as its next version; the one in `saved` does not count.

    `based_on` is the version that was changed: somebody else's later one is not overwritten.
    """

    saved: TemplateSaved
    based_on: int | None = None


@dataclass(frozen=True, slots=True)
class RetireTemplate:
    """Offer a template no longer."""


TemplateCommand = SaveTemplate | RetireTemplate


@dataclass(frozen=True, slots=True)
class Template:
    """What decisions ask: the version that holds, under the name of today."""

    saved: TemplateSaved | None = None
    retired: bool = False


initial = Template()


def evolve(template: Template, event: object) -> Template:
    """Give the template after an event."""
    match event:
        case TemplateSaved():
            return replace(template, saved=event)
        case TemplateRenamed(name) if template.saved is not None:
            return replace(template, saved=replace(template.saved, name=name))
        case TemplateRetired():
            return replace(template, retired=True)
        case _:
            return template


def decide(template: Template, command: TemplateCommand) -> list[TemplateEvent]:
    """Return what happens. An empty list means that it is so already."""
    match command:
        case SaveTemplate(wanted, based_on):
            return _saved(template, wanted, based_on)
        case RetireTemplate():
            if template.saved is None:
                raise Rejected("NOT_FOUND", "there is no such template")
            return [] if template.retired else [TemplateRetired()]
        case _ as never:
            assert_never(never)


def _saved(template: Template, wanted: TemplateSaved, based_on: int | None) -> list[TemplateEvent]:
    before = template.saved
    current = before.version if before else 0
    if template.retired:
        raise Rejected("CONFLICT", "the template is retired: save it as a new one")
    asked = replace(wanted, version=current, name=one_line(wanted.name))
    if before == asked:
        return []
    if based_on is not None and based_on != current:
        do = "look at it, and save again"
        raise Rejected("CONFLICT", f"version {current} was saved meanwhile: {do}")
    check(asked)
    if before is not None and replace(before, name=asked.name) == asked:
        return [TemplateRenamed(asked.name)]
    return [replace(asked, version=current + 1)]


def check(one: TemplateSaved) -> None:
    """Refuse what cannot be a template; what stands in its parts is read elsewhere."""
    if not one.name or len(one.name) > MOST_NAME:
        raise Rejected("INVALID", f"name: 1 to {MOST_NAME} letters are needed")
    if one.language and not _LANGUAGE.fullmatch(one.language):
        raise Rejected("INVALID", f"language: {one.language} is none; write it as de or de-CH")
    words = {"document_kind": one.document_kind, "company": one.company}
    for field, word in words.items():
        if word and not _WORD.fullmatch(word):
            raise Rejected("INVALID", f"{field}: a word is needed, as the ERP writes it")
    for field, part in one.parts.items():
        if len(part.source) > MOST:
            raise Rejected("INVALID", f"{field}: {MOST:,} letters are the most")
    if len(one.subject) > 1_000 or len(one.attachment_name) > 300:
        raise Rejected("INVALID", "subject or attachment name: it is too long")
    if one.kind is TemplateKind.SIGNATURE and (one.signature.is_auto or not one.signature.source):
        raise Rejected("INVALID", "signature: a signature needs its own words")
    greets = one.language if one.salutation.is_auto else ""
    check_salutations(greets, dict(one.salutations))
    try:
        check_pattern(one.attachment_name)
    except Rejected as wrong:
        raise Rejected("INVALID", f"attachment_name: {wrong.sentence}") from wrong


OWN_KINDS: Final = (TemplateKind.DOCUMENT, TemplateKind.REPLY, TemplateKind.SIGNATURE)
"""What colleagues may word for themselves: what leaves by their hand, and nothing by itself."""


def is_own(one: TemplateSaved, colleague: object) -> bool:
    """Say whether a template is for this colleague alone, and of a kind that he may word himself."""
    return one.owner is not None and one.owner == colleague and one.kind in OWN_KINDS


def is_for(one: TemplateSaved, colleague: object, role: str) -> bool:
    """Say whether a colleague may use it."""
    mine = one.owner is None or one.owner == colleague
    return mine and (not one.roles or role.casefold() in {each.casefold() for each in one.roles})
