"""Tags are given and taken away; case is no difference."""

import pytest

from domain import tagging
from domain.tagging import (
    MOST_TAGS,
    MessageTagged,
    MessageUntagged,
    TagMessage,
    Tags,
    UntagMessage,
)
from domain.values import Rejected

NONE = Tags(known=True)


def after(*events: object) -> Tags:
    tags = NONE
    for one in events:
        tags = tagging.evolve(tags, one)
    return tags


def test_a_tag_is_given_once_whatever_its_case_and_taken_away_as_it_was_written():
    assert tagging.decide(NONE, TagMessage("  Big  tender ")) == [
        MessageTagged(None, "Big tender")
    ]
    tagged = after(MessageTagged(None, "Big tender"))
    assert tagging.decide(tagged, TagMessage("BIG TENDER")) == []
    assert tagging.decide(tagged, UntagMessage("big tender")) == [MessageUntagged("Big tender")]
    gone = after(MessageTagged(None, "Big tender"), MessageUntagged("Big tender"))
    assert (gone, tagging.decide(gone, UntagMessage("big tender"))) == (NONE, [])


def test_marks_that_reorder_letters_are_no_part_of_a_tag_and_older_ones_are_taken_away():
    assert tagging.decide(NONE, TagMessage("\u202etender\u202c")) == [
        MessageTagged(None, "tender")
    ]
    assert tagging.decide(after(MessageTagged(None, "tender")), TagMessage("ten\u2066der")) == []
    older = after(MessageTagged(None, "\u202etender"))
    assert tagging.decide(older, UntagMessage("\u202etender")) == [MessageUntagged("\u202etender")]
    newer = after(MessageTagged(None, "tender"))
    assert tagging.decide(newer, UntagMessage("\u202etender")) == [MessageUntagged("tender")]


@pytest.mark.parametrize("tag", ["", "  ", "\u202e", "x" * 61])
def test_what_is_no_tag_is_refused(tag):
    with pytest.raises(Rejected, match="1 to 60 letters"):
        tagging.decide(NONE, TagMessage(tag))


def test_a_message_that_is_not_there_has_no_tags_and_none_has_too_many():
    with pytest.raises(Rejected, match="no such message"):
        tagging.decide(tagging.initial, TagMessage("x"))
    full = after(*(MessageTagged(None, str(one)) for one in range(MOST_TAGS)))
    with pytest.raises(Rejected, match="take one away"):
        tagging.decide(full, TagMessage("one more"))
