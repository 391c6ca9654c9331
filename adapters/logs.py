"""The log: one line for each thing that an operator should know, on standard error.

The rule: no personal data. Ids, positions, counts, codes, durations, rule names and settings'
names may stand in a line; addresses, names, subjects, file names, Message-IDs, header values,
texts, and what a mail server said about one of them may not. A line that needs to point at a
message gives its id (a keyed digest), and whoever may read it finds it by that.
"""

import logging
import sys
from typing import TYPE_CHECKING, Final, Literal, TextIO

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}
_ASKED: Final[list[tuple[int, bool, TextIO]]] = []
"""How the log is to be, until somebody writes to it: most commands never do."""


def set_up_logs(
    level: str = "info",
    form: Literal["auto", "console", "json"] = "auto",
    to: TextIO | None = None,
) -> None:
    """Send the log where people look (a terminal) or where programs read (JSON lines).

    Our lines go to the octets below `to`, which any thread may write: Python before 3.11.10 does not
    survive two threads that write text to one stream under different locks (CPython issue 119506).
    """
    stream = to or sys.stderr
    _ASKED[:] = [
        (LEVELS[level], form == "console" or (form == "auto" and stream.isatty()), stream)
    ]
    _bring_libraries_along(stream)


def log(part: str) -> "FilteringBoundLogger":
    """Return the log of one part of the program: `log("feed").info("caught up", position=9)`."""
    from adapters import loglines  # noqa: PLC0415  what paints tracebacks comes with its library

    for asked in tuple(_ASKED):
        loglines.set_up(*asked)
    _ASKED.clear()
    return loglines.log(part)


def _bring_libraries_along(stream: TextIO) -> None:
    """Let libraries' warnings through, but not their chatter: theirs quotes what is sent."""
    logging.basicConfig(
        stream=stream,
        level=logging.WARNING,
        format="%(levelname)s %(name)s %(message)s",
        force=True,
    )
    logging.captureWarnings(capture=True)
    for wordy in ("aioimaplib", "aiosmtplib", "psycopg.pool", "urllib3"):
        logging.getLogger(wordy).setLevel(logging.ERROR)
    # It writes stack traces, also where the database is away; adapters/jobs.py says what fails.
    logging.getLogger("procrastinate").setLevel(logging.CRITICAL)
