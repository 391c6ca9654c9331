"""Patterns of rules: found without case, refused where they are none, never endless."""

import pytest

from adapters.patterns import pattern
from domain.values import Rejected


@pytest.mark.parametrize(
    ("written", "text", "found"),
    [
        (r"ord(ine|er)\s+\d+", "Il vostro ORDINE  1001", "ORDINE  1001"),
        ("é+", "ÉÉ", "ÉÉ"),
        ("^b$", "a\nb\nc", None),
        ("(?m)^b$", "a\nb\nc", "b"),
        ("(?-i)abc", "ABC", None),
        ("x*", "", ""),
        ("b", "\ud800b", "b"),
    ],
)
def test_a_pattern_gives_what_it_found(written, text, found):
    assert pattern(written)(text) == found


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("[", "missing"),
        ("(?=a)", "invalid"),
        (r"(a)\1", "invalid escape"),
        ("(a{1000}){1000}", "repetition"),
        ("[a-z]{1,900}", "too large a pattern"),
        ("\\p{L}{1,1000}é", "too large"),
        ("\ud800", "half a character"),
    ],
)
def test_what_is_no_pattern_is_refused_in_a_sentence(written, why):
    with pytest.raises(Rejected, match=why):
        pattern(written)


@pytest.mark.parametrize("written", ["(a+)+$", "(a|aa)+$", "(.*)(.*)(.*)(.*)x", "(a?){50}a{50}b"])
def test_patterns_that_let_others_hang_do_not(written):
    assert pattern(written)("a" * 65_000 + "!") is None
