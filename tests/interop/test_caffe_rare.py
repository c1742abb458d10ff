"""Caffe layers of forks, of sequences and regions, changing batches, stages: sizes as the layers' sources say them."""

from __future__ import annotations

from math import ceil
from typing import Any

import pytest

from cnncalc import analyze
from cnncalc.api import Text, build_graph
from cnncalc.values.diagnostics import SpecError

MAP = (8, 9, 12)


def text(*layers: str, dims: tuple[int, ...] = (2, *MAP)) -> Text:
    """Return a network of layers `TYPE [settings]` on one input, each on the one before."""
    source = f"input: 'l0' input_shape {{ {' '.join(f'dim: {n}' for n in dims)} }}\n"
    for n, layer in enumerate(layers):
        kind, _, settings = layer.partition(" ")
        source += f"layer {{ name: 'l{n + 1}' type: '{kind}' bottom: 'l{n}' top: 'l{n + 1}' {settings} }}\n"
    return Text(source.encode(), "net.prototxt")


@pytest.mark.parametrize(("layer", "shape"), [
    ("ArgMax argmax_param { axis: 1 }", (1, 9, 12)),
    ("ArgMax argmax_param { top_k: 3 out_max_val: true }", (2, 3, 1)),
    ("Reduction reduction_param { axis: 1 }", (1,)),
    ("Reduction reduction_param { axis: -1 operation: MEAN }", (8, 9)),
    ("Tile tile_param { axis: 2 tiles: 3 }", (8, 27, 12)),
    ("SPP spp_param { pyramid_height: 3 }", (8 * 21,)),
    ("Im2col convolution_param { kernel_size: 3 pad: 1 stride: 2 }", (72, 5, 6)),
    ("Interp interp_param { zoom_factor: 8 }", (8, 9 + 8 * 7, 12 + 11 * 7)),
    ("Interp interp_param { shrink_factor: 2 }", (8, 5, 6)),
    ("Interp interp_param { height: 33 width: 40 }", (8, 33, 40)),
    ("Interp interp_param { zoom_factor: 2 pad_beg: -1 pad_end: -1 }", (8, 13, 19)),
    ("Upsample upsample_param { scale: 2 }", (8, 18, 24)),
    ("Upsample upsample_param { scale: 2 upsample_w: 23 upsample_h: 17 }", (8, 17, 23)),
    ("Reorg reorg_param { stride: 3 }", (72, 3, 4)),
    ("Clip clip_param { min: 0 max: 6 }", MAP),
    ("Flatten flatten_param { axis: -2 }", (8, 108)),
    ("Concat concat_param { axis: -1 }", MAP),
    ("Reshape reshape_param { shape { dim: 0 dim: 4 dim: -1 dim: 12 } }", (4, 18, 12)),
    ("Reshape reshape_param { shape { dim: -1 } axis: 1 num_axes: 2 }", (72, 12)),
    ("Reshape reshape_param { shape { dim: 2 dim: 4 } axis: 1 num_axes: 1 }", (2, 4, 9, 12)),
    ("Reshape reshape_param { shape { dim: 1 } axis: -1 num_axes: 0 }", (8, 9, 12, 1)),
])  # fmt: skip
def test_shapes_are_caffes(layer: str, shape: tuple[int, ...]) -> None:
    graph, _, _ = build_graph(text(layer))
    assert tuple(graph.nodes[-1].out_shapes[0]) == shape
    assert not analyze(graph).totals.lower_bounds


@pytest.mark.parametrize(("layer", "params"), [
    ("Normalize norm_param { across_spatial: false channel_shared: false }", 8),
    ("Normalize norm_param { across_spatial: false }", 1), ("Normalize", 1), ("BN", 32),
    ("BatchNorm batch_norm_param { scale_bias: true }", 8 * 4 + 1), ("Scale scale_param { axis: 1 num_axes: 3 }", 864),
    ("Scale scale_param { axis: 2 num_axes: -1 bias_term: true }", 216), ("Scale scale_param { num_axes: 0 }", 1),
])  # fmt: skip
def test_what_is_learned_counts(layer: str, params: int) -> None:
    totals = analyze(text(layer)).totals
    assert totals.params + totals.buffers == params


def rounded_up(n: int, k: int, s: int, p: int) -> int:
    """Return the windows of a pool along an axis, as `pooling_layer.cpp` has them: clipped only where padded."""
    out = ceil((n + 2 * p - k) / s) + 1
    return out - 1 if p and (out - 1) * s >= n + p else out


def test_pools_have_caffes_size_whatever_their_window() -> None:
    for n in (5, 6, 8, 13):
        for k in (1, 2, 3, 4):
            for s in (1, 2, 3, 4):
                for p in range(k // 2 + 1):
                    pool = f"Pooling pooling_param {{ pool: AVE kernel_size: {k} stride: {s} pad: {p} }}"
                    graph, _, _ = build_graph(text(pool, dims=(1, 3, n, n + 1)))
                    wanted = (3, rounded_up(n, k, s, p), rounded_up(n + 1, k, s, p))
                    assert tuple(graph.nodes[-1].out_shapes[0]) == wanted, (n, k, s, p)


def test_sequences_may_be_part_of_the_batch() -> None:
    """160 frames become 16 steps of 10 sequences (as in LRCN); each frame costs one step of one sequence."""
    source = text(
        "InnerProduct inner_product_param { num_output: 30 }",
        "Reshape reshape_param { shape { dim: 16 dim: 10 dim: 30 } }",
        "LSTM recurrent_param { num_output: 7 }",
        "InnerProduct inner_product_param { num_output: 5 axis: 2 }",
        "Softmax softmax_param { axis: 2 }", dims=(160, 3, 4, 4),
    )  # fmt: skip
    graph, _, _ = build_graph(source)
    assert graph.batch == 160
    shapes = {node.path: tuple(node.out_shapes[0]) for node in graph.nodes}
    assert (shapes["l3"], shapes["l5"]) == ((7,), (5,))
    totals = analyze(graph).totals
    lstm = 4 * 7 * (30 + 7)
    assert totals.macs == 160 * (48 * 30 + lstm + 7 * 5)
    assert totals.params == 48 * 30 + 30 + lstm + 4 * 7 + 7 * 5 + 5


def test_a_simple_recurrent_layer_has_three_products() -> None:
    """Inputs are [time, sequences, values]: of each of 3 sequences one step."""
    totals = analyze(text("RNN recurrent_param { num_output: 4 }", dims=(20, 3, 6))).totals
    assert totals.macs == 20 * 3 * (4 * 6 + 4 * 4 + 4 * 4)
    assert totals.params == 4 * 6 + 4 + 4 * 4 + 4 * 4 + 4


def test_words_have_a_row_each() -> None:
    totals = analyze(text("Embed embed_param { input_dim: 50 num_output: 6 bias_term: false }", dims=(1, 9))).totals
    assert (totals.params, totals.macs) == (300, 0)


REGIONS = """\
input: 'data' input_shape { dim: 1 dim: 3 dim: 32 dim: 32 }
input: 'im_info' input_shape { dim: 1 dim: 3 }
layer { name: 'conv' type: 'Convolution' bottom: 'data' top: 'conv' convolution_param { num_output: 4 kernel_size: 1 } }
layer { name: 'rpn' type: 'Convolution' bottom: 'conv' top: 'rpn' convolution_param { num_output: 6 kernel_size: 1 } }
layer { name: 'two' type: 'Reshape' bottom: 'rpn' top: 'two' reshape_param { shape { dim: 0 dim: 2 dim: -1 dim: 0 } } }
layer { name: 'prob' type: 'Softmax' bottom: 'two' top: 'prob' }
layer { name: 'rois' type: 'Proposal' bottom: 'prob' bottom: 'im_info' top: 'rois' }
layer { name: 'pool' type: 'ROIPooling' bottom: 'conv' bottom: 'rois' top: 'pool'
  roi_pooling_param { pooled_w: 7 pooled_h: 6 spatial_scale: 0.0625 } }
layer { name: 'fc' type: 'InnerProduct' bottom: 'pool' top: 'fc' inner_product_param { num_output: 10 } }
"""


def test_regions_have_their_shape_and_totals_are_bounds() -> None:
    graph, _, _ = build_graph(Text(REGIONS.encode(), "net.prototxt"))
    shapes = {node.path: tuple(node.out_shapes[0]) for node in graph.nodes}
    assert (shapes["two"], shapes["pool"], shapes["fc"]) == ((2, 96, 32), (4, 6, 7), (10,))
    report = analyze(Text(REGIONS.encode(), "net.prototxt"))
    assert "macs" in report.totals.lower_bounds
    assert report.totals.params == 3 * 4 + 4 + 4 * 6 + 6 + 4 * 42 * 10 + 10
    assert {w.code for w in report.warnings} >= {"unknown-cost"}


STAGES = """\
layer { name: 'train' type: 'Data' top: 'data' top: 'label' include { stage: 'train' }
  transform_param { crop_size: 12 } data_param { batch_size: 8 } }
layer { name: 'val' type: 'Data' top: 'data' top: 'label' include { stage: 'val' }
  transform_param { crop_size: 10 } data_param { batch_size: 4 } }
layer { name: 'in' type: 'Input' top: 'data' include { stage: 'deploy' }
  input_param { shape { dim: 1 dim: 3 dim: 8 dim: 8 } } }
layer { name: 'fc' type: 'InnerProduct' bottom: 'data' top: 'fc' inner_product_param { num_output: 2 } }
layer { name: 'soft' type: 'Softmax' bottom: 'fc' top: 'soft' include { stage: 'deploy' } }
layer { name: 'loss' type: 'SoftmaxWithLoss' bottom: 'fc' bottom: 'label' top: 'loss' exclude { stage: 'deploy' } }
"""


@pytest.mark.parametrize(("stage", "batch", "last", "macs"), [
    ("deploy", 1, "soft", 384), ("val", 4, "loss", 4 * 600), ("train", 8, "loss", 8 * 864),
])  # fmt: skip
def test_stages_are_variants(stage: str, batch: int, last: str, macs: int) -> None:
    source = Text(STAGES.encode(), "net.prototxt")
    graph, _, _ = build_graph(source, variant=stage)
    assert (graph.batch, graph.nodes[-1].path, analyze(graph).totals.macs) == (batch, last, macs)
    with pytest.raises(SpecError) as caught:
        build_graph(source)
    assert "--variant deploy" in str(caught.value.diagnostics[0].hint)


@pytest.mark.parametrize(("data", "shape"), [
    ("type: 'Python' python_param { module: 'm' layer: 'L' }", None),
    ("type: 'RandVec' randvec_param { dim: 7 }", None),
    ("type: 'AnnotatedData' transform_param { resize_param { height: 30 width: 40 } }", (3, 30, 40)),
    ("type: 'AnnotatedData' transform_param { resize_param { height: 30 } }", None),
    ("type: 'ImageData' image_data_param { new_height: 9 new_width: 8 is_color: false }", (1, 9, 8)),
])  # fmt: skip
def test_data_of_any_type_is_an_input(data: str, shape: tuple[int, ...] | None) -> None:
    lines = f"layer {{ name: 'd' top: 'data' {data} }} layer {{ name: 'r' type: 'ReLU' bottom: 'data' top: 'r' }}"
    source = Text(lines.encode(), "net.prototxt")
    if shape is None:
        with pytest.raises(SpecError) as caught:
            build_graph(source)
        assert caught.value.diagnostics[0].code == "open-input"
        shape = (2, 5, 5)
    given: Any = {"input": "x".join(map(str, shape))}
    assert tuple(build_graph(source, **given)[0].nodes[0].out_shapes[0]) == shape


def test_a_parameter_layer_is_learned() -> None:
    source = ("input: 'x' input_shape { dim: 1 dim: 3 dim: 4 dim: 4 }\n"
              "layer { name: 'p' type: 'Parameter' top: 'p' parameter_param { shape { dim: 3 dim: 4 dim: 4 } } }\n"
              "layer { name: 'e' type: 'Eltwise' bottom: 'x' bottom: 'p' top: 'e' }")  # fmt: skip
    assert analyze(Text(source.encode(), "net.prototxt")).totals.params == 48
