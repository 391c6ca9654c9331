"""How lines of the log look and where they go; `adapters/logs.py` says what stands in them."""

from typing import Any, TextIO

import structlog
from structlog.typing import FilteringBoundLogger, Processor


def set_up(level: int, console: bool, stream: TextIO) -> None:  # noqa: FBT001  it was kept so
    """Write lines of this level and above to the octets below a stream."""
    structlog.configure(
        processors=[*_shared(), *_last(console, colors=stream.isatty()), _in_octets],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.BytesLoggerFactory(stream.buffer),
        cache_logger_on_first_use=True,
    )


def log(part: str) -> FilteringBoundLogger:
    """Give the log of one part of the program."""
    logger: FilteringBoundLogger = structlog.get_logger(part=part)
    return logger


def _shared() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _last(console: bool, *, colors: bool) -> list[Processor]:  # noqa: FBT001
    if console:
        # Never the frames' local variables: they hold mail.
        plain = structlog.dev.plain_traceback
        return [structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=plain)]
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(default=str)]


def _in_octets(_logger: object, _level: str, line: Any) -> Any:
    return str(line).encode("utf-8", "backslashreplace")
