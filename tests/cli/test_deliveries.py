"""What became of mail that left, at the command line."""

import asyncio
import json
from collections.abc import Callable

import pytest
from typer.testing import CliRunner, Result

from benchmarks.receiptmaker import Reported, bounce
from domain.values import Rejected
from posting import ANNA, BEPPE, CARLA, ORDER, Posting, later

Ask = Callable[..., Result]


@pytest.fixture
def ask(posting: Posting, logs_restored) -> Ask:
    from api.cli.main import app  # noqa: PLC0415

    dsn = posting.carteggio.database.dsn
    runner = CliRunner(env={"CARTEGGIO_DATABASE_URL": dsn, "COLUMNS": "200"})
    home = str(posting.carteggio.home.folder)
    return lambda *words: runner.invoke(app, ["--home", home, "deliveries", *words])


def test_each_recipient_is_told_with_his_state_and_what_was_said(
    posting: Posting, ask: Ask
) -> None:
    sent = posting.queue()
    asyncio.run(posting.send())
    posting.queue(2)
    posting.capture(bounce(sent, [Reported(BEPPE)], at=later(1)), at=later(1))
    lines = [json.loads(one) for one in ask("--failed", "--json").stdout.splitlines()]
    assert [(one["recipient"], one["state"], one["code"]) for one in lines] == [
        (ANNA, "accepted", 250),
        (BEPPE, "bounced", 550),
        (CARLA, "accepted", 250),
    ]
    assert lines[1]["proof"]
    shown = ask("--message", str(posting.message(sent))).stdout
    assert "bounced" in shown
    assert "550 5.1.1 No such user here" in shown
    assert len(ask("--json").stdout.splitlines()) == 6
    (gone,) = [json.loads(one) for one in ask("--undeliverable", "--json").stdout.splitlines()]
    assert (gone["address"], gone["status"], gone["sure"]) == (BEPPE, "5.1.1", False)
    assert BEPPE in ask("--undeliverable").stdout


def test_who_asks_for_two_things_or_for_nothing_known_is_told_so(ask: Ask) -> None:
    for words, sentence in (
        (("--document", "118", "--message", str(ORDER)), "give one of --document, --party"),
        (("--message", "x"), "'x' is no id of a message"),
        (("--document", "118"), "no document has the id or number"),
    ):
        refused = ask(*words).exception
        assert isinstance(refused, Rejected)
        assert sentence in refused.sentence
