"""Weights that several calls of a block share, in Keras' functional form: layers are asked for by the lender's name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.interop.exporting.refusing import refused
from cnncalc.interop.exporting.scopes import CallScope

if TYPE_CHECKING:
    from cnncalc.graph.graph import Graph


class Sharing:
    """Which layers of a network lend their weights, and which call has those of which other call.

    Attributes:
        involved: the layers that have another call's weights, and those that lend them.
        borrowed: those of them that have another call's.
        twins: for a layer that has the weights of an earlier one in the same call, that one.
    """

    def __init__(self, graph: Graph, file: str | None, root: CallScope) -> None:
        self.nodes = graph.nodes
        self.file = file
        self.involved: set[int] = set()
        self.borrowed: set[int] = set()
        self.twins: dict[int, int] = {}
        self.scopes: dict[str, CallScope] = {}
        self.homes: dict[int, str] = {}
        self.names: dict[tuple[str, str], str] = {}
        todo = [root]
        while todo:
            scope = todo.pop()
            self.scopes[scope.path] = scope
            self.homes.update({child: scope.path for child in scope.children if isinstance(child, int)})
            todo += [child for child in scope.children if isinstance(child, CallScope)]
        first: dict[tuple[str, int], int] = {}
        for index, node in enumerate(self.nodes):
            lender = index if node.shares is None else node.shares
            twin = first.setdefault((self.homes[index], lender), index)
            if twin != index:
                self.twins[index] = twin
            if self.homes[index] != self.homes[lender]:
                self.involved |= {index, lender}
                self.borrowed.add(index)

    def lender(self, scope: CallScope) -> str | None:
        """Return the path of the call whose weights a call has, its own where it lends; None where it does neither.

        Raises:
            SpecError: it has the weights of several, or of a layer that stands elsewhere in its block.
        """
        seen: set[int] = set()
        found: str | None = None
        for index in sorted(self.involved.intersection(scope.nodes())):
            node = self.nodes[index]
            root = index if node.shares is None else node.shares
            if root in seen:
                continue
            seen.add(root)
            inside = node.path.removeprefix(scope.path)
            path = self.nodes[root].path
            where = path.removesuffix(inside)
            if not path.endswith(inside) or where != (found or where):
                raise refused(node, "it uses the weights of a layer in another block", self.file)
            found = where
        return found

    def like(self, scope: CallScope, prefix: str, own: str) -> str | None:
        """Return what the call whose weights a call has is called in the function where both stand; None without one.

        Args:
            scope: the call.
            prefix: what the paths of the calls in that function begin with.
            own: what the call itself is called there.
        """
        lender = self.lender(scope)
        if lender is None:
            return None
        self.names[prefix, scope.path.removeprefix(prefix)] = own
        if lender == scope.path:
            return own
        around = self.lender(self.scopes[prefix.removesuffix(".")]) if prefix else None
        for start in (prefix, f"{around}."):
            name = self.names.get((prefix, lender.removeprefix(start))) if lender.startswith(start) else None
            if name is not None:
                return name
        first = self.nodes[min(self.borrowed.intersection(scope.nodes()))]
        raise refused(first, "it uses the weights of a layer in another block", self.file)
