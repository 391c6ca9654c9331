"""The server's protocol, with a bound for what comes before a request is understood."""

from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST: Final = 64 * 1024


class BoundedHead(HttpToolsProtocol):
    """Ends connections whose request line and headers do not end in time (RFC 9110 5.4).

    uvicorn keeps them in memory without a limit, and that before any token is looked at.
    """

    _in_head = True
    _octets = 0

    def data_received(self, data: bytes) -> None:
        """Take octets in; refuse a head that is too large."""
        super().data_received(data)
        if not self._in_head:
            return
        self._octets += len(data)
        if self._octets > MOST and not self.transport.is_closing():
            self.send_400_response(f"A request has {MOST:,} octets of headers at most.")

    def on_message_begin(self) -> None:
        """Count anew."""
        super().on_message_begin()
        self._in_head, self._octets = True, 0

    def on_headers_complete(self) -> None:
        """Count no more: the body has a limit of its own."""
        self._in_head = False
        super().on_headers_complete()
