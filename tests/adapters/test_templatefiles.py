"""Templates as files: what is written is read again, and every sample is a good one."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.templating.files import SAMPLES, read_template, written_template
from adapters.templating.rendering import check_words
from domain.salutation import FORMS
from domain.template import AUTO, PARTS, Part, TemplateKind, TemplateSaved, check
from domain.values import Rejected

words = st.text(st.characters(exclude_characters="\r", exclude_categories=["Cs"]), max_size=60)
several = st.lists(words, max_size=4).map("\n".join)
parts = st.builds(Part, several).filter(lambda one: bool(one.source)) | st.builds(
    Part, several.filter(bool), st.just(True)
)
templates = st.builds(
    TemplateSaved,
    version=st.just(0),
    kind=st.sampled_from(TemplateKind),
    document_kind=st.sampled_from(["", "invoice"]),
    language=st.sampled_from(["", "de-CH"]),
    company=st.sampled_from(["", "02"]),
    owner=st.none(),
    roles=st.lists(words, max_size=2).map(tuple),
    name=words.map(str.strip),
    subject=words,
    attachment_name=words,
    salutations=st.dictionaries(st.sampled_from(FORMS), words).map(lambda one: tuple(one.items())),
    **{name: st.just(Part()) | parts for name in PARTS},
)


@given(templates)
def test_what_is_written_is_read_again(template: TemplateSaved) -> None:
    read = read_template(written_template(template, "anna@ditta.example").encode())
    assert read.owner == "anna@ditta.example"
    assert read.template == template


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.toml")), ids=lambda path: path.name)
def test_a_sample_is_a_good_template(path: Any) -> None:
    one = replace(read_template(path.read_bytes()).template, version=1)
    check(one)
    check_words(one)
    assert one.document_kind == path.name.partition(".")[0]
    assert (one.language, one.salutation) == (path.suffixes[0][1:], Part(AUTO))


def test_there_is_a_sample_for_each_kind_in_each_language() -> None:
    names = {path.name for path in SAMPLES.glob("*.toml")}
    kinds = ("offer", "order_confirmation", "delivery_note", "invoice", "work_report")
    assert names == {f"{kind}.{at}.toml" for kind in kinds for at in ("it", "de", "en")}


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("name = x", "no TOML.*line 1"),
        ('body = "x"', "body is no part of a template"),
        ("name = 5", "name: a text in quotes"),
        ('kind = "letter"', "kind: letter is none of document"),
        ('html = "x"', "html: it is a section"),
        ('[html]\nsubject = "x"', r"html\.subject is no part"),
        ('closing = "x"\n[html]\nclosing = "x"', "closing is there twice"),
        ("[html]\nclosing = 5", "closing: a text in quotes"),
        ('roles = "sales"', "roles: a list of texts"),
        ("a = " + "[" * 5000, "no TOML"),
    ],
)
def test_a_file_that_is_none_is_told_why(text: str, wrong: str) -> None:
    with pytest.raises(Rejected, match=wrong):
        read_template(text.encode())


def test_a_file_in_another_encoding_or_without_end_is_refused() -> None:
    for octets, wrong in ((b'name = "\xe0"', "no UTF-8"), (b" " * 4_000_001, "larger than")):
        with pytest.raises(Rejected, match=wrong):
            read_template(octets)
