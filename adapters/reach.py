"""Which machines may be mail servers: who manages mailboxes must not make us reach just any.

The address that is connected to is the one that was judged: a name is resolved once. So a name
whose answers change leads nowhere else (DNS rebinding).
"""

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, TypeVar

Network = IPv4Network | IPv6Network
_Address = IPv4Address | IPv6Address
_Place = tuple[
    socket.AddressFamily, socket.SocketKind, int, str,
    tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes],
]  # fmt: skip
P = TypeVar("P", bound=asyncio.BaseProtocol)


def _networks(*texts: str) -> tuple[Network, ...]:
    return tuple(map(ip_network, texts))


LOOPBACK: Final = _networks("127.0.0.0/8", "::1/128")
NEVER: Final = _networks(
    # "This" host and network, multicast, reserved, of one link (RFC 6890; RFC 3927, RFC 4291 2.5.6).
    "0.0.0.0/8", "224.0.0.0/4", "240.0.0.0/4", "169.254.0.0/16", "::/128", "ff00::/8", "fe80::/10",
    # Where clouds tell their machines secrets, beside 169.254.169.254.
    "fd00:ec2::254/128", "100.100.100.200/32", "168.63.129.16/32",
)  # fmt: skip
"""Where no mail server is: networks of a link, of everybody, of a cloud's own services."""
_TRANSLATED: Final = IPv6Network("64:ff9b::/96")  # RFC 6052 2.1
_LONGEST_SAID: Final = 3


class OutOfReach(OSError):
    """A server's name leads where no mail server may be; the text says where and what to do."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What may be connected to: `allowed` goes before `refused`, and that before what is usual.

    This machine is within reach only where an account is written so (localhost, 127.0.0.1), and
    by no other name: an administrator may enter that, while the API refuses it.
    """

    allowed: tuple[Network, ...] = ()
    refused: tuple[Network, ...] = ()

    def may(self, host: str, address: str) -> bool:
        """Tell whether a server that is entered as `host` may be at an address."""
        here = _meant(ip_address(address.partition("%")[0]))
        if _within(here, self.allowed):
            return True
        if _within(here, LOOPBACK):
            return is_this_machine(host) and not _within(here, self.refused)
        return not _within(here, (*self.refused, *NEVER))

    def may_be_written(self, host: str) -> bool:
        """Tell whether an administrator may enter it; names are judged when they are resolved."""
        try:
            return self.may(host, host)
        except ValueError:
            return True

    def may_be_entered(self, host: str) -> bool:
        """Tell whether whoever manages mailboxes may enter it; names are judged when resolved."""
        if is_this_machine(host):
            return any(_overlap(one, self.allowed) for one in LOOPBACK)
        try:
            return self.may("", host)
        except ValueError:
            return True


USUAL: Final = Reach()


def is_this_machine(host: str) -> bool:
    """Tell whether a host is written as this machine: RFC 6761 6.3, or an address of loopback."""
    name = host.strip().rstrip(".").casefold()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return _within(_meant(ip_address(name)), LOOPBACK)
    except ValueError:
        return False


async def open_to(
    make: Callable[[], P], host: str, port: int, reach: Reach, context: ssl.SSLContext | None
) -> tuple[asyncio.Transport, P]:
    """Connect to a server within reach, with TLS if there is a context; OSError says why not."""
    found = await _connected(host, port, reach)
    return await asyncio.get_running_loop().create_connection(
        make, sock=found, ssl=context, server_hostname=host if context else None
    )


async def open_streams(
    host: str, port: int, reach: Reach
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect the same way, without TLS."""
    return await asyncio.open_connection(sock=await _connected(host, port, reach))


async def addresses_of(host: str, port: int, reach: Reach) -> list[str]:
    """Give the addresses of a name that are within reach; OSError says why there is none."""
    return list(dict.fromkeys(str(one[4][0]) for one in await _places(host, port, reach)))


async def _places(host: str, port: int, reach: Reach) -> Sequence[_Place]:
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    places = [one for one in found if reach.may(host, str(one[4][0]))]
    if not places:
        raise _out_of_reach(host, [str(one[4][0]) for one in found])
    return places


async def _connected(host: str, port: int, reach: Reach) -> socket.socket:
    """Try the addresses of a name that are within reach, one after the other."""
    loop = asyncio.get_running_loop()
    last: OSError | None = None
    for family, kind, protocol, _, address in await _places(host, port, reach):
        one = socket.socket(family, kind, protocol)
        one.settimeout(0)  # asyncio waits in its place
        try:
            await loop.sock_connect(one, address)
        except OSError as trouble:
            one.close()
            last = trouble
        except BaseException:
            one.close()
            raise
        else:
            return one
    raise last or OSError("it has no address")


def _out_of_reach(host: str, addresses: Iterable[str]) -> OutOfReach:
    named = list(dict.fromkeys(addresses))
    there = ", ".join(one for one in named[:_LONGEST_SAID] if one != host)
    return OutOfReach(
        f"{f'it is {there}: ' if there else ''}no mail server may be there, unless the"
        " administrator allows it by the setting mail_networks_allowed"
    )


def _meant(address: _Address) -> _Address:
    """Give the address that another one only wraps (RFC 4291 2.5.5.2, RFC 6052, RFC 3056)."""
    if isinstance(address, IPv4Address):
        return address
    if address in _TRANSLATED:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _within(address: _Address, networks: Iterable[Network]) -> bool:
    return any(address.version == one.version and address in one for one in networks)


def _overlap(network: Network, others: Iterable[Network]) -> bool:
    return any(isinstance(one, type(network)) and one.overlaps(network) for one in others)
