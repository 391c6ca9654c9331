"""What mail that left tells of addresses: where nobody is reached, and which are certified."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from api.work.instance import Carteggio
from domain.aliveness import Invalid
from domain.composing import Composed
from projections.delivered import certified_addresses, invalid_addresses
from projections.reader import Reader


@dataclass(frozen=True, slots=True)
class Reach:
    """By address key, of the recipients of a mail: what is known, as far as one may see."""

    invalid: Mapping[str, Invalid]
    certified: Mapping[str, bool]


async def reach_of(carteggio: Carteggio, reader: Reader, mail: Composed) -> Reach:
    """Look up the recipients of a mail for who may see so much."""
    addresses = [one.spec for one in mail.recipients]
    async with carteggio.reading() as asked:
        invalid = await invalid_addresses(*asked, reader, addresses, datetime.now(UTC))
        certified = await certified_addresses(*asked, reader, addresses)
    return Reach(invalid, certified)
