"""What no mail can be is not kept as a draft."""

from uuid import UUID

import pytest

from domain.draft import Draft, refuse_immense
from domain.values import MailboxId, Rejected

IMMENSE = "x" * 2_001


@pytest.mark.parametrize("field", ["sender", "sender_name", "company", "language", "subject"])
def test_a_draft_has_no_immense_fields(field: str) -> None:
    with pytest.raises(Rejected, match="2,000"):
        refuse_immense(Draft(MailboxId(UUID(int=1)), **{field: IMMENSE}))  # type: ignore[arg-type]


@pytest.mark.parametrize("field", ["to", "reply_to", "acknowledged"])
def test_nor_immense_entries_in_its_lists(field: str) -> None:
    refuse_immense(Draft(MailboxId(UUID(int=1)), **{field: ("x",)}))  # type: ignore[arg-type]
    with pytest.raises(Rejected, match="2,000"):
        refuse_immense(Draft(MailboxId(UUID(int=1)), **{field: (IMMENSE,)}))  # type: ignore[arg-type]
