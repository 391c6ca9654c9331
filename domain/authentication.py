"""What mail servers found out about who sent a mail (RFC 8601), and whose word is taken."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final, assert_never

from domain.classes import dataclass
from domain.exclusion import is_within
from domain.values import Rejected

FIELD: Final = "authentication-results"
FORGED: Final = ("dmarc", "fail")
"""The method and result that say so of From (DMARC, RFC 7489)."""
_NOT_SENT: Final = (("spf", "fail"), ("spf", "softfail"))
_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[^\s;="]+|[;=]')
_HOST: Final = re.compile(r"[a-z0-9_.\-]{1,253}", re.ASCII)
_MOST: Final = 50
"""So many results of one field are read."""


# ---- events


@dataclass(frozen=True, slots=True)
class ServerTrusted:
    """What a mail server of ours writes about senders is believed, also on mail that is here.

    `server` is its authserv-id (RFC 8601 2.5), in lower case: the first word of its fields.
    """

    server: str


@dataclass(frozen=True, slots=True)
class ServerDistrusted:
    """Its word counts no longer."""


AuthenticationEvent = ServerTrusted | ServerDistrusted


# ---- commands


@dataclass(frozen=True, slots=True)
class TrustServer:
    """Believe a server."""

    trusted: ServerTrusted


@dataclass(frozen=True, slots=True)
class DistrustServer:
    """Believe it no longer."""


AuthenticationCommand = TrustServer | DistrustServer


# ---- state


@dataclass(frozen=True, slots=True)
class Trust:
    """Whether a server is believed."""

    trusted: bool = False


initial = Trust()


def evolve(trust: Trust, event: object) -> Trust:
    """Give whether it is believed after an event."""
    match event:
        case ServerTrusted():
            return Trust(trusted=True)
        case ServerDistrusted():
            return initial
        case _:
            return trust


# ---- decisions


def decide(trust: Trust, command: AuthenticationCommand) -> list[AuthenticationEvent]:
    """Return what happens. An empty list means that it is so already."""
    match command:
        case TrustServer(trusted):
            return [] if trust.trusted else [trusted]
        case DistrustServer():
            if not trust.trusted:
                raise Rejected(
                    "NOT_FOUND",
                    "that server is not trusted; see which are (trust list, trustedServers)",
                )
            return [ServerDistrusted()]
        case _ as never:
            assert_never(never)


def server_of(text: str) -> str:
    """Read an authserv-id as people type it."""
    server = text.strip().casefold()
    if not _HOST.fullmatch(server):
        raise Rejected(
            "INVALID", f"{text!r} names no server; one looks like mx.firm.example, as it"
            " stands first in the Authentication-Results of your mail",
        )  # fmt: skip
    return server


# ---- what the fields say


@dataclass(frozen=True, slots=True)
class Result:
    """What one server found by one method: `about` holds what was examined (header.from=…)."""

    server: str
    method: str
    result: str
    about: str = ""


def results(value: str) -> Iterator[Result]:
    """Read one field, as tolerantly as it is written; what is no result is passed over."""
    parts = _parts(_TOKEN.findall(_without_comments(value)))
    server = "".join(next(parts, [])[:1]).casefold().strip('"')
    if not server:
        return
    for _, part in zip(range(_MOST), parts, strict=False):
        if len(part) < 3 or part[1] != "=":
            continue
        method, result = part[0].partition("/")[0].casefold(), part[2].casefold()
        about = " ".join("".join(part[3:][at : at + 3]) for at in range(0, len(part[3:]) - 2, 3))
        yield Result(server, method, result, about)


def is_forged(traces: Iterable[tuple[str, str]], trusted: Collection[str]) -> bool:
    """Tell whether a server of ours says that From is not who it claims to be (DMARC, RFC 7489).

    Whoever writes the name of our server himself can only harm his own mail by that.
    """
    return any(
        (one.method, one.result) == FORGED and one.server in trusted
        for name, value in traces
        if name == FIELD and trusted
        for one in results(value)
    )


def denied(
    traces: Iterable[tuple[str, str]], author: str, trusted: Collection[str]
) -> tuple[str, str] | None:
    """Give the method and result by which a server found that a domain did not send its mail.

    A failed DMARC by any server, unless one of ours vouches for it, as in `is_forged`; and a failed
    SPF by one of ours that found neither DMARC nor a signature of that domain (DKIM) to pass.
    """
    said = [list(results(value)) for name, value in traces if name == FIELD]
    known = [one for one in said if one and one[0].server in trusted]
    passed = any((one.method, one.result) == ("dmarc", "pass") for each in known for one in each)
    for each in known:
        if failed := _failed(each, author):
            return failed
    failing = any((one.method, one.result) == FORGED for each in said for one in each)
    return FORGED if failing and not passed else None


def _failed(said: Sequence[Result], author: str) -> tuple[str, str] | None:
    """Give what failed by the word of one server."""
    found = {(one.method, one.result) for one in said}
    if FORGED in found:
        return FORGED
    if ("dmarc", "pass") in found or any(_is_signed_by(one, author) for one in said):
        return None
    return next((one for one in _NOT_SENT if one in found), None)


def _is_signed_by(one: Result, author: str) -> bool:
    """Tell whether it is a good signature of a domain, or of one above or below it."""
    if (one.method, one.result) != ("dkim", "pass"):
        return False
    told = (each.partition("=") for each in one.about.casefold().split())
    by = [value.rpartition("@")[2] for name, _, value in told if name in ("header.d", "header.i")]
    return not by or any(is_within(each, author) or is_within(author, each) for each in by)


def first_of_each(traces: Iterable[tuple[str, str]]) -> Iterator[Result]:
    """Give the results of a copy; of fields by one server the topmost, which it wrote last."""
    seen: set[str] = set()
    for name, value in traces:
        found = list(results(value)) if name == FIELD else []
        if found and found[0].server not in seen:
            seen.add(found[0].server)
            yield from found


def _parts(tokens: Iterable[str]) -> Iterator[list[str]]:
    part: list[str] = []
    for one in tokens:
        if one == ";":
            yield part
            part = []
        else:
            part.append(one)
    yield part


def _without_comments(value: str) -> str:
    """Leave comments out (RFC 5322 3.2.2): they nest, and hold semicolons."""
    kept: list[str] = []
    depth, quoted = 0, False
    for at, letter in enumerate(value):
        escaped = at > 0 and value[at - 1] == "\\"
        if letter == '"' and not escaped and depth == 0:
            quoted = not quoted
        if letter == "(" and not quoted and not escaped:
            depth += 1
        if depth == 0:
            kept.append(letter)
        if letter == ")" and not quoted and not escaped and depth:
            depth -= 1
            kept.append(" ")
    return "".join(kept)
