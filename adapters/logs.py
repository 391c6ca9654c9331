"""The log: one line for each thing that an operator should know, on standard error.

The rule: no personal data. Ids, positions, counts, codes, durations, rule names and settings'
names may stand in a line; addresses, names, subjects, file names, Message-IDs, header values,
texts, and what a mail server said about one of them may not. A line that needs to point at a
message gives its id (a keyed digest), and whoever may read it finds it by that.
"""

import logging
import sys
from typing import Any, Literal, TextIO

import structlog
from structlog.typing import FilteringBoundLogger, Processor

LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}


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
    console = form == "console" or (form == "auto" and stream.isatty())
    structlog.configure(
        processors=[
            *_shared(),
            *_last(console=console, colors=console and stream.isatty()),
            _in_octets,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.BytesLoggerFactory(stream.buffer),
        cache_logger_on_first_use=True,
    )
    _bring_libraries_along(stream)


def log(part: str) -> FilteringBoundLogger:
    """Return the log of one part of the program: `log("feed").info("caught up", position=9)`."""
    logger: FilteringBoundLogger = structlog.get_logger(part=part)
    return logger


def _shared() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _last(*, console: bool, colors: bool) -> list[Processor]:
    if console:
        # Never the frames' local variables: they hold mail.
        plain = structlog.dev.plain_traceback
        return [structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=plain)]
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(default=str)]


def _in_octets(_logger: object, _level: str, line: Any) -> Any:
    return str(line).encode("utf-8", "backslashreplace")


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
