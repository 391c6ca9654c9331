"""The words of consent: the client, what is granted to it, and the trouble."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final

from adapters.reach import Reach

USED_UP: Final = 0.8
"""A token of whose time so much is over is renewed before it is used."""


class OAuthTroubleKind(StrEnum):
    """What kind of trouble: it decides what is done next."""

    CONSENT = "needs consent"
    """Only a person can go on: consent was withdrawn, has run out, or was refused."""
    CLIENT = "client refused"
    """Our client, its secret or what it asks for is not right: the operator's business."""
    LATER = "later"
    """The provider cannot answer now."""


class OAuthTrouble(Exception):
    """Access is not granted: the kind and code for programs, the sentence for people."""

    def __init__(self, kind: OAuthTroubleKind, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.kind = kind
        self.code = code
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Client:
    """Who we are to a provider, and where its doors are; an empty door is not there."""

    id: str
    secret: str = field(repr=False)
    scopes: tuple[str, ...]
    token: str
    device: str = ""
    authorize: str = ""
    redirect: str = "http://127.0.0.1:{port}"
    """Where the browser comes back to: a port of this machine (RFC 8252 7.3)."""
    more: tuple[tuple[str, str], ...] = ()
    """What this provider wants to be told further when a browser is sent to it."""
    basic: bool = False
    """Whether the secret goes into a header (RFC 6749 2.3.1) and not into the form."""
    ca_file: Path | str | None = None
    """Who vouches for the provider's servers: a file, or the certificates themselves (PEM)."""
    reach: Reach | None = None
    """Where its doors may be; None: they are those of a provider we know."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a provider grants: `access` for a while, and `refresh` for the next one."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    granted_at: datetime
    lasting: timedelta
    ends_at: datetime | None = None
    """When consent runs out, where the provider tells it."""

    def is_fresh(self, now: datetime) -> bool:
        """Say whether the token may still be used without asking for a new one."""
        return now < self.granted_at + USED_UP * self.lasting


@dataclass(frozen=True, slots=True)
class Device:
    """What a person enters on another device, and where (RFC 8628 3.2)."""

    code: str = field(repr=False)
    shown: str
    page: str
    page_with_code: str
    interval: float
    lasting: float
