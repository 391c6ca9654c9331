"""What a server's reply means: whom it concerns, this mail or all that goes the same way."""

import pytest

from domain.replies import Fate, Ground, Reply, fate_of


@pytest.mark.parametrize("reply", [
    Reply(451, "Try again later", "4.7.1"),
    Reply(451, "Greylisting in action, please come back in 00:05:00", "4.7.1"),
    Reply(450, "Greylisted: too many new senders", "4.7.0"),
    Reply(451, "the operation timed out", "4.7.24"),
    Reply(450, "this person gets mail too quickly", "4.2.1"),
    Reply(452, "too many recipients", "4.5.3"),
    Reply(452, "too many recipients"),
    Reply(450, "mailbox busy"),
    Reply(452, "Message size exceeds fixed limit"),
    Reply(452, "message too large, the limit is exceeded"),
    Reply(450, "the recipient's mailbox exceeds its quota limit"),
    Reply(451, "local error, to be sent separately"),
])  # fmt: skip
def test_what_is_said_of_one_mail_holds_no_other_back(reply: Reply) -> None:
    assert fate_of(reply) == (Fate.DEFERRED, Ground.LATER)


@pytest.mark.parametrize("reply", [
    Reply(421, "greylisted", "4.7.0"),
    Reply(432, "connections exceeded"),
    Reply(452, "later", "4.3.2"),
    Reply(451, "congested", "4.4.5"),
    Reply(451, "a flood", "4.7.28"),
    Reply(451, "later", "4.7.500"),
    Reply(451, "temporarily rate limited due to reputation", "4.7.650"),
    Reply(450, "too many messages from you"),
    Reply(450, "slow down", "4.7.1"),
    Reply(452, "the daily limit was exceeded", "4.7.0"),
    Reply(452, "you exceed the hourly sending limit"),
    Reply(451, "server busy"),
    Reply(452, "the queue size exceeds the limit"),
    Reply(450, "this mailbox exceeds its daily quota limit"),
])  # fmt: skip
def test_who_sends_too_much_is_told_to_rest_with_all_of_it(reply: Reply) -> None:
    assert fate_of(reply) == (Fate.DEFERRED, Ground.SLOW_DOWN)
