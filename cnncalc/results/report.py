"""What an analysis found: frozen values, the only thing that renderers and users see.

Numbers are for one image, forward, unless `batch` says otherwise. An unknown number is None and its name stands in
`unknown`; totals then hold the known sum and are named in `lower_bounds`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from fnmatch import fnmatchcase
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

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
    from cnncalc.results.patches import Patches
    from cnncalc.results.precision import Precision
    from cnncalc.results.runtime import RuntimeMemory
    from cnncalc.values.bits import Bits
    from cnncalc.values.diagnostics import Diagnostic
    from cnncalc.values.shape import Shape
    from cnncalc.values.work import MemoryAccess, Work

SCHEMA = 1
"""The number of the JSON form; keys are only added within one number."""

LAYER_LINES = -1
"""The default form of JSON text: one line for each layer."""

Axis = int | Fraction | None


def plain(value: Any) -> Any:
    """Return a value as JSON has it: tuples as lists, whole fractions as integers, others as floats."""
    if isinstance(value, Fraction):
        return value.numerator if value.denominator == 1 else float(value)
    if isinstance(value, tuple | list):
        return [plain(v) for v in value]
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return operator_form(value)


def json_lines(data: dict[str, Any]) -> str:
    """Return a report's mapping as JSON with one key a line and one layer a line: short, quick, and kind to `diff`."""
    encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode
    rows = []
    for key, value in data.items():
        if isinstance(value, list) and value:
            text = "[\n    " + ",\n    ".join(map(encode, value)) + "\n  ]"
        else:
            text = encode(value)
        rows.append(f"  {encode(key)}: {text}")
    return "{\n" + ",\n".join(rows) + "\n}"


def operator_form(value: Any) -> Any:
    """Return an operator inside an argument as a spec would write it."""
    arguments = {k: plain(v) for k, v in value.arguments().items() if v != value.args[k].default}
    return {value.name: arguments} if arguments else value.name


class Layer(NamedTuple):
    """One layer of the expanded network. Shapes are `[C, *S]` without the batch; fields are in input pixels per axis.

    Attributes:
        path: unique dotted path.
        op: the operator's canonical name.
        inputs: paths of the layers (or names of the network inputs) that it reads.
        in_shapes: their shapes.
        out_shapes: the shapes it makes, usually one.
        params: learnable values; 0 where the weights are another layer's.
        buffers: values kept but not learned.
        macs: multiply-accumulates.
        flops: floating-point operations under the report's convention.
        work: operations by kind.
        memory_access: elements read, written, and of weights and bias.
        bytes: the same in bytes of the report's dtype.
        intensity: flops per byte moved.
        activations: output elements of a convolution, transposed convolution or linear layer; 0 elsewhere.
        connections: output positions times parameters per position.
        share_params: part of the network's parameters; None where the whole is unknown.
        share_macs: part of the network's multiply-accumulates; None where the whole is unknown.
        receptive_field: largest over positions, along the spatial path.
        receptive_field_min: smallest over positions.
        receptive_field_true: largest, squeeze-and-excite gates included.
        receptive_fields: the same with respect to the further network inputs, as (name, field).
        jump: mean step between neighbouring units, in input pixels.
        start: left edge of unit 0.
        is_global: it sees the whole input.
        arguments: the operator's arguments, as (name, value).
        text: operator and arguments in a few words.
        unknown: names of the numbers that cannot be known.
        line: line of the spec, 1-based.
        column: column of the spec, 1-based.
        calls: paths of the block calls around it, outermost first.
        shares: path of the layer whose weights it uses.
        weighted: it is a convolution, transposed convolution or linear layer.
        live: activation elements alive while it runs, nothing in place; the batch multiplied.
        fused: the activations that a runtime computes inside it, by name; of a deployed network only.
        declared: names of the numbers that the spec states instead of the operator.
        bits: the widths of its numbers, and with them the density of its weights, where the spec says them.
    """

    path: str
    op: str
    inputs: tuple[str, ...]
    in_shapes: tuple[Shape, ...]
    out_shapes: tuple[Shape, ...]
    params: int | None
    buffers: int
    macs: int | None
    flops: int | None
    work: Work | None
    memory_access: MemoryAccess | None
    bytes: int | None
    intensity: float | None
    activations: int | None
    connections: int | None
    share_params: float | None
    share_macs: float | None
    receptive_field: tuple[int | None, ...]
    receptive_field_min: tuple[int | None, ...]
    receptive_field_true: tuple[int | None, ...]
    receptive_fields: tuple[tuple[str, tuple[int | None, ...]], ...]
    jump: tuple[Axis, ...]
    start: tuple[int | None, ...]
    is_global: bool
    arguments: tuple[tuple[str, Any], ...]
    text: str
    unknown: tuple[str, ...]
    line: int | None
    column: int | None
    calls: tuple[str, ...]
    shares: str | None
    weighted: bool
    live: int
    fused: tuple[str, ...] = ()
    declared: tuple[str, ...] = ()
    bits: Bits | None = None

    @property
    def out_shape(self) -> Shape:
        """The shape it makes, `[C, *S]`; of several, the first."""
        return self.out_shapes[0]

    @property
    def attributes(self) -> dict[str, Any]:
        """The operator's arguments as JSON has them."""
        return {name: plain(value) for name, value in self.arguments}

    def to_dict(self) -> dict[str, Any]:
        """Return the layer as JSON has it."""
        return {
            "path": self.path,
            "op": self.op,
            "inputs": list(self.inputs),
            "in_shapes": [list(shape) for shape in self.in_shapes],
            "out_shape": list(self.out_shapes[0]),
            "out_shapes": [list(shape) for shape in self.out_shapes],
            "params": self.params,
            "buffers": self.buffers,
            "macs": self.macs,
            "flops": self.flops,
            "work": self.work.to_dict() if self.work else None,
            "memory_access": self.memory_access.to_dict() if self.memory_access else None,
            "bytes": self.bytes,
            "intensity": self.intensity,
            "activations": self.activations,
            "connections": self.connections,
            "live": self.live,
            **({"fused": list(self.fused)} if self.fused else {}),
            **({"declared": list(self.declared)} if self.declared else {}),
            **({"bits": self.bits.to_dict(), "density": plain(self.bits.density)} if self.bits else {}),
            "share_params": self.share_params,
            "share_macs": self.share_macs,
            "receptive_field": list(self.receptive_field),
            "receptive_field_min": list(self.receptive_field_min),
            "receptive_field_true": list(self.receptive_field_true),
            "receptive_fields": {name: list(field) for name, field in self.receptive_fields},
            "jump": plain(self.jump),
            "start": list(self.start),
            "global": self.is_global,
            "attributes": self.attributes,
            "unknown": list(self.unknown),
            "line": self.line,
            "column": self.column,
            "calls": list(self.calls),
            "shares": self.shares,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Sums over all layers.

    Attributes:
        layers: the number of layers.
        memory_access_weighted: read + written + weights of convolutions, transposed convolutions and linear layers.
        bytes: all elements moved, in bytes.
        model_size: the parameters in bytes.
        peak_activation: most activation elements alive at once, nothing in place; the largest moment, not a sum.
        lower_bounds: names of the sums that leave out an unknown part.
        precision: what widths and zeros come to; None where no layer says them. JSON has it among the totals.
    """

    layers: int
    params: int
    buffers: int
    macs: int
    flops: int
    work: Work
    memory_access: MemoryAccess
    memory_access_weighted: int
    bytes: int
    model_size: int
    activations: int
    connections: int
    peak_activation: int
    lower_bounds: tuple[str, ...]
    precision: Precision | None = None

    @property
    def bops(self) -> int | None:
        """Macs by the bits of weight and activation, over the layers with `bits:`; None where there are none."""
        return None if self.precision is None else self.precision.bops

    @property
    def ops(self) -> int | float | None:
        """Operations as papers on binary networks count them; None without `bits:`, or with other widths than one."""
        return None if self.precision is None else self.precision.ops

    @property
    def model_bits(self) -> int | None:
        """Bits of all parameters; None where no layer says widths."""
        return None if self.precision is None else self.precision.model_bits

    def to_dict(self) -> dict[str, Any]:
        """Return the totals as JSON has them."""
        return {
            "layers": self.layers,
            "params": self.params,
            "buffers": self.buffers,
            "macs": self.macs,
            "flops": self.flops,
            "work": self.work.to_dict(),
            "memory_access": self.memory_access.to_dict(),
            "memory_access_weighted": self.memory_access_weighted,
            "bytes": self.bytes,
            "model_size": self.model_size,
            "activations": self.activations,
            "connections": self.connections,
            "peak_activation": self.peak_activation,
            **(self.precision.to_dict() if self.precision else {}),
            "lower_bounds": [*self.lower_bounds, *(self.precision.lower_bounds if self.precision else ())],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class PeakActivation:
    """The moment at which the most activations are alive while the layers run in order, nothing in place.

    Attributes:
        elements: activation elements alive then, the batch multiplied.
        bytes: the same in the report's dtype, each tensor rounded up.
        path: the layer that runs then; "" for a network without layers.
        live: what is alive then, as (name of the layer or input that made it, elements).
        profile: elements alive during each layer, in execution order.
    """

    elements: int
    bytes: int
    path: str
    live: tuple[tuple[str, int], ...]
    profile: tuple[int, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the moment as JSON has it."""
        live = [{"name": name, "elements": elements} for name, elements in self.live]
        return {"elements": self.elements, "bytes": self.bytes, "path": self.path, "live": live}


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """How deep a network is.

    Attributes:
        layers: most convolutions, transposed convolutions and linear layers on any path from input to output.
        weighted_layers: their number on all paths together.
        blocks: outermost block calls, repetitions counted.
    """

    layers: int
    weighted_layers: int
    blocks: int

    def to_dict(self) -> dict[str, int]:
        """Return the numbers as JSON has them."""
        return {"layers": self.layers, "weighted_layers": self.weighted_layers, "blocks": self.blocks}


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The network as designers speak of it.

    Attributes:
        width: most channels of any weighted layer's output, the network's outputs left out; None without one.
        stride: input pixels per unit of the last map, per axis.
        resolution_k: k in r = k*2^n, r the input's extents and 2^n the stride; None where there is no such whole k.
        resolution_n: n in the same.
        last_map: shape of the last map with a spatial extent, `[C, *S]`.
        last_map_path: the layer that makes it.
        receptive_field: its receptive field.
        peak_activation: when the most activations are alive, and which.
        fc_params: parameters in linear layers, as far as known.
        fc_macs: multiply-accumulates in linear layers, as far as known.
        fc_share_params: part of the parameters in linear layers; None where the whole is unknown or nothing.
        fc_share_macs: part of the multiply-accumulates in linear layers; None likewise.
        odd_channels: weighted layers whose output channels are no multiple of 8, outputs left out, as (path, channels).
    """

    depth: Depth
    width: int | None
    stride: tuple[Axis, ...]
    resolution_k: tuple[int | None, ...]
    resolution_n: tuple[int | None, ...]
    last_map: Shape | None
    last_map_path: str | None
    receptive_field: tuple[int | None, ...]
    receptive_field_min: tuple[int | None, ...]
    receptive_field_true: tuple[int | None, ...]
    peak_activation: PeakActivation
    fc_params: int
    fc_macs: int
    fc_share_params: float | None
    fc_share_macs: float | None
    odd_channels: tuple[tuple[str, int], ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the summary as JSON has it."""
        return {
            "depth": self.depth.to_dict(),
            "weighted_layers": self.depth.weighted_layers,
            "width": self.width,
            "stride": plain(self.stride),
            "resolution": {"k": list(self.resolution_k), "n": list(self.resolution_n)},
            "last_map": list(self.last_map) if self.last_map is not None else None,
            "last_map_path": self.last_map_path,
            "receptive_field": list(self.receptive_field),
            "receptive_field_min": list(self.receptive_field_min),
            "receptive_field_true": list(self.receptive_field_true),
            "peak_activation": self.peak_activation.to_dict(),
            "fc_params": self.fc_params,
            "fc_macs": self.fc_macs,
            "fc_share_params": self.fc_share_params,
            "fc_share_macs": self.fc_share_macs,
            "odd_channels": [{"path": path, "channels": channels} for path, channels in self.odd_channels],
        }


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Report:
    """The analysis of one network: what `analyze` returns and every renderer prints.

    Compares by value; can be pickled; lookup by path (`report["conv1"]`) and by glob (`report.match("layer4.*")`).
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

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Report):
            return NotImplemented
        return all(getattr(self, key) == getattr(other, key) for key in self.__slots__)

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
        """Return the layer of this path.

        Raises:
            KeyError: there is none.
        """
        for layer in self.layers:
            if layer.path == path:
                return layer
        raise KeyError(path)

    def match(self, pattern: str) -> tuple[Layer, ...]:
        """Return the layers whose path matches a glob (`*`, `?`, `[..]`), in order."""
        return tuple(layer for layer in self.layers if fnmatchcase(layer.path, pattern))

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
        return {
            "schema": SCHEMA,
            "cnncalc": self.version,
            "name": self.name,
            "source": self.source,
            "file": self.file,
            "batch": self.batch,
            "input": {name: list(shape) for name, shape in self.input},
            "variant": self.variant,
            "variables": {name: plain(value) for name, value in self.variables},
            "convention": self.convention,
            "dtype": self.dtype,
            "fold_bn": self.fold_bn,
            **({"deploy": True} if self.deploy else {}),
            **({"memory": self.memory.to_dict()} if self.memory else {}),
            **({"patches": self.patches.to_dict()} if self.patches else {}),
            "layers": [layer.to_dict() for layer in self.layers],
            "totals": self.totals.to_dict(),
            "outputs": {name: list(shape) for name, shape in self.outputs},
            "summary": self.summary.to_dict(),
            "warnings": [warning.to_dict() for warning in self.warnings],
            **({"accepted": [finding.to_dict() for finding in self.accepted]} if self.accepted else {}),
        }

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
        forms: dict[str, Any] = view("mimebundle")(self, include, exclude, lambda: view("report.brief")(self))
        return forms

    def to_json(self, *, indent: int | None = LAYER_LINES) -> str:
        """Return `to_dict()` as JSON text; integers stay integers at any size.

        Args:
            indent: spaces per level; None for one line; by default a line for each key and one for each layer.
        """
        if indent != LAYER_LINES:
            return json.dumps(self.to_dict(), indent=indent, ensure_ascii=False, allow_nan=False)
        return json_lines(self.to_dict())
