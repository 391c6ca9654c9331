"""What people can mend is said in a line; imported only where a command ends with an exception."""

from typing import Final

import psycopg

from adapters.blobs import BlobMissing, Damaged, StorageFull, StorageUnavailable
from adapters.database import DatabaseUnavailable
from adapters.home import HomeUnusable, NoInstance
from adapters.keyring import KeyDestroyed, NoKeys, RootKeyUnusable
from adapters.mailfiles import NoMail
from adapters.postgres_user import PostgresFailed
from adapters.recorder import UnsafeSetting
from adapters.settings import BadSettings
from api.compose import NoCompany
from api.work.directory import NoDirectory
from api.work.replay import Stopped
from domain.values import Rejected

_SAID: Final = (
    BadSettings,
    BlobMissing,
    Damaged,
    DatabaseUnavailable,
    HomeUnusable,
    KeyDestroyed,
    NoCompany,
    NoDirectory,
    NoInstance,
    NoKeys,
    NoMail,
    PostgresFailed,
    Rejected,
    RootKeyUnusable,
    StorageFull,
    StorageUnavailable,
    Stopped,
    UnsafeSetting,
)
_AGAIN: Final = "run the same command again when that is mended: it goes on where it stopped"


def said_of(trouble: Exception) -> str | None:
    """Say what is wrong and what to do; None where only a programmer can mend it."""
    if isinstance(trouble, _SAID):
        return str(trouble)
    if isinstance(trouble, psycopg.errors.DiskFull):
        return f"no room is left for the database; nothing was lost. {_AGAIN.capitalize()}"
    if isinstance(trouble, psycopg.OperationalError | psycopg.InterfaceError):
        reason = str(trouble).strip().splitlines()
        return f"the database stopped answering ({reason[0] if reason else 'closed'}); {_AGAIN}"
    return None
