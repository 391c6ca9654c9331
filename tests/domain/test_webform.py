"""An address is a web form until that is taken back."""

from domain import webform
from domain.webform import DeclareWebForm, WebFormDeclared, WebFormWithdrawn, WithdrawWebForm
from given import Story

DECLARED = WebFormDeclared("info@firm.example", "the site")


def form() -> Story:
    return Story(webform.initial, webform.evolve, webform.decide)


def test_a_form_is_declared_once_and_withdrawn() -> None:
    form().when(DeclareWebForm(DECLARED)).then(DECLARED)
    form().given(DECLARED).when(DeclareWebForm(DECLARED)).then_nothing()
    form().given(DECLARED).when(WithdrawWebForm()).then(WebFormWithdrawn())
    form().given(DECLARED, WebFormWithdrawn()).when(DeclareWebForm(DECLARED)).then(DECLARED)


def test_what_is_no_form_cannot_be_withdrawn() -> None:
    form().when(WithdrawWebForm()).then_refused("NOT_FOUND")
