"""A second pair of eyes at the command line: a rule is said, a mail asked for, approved, and sent."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from commands import Instance
from dovecot import PASSWORD
from outgoing import office_of
from sendable import ANNA, FILES, INFO

LUCA = "luca@ditta.example"


@pytest.fixture(scope="module")
def office(
    instance: Instance, submission_server: Any, tmp_path_factory: pytest.TempPathFactory
) -> Instance:
    folder: Path = tmp_path_factory.mktemp("erp")
    for name, text in FILES.items():
        (folder / name).write_text(text)
    instance.done("import", "directory", folder)
    for who in (ANNA, LUCA):
        instance.done("mailbox", "share", INFO, "--with", who, "--role", "member")
    server = submission_server
    where = ("--host", "localhost", "--port", server.submission, "--security", "starttls")
    how = ("--ca-file", server.dovecot.authority, "--user", "user1", "--login", "password")
    instance.done("account", "sending", INFO, *where, *how, CARTEGGIO_ACCOUNT_PASSWORD=PASSWORD)
    return instance


def approved_over_the_api(office: Instance, id: str) -> None:
    """Let Luca approve it himself: whoever asks at the command line decides there for nobody."""
    from api.ids import decoded  # noqa: PLC0415
    from api.work.approvals import Deciding, decide  # noqa: PLC0415
    from api.work.sharing import colleague_at  # noqa: PLC0415
    from projections.reader import EVERYTHING  # noqa: PLC0415
    from sendable import on_behalf  # noqa: PLC0415

    with office_of(office) as seen:
        luca = colleague_at(seen.carteggio, LUCA)
        by = Deciding(luca, (f"col_{luca.hex}",), EVERYTHING)
        done = decide(seen.carteggio, decoded(id)[1], by, "", on_behalf(), approved=True)
        assert asyncio.run(done)


def mail(*more: str) -> tuple[str, ...]:
    return ("send", "--party", "C1", "--from", INFO, "--to", "ada@verdi.example", "--subject",
            "Offerta", "--text", "Ecco.", *more)  # fmt: skip


def test_a_mail_is_asked_for_approved_by_a_colleague_and_sent(office: Instance, tmp_path: Path):
    offer = tmp_path / "offer.pdf"
    offer.write_bytes(b"%PDF-1.7")
    office.done("approval", "rule", "--mailbox", INFO, "--approver", LUCA, "--reason", "offers")
    refused = office.run(*mail())
    assert (refused.code, "another colleague has to approve" in refused.err) == (1, True)
    (asked,) = office.asked(*mail("--attach", str(offer), "--ask", "please"))
    id = asked["approval"]
    (waits,) = office.asked("approval", "list", "--for", LUCA)
    assert (waits["id"], waits["note"], waits["may_decide"]) == (id, "please", [LUCA])
    assert office.asked("approval", "list", "--for", ANNA) == []
    assert '"offer.pdf"' in office.done("approval", "show", id).out
    assert "nobody has approved" in office.run("approval", "send", id).err
    for who in (ANNA, LUCA):
        no = office.run("approval", "approve", id, "--as", who)
        assert (no.code, "another colleague has to" in no.err) == (1, True)
    approved_over_the_api(office, id)
    assert "Queued as out_" in office.done("approval", "send", id).out
    (sent,) = office.asked("approval", "list", "--state", "sent")
    assert sent["id"] == id
    office.done("approval", "unrule", "--mailbox", INFO)


def test_rules_are_listed_until_they_end_and_one_that_is_not_there_is_told(
    office: Instance,
):
    office.done("approval", "rule", "--kind", "Invoice", "--role", "supervisor", "--people-only",
                "--since", "2999-01-01")  # fmt: skip
    (one,) = [x for x in office.asked("approval", "rules") if x["kind"] == "invoice"]
    assert (one["needed"], one["by"], one["programs"]) == (True, ["supervisor"], False)
    office.done("approval", "unrule", "--kind", "Invoice", "--reason", "enough")
    assert [x for x in office.asked("approval", "rules") if x["kind"] == "invoice"] == []
    was = [
        x["needed"] for x in office.asked("approval", "rules", "--all") if x["kind"] == "invoice"
    ]
    assert was == [True, None]
    gone = office.run("approval", "unrule", "--user", ANNA)
    assert (gone.code, "there is no such rule of approval" in gone.err) == (1, True)
    nowhere = office.run("approval", "approve", "apr_x", "--as", LUCA)
    assert (nowhere.code, "see: approval list" in nowhere.err) == (1, True)
