"""Which Message-IDs are one message's: mail servers substitute them, certified mail always."""

from domain.content import Content, NoticeKind

MOST_IDS_OF_ONE = 4
"""A notice that names more is about several messages."""


def ids_of_one(content: Content) -> tuple[str, ...]:
    """Give the Message-IDs that a notice gives to one message; none where it gives but one."""
    notice = content.notice
    if notice is None or notice.kind is NoticeKind.FEEDBACK:
        return ()
    ids = tuple(dict.fromkeys(notice.concerns))
    return ids if 1 < len(ids) <= MOST_IDS_OF_ONE else ()


def ref_of(message: UUID) -> str:
    """Name a message by its id, where it is not referred to by a Message-ID."""
    return Named(Names.MESSAGE, message).ref


def names_of(message: UUID, content: Content) -> tuple[str, ...]:
    """Give all under which others may name a message, or rest on it."""
    return (*own_ids(content), ref_of(message))


def speaking_in(facts: Facts, ours: Ours) -> Speaking:
    """Tell on whose word the tokens in a message stand."""
    content = facts.content
    return speaking(
        correspondents(content, ours),
        direction(content, ours, facts.roles),
        forged=is_forged(facts.traces, ours.servers),
    )
