"""Domains beyond ASCII."""

import idna
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.hostnames import ascii_domain, looks_alike

WORDS = st.text("abcxyz019éßöüąłñжπ中日한", min_size=1, max_size=20)


@pytest.mark.parametrize(
    ("domain", "ascii"),
    [
        ("Straße.example", "xn--strae-oqa.example"),
        ("MÜNCHEN.example", "xn--mnchen-3ya.example"),
        ("例え。example", "xn--r8jz45g.example"),
        ("a-b.example.", "a-b.example"),
        ("xn--mnchen-3ya.example", "xn--mnchen-3ya.example"),
        ("a" * 63 + ".example", "a" * 63 + ".example"),
    ],
)
def test_a_domain_is_given_as_servers_know_it(domain, ascii):
    assert ascii_domain(domain) == ascii


@pytest.mark.parametrize(
    "domain",
    ["", ".example", "a..example", "-a.example", "a_b.example", "a b.example", "é-.example",
     "\u0301a.example", "a\u202e.example", "☃.example", "[192.0.2.1]", "a" * 64 + ".example",
     ".".join(["a" * 60] * 5)],
)  # fmt: skip
def test_what_is_no_domain_is_none(domain):
    assert ascii_domain(domain) is None


@given(WORDS)
def test_letters_become_what_the_standard_says(word):
    assert ascii_domain(f"{word}.example") == f"{idna.encode(word, uts46=True).decode()}.example"


def test_alphabets_that_look_alike_are_told_when_mixed():
    assert looks_alike("pаypal.example")  # its second letter is Cyrillic
    assert not looks_alike("пример.example")
