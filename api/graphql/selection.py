"""What a question wants of its answer, so that all of it is read in few statements."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from graphql import (
    BooleanValueNode,
    DirectiveNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    SelectionSetNode,
    VariableNode,
)
from strawberry import Info


@dataclass(slots=True)
class Selection:
    """The fields that are wanted of an object, by their names in the schema.

    Fragments and aliases are merged: what is wanted of one type is read for others too, at worst.
    """

    fields: dict[str, "Selection"] = field(default_factory=dict)

    def __contains__(self, name: object) -> bool:
        return name in self.fields

    def __getitem__(self, name: str) -> "Selection":
        """Give what is wanted of a field; nothing if the field is not wanted itself."""
        return self.fields.get(name) or Selection()

    def get(self, name: str) -> "Selection | None":
        """Give what is wanted of a field; None if the field is not wanted itself."""
        return self.fields.get(name)

    def any(self, *names: str) -> bool:
        """Tell whether one of these fields is wanted."""
        return any(name in self.fields for name in names)

    def beyond(self, *names: str) -> bool:
        """Tell whether another field than these is wanted."""
        return bool(self.fields.keys() - set(names) - {"__typename"})

    def __or__(self, other: "Selection") -> "Selection":
        """Give what is wanted by either."""
        names = self.fields.keys() | other.fields.keys()
        return Selection({name: self[name] | other[name] for name in names})

    @classmethod
    def of(cls, info: Info[Any, Any]) -> Self:
        """Give what is wanted of the field that is being resolved."""
        raw = info._raw_info  # noqa: SLF001  strawberry shows no fragments otherwise
        document = _Document(raw.fragments, info.variable_values)
        found = cls()
        for node in raw.field_nodes:
            found.take(document, node.selection_set)
        return found

    def take(self, document: "_Document", nodes: SelectionSetNode | None) -> None:
        """Want also what these nodes name."""
        for node in nodes.selections if nodes else ():
            if any(document.leaves_out(one) for one in node.directives or ()):
                continue
            match node:
                case FieldNode():
                    inner = self.fields.setdefault(node.name.value, Selection())
                    inner.take(document, node.selection_set)
                case InlineFragmentNode():
                    self.take(document, node.selection_set)
                case FragmentSpreadNode():
                    self.take(document, document.fragments[node.name.value].selection_set)


@dataclass(frozen=True, slots=True)
class _Document:
    """What a question's nodes refer to."""

    fragments: Mapping[str, FragmentDefinitionNode]
    values: Mapping[str, Any]

    def leaves_out(self, directive: DirectiveNode) -> bool:
        """Tell whether @skip or @include leaves a field out (GraphQL specification, 3.13)."""
        name = directive.name.value
        if name not in ("skip", "include"):
            return False
        (condition,) = (one.value for one in directive.arguments or ())
        if isinstance(condition, VariableNode):
            holds = bool(self.values[condition.name.value])
        else:
            holds = isinstance(condition, BooleanValueNode) and condition.value
        return holds is (name == "skip")
