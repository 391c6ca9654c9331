"""No text of an event holds NUL where it is read."""

from collections.abc import Collection
from uuid import UUID

import pytest

from adapters.codec import Row, decode_many, encode
from adapters.nul import holds_nul, without_nul
from adapters.sealing import Key
from domain.approvalrules import ApprovalRuleWithdrawn, ApprovalScope
from domain.message import CloseReason, MessageClosed
from domain.values import Rejected
from events import NOON, envelope, stream

MAIL = stream("a mail")
KEY = Key(stream("a key"), MAIL, b"a key that guards nothing at all", "main")


class Held:
    def find(self, key_ids: Collection[UUID], /) -> dict[UUID, Key]:
        return {KEY.id: KEY} if KEY.id in key_ids else {}


@pytest.mark.parametrize(
    ("json", "read"),
    [
        (rb'"a\u0000b"', rb'"a\ufffdb"'),
        (rb'"\u0000\u0000"', rb'"\ufffd\ufffd"'),
        (rb'"\\u0000"', rb'"\\u0000"'),
        (rb'"\\\u0000\\u0000"', rb'"\\\ufffd\\u0000"'),
        (rb'"\u00000"', rb'"\ufffd0"'),
    ],
)
def test_nul_is_told_from_text_that_only_looks_like_it(json, read):
    assert (without_nul(json), holds_nul(json)) == (read, json != read)


def test_a_command_with_nul_is_refused_in_clear_and_in_personal_texts():
    clear = ApprovalRuleWithdrawn(ApprovalScope(kind="a\0b"), NOON)
    for event in (clear, MessageClosed(CloseReason.SPAM, "a\0b")):
        with pytest.raises(Rejected, match="NUL"):
            encode(event, envelope(command_id="c1"), MAIL, KEY)


def test_what_no_command_said_is_recorded_without_it():
    state = encode(MessageClosed(CloseReason.SPAM, "a\0b"), envelope(), MAIL, KEY)
    (found,) = decode_many([Row(1, NOON, MAIL, 1, "message.closed", state)], Held())
    assert found.event == MessageClosed(CloseReason.SPAM, "a\ufffdb")
