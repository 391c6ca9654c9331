"""Mail that left, or is to leave, as it is shown: by rows, or by its ids."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from api.graphql.delivered import deliveries_by_message
from api.graphql.deliverytypes import SentMail
from api.graphql.ids import Kind, encoded
from api.graphql.letters import message_objects
from api.graphql.mail import Message
from api.graphql.reading import Reading
from api.graphql.selection import Selection
from projections.delivered import sent_by_ids
from projections.deliveryrows import SentMailRow


async def sent_objects(
    read: Reading, ids: Collection[UUID], wanted: Selection
) -> dict[UUID, SentMail]:
    """Give mails by their ids, as far as the reader sees the mailboxes that they leave from."""
    return await made_sent(read, await sent_by_ids(*read.asked, ids), wanted)


async def made_sent(
    read: Reading, rows: Sequence[SentMailRow], wanted: Selection
) -> dict[UUID, SentMail]:
    """Make mails of rows; what nobody asks for is not read."""
    ids = [row.message for row in rows]
    mails: Mapping[UUID, Message] = {}
    if "message" in wanted:
        mails = await message_objects(read, ids, wanted["message"])
    became = await deliveries_by_message(read, ids, wanted.get("deliveries"), message_objects)
    return {
        row.mail: SentMail(
            id=encoded(Kind.MAIL, row.mail),
            message_id=encoded(Kind.MESSAGE, row.message),
            message=mails.get(row.message),
            mailbox_id=encoded(Kind.MAILBOX, row.mailbox),
            queued_at=row.at,
            subject=row.subject,
            is_certified=row.certified,
            deliveries=became.get(row.message, []),
        )
        for row in rows
    }
