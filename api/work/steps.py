"""A step on the way to a mail server: how it went, and what a certificate there is worth."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from adapters.certificates import Certificate, Doubt

_SOON: Final = timedelta(days=14)


class State(StrEnum):
    """How a step went."""

    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"
    NOT_REACHED = "not reached"


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what the server said of it, or what was found, in words and for programs."""

    name: str
    state: State
    said: str
    seconds: float = 0.0
    found: Mapping[str, object] = field(default_factory=dict)


def secured(version: str, certificate: Certificate | None) -> Step:
    if certificate is None:
        return Step("TLS", State.GOOD, version, found={"version": version})
    soon = certificate.valid_until - datetime.now(UTC) < _SOON
    said = f"{version}; {described(certificate)}" + (": that is soon" if soon else "")
    found = {"version": version} | certificate_facts(certificate)
    return Step("TLS", State.WARNING if soon else State.GOOD, said, found=found)


def described(one: Certificate) -> str:
    return f"certificate for {', '.join(one.names)} by {one.issuer}, valid until {one.valid_until:%Y-%m-%d}"


def misnamed(one: Certificate) -> str:
    """Say why a name that a person sees in it does not count (RFC 9525 6.3, 3)."""
    if one.unnamed:
        return ": it has none but its subject (CN), which does not count"
    wide = [name for name in one.names if "*" in name]
    return f": {', '.join(wide)} is too wide, or stands for one label only" if wide else ""


def offered(one: Certificate, doubt: Doubt) -> str:
    """Say how exactly this key is trusted; the owner of the server knows whether it is right."""
    if not one.pin:
        return ""
    if doubt is Doubt.OTHER_KEY:
        ask = "ask whoever runs the server whether its key was changed"
        return f"; {ask}, and only if it was to this one trust it by its pin {one.pin}"
    return f"; if you know that it is the right one, trust exactly its key by its pin {one.pin}"


def certificate_facts(one: Certificate | None) -> dict[str, object]:
    if one is None:
        return {}
    facts = ("names", "issuer", "valid_until", "pin")
    return {name: getattr(one, name) for name in facts}
