"""Products of an einsum: NumPy sums as many ones as there are products."""

from __future__ import annotations

import pytest

from cnncalc.interop.foreign import einsum_macs


@pytest.mark.parametrize(
    ("equation", "shapes"),
    [
        ("bhid,bhjd->bhij", [(2, 3, 5, 7), (2, 3, 4, 7)]),
        ("ij, jk -> ik", [(3, 5), (5, 2)]),
        ("ncvl,vw->ncwl", [(1, 8, 25, 6), (25, 25)]),
        ("i,j", [(4,), (9,)]),
    ],
)
def test_products_are_those_that_numpy_adds(equation: str, shapes: list[tuple[int, ...]]) -> None:
    numpy = pytest.importorskip("numpy")
    whole = equation.replace(" ", "").split("->")[0] + "->"
    assert einsum_macs(equation, shapes) == int(numpy.einsum(whole, *map(numpy.ones, shapes)))


@pytest.mark.parametrize(
    ("equation", "shapes"),
    [("i,j,k->ijk", [(2,), (3,), (4,)]), ("...i,ij->...j", [(2, 3), (3, 4)]), ("ii->i", [(3, 3)]), ("i,j", [(2,)])],
)
def test_what_depends_on_the_order_is_unknown(equation: str, shapes: list[tuple[int, ...]]) -> None:
    assert einsum_macs(equation, shapes) is None
