"""A template's versions: saved, never changed, named and retired."""

from dataclasses import replace
from uuid import UUID

import pytest

from domain import template
from domain.template import (
    AUTO,
    Part,
    RetireTemplate,
    SaveTemplate,
    TemplateKind,
    TemplateRenamed,
    TemplateRetired,
    TemplateSaved,
    is_for,
)
from domain.values import ColleagueId
from given import Story

ANNA = ColleagueId(UUID(int=5))
OFFER = TemplateSaved(
    1, TemplateKind.DOCUMENT, "offer", "it", "", None, (), "Offerta",
    subject="Offerta {{ document.number }}", salutation=Part(AUTO), motivation=Part("In allegato"),
)  # fmt: skip
LATER = replace(OFFER, version=2, motivation=Part("<p>In allegato</p>", is_html=True))


def story() -> Story:
    return Story(template.Template(), template.evolve, template.decide)


def test_what_is_saved_is_the_next_version() -> None:
    story().when(SaveTemplate(replace(OFFER, version=0))).then(OFFER)
    story().given(OFFER).when(SaveTemplate(replace(LATER, version=0))).then(LATER)


def test_the_same_again_is_no_version_and_another_name_is_none_either() -> None:
    story().given(OFFER).when(SaveTemplate(OFFER)).then_nothing()
    named = replace(OFFER, name="Offerte\r\nBcc: x")
    story().given(OFFER).when(SaveTemplate(named)).then(TemplateRenamed("Offerte Bcc: x"))
    renamed = story().given(OFFER, TemplateRenamed("Offerte"))
    renamed.when(SaveTemplate(replace(LATER, name="Offerte"))).then(replace(LATER, name="Offerte"))


def test_nobody_overwrites_what_another_one_saved() -> None:
    third = replace(OFFER, subject="Altro")
    story().given(OFFER, LATER).when(SaveTemplate(third, based_on=1)).then_refused("CONFLICT")
    story().given(OFFER, LATER).when(SaveTemplate(third, 2)).then(replace(third, version=3))
    story().given(OFFER, LATER).when(SaveTemplate(LATER, based_on=1)).then_nothing()


def test_a_retired_template_is_saved_no_more() -> None:
    retired = story().given(OFFER).when(RetireTemplate())
    retired.then(TemplateRetired())
    again = story().given(OFFER, TemplateRetired())
    again.when(RetireTemplate()).then_nothing()
    again.when(SaveTemplate(LATER)).then_refused("CONFLICT")
    story().when(RetireTemplate()).then_refused("NOT_FOUND")


@pytest.mark.parametrize(
    "wrong",
    [
        replace(OFFER, name=" "),
        replace(OFFER, name="x" * 121),
        replace(OFFER, language="italiano!"),
        replace(OFFER, language="cs"),
        replace(OFFER, document_kind="an offer"),
        replace(OFFER, company="a\nb"),
        replace(OFFER, closing=Part("x" * 200_001)),
        replace(OFFER, subject="x" * 1_001),
        replace(OFFER, attachment_name="{nummer}"),
        replace(OFFER, salutations=(("lady", "x"),)),
        replace(OFFER, kind=TemplateKind.SIGNATURE),
        replace(OFFER, kind=TemplateKind.SIGNATURE, signature=Part(AUTO)),
    ],
)
def test_what_cannot_be_a_template_is_refused(wrong: TemplateSaved) -> None:
    story().when(SaveTemplate(wrong)).then_refused("INVALID")


def test_a_language_without_greetings_needs_its_own() -> None:
    czech = replace(OFFER, language="cs", salutations=(("neutral", "Dobrý den,"),))
    story().when(SaveTemplate(czech)).then(czech)
    story().when(SaveTemplate(replace(OFFER, language=""))).then(replace(OFFER, language=""))


def test_what_is_unknown_changes_nothing() -> None:
    assert template.evolve(template.initial, object()) == template.initial
    assert template.evolve(template.initial, TemplateRenamed("x")) == template.initial


def test_a_template_may_be_one_colleagues_or_a_groups() -> None:
    assert is_for(OFFER, ANNA, "sales")
    own = replace(OFFER, owner=ANNA)
    assert (is_for(own, ANNA, ""), is_for(own, UUID(int=6), "")) == (True, False)
    sales = replace(OFFER, roles=("Sales",))
    assert (is_for(sales, ANNA, "sales"), is_for(sales, ANNA, "depot")) == (True, False)
