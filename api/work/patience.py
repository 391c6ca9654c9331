"""How long an account is left alone after trouble: longer each time, and by the kind of it."""

from collections.abc import Mapping
from typing import Final

import psycopg

from adapters.blobs import StorageFull, StorageUnavailable
from adapters.database import DatabaseUnavailable
from adapters.mailservers import TroubleKind

LATER: Final = (
    DatabaseUnavailable,
    StorageFull,
    StorageUnavailable,
    psycopg.OperationalError,
    psycopg.InterfaceError,
)
"""What is no server's fault: the work waits and tries again."""

_HOUR: Final = 3600.0
_USUAL: Final = (1.0, 300.0)
_PAUSES: Final[Mapping[str, tuple[float, float]]] = {
    # A few wrong passwords in a short time lock an account for its people too.
    TroubleKind.LOGIN_REFUSED: (300.0, 6 * _HOUR),
    TroubleKind.TLS: (60.0, _HOUR),
    TroubleKind.PROTOCOL: (30.0, _HOUR / 2),
    TroubleKind.TOO_MUCH_DATA: (30.0, _HOUR / 2),
    TroubleKind.REFUSED: (30.0, _HOUR / 2),
    "no_password": (300.0, 6 * _HOUR),
    "needs_consent": (300.0, 6 * _HOUR),
    "client_refused": (300.0, 6 * _HOUR),
}


def pause_after(kind: str, failures: int, lot: float) -> float:
    """Give the seconds to wait after so many failures in a row; `lot` lies between 0 and 1.

    The lot spreads accounts that failed together, as they do when a server goes down.
    """
    first, most = _PAUSES.get(kind, _USUAL)
    doubled = first * 2.0 ** min(max(failures, 1) - 1, 30)
    return min(doubled, most) * (0.75 + lot / 2)
