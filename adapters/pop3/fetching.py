"""Ask for one message, whole or its header alone, and read what comes."""

from dataclasses import dataclass, replace

from adapters.mailservers import ServerTrouble, TroubleKind, words
from adapters.pop3.connection import Connection, granted
from adapters.pop3.reader import Answer
from adapters.pop3.values import MB, Fetched, Item, Limits, Listed, Oversize, Unfetchable


@dataclass(frozen=True, slots=True)
class Order:
    """A message to be fetched; `tries` counts what failed before."""

    listed: Listed
    tries: int = 0
    header_only: bool = False

    def failed(self, trouble: ServerTrouble) -> "Order":
        """Count a try; a message that is larger than the server said is asked for by its header."""
        larger = trouble.kind is TroubleKind.TOO_MUCH_DATA
        tries = self.tries if larger and not self.header_only else self.tries + 1
        return replace(self, tries=tries, header_only=self.header_only or larger)

    def bare(self, limits: Limits) -> bool:
        """Say whether only the header is asked for."""
        return self.header_only or self.listed.size > limits.largest


class Asked:
    """A message that was asked for."""

    def __init__(self, connection: Connection, order: Order) -> None:
        self.order = order
        limits, number = connection.limits, order.listed.number
        if order.bare(limits):
            command, allowed = b"TOP %d 0" % number, limits.header
        else:
            # A dot before each dot, and a server that counts line ends as one octet.
            command, allowed = b"RETR %d" % number, limits.largest + limits.largest // 3 + MB
        self.pending = connection.protocol.begin(command, allowed)


def landed(order: Order, answer: Answer, limits: Limits) -> Item:
    """Say what came of an order."""
    listed = order.listed
    if answer.asks:
        granted(answer, "RETR")
    if order.bare(limits):
        size = max(listed.size, limits.largest + 1)
        return Oversize(listed, size, answer.body if answer.ok else b"")
    if not answer.ok:
        return Unfetchable(listed, f"the server does not give it: {words(answer.text)}")
    if len(answer.body) > limits.largest:
        header = answer.body[: limits.header].partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
        return Oversize(listed, len(answer.body), header)
    return Fetched(listed, answer.body)
