"""Folders of three sorts of namespaces (RFC 2342), and what they are for (RFC 6154)."""

from collections.abc import Iterator

import pytest

from adapters.imap.session import ImapSession
from adapters.imap.values import ImapAccount, Limits, Namespace, RemoteFolder, Role
from dovecot import Dovecot, MailAccount, running
from speaking import POLITE, speaking, text

QUICK = Limits(connect=10, command=10, fetch=10)
SHARING = r"""
mail_plugins = acl
protocol imap {
  mail_plugins = acl imap_acl
}
plugin {
  acl = vfile
  acl_shared_dict = file:%h/../../shares
}
namespace others {
  type = shared
  separator = /
  prefix = shared/%%u/
  location = maildir:%%h/mail
  subscriptions = no
  list = children
}
namespace everybody {
  type = public
  separator = /
  prefix = Public/
  location = maildir:%h/../../public
  subscriptions = no
  list = children
  mailbox Gesendet {
    special_use = \Sent
  }
}
"""


@pytest.fixture(scope="module")
def sharing() -> Iterator[Dovecot]:
    """Run a server on which people share folders, and which has one for everybody."""
    with running(SHARING) as server:
        (server.root / "public").mkdir()
        for name in ("Support", "Gesendet"):
            folder = server.root / "public" / f".{name}"
            parts = [folder, *(folder / x for x in ("cur", "new", "tmp"))]
            for one in parts:
                one.mkdir()
            (folder / "dovecot-acl").write_text("authenticated lrs\n")
            server.own(*parts, folder / "dovecot-acl")
        server.own(server.root / "public")
        yield server


def share(owner: MailAccount, folder: str, reader: MailAccount) -> None:
    """Let somebody read a folder."""
    with owner.login() as client:
        client.create(folder)
        assert client.setacl(folder, reader.user, "lrs")[0] == "OK"


async def folders(account: ImapAccount) -> dict[str, RemoteFolder]:
    async with ImapSession(account, QUICK) as session:
        return {one.name: one for one in await session.folders()}


def imap(user: MailAccount) -> ImapAccount:
    return ImapAccount(user.server.host, user.server.imap, "plain", user.user, user.password)


async def test_folders_of_everybody_are_listed_apart_and_their_sent_mail_is_not_ours(sharing):
    found = await folders(imap(sharing.add_user()))
    assert {name: one.namespace for name, one in found.items()} == {
        "INBOX": Namespace.PERSONAL,
        "Sent": Namespace.PERSONAL,
        "Public/Support": Namespace.SHARED,
        "Public/Gesendet": Namespace.SHARED,
    }
    assert found["Sent"].uses == ("sent",)
    assert found["Public/Gesendet"].role is Role.SENT
    assert found["Public/Support"].role is Role.OTHER


async def test_a_folder_that_another_person_shares_is_listed_as_hers_and_its_mail_is_fetched(
    sharing,
):
    owner, reader = sharing.add_user(), sharing.add_user()
    share(owner, "Team", reader)
    owner.append(b"Subject: x\r\n\r\ntext\r\n", folder="Team")
    name = f"shared/{owner.user}/Team"
    async with ImapSession(imap(reader), QUICK) as session:
        found = {one.name: one for one in await session.folders()}
        assert found[name].namespace is Namespace.OTHERS
        await session.select(found[name])
        assert len(await session.uids_with_sizes()) == 1


async def test_mail_in_a_folder_for_everybody_is_fetched(sharing):
    raw = b"Subject: x\r\n\r\ntext\r\n"
    mail = sharing.root / "public" / ".Support" / "cur" / "1772442000.M1.test:2,"
    mail.write_bytes(raw)
    sharing.own(mail)
    async with ImapSession(imap(sharing.add_user()), QUICK) as session:
        found = {one.name: one for one in await session.folders()}
        await session.select(found["Public/Support"])
        new = await session.uids_with_sizes()
        items = [one async for some in session.fetch(new) for one in some]
    assert [getattr(one, "raw", None) for one in items] == [raw]


async def test_folders_that_a_plain_list_leaves_out_are_asked_for_by_their_prefix():
    told = {
        "CAPABILITY": text(b"* CAPABILITY IMAP4rev1 NAMESPACE\r\nTAG OK\r\n"),
        "NAMESPACE": text(
            b'* NAMESPACE (("" "/")) (("~" "/")) (("#shared/" "/") ("#news." "."))\r\nTAG OK\r\n'
        ),
        "LIST": text(
            b'* LIST () "/" INBOX\r\n* LIST () "/" Inviati\r\n'
            b'* LIST () "/" "~anna/INBOX"\r\n* LIST () "/" "#shared/Sent"\r\nTAG OK\r\n'
        ),
    }
    heard: list[bytes] = []
    async with speaking(POLITE | told, heard=heard) as port:
        found = await folders(ImapAccount("127.0.0.1", port, "plain", "anna", "secret"))
    assert [line.partition(b" ")[2] for line in heard if b"LIST" in line] == [
        b'LIST "" "*"\r\n',
        b'LIST "" "#news.*"\r\n',
    ]
    assert {name: (one.namespace.value, one.role.value) for name, one in found.items()} == {
        "INBOX": ("personal", "inbox"),
        "Inviati": ("personal", "sent"),
        "~anna/INBOX": ("others", "other"),
        "#shared/Sent": ("shared", "sent"),
    }


@pytest.mark.parametrize(
    "told",
    [
        b"* NAMESPACE NIL NIL NIL\r\n",
        b"* NAMESPACE\r\n",
        b'* NAMESPACE ("x") "y" (("" "/"))\r\n',
        b"",
    ],
)
async def test_an_odd_namespace_leaves_all_folders_ours(told):
    odd = {
        "CAPABILITY": text(b"* CAPABILITY IMAP4rev1 NAMESPACE\r\nTAG OK\r\n"),
        "NAMESPACE": text(told + b"TAG OK\r\n"),
    }
    async with speaking(POLITE | odd) as port:
        found = await folders(ImapAccount("127.0.0.1", port, "plain", "anna", "secret"))
    assert {one.namespace for one in found.values()} == {Namespace.PERSONAL}


@pytest.mark.parametrize(
    ("said", "there"),
    [
        (b"TAG NO [NONEXISTENT] no such mailbox\r\n", False),
        (b"TAG NO no\r\n", False),
        (b"TAG NO [UNAVAILABLE] later\r\n", True),
        (b"TAG NO [NOPERM] not yours\r\n", True),
    ],
)
async def test_a_folder_that_cannot_be_told_now_is_not_taken_for_one_that_is_gone(said, there):
    async with speaking(POLITE | {"STATUS": text(said)}) as port:
        account = ImapAccount("127.0.0.1", port, "plain", "anna", "secret")
        async with ImapSession(account, QUICK) as session:
            folder = (await session.folders())[0]
            assert (folder.wire in await session.states([folder])) is there
