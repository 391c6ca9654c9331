"""Folders as people name them: which one is the inbox, which one holds what was sent."""

import re
from pathlib import Path

from domain.message import FolderRole

_WORD = re.compile(r"[^\W\d_]+")
# The names that Outlook, Thunderbird, Apple Mail and webmails give in it, de, fr, pl, en.
_SENT = frozenset(
    [
        "sent",
        "inviata",
        "inviati",
        "inviate",
        "inviato",
        "spedita",
        "spediti",
        "gesendet",
        "gesendete",
        "gesendeten",
        "envoyés",
        "envoyé",
        "envoyes",
        "wysłane",
        "wyslane",
        "enviados",
    ]
)
_INBOX = (
    "inbox",
    "posta in arrivo",
    "in arrivo",
    "posteingang",
    "boîte de réception",
    "boite de reception",
    "skrzynka odbiorcza",
    "odebrane",
    "ricevuta",
    "ricevuti",
)


def role_of(folder: str) -> FolderRole:
    """Tell what a folder is for by its name, where the server does not say (RFC 6154)."""
    name = re.split(r"[/\\.]", folder)[-1].casefold()
    if _SENT.intersection(_WORD.findall(name)):
        return FolderRole.SENT
    if folder.casefold() in _INBOX or name in _INBOX:
        return FolderRole.INBOX
    return FolderRole.OTHER


def folder_of_file(path: Path) -> str:
    """Name the folder that a mail file stands for: Sent if its name says so, else INBOX."""
    words = _WORD.findall(path.name.casefold())
    return "Sent" if _SENT.intersection(words) else "INBOX"
