"""Words by which messages are found: given by rules and by people, taken away again, each undoable.

    tagged ─▶ untagged ─▶ tagged …

Case is no difference between tags, nor are spaces around them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Final, assert_never
from uuid import UUID

from domain.labels import label
from domain.message import MessageReceived
from domain.values import Personal, Rejected

MOST_TAG: Final = 60
MOST_TAGS: Final = 50


@dataclass(frozen=True, slots=True)
class MessageTagged:
    """A rule (None: a person) gave the message a word by which it is found."""

    rule: UUID | None
    tag: Annotated[str, Personal]


@dataclass(frozen=True, slots=True)
class MessageUntagged:
    """A person took such a word away."""

    tag: Annotated[str, Personal]


TaggingEvent = MessageTagged | MessageUntagged


@dataclass(frozen=True, slots=True)
class TagMessage:
    """Give a message a tag; by which rule, if it is one."""

    tag: str
    rule: UUID | None = None


@dataclass(frozen=True, slots=True)
class UntagMessage:
    """Take a tag away."""

    tag: str


TaggingCommand = TagMessage | UntagMessage


@dataclass(frozen=True, slots=True)
class Tags:
    """What decisions ask: whether there is such a message, and its tags by their keys."""

    known: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)


initial = Tags()


def key_of(tag: str) -> str:
    """Give the form in which tags are compared."""
    return " ".join(tag.split()).casefold()


def evolve(tags: Tags, event: object) -> Tags:
    """Give the tags after an event."""
    match event:
        case MessageReceived():
            return replace(tags, known=True)
        case MessageTagged(tag=tag):
            return replace(tags, tags={**tags.tags, key_of(tag): tag})
        case MessageUntagged(tag):
            left = {key: one for key, one in tags.tags.items() if key != key_of(tag)}
            return replace(tags, tags=left)
        case _:
            return tags


def decide(tags: Tags, command: TaggingCommand) -> Sequence[TaggingEvent]:
    """Return what happens. An empty list means that it is so already."""
    if not tags.known:
        raise Rejected("NOT_FOUND", "there is no such message")
    tag = label(command.tag)
    match command:
        case TagMessage(rule=rule):
            if not 1 <= len(tag) <= MOST_TAG:
                raise Rejected("INVALID", f"tag: a text of 1 to {MOST_TAG} letters is needed")
            if key_of(tag) in tags.tags:
                return []
            if len(tags.tags) >= MOST_TAGS:
                raise Rejected("INVALID", f"tag: {MOST_TAGS} tags are the most; take one away")
            return [MessageTagged(rule, tag)]
        case UntagMessage():
            keys = key_of(command.tag), key_of(tag)  # once tags were kept as they were typed
            return [MessageUntagged(tags.tags[key]) for key in keys if key in tags.tags][:1]
        case _ as never:
            assert_never(never)
