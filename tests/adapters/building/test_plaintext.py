"""Text beside HTML: nothing is lost."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.building.markup import clean
from adapters.building.plaintext import plain_text

PAGES = {
    "<p>One</p><p>Two<br>Three</p>": "One\n\nTwo\nThree",
    '<a href="https://x.example/a?b=1&amp;c=2">here</a>.': "here <https://x.example/a?b=1&c=2>.",
    '<a href="https://x.example/">x.example</a>': "x.example",
    '<a href="mailto:a@x.example">a@x.example</a>': "a@x.example",
    '<a href="tel:+39055"><img alt="Call"></a>': "[Call] <tel:+39055>",
    '<a href="https://x.example"></a>': "<https://x.example>",
    '<a href="https://x.example"><div>big</div><div>button</div></a>':
        "big\nbutton\n<https://x.example>",
    "<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul>": "- a\n- b\n  - c",
    '<ol start="3"><li>a<br>b</li><li></li><li>c</li></ol>': "3. a\n   b\n4.\n5. c",
    '<ol start="x"><li>a</li></ol>': "1. a",
    "<p>x</p><blockquote>a<blockquote>b</blockquote></blockquote>y": "x\n\n> a\n>\n>> b\n\ny",
    "<pre>  a\n\n    b</pre>": "  a\n\n    b",
    "<table><tr><th>Pos</th><th></th><th>Preis</th></tr><tr><td>1</td><td>Rad</td><td>9 €</td></tr>"
    "</table>": "Pos |  | Preis\n1 | Rad | 9 €",
    "<table><tr><td>Via Roma 1<br>Firenze</td><td>IT</td></tr></table>":
        "Via Roma 1 / Firenze | IT",
    "<table><tr><td><table><tr><td>a</td><td>b</td></tr></table></td><td>c</td></tr></table>":
        "a | b\nc",
    "<table><tr><td></td><td></td></tr></table>z": "z",
    "<dl><dt>Term</dt><dd>Says</dd></dl><hr>a&nbsp;&lt;b&gt;": f"Term\n  Says\n\n{'-' * 40}\na <b>",
    "a   \n b<b> c </b> d<p></p>": "a b c d",
    "": "",
}  # fmt: skip


@pytest.mark.parametrize("source", PAGES)
def test_html_is_written_as_text(source):
    assert plain_text(clean(source, ())) == PAGES[source].strip("\n")


def test_cells_with_whole_texts_are_written_one_after_the_other():
    cell = "<br>".join(["Some words that fill a line of a letter."] * 9)
    text = plain_text(f"<table><tr><td>{cell}</td><td>{cell}</td></tr></table>")
    assert text.count("\n") == 17


TAGS = ("p", "div", "b", "ul", "li", "table", "tr", "td", "blockquote", "a", "pre", "h1", "ol")
MARKUP = st.recursive(
    st.text("abcäöü0123 \n", min_size=1, max_size=12),
    lambda inner: st.tuples(st.sampled_from(TAGS), st.lists(inner, max_size=4)).map(
        lambda made: f"<{made[0]}>{''.join(made[1])}</{made[0]}>"
    ),
    max_leaves=20,
)


@given(MARKUP)
def test_every_word_of_the_html_is_in_the_text(source):
    shown = clean(source, ())
    said = re.findall(r"[a-zäöü0-9]+", re.sub(r"<[^>]*>", " \n", shown))
    text = plain_text(shown)
    place = 0
    joined = "".join(re.findall(r"[a-zäöü0-9]", re.sub(r"(?m)^[> ]*(?:\d+\. )+", "", text)))
    for word in said:
        place = joined.find(word, place) + len(word)
        assert place >= len(word)


def test_markup_without_end_is_read_to_its_end():
    assert plain_text("<div>" * 4_000 + "deep") == "deep"
