"""What mail that left tells of addresses: where nobody is reached, and which are certified."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from api.work.instance import Carteggio
from domain.aliveness import Invalid
from domain.composing import Composed
from domain.hostnames import ascii_domain
from domain.values import Address
from projections.delivered import certified_addresses, invalid_addresses
from projections.reader import Reader


@dataclass(frozen=True, slots=True)
class Reach:
    """By address key, of the recipients of a mail: what is known, as far as one may see."""

    invalid: Mapping[str, Invalid]
    certified: Mapping[str, bool]


async def reach_of(carteggio: Carteggio, reader: Reader, mail: Composed) -> Reach:
    """Look up the recipients of a mail for who may see so much."""
    keys = {_as_sent(one): one.key for one in mail.recipients}
    async with carteggio.reading() as asked:
        invalid = await invalid_addresses(*asked, reader, list(keys), datetime.now(UTC))
        certified = await certified_addresses(*asked, reader, list(keys))
    return Reach(
        {keys[one]: said for one, said in invalid.items()},
        {keys[one]: said for one, said in certified.items()},
    )


def _as_sent(address: Address) -> str:
    """Give the key of an address as servers are told it: its domain in A-labels."""
    local, _, domain = address.spec.rpartition("@")
    return f"{local}@{ascii_domain(domain) or domain}".casefold()
