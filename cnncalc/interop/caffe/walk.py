"""Through the layers of a phase in order: which blob each name stands for, and what each layer becomes."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, NoReturn

from cnncalc.interop.caffe.call import CaffeCall, CaffeMisfitError
from cnncalc.interop.caffe.layers import SAVED, entry_of, unknown
from cnncalc.interop.foreign import Cost
from cnncalc.interop.making import IDLE, Maker
from cnncalc.values.diagnostics import SpecError
from cnncalc.values.shape import Shape

if TYPE_CHECKING:
    from cnncalc.graph.graph import Graph, Ref
    from cnncalc.interop.caffe.prototext import Message
    from cnncalc.interop.caffe.reading import CaffeLayer, CaffeNet
    from cnncalc.language.settings import Overrides
    from cnncalc.values.diagnostics import Collector, Span

MAX_LAYERS = 20_000
LARGEST = 2**31
OPEN = "say --input 3x224x224"


class CaffeWalk:
    """One way through one phase of a file."""

    def __init__(self, net: CaffeNet, setting: str, file: str | None, overrides: Overrides, collector: Collector
                 ) -> None:  # fmt: skip
        self.net = net
        self.phase = "TRAIN" if setting == "train" else "TEST"
        self.stages = {setting} & net.stages()
        self.overrides = overrides
        self.maker = Maker(file, collector)
        self.blobs: dict[str, Ref] = {}
        self.batch = 1
        self.lenders: dict[tuple[str, ...], str] = {}
        self.norms = 0
        self.leads: dict[str, tuple[int, ...]] = {}

    def lead(self, blob: str) -> tuple[int, ...]:
        """Return the extents of a blob that are the batch: usually one."""
        return self.leads.get(blob, (self.batch,))

    def run(self) -> Graph:
        """Return the network."""
        maker, net = self.maker, self.net
        layers = [layer for layer in net.layers if self.taken(layer)]
        if len(layers) > MAX_LAYERS:
            maker.fail(f"has more than {MAX_LAYERS:,} layers", code="too-many-layers")
        self.inputs(layers)
        read = set[str]()
        for layer in layers:
            if not layer.bottoms and layer.kind != "Parameter":
                continue
            maker.span, maker.who = layer.span, f"layer '{layer.name}' ({layer.kind})"
            self.layer(layer)
            read.update(name for name in layer.bottoms if name not in layer.tops)
        for name, ref in self.blobs.items():
            if name not in read:
                maker.results[name] = ref
        maker.span, maker.who = None, ""
        if self.norms:
            last = (len(maker.builder.graph().nodes) - 1, 0)
            maker.declare(IDLE, [last], maker.builder.free("batch_norm_factors"),
                          Cost(outs=(maker.shape(last),), buffers=self.norms, moved=False, same=True))  # fmt: skip
        graph = maker.finished()
        graph.batch = self.batch
        return graph

    def taken(self, layer: CaffeLayer) -> bool:
        """Whether the phase and stage have a layer: none of its rules, or one of them, lets it in."""
        includes, excludes = (layer.settings.messages(name) for name in ("include", "exclude"))
        rules = includes or excludes
        return any(self.met(rule) for rule in rules) == bool(includes)

    def met(self, rule: Message) -> bool:
        """Whether a rule holds: its phase, each stage that it wants, none that it does not."""
        here = rule.word("phase") in ("", self.phase, {"TRAIN": "0", "TEST": "1"}[self.phase])
        wanted, unwanted = ({w.text for w in rule.words(name)} for name in ("stage", "not_stage"))
        return here and wanted <= self.stages and not unwanted & self.stages

    # Inputs.

    def inputs(self, layers: list[CaffeLayer]) -> None:
        """Give the network its inputs: those of the file, and what its data layers make."""
        found: dict[str, tuple[tuple[int, ...] | None, Span]] = {}
        for name, (extents, place) in self.net.inputs.items():
            found[name] = (tuple(extents), place)
        for layer in layers:
            if not layer.bottoms and layer.kind != "Parameter":  # data, whatever its type
                found.update(self.data(layer))
        if not found:
            others = " or ".join(f"--variant {name}" for name in sorted({"train", *self.net.stages()} - {"test"}))
            self.maker.fail(f"has no input in the phase {self.phase}", code="no-layers", hint=f"try {others}")
        given = dict(self.overrides.inputs or {})
        if "" in given:
            given[next(iter(found))] = given.pop("")
        lost = next((name for name in given if name not in found), None)
        if lost is not None:
            raise ValueError(f"there is no input '{lost}'; this network has {', '.join(found)}")
        for number, (name, (dims, span)) in enumerate(found.items()):
            self.maker.span = span
            shape = Shape(self.extents(name, dims, given.get(name), first=not number))
            self.blobs[name] = self.maker.builder.input(name, shape)

    def extents(self, name: str, dims: tuple[int, ...] | None, given: tuple[int, ...] | None, *, first: bool
                ) -> tuple[int, ...]:  # fmt: skip
        """Return an input's extents without the batch, which is the first one's."""
        if given is not None:
            if dims is not None and len(given) == len(dims) > 1:
                if first:
                    self.batch = given[0]
                given = given[1:]
            return given
        if dims is None:
            self.maker.fail(f"the size of the input '{name}' is in its data, not in the file", code="open-input",
                            hint=OPEN)  # fmt: skip
        if not dims or any(not 0 < n < LARGEST for n in dims):
            self.maker.fail(f"the input '{name}' has the extents {list(dims)}", hint=OPEN)
        if first:
            self.batch = dims[0] if len(dims) > 1 else 1
        return dims[1:] or (1,)

    def data(self, layer: CaffeLayer) -> dict[str, tuple[tuple[int, ...] | None, Span]]:
        """Return what a data layer makes: images, and labels of one number each."""
        settings, call = layer.settings, CaffeCall(self, layer)
        self.maker.span, self.maker.who = layer.span, f"layer '{layer.name}' ({layer.kind})"
        if layer.kind in ("Input", "DummyData"):
            which = "input_param" if layer.kind == "Input" else "dummy_data_param"
            shapes = [tuple(call.whole(word, "dim") for word in s.words("dim"))
                      for s in settings.message(which).messages("shape")]  # fmt: skip
            if not shapes and layer.kind == "DummyData":
                shapes = [tuple(call.number(which, key, 1) for key in ("num", "channels", "height", "width"))]
            shapes = shapes * len(layer.tops) if len(shapes) == 1 else shapes
            return {top: (shape, layer.span) for top, shape in zip(layer.tops, shapes, strict=False)}
        which = {"MemoryData": "memory_data_param", "ImageData": "image_data_param", "HDF5Data": "hdf5_data_param",
                 "WindowData": "window_data_param"}.get(layer.kind, "data_param")  # fmt: skip
        batch = call.number(which, "batch_size", 1)
        crop = call.number("transform_param", "crop_size", 0) or call.number(which, "crop_size", 0)
        resized = settings.message("transform_param").message("resize_param")
        sides = [call.whole(w, key) for key in ("height", "width") for w in resized.words(key)[-1:]]
        sides = sides if len(sides) == 2 else [call.number(which, f"new_{key}", 0) for key in ("height", "width")]
        sides = [crop, crop] if crop else sides
        gray = not call.flag(which, "is_color", default=True) or call.flag(
            "transform_param", "force_gray", default=False
        )
        image: tuple[int, ...] | None = (batch, 1 if gray else 3, *sides) if min(sides) > 0 else None
        if layer.kind == "MemoryData":
            image = (batch, *(call.number(which, key, 1) for key in ("channels", "height", "width")))
        if image is None and batch > 1:
            self.batch = batch
        return {top: (image if not number else (batch,), layer.span) for number, top in enumerate(layer.tops)}

    # Layers.

    def layer(self, layer: CaffeLayer) -> None:
        """Take in one layer."""
        lost = next((name for name in layer.bottoms if name not in self.blobs), None)
        if lost is not None:
            self.maker.fail(f"reads '{lost}', which no layer before it makes")
        if layer.kind in SAVED:
            return
        call = CaffeCall(self, layer)
        if layer.kind == "Parameter":
            self.parameter(call)
            return
        entry = entry_of(layer.kind)
        try:
            made = entry(call) if entry is not None else unknown(call)
        except SpecError:
            raise
        except CaffeMisfitError as error:
            self.maker.fail(str(error))
        except (LookupError, TypeError, ValueError, ArithmeticError):
            self.maker.fail("has settings that do not go together")
        refs = made if made and not isinstance(made[0], int) else [made]
        self.blobs.update(zip(layer.tops, refs, strict=False))  # type: ignore[arg-type]
        lead = call.lead if call.lead is not None else self.lead(layer.bottoms[0])
        self.leads.update(dict.fromkeys(layer.tops, lead))

    def parameter(self, call: CaffeCall) -> None:
        """Take in a blob that is learned and that no layer makes."""
        shape = call.layer.settings.message("parameter_param").message("shape")
        extents = [call.whole(word, "dim", 1) for word in shape.words("dim")]
        cost = Cost(outs=(Shape(extents or (1,)),), params=prod(extents), moved=False)
        first = next(iter(self.blobs.values()))  # every layer reads something
        for top in call.layer.tops[:1]:
            self.blobs[top] = self.maker.declare("Parameter", [first], call.place(), cost)[0]
            self.leads[top] = ()

    def fail(self, message: str, span: Span) -> NoReturn:
        """Give the file up, at a value."""
        self.maker.fail(message, span=span)
