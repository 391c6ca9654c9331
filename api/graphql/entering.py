"""What is entered for an account, put together with what is configured already."""

from dataclasses import dataclass
from typing import Final, Literal

import strawberry
from strawberry import ID, UNSET

from adapters.certificates import authorities_of
from api.graphql.accounts import AccountProtocol, AccountSecurity
from api.graphql.commands import COMMAND_ID
from api.graphql.paging import given, text
from api.work.accounts import PORTS, Account, Entered, Protocol, Security, host_named, password_of
from api.work.instance import Carteggio
from domain.account import refuse_pin
from domain.values import Rejected

_LONGEST: Final = 255
_MOST_FOLDERS: Final = 100
_MOST_PEM: Final = 65_536
_MOST_DAYS: Final = 3650


@strawberry.input(description="The account of a mailbox; what is left out stays as it is.")
class AccountConfigureInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    address: str = strawberry.field(description="The mailbox's address; a new one is added.")
    protocol: AccountProtocol | None = strawberry.field(default=UNSET, description="Else IMAP.")
    host: str | None = strawberry.field(default=UNSET, description="The mail server.")
    port: int | None = strawberry.field(default=UNSET, description="Else the usual one.")
    security: AccountSecurity | None = strawberry.field(default=UNSET, description="Else TLS.")
    user: str | None = strawberry.field(default=UNSET, description="Else the address.")
    password: str | None = strawberry.field(
        default=UNSET,
        description="Only taken, never given out. Needed where the server, the security or the "
        "user is another one: a password that is kept goes nowhere else.",
    )
    authorities: str | None = strawberry.field(
        default=UNSET,
        description="Certificates (PEM) of who alone may vouch for the server; null: whoever is "
        "known. As with `pin`, a change needs the password.",
    )
    pin: str | None = strawberry.field(
        default=UNSET,
        description="sha256:… of the one key that the server may have, as accountTest shows it; "
        "null: any that is vouched for.",
    )
    folders: list[str] | None = strawberry.field(
        default=UNSET, description="The folders to fetch; empty: INBOX and the sent mail."
    )
    delete_after_days: int | None = strawberry.field(
        default=UNSET, description="POP3: days until stored mail is deleted there; null: never."
    )
    check: bool = strawberry.field(
        default=True, description="Whether to log in once before anything is kept."
    )


@dataclass(frozen=True, slots=True)
class Wanted:
    """An account as it is to be; `secret`: with a new password; `tries`: it can be tried now."""

    entered: Entered
    secret: bool
    tries: bool


def wanted(carteggio: Carteggio, input: AccountConfigureInput, before: Account | None) -> Wanted:
    """Put together what is entered and what is configured, or say what is wrong or missing."""
    protocol, security = _ways(input, before)
    place = _place(input, before, protocol, security)
    there = before if before is not None and place == _place_of(before) else None
    trust = _trust(input, there)
    refuse_pin(trust[2], security)
    same = there is not None and trust == _trust_of(there)
    if there is None and not carteggio.reach.may_be_entered(place[0]):
        do = "the administrator may allow it by the setting mail_networks_allowed"
        raise Rejected("OUT_OF_REACH", f"host: no mail server may be at {place[0]}; {do}")
    if (
        before is not None
        and before.oauth is not None
        and not (same and not given(input.password))
    ):
        do = "its folders can be changed here, the rest only by: carteggio account add"
        raise Rejected("INVALID", f"this account is let in by consent, not by a password: {do}")
    password = given(input.password)
    kept = before if same else None
    entered = Entered(
        address=input.address.strip(),
        host=place[0],
        port=place[1],
        security=security,
        user=place[2],
        password=_password(carteggio, password, kept, _why(before, there)),
        ca_file=trust[0],
        authorities=trust[1],
        folders=_folders(input, before, protocol),
        protocol=protocol,
        delete_after_days=_days(input, before, protocol),
        oauth=kept.oauth if kept else None,
        pin=trust[2],
        sent=before.sent if before else "",
    )
    return Wanted(entered, secret=bool(password), tries=entered.oauth is None)


_Place = tuple[str, int, str, str, str]
"""Where a password goes: host, port, user, protocol and security."""


def _place_of(one: Account) -> _Place:
    return one.host, one.port, one.user, one.protocol, one.security


_Trust = tuple[str, str, str]
"""Which server is the right one: by a file, by certificates, by the pin of its key."""


def _trust_of(one: Account) -> _Trust:
    return one.ca_file, one.authorities, one.pin


def _trust(input: AccountConfigureInput, there: Account | None) -> _Trust:
    ca_file, authorities, pin = _trust_of(there) if there else ("", "", "")
    if input.authorities is not UNSET:
        ca_file, authorities = "", certificates(given(input.authorities) or "")
    if input.pin is not UNSET:
        pin = (given(input.pin) or "").strip()
    return ca_file, authorities, pin


def certificates(text: str) -> str:
    """Read certificates as they are entered; empty: none are."""
    if not text.strip():
        return ""
    try:
        if len(text) <= _MOST_PEM:
            return authorities_of(text)[0]
    except ValueError:
        pass
    sentence = f"authorities: certificates as PEM are needed, of {_MOST_PEM:,} characters at most"
    raise Rejected("INVALID", sentence)


def _ways(input: AccountConfigureInput, before: Account | None) -> tuple[Protocol, Security]:
    protocol, security = given(input.protocol), given(input.security)
    protocol_name = before.protocol if before else "imap"
    security_name = before.security if before else "tls"
    return (
        _protocol(str(protocol.value) if protocol else protocol_name),
        security_named(str(security.value) if security else security_name),
    )


def _protocol(name: str) -> Protocol:
    return "pop3" if name == "pop3" else "imap"


def security_named(name: str) -> Security:
    """Give a way to secure a connection by its name."""
    found: dict[str, Literal["tls", "starttls", "plain"]] = {
        "tls": "tls", "starttls": "starttls", "plain": "plain",
    }  # fmt: skip
    return found[name]


def _place(
    input: AccountConfigureInput, before: Account | None, protocol: Protocol, security: Security
) -> _Place:
    host = host_named(line("host", given(input.host) or (before.host if before else "")))
    user = line("user", given(input.user) or (before.user if before else input.address.strip()))
    same_way = before is not None and (protocol, security) == (before.protocol, before.security)
    port = given(input.port)
    if port is None:
        port = before.port if before and same_way else PORTS[protocol, security]
    if not 1 <= port <= 65535:
        raise Rejected("INVALID", f"port: from 1 to 65535, not {port}")
    return host, port, user, protocol, security


def line(name: str, value: str, *, bare: bool = True) -> str:
    """Give a text that can be said to a server in a line; `bare`: without spaces around it."""
    clean = text(value).strip() if bare else text(value)
    if not clean.strip():
        raise Rejected("INVALID", f"{name}: it is needed")
    if len(clean) > _LONGEST or not clean.isprintable():
        raise Rejected("INVALID", f"{name}: {_LONGEST} printable characters at most")
    return clean


def _why(before: Account | None, there: Account | None) -> str:
    """Say why the password that is kept cannot be taken, where it cannot."""
    if before is None:
        return "the account is a new one"
    if there is None:
        return "the server, its security or the user is another one"
    return "who vouches for the server changes: its authorities or its pin"


def _password(carteggio: Carteggio, password: str | None, kept: Account | None, why: str) -> str:
    if password:
        return password_line(password)
    if kept is None:
        raise Rejected("INVALID", f"password: it is needed, as {why}")
    return password_of(carteggio, kept.id)


def password_line(password: str) -> str:
    """Check a password as it is entered."""
    if any(one in password for one in "\r\n") or len(password.encode()) > 4_000:
        raise Rejected("INVALID", "password: one line, 4000 octets at most")
    return password


def _folders(
    input: AccountConfigureInput, before: Account | None, protocol: Protocol
) -> tuple[str, ...]:
    chosen = given(input.folders)
    if protocol == "pop3":
        if chosen:
            raise Rejected("INVALID", "folders: POP3 knows none")
        return ()
    if chosen is None:
        return before.folders if before else ()
    if len(chosen) > _MOST_FOLDERS:
        raise Rejected("INVALID", f"folders: {_MOST_FOLDERS} is the most")
    return tuple(line("folders", one, bare=False) for one in chosen)


def _days(input: AccountConfigureInput, before: Account | None, protocol: Protocol) -> int | None:
    if input.delete_after_days is UNSET:
        same = before is not None and before.protocol == protocol
        return before.delete_after_days if before and same else None
    days = input.delete_after_days
    if days is not None and protocol == "imap":
        raise Rejected("INVALID", "deleteAfterDays: IMAP deletes nothing; it is for POP3")
    if days is not None and not 0 <= days <= _MOST_DAYS:
        raise Rejected("INVALID", f"deleteAfterDays: from 0 to {_MOST_DAYS}")
    return days
