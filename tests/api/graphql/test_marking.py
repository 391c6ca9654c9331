"""Commands: mail is marked and moved, here at once and then at the mail server."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from adapters.mime.worker import ReadingWorker
from api.work.accounts import Entered, configure
from api.work.instance import Carteggio
from boxes import BOX, NOW, Box, mail
from domain.access import Scope
from dovecot import MailAccount
from instances import events_of
from office import INFO, SALES, Asks, nodes

MARK = """mutation($input: MessageMarkInput!) { messageMark(input: $input) { position
  userErrors { code message path } messages { subject
    occurrences { folder seen flagged answered gone isPending } } } }"""
MOVE = """mutation($input: MessageMoveInput!) { messageMove(input: $input) { position
  userErrors { code message path } messages { subject
    occurrences { folder seen flagged answered gone isPending } } } }"""
NOBODY = "msg_" + "0" * 31 + "1"


@pytest.fixture
def box(carteggio: Carteggio, worker: ReadingWorker, mail_account: MailAccount) -> Box:
    found = Box(carteggio, worker, mail_account)
    mail_account.append(mail(1), mail(2), when=NOW)
    found.fetch()
    return found


@pytest.fixture
async def asks(box: Box) -> AsyncIterator[Asks]:
    async with box.carteggio.database.async_pool() as pool:
        yield Asks(box.carteggio, pool)


def order(command, *ids, **more):
    return {"commandId": command, "messageIds": list(ids), **more}


def place(folder, *, seen=False, flagged=False, answered=False, gone=False, pending=True):
    return {
        "folder": folder, "seen": seen, "flagged": flagged, "answered": answered, "gone": gone,
        "isPending": pending,
    }  # fmt: skip


async def _ids(asks):
    data = await asks("{ messages(first: 10) { edges { node { id subject } } } }")
    return {one["subject"]: one["id"] for one in nodes(data["messages"])}


async def _mailbox(asks, address=BOX):
    data = await asks("{ mailboxes { id address } }")
    return next(one["id"] for one in data["mailboxes"] if one["address"] == address)


async def test_marked_and_moved_mail_is_so_at_once_and_at_the_server_at_the_next_look(asks, box):
    ids = await _ids(asks)
    given = order("c-1", ids["1"], ids["2"], seen=True, flagged=True)
    done = (await asks(MARK, input=given))["messageMark"]
    assert done["userErrors"] == []
    assert [one["occurrences"] for one in done["messages"]] == [
        [place("INBOX", seen=True, flagged=True)]
    ] * 2
    assert (await asks(MARK, input=given))["messageMark"] == done
    moving = order("c-2", ids["2"], mailboxId=await _mailbox(asks), folder="Sent")
    moved = (await asks(MOVE, input=moving))["messageMove"]
    assert moved["messages"][0]["occurrences"] == [
        place("INBOX", seen=True, flagged=True, gone=True, pending=False),
        place("Sent", seen=True, flagged=True),
    ]
    await asyncio.to_thread(box.fetch)
    assert await asyncio.to_thread(box.on_server) == {"1": {"\\Seen", "\\Flagged"}}
    assert (await asks(MOVE, input=moving))["messageMove"]["position"] == moved["position"]
    back = order("c-3", ids["1"], seen=False)
    assert (await asks(MARK, input=back))["messageMark"]["messages"][0]["occurrences"] == [
        place("INBOX", flagged=True)
    ]
    assert len(events_of(box.carteggio, "message.marked")) == 3
    assert len(events_of(box.carteggio, "message.moved")) == 1
    await _is_audited(asks, ids["2"])


async def test_a_folder_whose_name_ends_in_a_space_is_moved_into(asks, box):
    def make(*folders: str) -> None:
        with box.account.login() as client:
            for one in folders:
                assert client.create(f'"{one}"')[0] == "OK"

    await asyncio.to_thread(make, "Sorted ")
    ids = await _ids(asks)
    moving = order("c-1", ids["2"], mailboxId=await _mailbox(asks), folder="Sorted ")
    assert (await asks(MOVE, input=moving))["messageMove"]["userErrors"] == []
    await asyncio.to_thread(box.fetch)
    assert (box.failed(), box.waiting()) == ([], 0)
    assert await asyncio.to_thread(box.on_server, "Sorted ") == {"2": set()}


async def _is_audited(asks, id):
    query = """query($f: AuditFilter) { auditLog(filter: $f) { edges { node { event summary commandId
      actor { kind } } } } }"""
    found = nodes((await asks(query, f={"subjectId": id}))["auditLog"])
    told = [(one["summary"], one["commandId"]) for one in found if one["commandId"]]
    assert told[-1] == ("marked in INBOX: +flagged +seen", "c-1")
    assert "moved from INBOX to Sent" in [one for one, _ in told]


async def test_what_no_server_can_do_is_said(own_ask):
    carteggio = own_ask.carteggio
    id = await own_ask.message("a2@acme.example")  # in both mailboxes, from a file
    info = await _mailbox(own_ask, INFO)
    found = (await own_ask(MARK, input=order("c-1", id, seen=True)))["messageMark"]
    assert [one["code"] for one in found["userErrors"]] == ["NO_ACCOUNT"]
    secret = "correct horse"
    configure(carteggio, Entered(INFO, "127.0.0.1", 9, "plain", "info", secret))
    configure(carteggio, Entered(SALES, "127.0.0.1", 9, "plain", "s", secret, protocol="pop3"))
    carteggio.feed.catch_up()
    both = {"NOT_ON_SERVER": info, "UNSUPPORTED": await _mailbox(own_ask, SALES)}
    for number, (code, mailbox) in enumerate(both.items()):
        given = order(f"m-{number}", id, seen=True, mailboxId=mailbox)
        assert await _codes(own_ask, MARK, given) == [code]
        given = order(f"v-{number}", id, folder="Sorted", mailboxId=mailbox)
        assert await _codes(own_ask, MOVE, given) == [code]
    assert events_of(carteggio, "message.marked") == []


async def _codes(ask, query, given, *sees):
    (payload,) = (await ask(query, *sees, input=given)).values()
    assert payload["position"] is None
    return [one["code"] for one in payload["userErrors"]]


async def test_who_does_not_see_a_mailbox_marks_nothing_there(own_ask):
    theirs = await own_ask.message("b2@rossi.example")
    both = await own_ask.message("a2@acme.example")
    sales = await _mailbox(own_ask, SALES)
    given = order("c-1", theirs, NOBODY, seen=True)
    assert await _codes(own_ask, MARK, given, INFO) == ["NOT_FOUND", "NOT_FOUND"]
    given = order("c-2", both, folder="Sorted", mailboxId=sales)
    assert await _codes(own_ask, MOVE, given, INFO) == ["NOT_FOUND"]
    read = frozenset({Scope.READ_MAIL, Scope.CLOSE_MAIL})
    given = order("c-3", both, seen=True)
    assert await own_ask.refusal(MARK, scopes=read, input=given) == "FORBIDDEN"


async def test_a_command_that_is_not_well_formed_is_refused_in_its_payload(ask):
    mailbox = await _mailbox(ask, INFO)
    for given in (
        order("c-1", NOBODY),
        order("c-1", NOBODY, seen=None),
        order("", NOBODY, seen=True),
        order("c-1", seen=True),
        order("c-1", NOBODY, seen=True, mailboxId=NOBODY),
        order("c-1", NOBODY, seen=True, folder="a\r\nb"),
    ):
        assert await _codes(ask, MARK, given) == ["INVALID"]
    for folder in ("", " ", "a\nb", "x" * 300):
        given = order("c-1", NOBODY, mailboxId=mailbox, folder=folder)
        assert await _codes(ask, MOVE, given) == ["INVALID"]
