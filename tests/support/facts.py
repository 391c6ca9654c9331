"""Facts of a message for tests of rules: an order from Acme, and what a test says otherwise."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from domain.content import Attachment
from domain.mailfacts import DocumentFacts, Facts, PartyFacts
from domain.values import Address, DocumentId, MailboxId, MessageId, PartyId

INFO, SERVICE = MailboxId(UUID(int=1)), MailboxId(UUID(int=2))
ACME = PartyFacts(
    PartyId(UUID(int=3)), "C1", "customer", "Acme S.r.l.", "it", "IT",
    (("category", "A"), ("sales_manager", "rossi@firm.example"), ("credit", "1500.50")),
)  # fmt: skip
ORDER = DocumentFacts(
    DocumentId(UUID(int=4)), "order", "SO-1001", attributes=(("site", "Torino"),)
)


def facts(**changed: Any) -> Facts:
    """Give the facts of a mail of Monday, 2 March 2026, 9:30 in Rome."""
    told: dict[str, Any] = {
        "message": MessageId(UUID(int=9)),
        "position": 7,
        "at": datetime(2026, 3, 2, 8, 30, tzinfo=UTC),
        "zone": "Europe/Rome",
        "direction": "inbound",
        "automatic": False,
        "kind": "",
        "mailboxes": (INFO,),
        "open": (INFO,),
        "senders": (Address("Ada@Acme.example", "Ada Müller"),),
        "recipients": (Address("info@firm.example"), Address("boss@acme.example", "Boß")),
        "subject": "Ordine n. 1001: è urgente",
        "text": "Buongiorno,\nconfermate per favore l'ordine 1001?",
        "language": "it",
        "attachments": (Attachment("Ordine.PDF", "application/pdf", 2_000_000),),
        "headers": (("x-spam-flag", "NO"), ("x-spam-flag", "maybe")),
        "size": 2_800_000,
        "parties": (ACME,),
        "documents": (ORDER,),
    }
    return Facts(**(told | changed))
