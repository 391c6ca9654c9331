"""Programs are told what happens: signed, in order, at least once, and none waits for another."""

import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from commands import Instance, ended
from domain.values import DocumentId, MailboxId, Rejected
from domain.webhook import PauseReason, WebhookChanged
from endpoint import Endpoint, listening
from events import envelope
from leaving import BOX, REPORT, Papers

if TYPE_CHECKING:
    from api.work.instance import Carteggio
    from api.work.webhooks import Saved, Standing

OTHER = MailboxId(UUID(int=2))


@pytest.fixture
def papers(carteggio: "Carteggio") -> Papers:
    papers = Papers(carteggio)
    papers.register()
    return papers


@pytest.fixture
def erp() -> Iterator[Endpoint]:
    with listening() as endpoint:
        yield endpoint


def hooked(papers: Papers, erp: Endpoint, name: str = "erp", **more: Any) -> "Saved":
    from api.work.webhooks import save  # noqa: PLC0415

    given = {"events": ("document.sent",), "mailboxes": None, "plain": False, **more}
    wanted = WebhookChanged(name=name, url=erp.address, **given)
    return save(papers.carteggio, wanted, envelope())


def now(papers: Papers, name: str = "erp") -> "Standing":
    from api.work.webhooks import named  # noqa: PLC0415

    return named(papers.carteggio, name)


async def delivered(papers: Papers) -> None:
    from api.work.delivering import Delivering  # noqa: PLC0415

    papers.caught_up()
    await Delivering(papers.carteggio).settle()


def let_time_pass(papers: Papers, days: float = 0) -> None:
    """Let every webhook be due, and what fails have failed for so long."""
    with papers.carteggio.database.pool.connection() as connection:
        connection.execute(
            "UPDATE webhook SET due = clock_timestamp(),"
            " failing_since = failing_since - %s * interval '1 day'",
            (days,),
        )


async def test_an_erp_is_told_by_its_own_key_what_was_sent_and_can_verify_it(
    papers: Papers, erp: Endpoint
) -> None:
    saved = hooked(papers, erp)
    mail = papers.send()
    await delivered(papers)
    (asked,) = erp.asked
    assert asked.is_signed_by(saved.secret)
    assert not asked.is_signed_by("whsec_" + "A" * 43 + "=")
    assert abs(int(asked.headers["webhook-timestamp"]) - datetime.now(UTC).timestamp()) < 60
    said = asked.said
    assert said["type"] == "document.sent"
    assert said["data"]["document"] == {
        "id": f"doc_{REPORT.hex}", "source": "erp", "erpId": "W77", "kind": "work_report",
        "number": "W-2026/118",
    }  # fmt: skip
    assert said["data"]["mail"] == f"out_{mail.hex}"
    assert said["data"]["recipients"] == 2
    assert int(said["data"]["position"]) <= papers.carteggio.journal.head()
    for secret in (b"Rapporto", b"anna@", b"Ecco"):
        assert secret not in asked.body


async def test_what_is_not_taken_is_told_again_under_the_same_id_and_in_order(
    papers: Papers, erp: Endpoint
) -> None:
    hooked(papers, erp)
    erp.answers = [500, 302, 200]
    papers.register(DocumentId(UUID(int=78)), "W-2026/119")
    papers.send(1)
    papers.send(2, DocumentId(UUID(int=78)))
    await delivered(papers)
    await delivered(papers)
    assert (len(erp.asked), now(papers).row.failures) == (1, 1)
    assert now(papers).row.due > datetime.now(UTC)
    let_time_pass(papers)
    await delivered(papers)
    let_time_pass(papers)
    await delivered(papers)
    assert erp.told() == ["W-2026/118"] * 3 + ["W-2026/119"]
    assert len(set(erp.ids)) == 2
    assert now(papers).row.failures == 0


async def test_one_that_is_gone_is_paused_and_told_the_rest_when_it_is_resumed(
    papers: Papers, erp: Endpoint
) -> None:
    from api.work.webhooks import resume  # noqa: PLC0415

    hooked(papers, erp)
    erp.answers = [410]
    papers.send(1)
    await delivered(papers)
    assert now(papers).paused is PauseReason.GONE
    papers.send(2)
    let_time_pass(papers)
    await delivered(papers)
    assert len(erp.asked) == 1
    resume(papers.carteggio, now(papers).id, envelope())
    await delivered(papers)
    assert len(set(erp.ids)) == 2
    assert now(papers).paused is None


async def test_one_that_takes_nothing_for_three_days_is_paused(
    papers: Papers, erp: Endpoint
) -> None:
    hooked(papers, erp)
    erp.answers = [500] * 3
    papers.send()
    await delivered(papers)
    let_time_pass(papers, 2.9)
    await delivered(papers)
    assert now(papers).paused is None
    let_time_pass(papers, 0.2)
    await delivered(papers)
    assert (len(erp.asked), now(papers).paused) == (3, PauseReason.FAILING)


async def test_a_bad_one_stops_no_other(papers: Papers, erp: Endpoint) -> None:
    hooked(papers, erp)
    with listening([500] * 9) as bad:
        hooked(papers, bad, "bad")
        nowhere = Endpoint("http://127.0.0.1:9/")
        hooked(papers, nowhere, "nowhere")
        papers.send()
        await delivered(papers)
    assert len(erp.asked) == 1
    assert now(papers, "bad").row.failures == now(papers, "nowhere").row.failures == 1


async def test_a_clouds_own_services_are_told_nothing_and_large_answers_are_not_read(
    papers: Papers, erp: Endpoint
) -> None:
    from api.work.delivering import tried  # noqa: PLC0415

    with pytest.raises(Rejected, match=r"nothing is told to 169\.254\.169\.254"):
        hooked(papers, Endpoint("http://169.254.169.254/"), plain=True)
    by_a_name = Endpoint("http://2852039166/")  # where it leads shows when it is told something
    hooked(papers, by_a_name, plain=True)
    answer = await tried(papers.carteggio, now(papers))
    assert (answer.status, answer.trouble) == (None, "out_of_reach")
    hooked(papers, erp)
    erp.body, erp.headers = b"x" * 5_000_000, {"Retry-After": "3600"}
    erp.answers = [503]
    answer = await tried(papers.carteggio, now(papers))
    assert (answer.status, answer.retry_after) == (503, 3600.0)


async def test_two_processes_tell_each_thing_once(papers: Papers, erp: Endpoint) -> None:
    import asyncio  # noqa: PLC0415

    from api.work.delivering import Delivering  # noqa: PLC0415

    hooked(papers, erp)
    for number in range(12):
        papers.send(number)
    papers.caught_up()
    await asyncio.gather(*(Delivering(papers.carteggio).settle() for _ in range(3)))
    assert len(erp.ids) == len(set(erp.ids)) == 12


async def test_what_was_told_is_told_once_more_when_it_is_ordered(
    papers: Papers, erp: Endpoint
) -> None:
    from api.work.webhooks import position_before, replay  # noqa: PLC0415

    hooked(papers, erp)
    begun = datetime.now(UTC) - timedelta(minutes=1)
    for number in range(3):
        papers.send(number)
    await delivered(papers)
    after = int(erp.asked[0].said["data"]["position"])
    replay(papers.carteggio, now(papers).id, after, envelope())
    await delivered(papers)
    assert erp.ids == erp.ids[:3] + erp.ids[1:3]
    replay(papers.carteggio, now(papers).id, position_before(papers.carteggio, begun), envelope())
    await delivered(papers)
    assert erp.ids[5:] == erp.ids[:3]


async def test_it_is_told_only_what_concerns_its_mailboxes_and_since_it_is_there(
    papers: Papers, erp: Endpoint
) -> None:
    papers.send(1)
    papers.caught_up()
    hooked(papers, erp, mailboxes=(OTHER,))
    papers.send(2, box=BOX)
    papers.send(3, box=OTHER)
    await delivered(papers)
    assert [one.said["data"]["mailbox"] for one in erp.asked] == [f"mbx_{OTHER.hex}"]


async def test_a_new_secret_and_the_former_one_both_verify_for_a_day(
    papers: Papers, erp: Endpoint
) -> None:
    from api.work.webhooks import draw_secret  # noqa: PLC0415

    former = hooked(papers, erp)
    newer = draw_secret(papers.carteggio, former.id, envelope())
    papers.send()
    await delivered(papers)
    (asked,) = erp.asked
    assert asked.is_signed_by(former.secret)
    assert asked.is_signed_by(newer.secret)
    assert former.secret != newer.secret


async def test_a_process_that_is_killed_leaves_it_to_the_next_under_the_same_id(
    papers: Papers, erp: Endpoint
) -> None:
    hooked(papers, erp)
    papers.send()
    papers.caught_up()
    erp.hangs = True
    worker = Instance(
        papers.carteggio.home.folder,
        environment={"CARTEGGIO_DATABASE_URL": papers.carteggio.database.dsn},
    ).start("work")
    assert erp.came.wait(60)
    ended(worker, signal.SIGKILL)
    erp.hangs = False
    await delivered(papers)
    assert len(erp.asked) == 1
    let_time_pass(papers)
    await delivered(papers)
    assert len(erp.asked) == 2
    assert len(set(erp.ids)) == 1
