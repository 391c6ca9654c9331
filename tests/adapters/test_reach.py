"""Where a mail server may be, and that nothing else is ever connected to."""

import asyncio
import socket
from ipaddress import ip_network

import pytest

from adapters.imap.session import ImapSession
from adapters.imap.values import ImapAccount
from adapters.mailservers import ServerTrouble, TroubleKind
from adapters.pop3.session import Pop3Session
from adapters.pop3.values import Pop3Account
from adapters.reach import USUAL, Reach, is_this_machine

BAD = (
    "169.254.169.254", "169.254.0.1", "fe80::1", "fe80::1%eth0", "0.0.0.1", "::", "224.0.0.1",
    "255.255.255.255", "ff02::1", "fd00:ec2::254", "100.100.100.200", "168.63.129.16",
    "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1",
)  # fmt: skip
HERE = ("127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1")
GOOD = ("192.0.2.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "2001:db8::1", "fd12::1")


@pytest.mark.parametrize("address", BAD)
def test_a_link_a_cloud_or_everybody_is_no_mail_server(address: str):
    assert not USUAL.may("mail.firm.example", address)
    assert not USUAL.may(address, address)
    assert not USUAL.may_be_entered(address)


@pytest.mark.parametrize("address", HERE)
def test_this_machine_is_one_where_it_is_written_so_but_not_over_the_api(address: str):
    assert USUAL.may("localhost", address)
    assert USUAL.may("127.0.0.1", address)
    assert not USUAL.may("mail.firm.example", address)
    assert not USUAL.may("127.1", address)
    assert not USUAL.may_be_entered(address)


@pytest.mark.parametrize("address", GOOD)
def test_other_machines_are_also_those_of_the_office(address: str):
    assert USUAL.may("mail.firm.example", address)
    assert USUAL.may_be_entered(address)


def test_what_is_written_as_this_machine_is_told_from_other_names():
    ours = ("localhost", "LOCALHOST.", "mail.localhost", "127.0.0.1", "::1", "127.9.9.9")
    others = ("127.1", "2130706433", "localhost.firm.example", "mylocalhost", "", "0x7f.1")
    assert all(map(is_this_machine, ours))
    assert not any(map(is_this_machine, others))


def test_what_the_administrator_says_goes_first():
    reach = Reach(
        (ip_network("10.0.0.9/32"), ip_network("127.0.0.0/8")), (ip_network("10.0.0.0/8"),)
    )
    assert reach.may("mail.firm.example", "10.0.0.9")
    assert not reach.may("mail.firm.example", "10.0.0.8")
    assert reach.may("127.1", "127.0.0.1")
    assert reach.may_be_entered("localhost")
    assert not reach.may("mail.firm.example", "169.254.169.254")


@pytest.mark.parametrize("host", ["127.1", "2130706433"])
async def test_a_name_that_leads_to_this_machine_is_never_connected_to(host: str):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        port = server.getsockname()[1]
        for session in (
            ImapSession(ImapAccount(host, port, "plain", "anna", "secret")),
            Pop3Session(Pop3Account(host, port, "plain", "anna", "secret")),
        ):
            with pytest.raises(ServerTrouble, match="no mail server may be there") as told:
                await session.__aenter__()
            assert told.value.kind is TroubleKind.UNREACHABLE
            assert "127.0.0.1" in told.value.sentence
        await asyncio.sleep(0)
        with pytest.raises(BlockingIOError):
            server.accept()
