"""What speaks against sending a mail as PEC (RFC 6109 3.1.1): a provider refuses it, or loses it.

To be asked beside `objections`, which knows what needs the mail alone (no Bcc, no other sender),
once it is known which account sends, and how large the mail is.
"""

from collections.abc import Mapping
from typing import Final

from domain.composing import Composed
from domain.objections import Found, Objection, certified_size
from domain.values import Address

_NOBODY: Final[Mapping[str, bool]] = {}


def objections_to_certified(
    mail: Composed, sender: str, size: int, known: Mapping[str, bool] = _NOBODY
) -> list[Objection]:
    """Give all that speaks against it.

    `sender` is the address in MAIL FROM, `size` the octets of the mail as built (or as far as they
    are known). `known` says of addresses (by key) whether they are certified; of others nobody knows.
    """
    found = (_people(mail, known), _senders(mail, sender), _replies(mail), _sizes(mail, size))
    return [one for every in found for one in every]


def _people(mail: Composed, known: Mapping[str, bool]) -> Found:
    for field, addresses in (("to", mail.to), ("cc", mail.cc)):
        for place, one in enumerate(addresses):
            if known.get(one.key) is False:
                sentence = f"{one.spec} is no PEC: no receipt will say that it was delivered"
                yield Objection(f"{field}[{place}]", "NOT_PEC", sentence, blocks=False)


def _senders(mail: Composed, sender: str) -> Found:
    author = mail.sender.spec
    if Address(sender).key != Address(author).key:
        sentence = (
            f"a PEC is from the mailbox that sends it: write as {sender}, or send it from {author}"
        )
        yield Objection("sender", "CERTIFIED_SENDER", sentence)
    if mail.mass is not None:
        sentence = "a mailing cannot be certified: send it from another mailbox"
        yield Objection("mass", "CERTIFIED_MASS", sentence)


def _replies(mail: Composed) -> Found:
    """A provider knows no plus-addresses, and an answer that goes elsewhere is certified nowhere."""
    own = Address(mail.sender.spec).key
    for place, one in enumerate(mail.reply_to):
        if one.key != own:
            sentence = f"answers to a PEC come back to {mail.sender.spec}; leave Reply-To out"
            yield Objection(f"reply_to[{place}]", "CERTIFIED_REPLY_TO", sentence)


def _sizes(mail: Composed, size: int) -> Found:
    too_large = certified_size(size, len(mail.recipients))
    if too_large is not None:
        yield too_large
