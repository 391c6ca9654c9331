"""Address lists as people and programs write them."""

import pytest

from adapters.mime.addresses import addresses_in, addresses_of
from domain.values import Address

READ = {
    "anna@example.com": [("anna@example.com", "")],
    "Anna Rossi <anna@a.example>": [("anna@a.example", "Anna Rossi")],
    '"Rossi, Anna" <anna@a.example>, b@b.example': [
        ("anna@a.example", "Rossi, Anna"),
        ("b@b.example", ""),
    ],
    "Rossi, Anna <anna@a.example>": [("anna@a.example", "Rossi, Anna")],
    "a@a.example; b@b.example": [("a@a.example", ""), ("b@b.example", "")],
    "Anna anna@a.example": [("anna@a.example", "Anna")],
    "anna@a.example (Anna Rossi)": [("anna@a.example", "Anna Rossi")],
    "anna(her (old) account)@a.example(her host)": [
        ("anna@a.example", "her (old) account"),
    ],
    "<@relay.example,@b.example:anna@a.example>": [("anna@a.example", "")],
    "undisclosed-recipients:;": [],
    "<undisclosed-recipients:;>": [],
    "Sales: a@a.example, B <b@b.example>;": [("a@a.example", ""), ("b@b.example", "B")],
    "Per conto di: anna@pec.example <posta@provider.example>": [
        ("posta@provider.example", "Per conto di: anna@pec.example"),
    ],
    "=?utf-8?q?Rossi,_Anna?= <anna@a.example>": [("anna@a.example", "Rossi, Anna")],
    "=?utf-8?B?QW5uYSA8YW5uYUBhLmV4YW1wbGU+?=": [("anna@a.example", "Anna")],
    "anna@a.example <posta@a.example>": [("posta@a.example", "anna@a.example")],
    '"john doe"@a.example': [('"john doe"@a.example', "")],
    "jøran@blåbær.example": [("jøran@blåbær.example", "")],
    "MAILER-DAEMON": [],
    "Mail System <MAILER-DAEMON>": [("MAILER-DAEMON", "Mail System")],
    "Anna <anna@a.example": [("anna@a.example", "Anna")],
    '"Anna <anna@a.example>': [("anna@a.example", "Anna")],
    "anna @ a . example": [("anna@a.example", "")],
    "": [],
    "<>": [],
}


@pytest.mark.parametrize("written", READ)
def test_an_address_list_is_read_as_it_is_meant(written):
    assert addresses_of(written) == [Address(*pair) for pair in READ[written]]


def test_raw_latin_octets_in_a_name_are_read():
    assert addresses_in([b"J\xfcrgen <j@a.example>"]) == (Address("j@a.example", "Jürgen"),)


def test_a_line_break_in_a_list_is_a_blank():
    assert addresses_in([b"A\r\n B <a@a.example>"]) == (Address("a@a.example", "A B"),)
