"""Authentication-Results (RFC 8601) are read as they are written; only our server is believed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import authentication
from domain.authentication import (
    DistrustServer,
    Result,
    ServerDistrusted,
    ServerTrusted,
    TrustServer,
    denied,
    first_of_each,
    is_forged,
    results,
    server_of,
)
from domain.values import Rejected
from given import Story

OURS = "mx.firm.example"
TRUSTED = ServerTrusted(OURS)
FAILED = "MX.firm.example; dmarc=fail (p=none; dis=none) header.from=acme.example"


def trust() -> Story:
    return Story(authentication.initial, authentication.evolve, authentication.decide)


def fields(*values: str) -> list[tuple[str, str]]:
    return [("authentication-results", value) for value in values]


def test_a_server_is_trusted_until_that_is_taken_back() -> None:
    trust().when(TrustServer(TRUSTED)).then(TRUSTED)
    trust().given(TRUSTED).when(TrustServer(TRUSTED)).then_nothing()
    trust().given(TRUSTED).when(DistrustServer()).then(ServerDistrusted())
    trust().when(DistrustServer()).then_refused("NOT_FOUND")


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (
            (
                "mx.firm.example 1; spf=pass smtp.mailfrom=acme.example; dkim=pass (2048-bit; x)"
                ' reason="good; signature" header.d=acme.example header.s=s1'
            ),
            [
                Result(OURS, "spf", "pass", "smtp.mailfrom=acme.example"),
                Result(
                    OURS,
                    "dkim",
                    "pass",
                    'reason="good; signature" header.d=acme.example header.s=s1',
                ),
            ],
        ),
        (FAILED, [Result(OURS, "dmarc", "fail", "header.from=acme.example")]),
        ("mx.firm.example; dkim/1 = Fail", [Result(OURS, "dkim", "fail")]),
        ("mx.firm.example; none", []),
        ("(a (nested) comment) mx.firm.example; spf=none", [Result(OURS, "spf", "none")]),
        ("", []),
        (";;;", []),
        ("mx.firm.example; spf=", []),
    ],
)
def test_fields_are_read(value: str, found: list[Result]) -> None:
    assert list(results(value)) == found


@given(st.text(alphabet=' ;=()\\"ab.1', max_size=60))
def test_whatever_stands_there_is_read_without_harm(value: str) -> None:
    for one in results(value):
        assert one.server
        assert one.method
        assert one.result


def test_only_a_trusted_server_says_that_a_mail_is_forged() -> None:
    assert is_forged(fields(FAILED), {OURS})
    assert not is_forged(fields(FAILED), set())
    assert not is_forged(fields(FAILED.replace("MX.firm", "mx.evil")), {OURS})
    assert not is_forged(fields(FAILED.replace("dmarc=fail", "spf=fail")), {OURS})


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ([], None),
        ([f"{OURS}; spf=none; dkim=none; dmarc=none"], None),
        ([f"{OURS}; dmarc=fail header.from=firm.example"], ("dmarc", "fail")),
        (["mx.other.example; dmarc=fail header.from=firm.example"], ("dmarc", "fail")),
        (["mx.other.example; dmarc=fail", f"{OURS}; dmarc=pass"], None),
        ([f"{OURS}; dmarc=fail", f"{OURS}; dmarc=pass"], ("dmarc", "fail")),
        ([f"{OURS}; spf=fail smtp.mailfrom=firm.example; dkim=none"], ("spf", "fail")),
        ([f"{OURS}; spf=softfail; dkim=fail header.d=firm.example"], ("spf", "softfail")),
        ([f"{OURS}; spf=fail; dkim=pass header.d=mail.firm.example"], None),
        ([f"{OURS}; spf=fail; dkim=pass header.i=@evil.example"], ("spf", "fail")),
        (
            [
                f"{OURS}; dkim=pass header.d=evil.example; spf=fail; dkim=pass header.d=firm.example"
            ],
            None,
        ),
        ([f"{OURS}; spf=fail; dmarc=pass"], None),
        (["mx.other.example; spf=fail"], None),
    ],
)
def test_a_server_denies_that_a_domain_sent_its_mail(
    values: list[str], found: tuple[str, str] | None
) -> None:
    assert denied(fields(*values), "firm.example", {OURS}) == found


def test_of_fields_by_one_server_the_topmost_counts() -> None:
    forged = fields("mx.firm.example; dmarc=fail", "mx.firm.example; dmarc=pass", "b; spf=pass")
    assert [(one.server, one.result) for one in first_of_each(forged)] == [
        (OURS, "fail"),
        ("b", "pass"),
    ]


@pytest.mark.parametrize("typed", ["", "a b", "mx;", "x" * 300])
def test_what_names_no_server_is_refused(typed: str) -> None:
    with pytest.raises(Rejected):
        server_of(typed)
    assert server_of(" MX.Firm.example ") == OURS
