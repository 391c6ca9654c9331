"""Cut what a POP3 server sends into answers, without recursion and without looking twice."""

from dataclasses import dataclass

from adapters.mailservers import ServerTrouble, TroubleKind, words

_END = b"\r\n.\r\n"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server answered: +OK, -ERR, or + when it wants more; the body of a long answer."""

    status: bytes
    text: bytes
    body: bytes = b""

    @property
    def ok(self) -> bool:
        """Say whether it was done."""
        return self.status == b"+OK"

    @property
    def asks(self) -> bool:
        """Say whether the server waits for the rest of a login (RFC 5034)."""
        return self.status == b"+"


class Reader:
    """Fed with what arrives; gives one answer after the other; refuses what has no measure."""

    def __init__(self, line: int) -> None:
        self._line = line
        self._held = bytearray()
        self._searched = 0
        self._begun: Answer | None = None
        """The status line of a long answer whose body is being read."""

    @property
    def pending(self) -> bool:
        """Say whether something has come that is not yet a whole answer."""
        return bool(self._held)

    def feed(self, data: bytes) -> None:
        """Take what arrived."""
        self._held += data

    def next(self, *, long: bool, allowed: int) -> Answer | None:
        """Give the next answer if all of it is there; a long one has a body of `allowed` octets."""
        if self._begun is None:
            if (answer := self._status()) is None:
                return None
            if not (long and answer.ok):
                del self._held[:2]
                return answer
            self._begun = answer
        return self._with_body(self._begun, allowed)

    def _status(self) -> Answer | None:
        """Read a status line, and leave its line end: a body may end right after it."""
        end = self._held.find(b"\r\n", self._searched, self._line + 2)
        if end < 0:
            if len(self._held) > self._line:
                raise _beyond(f"a line of more than {self._line} octets")
            self._searched = max(len(self._held) - 1, 0)
            return None
        line = bytes(self._held[:end])
        status, _, text = line.partition(b" ")
        if status.upper() not in (b"+OK", b"-ERR", b"+"):
            said = words(line)
            raise ServerTrouble(
                TroubleKind.PROTOCOL, f"the server says what no POP3 server says: {said}"
            )
        del self._held[:end]
        self._searched = 0
        return Answer(status.upper(), text)

    def _with_body(self, begun: Answer, allowed: int) -> Answer | None:
        end = self._held.find(_END, self._searched)
        if (len(self._held) if end < 0 else end) > allowed:
            raise _beyond(f"more than {allowed} octets in one answer")
        if end < 0:
            self._searched = max(len(self._held) - len(_END) + 1, 0)
            return None
        with memoryview(self._held) as view:
            body = bytes(view[2 : end + 2])
        del self._held[: end + len(_END)]
        self._searched, self._begun = 0, None
        return Answer(begun.status, begun.text, _unstuffed(body))


def _unstuffed(body: bytes) -> bytes:
    """Take off the dot that the server put before each line that begins with one (RFC 1939 3).

    A line ends with CRLF and nothing else: a lone LF before a dot belongs to the message.
    """
    return body.removeprefix(b".").replace(b"\r\n.", b"\r\n")


def _beyond(what: str) -> ServerTrouble:
    return ServerTrouble(TroubleKind.TOO_MUCH_DATA, f"the server sends {what}; that is not read")
