"""The schema is a promise: it is written down, explained, and nothing is taken back unnoticed."""

from pathlib import Path

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    build_schema,
    find_breaking_changes,
)

from api.graphql.printing import printed
from api.graphql.schema import schema

WRITTEN = Path(__file__).parents[3] / "docs" / "schema.graphql"
WITH_FIELDS = (GraphQLObjectType, GraphQLInterfaceType, GraphQLInputObjectType)


def test_the_schema_is_the_one_that_is_written_down():
    written = WRITTEN.read_text()
    broken = find_breaking_changes(build_schema(written), build_schema(printed()))
    assert not broken, "clients that work would fail: " + "; ".join(
        one.description for one in broken
    )
    assert written == printed(), "make docs writes docs/schema.graphql anew"


def test_every_type_and_field_is_explained_in_a_sentence():
    for name, kind in schema._schema.type_map.items():
        if name.startswith("__") or name in ("Boolean", "Float", "ID", "Int", "String", "JSON"):
            continue
        assert kind.description, name
        parts = kind.fields if isinstance(kind, WITH_FIELDS) else {}
        if isinstance(kind, GraphQLEnumType) and name not in KNOWN_BY_NAME:
            parts = kind.values
        for part, definition in parts.items():
            assert (definition.description or "").endswith((".", "…")), f"{name}.{part}"


KNOWN_BY_NAME = {
    "ActorKind", "ApprovalState", "ApproverRole", "CloseReason", "Direction", "LinkState", "MailboxRole", "MissingReceipt",
    "OfficeRole", "Permission", "RecipientGroup", "RecipientRole", "RegroupingKind", "SendRight", "TargetState",
    "SendingBecause", "SendingReach", "SendingResolution", "SendingRule", "StepState",
    "AgeBand", "AttendingState", "OwnerReason", "UnansweredGroup", "ResponsesBy",
    "AlarmStage", "NextAnswerFrom", "TargetClock",
}  # fmt: skip
"""Enumerations of the domain, whose values the glossary explains."""
