"""Who follows what happens: he is let in anew all the time, and sees what he may see then."""

import time
from dataclasses import dataclass
from typing import Final

from api.security import Doorkeeper, Unknown, Viewer
from api.work.horizon import Horizon
from domain.values import Rejected

CHECK_S: Final = 2.0
"""So long who is shut out may go on."""


@dataclass
class Live:
    """One who follows: the header that shows his token, who lets him in, how far is told."""

    authorization: str | None
    doorkeeper: Doorkeeper
    horizon: Horizon
    checked_at: float = 0.0

    async def checked(self) -> Viewer | None:
        """Give who follows as he is now; None: he was looked at just now."""
        if time.monotonic() - self.checked_at < CHECK_S:
            return None
        try:
            viewer = await self.doorkeeper.viewer(self.authorization)
        except Unknown:
            raise Rejected("UNAUTHENTICATED", "the token is no longer valid") from None
        self.checked_at = time.monotonic()
        return viewer
