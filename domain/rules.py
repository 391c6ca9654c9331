"""The rules by which messages are linked, under the names and versions that links carry."""

from domain.classes import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """A rung's name and version, as links carry them."""

    name: str
    version: int


PERSON = Rule("person", 1)
"""Somebody said so; the evidence names who."""
MAIL_RULE = Rule("mail-rule", 1)
"""A rule about mail (domain/mailrules.py) linked it; the evidence names it and its version, as id@1."""
REMEMBERED = Rule("remembered-choice", 1)
"""Somebody said once for all mail with an address to whom it belongs."""
ADDRESS = Rule("address-exact", 1)
ANNOUNCED = Rule("address-announced", 2)
"""An address that a known contact told of as his own, in a mail from the one known before.

A mail whose sender failed the checks of our own server tells of none. Where it may be somebody
else's it is suggested.
"""
DOMAIN = Rule("company-domain", 1)
"""Somebody unknown who writes from the domain of a company of which others are known."""
FORM = Rule("web-form", 1)
"""Who stands in Reply-To of a form's mail: anybody can have typed it there."""
TOKEN = Rule("signed-token", 1)
"""A token of our own in the mail: in an id it answers, its address, its text, its subject."""
REPLY = Rule("reply-to-linked", 2)
UNPROVEN_REPLY = Rule("reply-unproven", 1)
"""An answer whose sender failed the checks of our own server: anybody can name a message."""
NUMBER = Rule("document-number", 3)
ALONE = Rule("number-alone", 2)
"""A document's number in a mail that belongs to no party otherwise."""
FORWARD = Rule("forwarded", 1)
"""Who wrote what a colleague passes on, as the forwarded part says."""
UNPROVEN = Rule("address-unproven", 1)
"""An address in a mail whose sender failed the checks of our own server: a person decides."""

BLIND = "bcc"
"""Where a blind recipient stands: only the sending side may know of such a link."""
QUOTED = "quoted"
"""Quoted history, or what is written between it: too weak to link by itself."""
