"""What a question may cost, and what an error tells.

`LIMITS` are extensions of the schema; every error of an answer goes through `said`.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from uuid import uuid4

from graphql import ASTValidationRule, FragmentDefinitionNode, GraphQLError, ValidationContext
from graphql.language import (
    FieldNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)
from psycopg import DataError, InterfaceError, OperationalError
from psycopg.errors import QueryCanceled
from psycopg_pool import PoolTimeout
from strawberry.extensions import AddValidationRules, ParserCache, SchemaExtension, ValidationCache

from adapters.database import DatabaseUnavailable
from adapters.logs import log
from api.work.projector import where
from domain.values import Rejected

DEPTH: Final = 10
ALIASES: Final = 30
TOKENS: Final = 2_000

# It would log every error's text, which may quote mail; `said` below logs what may be logged.
logging.getLogger("strawberry.execution").setLevel(logging.CRITICAL + 1)


# ---- what a question may cost


@dataclass(slots=True)
class _Cost:
    """How deep selections lie, and how many aliases there are."""

    depth: int = 0
    aliases: int = 0


@dataclass
class _Measure:
    """Measures selections; each fragment once, as nested ones would be walked 2^n times."""

    fragments: Mapping[str, FragmentDefinitionNode]
    known: dict[str, _Cost] = field(default_factory=dict)

    def of(self, selected: SelectionSetNode | None) -> _Cost:
        total = _Cost()
        for one in selected.selections if selected else ():
            cost = self._one(one)
            total.depth = max(total.depth, cost.depth)
            total.aliases += cost.aliases
        return total

    def _one(self, selection: object) -> _Cost:
        match selection:
            case FieldNode():
                cost = self.of(selection.selection_set)
                named = selection.name.value
                deeper = 1 if selection.selection_set and not named.startswith("__") else 0
                # The types' own depth has a rule of graphql-core.
                depth = 0 if named.startswith("__") else cost.depth + deeper
                return _Cost(depth, cost.aliases + (1 if selection.alias else 0))
            case InlineFragmentNode():
                return self.of(selection.selection_set)
            case FragmentSpreadNode():
                return self._fragment(selection.name.value)
            case _:
                return _Cost()

    def _fragment(self, name: str) -> _Cost:
        if name not in self.known:
            self.known[name] = _Cost()  # for a fragment in itself, which another rule refuses
            fragment = self.fragments.get(name)
            self.known[name] = self.of(fragment.selection_set) if fragment else _Cost()
        return self.known[name]


class Limits(ASTValidationRule):
    """Refuses questions that are too deep, or ask for too much at once."""

    def __init__(self, context: ValidationContext) -> None:
        """Look at the whole document before any field of it."""
        super().__init__(context)
        definitions = context.document.definitions
        measure = _Measure(
            {one.name.value: one for one in definitions if isinstance(one, FragmentDefinitionNode)}
        )
        asked = [one for one in definitions if isinstance(one, OperationDefinitionNode)]
        costs = [measure.of(one.selection_set) for one in asked]
        if (deepest := max((one.depth for one in costs), default=0)) > DEPTH:
            self._refuse(f"selections lie {deepest} deep; {DEPTH} is the most")
        if (aliases := sum(one.aliases for one in costs)) > ALIASES:
            self._refuse(f"there are {aliases} aliases; {ALIASES} is the most")

    def _refuse(self, sentence: str) -> None:
        self.report_error(GraphQLError(sentence, extensions={"code": "TOO_MUCH"}))


class Documents(SchemaExtension):
    """Stops reading a document that is too long, and refuses one that leaves open what is asked."""

    def on_operation(self) -> Iterator[None]:
        """Tell the parser."""
        self.execution_context.parse_options["max_tokens"] = TOKENS
        yield

    def on_parse(self) -> Iterator[None]:
        """Refuse several operations without a name; strawberry would run the first of them."""
        yield
        asked = self.execution_context
        document = asked.graphql_document
        operations = document.definitions if document else ()
        several = sum(isinstance(one, OperationDefinitionNode) for one in operations) > 1
        if several and asked._provided_operation_name is None:  # noqa: SLF001  the only way to it
            raise GraphQLError("there are several operations; say which by operationName")


# ---- what an error tells


def said(error: GraphQLError) -> GraphQLError:
    """Give what a client is told of an error; what it may not see is logged under an id."""
    cause = error.original_error
    match cause:
        case Rejected(code=code, sentence=sentence):
            return _told(error, code, sentence)
        case DataError() if "NUL" in str(cause):
            return _told(error, "INVALID", "a text holds NUL, which cannot be stored")
        case QueryCanceled():
            return _told(error, "TOO_SLOW", "this took too long; ask for less at once")
        case DatabaseUnavailable() | OperationalError() | InterfaceError() | PoolTimeout():
            log("graphql").warning("the database does not answer", error=where(cause))
            return _told(error, "UNAVAILABLE", "the database does not answer now; try again")
    asked_wrongly = error.path is None and isinstance(cause, GraphQLError | ValueError)
    if cause is None or asked_wrongly:
        error.extensions = {"code": "INVALID_QUERY", **(error.extensions or {})}
        return error
    reference = uuid4().hex[:12]
    log("graphql").error("an error", reference=reference, error=where(cause), at=_field(error))
    return _told(error, "INTERNAL", f"internal error {reference}; the log says more")


def _told(error: GraphQLError, code: str, sentence: str) -> GraphQLError:
    return GraphQLError(
        sentence,
        nodes=error.nodes,
        source=error.source,
        positions=error.positions,
        path=error.path,
        extensions={"code": code},
    )


def _field(error: GraphQLError) -> str:
    """Name the fields on the way by their names in the schema; aliases are the client's words."""
    node = error.nodes[0] if error.nodes else None
    return node.name.value if isinstance(node, FieldNode) else ""


LIMITS: Final[list[Callable[[], SchemaExtension] | type[SchemaExtension]]] = [
    Documents,
    lambda: AddValidationRules([Limits]),
    ParserCache,
    ValidationCache,
]
