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
