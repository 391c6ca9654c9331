"""Base subjects (RFC 5256 2.1) with the marks of five languages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.subject import base_subject, is_forward, is_reply


@pytest.mark.parametrize(
    "subject",
    [
        "Offerta 12",
        "R: Offerta 12",
        "RIF: R: offerta  12",
        "AW: WG: Offerta 12",
        "Re[2]: Fwd: Offerta 12",
        "Odp: PD: Offerta 12",
        "[verein] Re: [verein] Offerta 12"[9:],
        "TR : Rép: Offerta 12 (fwd)",
        "回复: Offerta 12",
        "[#10] Re: Offerta 12",
    ],
)
def test_marks_of_replies_and_forwards_are_taken_off_in_any_nesting(subject: str) -> None:
    assert base_subject(subject).removeprefix("[verein] ") == "offerta 12"


@pytest.mark.parametrize(
    "subject", ["ADV: nuovo", "Nota: pagamento", "Warning: disk", "[verein] Treffen"]
)
def test_other_words_before_a_colon_are_the_subject_itself(subject: str) -> None:
    assert base_subject(subject) == subject.casefold()


def test_a_forward_is_told_from_a_reply() -> None:
    assert is_forward("I: Ordine")
    assert not is_forward("R: I: Ordine")
    assert is_reply("AW: Ordine")
    assert not is_reply("WG: Ordine")
    assert not is_reply("Ordine")


@given(st.text(max_size=80))
def test_a_base_subject_has_no_marks_left(subject: str) -> None:
    base = base_subject(subject)
    assert base_subject(base) == base
