"""Where the dialogue with a mail server is cut, and how: each cut strikes one mail, once."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle
from random import Random
from typing import Final

CONNECTING: Final = ("connect", "banner", "EHLO", "STARTTLS", "AUTH", "EHLO again")
"""Before it is known which mail it is about."""
NAMING: Final = ("MAIL", "RCPT 1", "RCPT 2", "RCPT 3", "DATA")
INSIDE: Final = tuple(f"octet {at}" for at in (1, 2, 40, 200, 1_000, 20_000, 59_999))
ENDING: Final = ("the last word", "afterwards")
PHASES: Final = (*CONNECTING, *NAMING, *INSIDE, *ENDING)

KILLS: Final = ("kill", "kill +0", "kill +3", "kill +15", "kill +60")
"""Before the server answers, or so many milliseconds after it has."""
FILED: Final = "kill when filed"
"""When the copy that was put into the folder of sent mail lies there."""
LOSSES: Final = ("drop", "stall", "half a reply")
SAYINGS: Final = {
    "421": b"421 4.3.2 closing\r\n",
    "451": b"451 4.3.0 later\r\n",
    "452": b"452 4.2.2 full\r\n",
    "554": b"554 5.7.1 no\r\n",
    "550": b"550 5.1.1 nobody\r\n",
    "no reply at all": b"banana\r\n",
    "octets": b"\x00\xff\xfe\r\n",
    "two replies": b"250 ok\r\n250 ok\r\n",
    "354 out of place": b"354 go on\r\n",
    "250 out of place": b"250 2.0.0 Ok\r\n",
    "endless": b"250-and\r\n" * 3_000,
    "999": b"999 what\r\n",
}
ACCEPTING: Final = ("two replies", "250 out of place")
"""Said before the end of a mail it looks like its acceptance, and is kept."""
_ASKED_FOR: Final = ("MAIL", "RCPT 1", "RCPT 2", "RCPT 3", "EHLO", "EHLO again", "the last word")
_WITHOUT: Final = {
    "connect": (*SAYINGS, *LOSSES[2:], *KILLS[1:]),
    "DATA": ("354 out of place",),
    **dict.fromkeys(_ASKED_FOR, ("250 out of place",)),
}
"""What would be no cut, or cannot be."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A phase, what happens there, for how many recipients; `taken`: the server has the mail."""

    phase: str
    how: str
    recipients: int
    taken: bool = False

    @property
    def kills(self) -> bool:
        """Say whether the process that sends dies."""
        return self.how.startswith("kill")

    @property
    def leaves_unclear(self) -> bool:
        """Say whether the content may have been offered: else nobody can be uncertain by this."""
        return self.phase in (*INSIDE, *ENDING) or (self.phase == "DATA" and self.kills)


def _every() -> Iterator[tuple[str, str, bool]]:
    """Give what can be combined: no polite answer, and no lie about whether the mail was taken."""
    for phase in PHASES:
        for how in (*LOSSES, *SAYINGS, *KILLS):
            if how in _WITHOUT.get(phase, ()) or (phase in INSIDE and how.startswith("kill +")):
                continue
            for taken in _taken(phase, how):
                yield phase, how, taken
    for _ in range(12):
        yield "afterwards", FILED, True


def _taken(phase: str, how: str) -> tuple[bool, ...]:
    """Say whether the server has the mail by then; at its last word it may be either."""
    if phase != "the last word":
        return (phase == "afterwards",)
    if how.startswith("kill +") or how == "two replies":
        return (True,)
    return (False,) if how.isdecimal() and how != "999" else (False, True)


def drawn(points: int, chance: Random) -> list[Cut]:
    """Draw so many cuts: each combination as often as the others, killing ones among them."""
    every = list(_every())
    chance.shuffle(every)
    counts = cycle((1, 2, 3))
    found: list[Cut] = []
    for phase, how, taken in cycle(every):
        recipients = next(counts)
        if phase.startswith("RCPT"):
            recipients = max(recipients, int(phase[-1]))
        found.append(Cut(phase, how, recipients, taken))
        if len(found) == points:
            return found
    return found
