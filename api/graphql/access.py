"""Who may ask what: the one place where fields say which scope a token needs for them.

What a question leads to needs no further scope, but for the fields that name another one. Which
mail is seen at all is decided where it is read, by the reader.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import strawberry
from graphql import GraphQLObjectType
from strawberry import UNSET, Info
from strawberry.extensions import FieldExtension
from strawberry.schema_directive import Location

from domain.access import Scope

strawberry.enum(
    Scope,
    name="Permission",
    description="What a token may do.",
)
ANY_TOKEN: Final = "any token"  # noqa: S105  a rule's name
AS_PARENT: Final = "as what leads here"


@strawberry.schema_directive(
    name="requires",
    locations=[Location.FIELD_DEFINITION],
    description="The scope that a token needs for this field, or another one that will do.",
)
class Requires:
    permission: Scope
    or_: Scope | None = strawberry.directive_field(name="or", default=UNSET)


class _Check(FieldExtension):
    """Refuses who has none of the scopes."""

    def __init__(self, *scopes: Scope) -> None:
        self.scopes = frozenset(scopes)
        self.named = scopes[0]

    def resolve(
        self, next_: Callable[..., Any], source: Any, info: Info[Any, Any], **given: Any
    ) -> Any:
        """Ask before the field is read."""
        self._require(info)
        return next_(source, info, **given)

    async def resolve_async(
        self,
        next_: Callable[..., Awaitable[Any]],
        source: Any,
        info: Info[Any, Any],
        **given: Any,
    ) -> Any:
        """Ask before the field is read."""
        self._require(info)
        return await next_(source, info, **given)

    def _require(self, info: Info[Any, Any]) -> None:
        viewer = info.context.viewer
        if self.scopes.isdisjoint(viewer.scopes):
            viewer.require(self.named)


def requires(scope: Scope, other: Scope | None = None) -> dict[str, Any]:
    """Give what `strawberry.field` takes so that a field needs a scope, or the other one."""
    return {"extensions": checks(scope, other), "directives": marks(scope, other)}


def checks(scope: Scope, other: Scope | None = None) -> list[FieldExtension]:
    """Give the extension that refuses who has not a scope, nor the other one."""
    return [_Check(scope, *([other] if other else []))]


def marks(scope: Scope, other: Scope | None = None) -> list[object]:
    """Give the directive that says so in the schema."""
    return [Requires(permission=scope, or_=other) if other else Requires(permission=scope)]


def rules(schema: strawberry.Schema) -> dict[str, str]:
    """Give each field of the schema with what it needs."""
    core = schema._schema  # noqa: SLF001  strawberry shows no types otherwise
    found = {}
    for name, kind in sorted(core.type_map.items()):
        if isinstance(kind, GraphQLObjectType) and not name.startswith("__"):
            root = kind in (core.query_type, core.mutation_type, core.subscription_type)
            for field, definition in sorted(kind.fields.items()):
                found[f"{name}.{field}"] = _rule(definition) or (ANY_TOKEN if root else AS_PARENT)
    return found


def _rule(definition: Any) -> str | None:
    ours = definition.extensions["strawberry-definition"]
    for one in ours.directives:
        if isinstance(one, Requires):
            return (
                f"{one.permission.value} or {one.or_.value}" if one.or_ else one.permission.value
            )
    return None
