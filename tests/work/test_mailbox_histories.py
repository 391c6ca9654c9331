"""A few random histories of mailboxes; `benchmarks/proofs/mailbox_histories.py` lives hundreds."""

import random

import pytest

from adapters.mime.worker import ReadingWorker
from api.work.instance import Carteggio
from benchmarks.proofs.mailbox_histories import Tally, one_round
from benchmarks.proofs.mailboxes import Mailbox
from dovecot import Dovecot


@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_happens_to_a_mailbox_the_archive_is_complete(
    carteggio: Carteggio, worker: ReadingWorker, dovecot: Dovecot, seed: int
) -> None:
    box = Mailbox(dovecot.add_user(), "qresync", random.Random(seed))  # noqa: S311  no secret
    assert one_round(Tally(), carteggio, worker, box, steps=10) == []
