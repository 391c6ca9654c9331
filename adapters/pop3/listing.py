"""Read what a server says of its maildrop: how much there is, sizes, and unique ids."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping

from adapters.mailservers import ServerTrouble, TroubleKind, words
from adapters.pop3.reader import Answer
from adapters.pop3.values import Listed

_COUNT = re.compile(rb"(\d{1,9}) \d{1,19}(?: .*)?")
_LINE = re.compile(rb"(\d{1,9})[ \t]+([!-~\x80-\xff]{1,255})(?:[ \t].*)?")


def counted(answer: Answer, most: int) -> int:
    """Read how many messages there are (STAT)."""
    found = _COUNT.fullmatch(answer.text.strip())
    if found is None:
        raise _unreadable("STAT", answer.text)
    count = int(found[1])
    if count > most:
        sentence = f"the server counts {count} messages; more than {most} are not read"
        raise ServerTrouble(TroubleKind.TOO_MUCH_DATA, sentence)
    return count


def numbered(body: bytes) -> list[tuple[int, bytes]]:
    """Read lines of a number and a word: of LIST the sizes, of UIDL the unique ids."""
    found: list[tuple[int, bytes]] = []
    for line in body.split(b"\r\n"):
        if not line.strip():
            continue
        read = _LINE.fullmatch(line)
        if read is None:
            raise _unreadable("a list", line)
        found.append((int(read[1]), read[2]))
    return found


def listed(sizes: Iterable[tuple[int, bytes]], names: Mapping[int, bytes]) -> list[Listed]:
    """Put sizes and unique ids together, in the order of the numbers."""
    found: list[Listed] = []
    alike: Counter[bytes] = Counter()
    number = 0
    for number, size in sorted(sizes):
        if not size.isdigit() or len(size) > 18 or number == 0:
            raise _unreadable("LIST", b"%d %s" % (number, size))
        if found and found[-1].number == number:
            raise _unreadable("LIST", b"%d, twice" % number)
        uidl = names.get(number)
        ordinal = 0
        if uidl is not None:
            ordinal = alike[uidl]
            alike[uidl] += 1
        found.append(Listed(number, int(size), uidl, ordinal))
    return found


def _unreadable(what: str, said: bytes) -> ServerTrouble:
    sentence = f"the server's answer to {what} cannot be read: {words(said)}"
    return ServerTrouble(TroubleKind.PROTOCOL, sentence)
