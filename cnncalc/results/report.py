"""What an analysis found: frozen values, the only thing that renderers and users see.

Numbers are for one image, forward, unless `batch` says otherwise. An unknown number is None and its name stands in
`unknown`; totals then hold the known sum and are named in `lower_bounds`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from cnncalc.results.layer import Layer, plain
from cnncalc.results.parts import Layers, ReportLayer
from cnncalc.results.paths import asked_path
from cnncalc.results.views import view
from cnncalc.values.diagnostics import one_line

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from os import PathLike

    import pandas as pd
    import polars as pl
    import pyarrow as pa

    from cnncalc.analysis.roofline import Roofline
    from cnncalc.devices import Device
    from cnncalc.drawing.picture import Picture
    from cnncalc.explanation.model import Explained
    from cnncalc.explanation.unit import UnitView
    from cnncalc.results.patches import Patches
    from cnncalc.results.runtime import RuntimeMemory
    from cnncalc.results.totals import Summary, Totals
    from cnncalc.search.formula import Formulas
    from cnncalc.study import Question
    from cnncalc.values.diagnostics import Diagnostic
    from cnncalc.values.shape import Shape

SCHEMA = 1
"""The number of the JSON form; keys are only added within one number."""

LAYER_LINES = -1
"""The default form of JSON text: one line for each layer."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Report:
    """The analysis of one network: what `analyze` returns and every renderer prints.

    Compares by value; can be pickled; lookup by path (`report["conv1"]`) and by glob (`report.match("layer4.*")`).
    `output_tensors` are the layers behind the labels of `outputs`, as a layer's `inputs` name them. `question` is what
    was asked of which network, so that `explain` and `rf` can look closer; it counts neither for equality nor is it
    pickled.
    """

    version: str
    name: str
    source: str | None
    file: str | None
    batch: int
    input: tuple[tuple[str, Shape], ...]
    variant: str | None
    variables: tuple[tuple[str, Any], ...]
    convention: str
    dtype: str
    layers: tuple[Layer, ...]
    totals: Totals
    summary: Summary
    outputs: tuple[tuple[str, Shape], ...]
    warnings: tuple[Diagnostic, ...]
    fold_bn: bool = False
    deploy: bool = False
    memory: RuntimeMemory | None = None
    accepted: tuple[Diagnostic, ...] = ()
    patches: Patches | None = None
    output_tensors: tuple[str, ...] = ()
    question: Question | None = None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Report):
            return NotImplemented
        return all(getattr(self, key) == getattr(other, key) for key in self.__slots__ if key != "question")

    def __getstate__(self) -> list[Any]:
        return [getattr(self, key) if key != "question" else None for key in self.__slots__]

    def __hash__(self) -> int:
        return hash((self.name, self.file, self.totals.params, self.totals.macs, len(self.layers)))

    def __repr__(self) -> str:
        totals = self.totals
        params, macs, flops = (
            f"{'>= ' if name in totals.lower_bounds else ''}{getattr(totals, name):,}"
            for name in ("params", "macs", "flops")
        )
        return one_line(
            f"<Report {self.name}: {len(self.layers):,} layers, {params} params, {macs} MACs, {flops} FLOPs "
            f"({self.convention})>"
        )

    def __len__(self) -> int:
        return len(self.layers)

    def __iter__(self) -> Iterator[Layer]:
        return iter(self.layers)

    def __getitem__(self, path: str) -> Layer:
        """Return the layer of this path, which prints as `explain` does.

        Raises:
            KeyError: there is none; the message names the nearest.
        """
        asked_path(path)
        for layer in self.layers:
            if layer.path == path:
                return ReportLayer.of(layer, self)
        raise KeyError(view("layer.missing")(path, [layer.path for layer in self.layers]))

    def match(self, pattern: str) -> Layers:
        """Return the layers whose path matches a glob (`*`, `?`, `[..]`), in order: a tuple that prints as a table."""
        asked_path(pattern)
        return Layers((layer for layer in self.layers if fnmatchcase(layer.path, pattern)), self)

    def explain(self, pattern: str = "*") -> Explained:
        """Return the formula behind every number of the layers whose path matches a glob.

        Args:
            pattern: a path, or a glob as `layer4.*`.

        Raises:
            ValueError: nothing matches, with a hint; or the report does not know its network: it was unpickled.
        """
        made: Explained = view("report.explain")(self, pattern)
        return made

    def rf(self, layer: str, at: Sequence[int] | None = None) -> UnitView:
        """Return what one unit of a layer sees of the input, with its picture.

        Args:
            layer: its path, a glob that matches one, or a block, whose last layer is meant.
            at: the unit's position, one number per spatial axis; by default the centre of the map.

        Raises:
            ValueError: there is no such layer or unit; or the report does not know its network: it was unpickled.
        """
        made: UnitView = view("report.rf")(self, layer, at)
        return made

    def formula(
        self, letters: Sequence[str] = (), of: Sequence[str] = ("macs", "params"), *, per: str = ""
    ) -> Formulas:
        """Return totals of the network as exact formulas in its input's size, its batch and its variables.

        Args:
            letters: as for `cnncalc.formula`; the extents of the input where nothing is said.
            of: totals, `output`, `receptive_field`.
            per: `layer` or `block`, for a formula of each besides.

        Raises:
            ValueError: a letter or a total is not one of the right ones; or the report does not know its network.
        """
        made: Formulas = view("report.formula")(self, letters, of, per)
        return made

    def roofline(self, device: str | Device, *, devices: str | PathLike[str] | None = None) -> Roofline:
        """Return how fast the network can run at most on a device: lower bounds of every layer's time.

        Args:
            device: a name that `cnncalc devices` lists, or a device.
            devices: a TOML file of one's own devices, merged over the built-in ones.

        Raises:
            DeviceError: there is no such device, or the file is wrong.
        """
        made: Roofline = view("report.roofline")(self, device, devices)
        return made

    def to_dict(self) -> dict[str, Any]:
        """Return the whole report as plain data: exactly what `show --format json` prints."""
        layers = [layer.to_dict() for layer in self.layers]
        return {key: layers if key == "layers" else value for key, value in self.entries()}

    def entries(self) -> Iterator[tuple[str, Any]]:
        """Yield what `to_dict()` holds, key by key, the layers as they are."""
        yield from (
            ("schema", SCHEMA), ("cnncalc", self.version), ("name", self.name), ("source", self.source),
            ("file", self.file), ("batch", self.batch),
            ("input", {name: list(shape) for name, shape in self.input}),
            ("variant", self.variant), ("variables", {name: plain(value) for name, value in self.variables}),
            ("convention", self.convention), ("dtype", self.dtype), ("fold_bn", self.fold_bn),
        )  # fmt: skip
        if self.deploy:
            yield "deploy", True
        if self.memory:
            yield "memory", self.memory.to_dict()
        if self.patches:
            yield "patches", self.patches.to_dict()
        yield "layers", self.layers
        yield "totals", self.totals.to_dict()
        yield "outputs", {name: list(shape) for name, shape in self.outputs}
        yield "summary", self.summary.to_dict()
        yield "warnings", [warning.to_dict() for warning in self.warnings]
        if self.accepted:
            yield "accepted", [finding.to_dict() for finding in self.accepted]

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return one flat record per layer: one unit a column with the unit in its name, integers as integers."""
        records: list[dict[str, Any]] = view("report.dicts")(self)
        return records

    def to_pandas(self) -> pd.DataFrame:
        """Return a pandas DataFrame with the records of `to_dicts`.

        Raises:
            ImportError: pandas is missing; the message names the extra.
        """
        frame: pd.DataFrame = view("report.pandas")(self)
        return frame

    def to_polars(self) -> pl.DataFrame:
        """Return a polars DataFrame with the records of `to_dicts`.

        Raises:
            ImportError: polars is missing; the message names the extra.
        """
        frame: pl.DataFrame = view("report.polars")(self)
        return frame

    def to_arrow(self) -> pa.Table:
        """Return a pyarrow Table with the records of `to_dicts`.

        Raises:
            ImportError: pyarrow is missing; the message names the extra.
        """
        table: pa.Table = view("report.arrow")(self)
        return table

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Return the records as an Arrow PyCapsule stream, which data-frame libraries read without copying."""
        return self.to_arrow().__arrow_c_stream__(requested_schema)

    def plot(self, kind: str = "macs", *, ax: Any = None, theme: str = "light", **options: Any) -> Any:
        """Draw one plot and return its matplotlib Axes; `cnncalc.render.plot.KINDS` lists what can be drawn.

        Args:
            kind: macs, flops, params, memory_access, receptive_field, memory, operators or roofline.
            ax: the Axes to draw on; by default a new figure.
            theme: light or dark.
            options: `by="layer"|"block"` for bars; `device="..."`, `devices="file.toml"` for the roofline.

        Raises:
            ImportError: matplotlib is missing; the message names the extra.
            ValueError: there is no such kind, theme, option or device, or nothing to draw.
        """
        return view("report.plot")(self, kind, ax=ax, theme=theme, **options)

    def graph(self, **options: Any) -> Picture:
        """Return the network as a drawing, which a notebook shows; `save` writes it as svg, png, dot, mermaid or html.

        Args:
            options: `depth=1` folds the outermost blocks, `whole=True` draws every layer; `color_by="macs"` or op,
                params, memory, rf; `direction="right"`; `theme="dark"` or light, auto; `field=True` adds receptive
                fields.

        Raises:
            ValueError: an option is not what can be drawn.
        """
        made: Picture = view("report.graph")(self, **options)
        return made

    def to_csv(self, path: str | PathLike[str] | None = None) -> str | None:
        """Write the records of `to_dicts` as CSV to a file, or return them as text without one; unknown is empty.

        Raises:
            OSError: the file cannot be written.
        """
        text: str | None = view("report.csv")(self, path)
        return text

    def to_markdown(
        self, *, columns: Sequence[str] | None = None, depth: int | None = None, human: bool = False
    ) -> str:
        """Return the table of `cnncalc show` as Markdown, with its totals and the facts below it.

        Args:
            columns: which, by the names that `show --columns` takes.
            depth: show paths of at most so many parts; deeper layers are summed in the row of their scope.
            human: counts as 25.6 M.

        Raises:
            ValueError: there is no such column, the message lists them; or the depth is below 1.
        """
        text: str = view("report.markdown")(self, columns=columns, depth=depth, human=human)
        return text

    def to_latex(self, *, columns: Sequence[str] | None = None, depth: int | None = None, human: bool = False) -> str:
        """Return the table of `cnncalc show` as a LaTeX `tabular` (package booktabs).

        Args:
            columns: as for `to_markdown`.
            depth: as for `to_markdown`.
            human: as for `to_markdown`.

        Raises:
            ValueError: as `to_markdown`.
        """
        text: str = view("report.latex")(self, columns=columns, depth=depth, human=human)
        return text

    def to_html(self, *, columns: Sequence[str] | None = None, depth: int | None = None, human: bool = False) -> str:
        """Return the report as HTML: inline style, light and dark, blocks that fold, no script, names escaped.

        Args:
            columns: as for `to_markdown`.
            depth: as for `to_markdown`.
            human: as for `to_markdown`.

        Raises:
            ValueError: as `to_markdown`.
        """
        text: str = view("report.html")(self, columns=columns, depth=depth, human=human)
        return text

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, Any]:
        forms: dict[str, Any] = view("mimebundle")(
            self, include, exclude, lambda: view("report.brief")(self), lambda: view("report.text")(self)
        )
        return forms

    def to_json(self, *, indent: int | None = LAYER_LINES) -> str:
        """Return `to_dict()` as JSON text; integers stay integers at any size.

        Args:
            indent: spaces per level; None for one line; by default a line for each key and one for each layer.
        """
        if indent != LAYER_LINES:
            return json.dumps(self.to_dict(), indent=indent, ensure_ascii=False, allow_nan=False)
        return "".join(self.json_pieces())

    def json_pieces(self) -> Iterator[str]:
        """Yield the text of `to_json()` as it is written: a layer when its turn comes, never the whole at once."""
        from cnncalc.results.written import json_lines

        return json_lines(self)
