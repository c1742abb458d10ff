r"""What torchvision calls the layers of its networks, for the paths that the zoo's specs give them.

A line is a pattern of our paths and a key. In a pattern `@` is a number and a dot is a dot; what else stands there is a
regular expression. In a key `\1` is what the first group is, `#1` which of the units that end with that group it is at
this place, from 0, and `+1` the same from 1; `#0` counts layers. `{a,b,c}` are the layer, its norm and its activation.
A key that ends with a dot says in which module a layer is that has no name itself.
"""

from __future__ import annotations

GATE = "squeeze_excite1.mul1"


def residual(scope: str = "") -> str:
    """Return the lines of a ResNet, which may be the body of another network."""
    return rf"""
        conv1                           {scope}{{conv1,bn1,relu}}
        max_pool1                       {scope}maxpool
        (layer@.@).add1.body.conv(@)    {scope}\1.{{conv\2,bn\2,relu\2}}
        (layer@.@).add1.skip.conv1      {scope}\1.downsample.{{0,1}}
        (layer@.@).add1                 {scope}\1.
        (layer@.@).relu1                {scope}\1.relu
        global_avg_pool1                {scope}avgpool
        linear1                         {scope}fc
    """


def expanded(call: str, convolutions: str) -> str:
    """Return the lines of inverted residuals of MobileNetV3 and EfficientNet, whose layers are in `block`."""
    unit = call.count("(") + 1 - call.count("(?")
    inside = r"features.#1" if unit == 2 else r"features.#2.#1"
    return rf"""
        {call}.({convolutions})                   {inside}.block.#{unit}.{{0,1,2}}
        {call}.({GATE}).gate.global_avg_pool1     {inside}.block.#{unit}.avgpool
        {call}.({GATE}).gate.conv(@)              {inside}.block.#{unit}.{{fc\{unit + 1},,act\{unit + 1}}}
        {call}.({GATE})                           {inside}.block.#{unit}.
        {call}.drop_path1                         {inside}.stochastic_depth
        {call}.add1                               {inside}.
    """


def shuffled(stage: int) -> str:
    """Return the lines of a stage of ShuffleNetV2: the unit that halves the map, and those after it."""
    units = rf"(down{stage}|unit{stage}.@)"
    scope = rf"stage{stage + 1}.#1"
    return rf"""
        {units}.concat1.left.(?:conv|depthwise)@     {scope}.branch1.{{#0,#0,#0}}
        {units}.concat1.right.(?:conv|depthwise)@    {scope}.branch2.{{#0,#0,#0}}
        {units}.(?:split1|concat1|channel_shuffle1)  {scope}.
    """


def videos(stem: str, kernel: str) -> str:
    """Return the lines of the 18-layer networks for video; `kernel` says what their convolutions are."""
    return rf"""
        {stem}
        {kernel}
        (layer(?:1|.@)).(@).add1.skip.conv1    layer+1.\2.downsample.{{0,1}}
        (layer(?:1|.@)).(@).add1               layer+1.\2.
        (layer(?:1|.@)).(@).relu1              layer+1.\2.relu
        global_avg_pool1                       avgpool
        linear1                                fc
    """


ALEXNET = r"""
    (?:conv|max_pool)@      features.{#0,#0,#0}
    adaptive_avg_pool1      avgpool
    (?:linear|dropout)@     classifier.{#0,,#0}
"""

VGG = r"""
    stage@.conv1(?:.@)?     features.{#0,#0,#0}
    stage@.max_pool1        features.#0
    adaptive_avg_pool1      avgpool
    (?:linear|dropout)@     classifier.{#0,,#0}
"""

SQUEEZENET = r"""
    conv1                           features.{#0,,#0}
    max_pool@                       features.#0
    (fire@).conv1                   features.#1.{squeeze,,squeeze_activation}
    (fire@).concat1.one.conv1       features.#1.{expand1x1,,expand1x1_activation}
    (fire@).concat1.three.conv1     features.#1.{expand3x3,,expand3x3_activation}
    (fire@).concat1                 features.#1.
    (?:dropout1|conv2|global_avg_pool1)  classifier.{#0,,#0}
"""

DENSENET = r"""
    conv1                                                 features.{conv0,norm0,relu0}
    max_pool1                                             features.pool0
    (dense(@).@).concat1.new.bn_relu_conv(@).batch_norm1  features.denseblock\2.denselayer+1.norm\3
    (dense(@).@).concat1.new.bn_relu_conv(@).(relu|conv)1 features.denseblock\2.denselayer+1.\4\3
    (dense(@).@).concat1                                  features.denseblock\2.denselayer+1.
    (transition(@)).bn_relu_conv1.batch_norm1             features.transition\2.norm
    (transition(@)).bn_relu_conv1.(relu|conv)1            features.transition\2.\3
    (transition(@)).avg_pool1                             features.transition\2.pool
    batch_norm1                                           features.norm5
    linear1                                               classifier
"""

GOOGLENET = r"""
    conv(@)                               conv\1.{conv,bn,relu}
    max_pool(@)                           maxpool\1
    inception_(\w+).concat1.one.conv1      inception\1.branch1.{conv,bn,relu}
    inception_(\w+).concat1.three.(conv@)  inception\1.branch2.#2.{conv,bn,relu}
    inception_(\w+).concat1.five.(conv@)   inception\1.branch3.#2.{conv,bn,relu}
    inception_(\w+).concat1.proj.max_pool1 inception\1.branch4.0
    inception_(\w+).concat1.proj.conv1     inception\1.branch4.1.{conv,bn,relu}
    inception_(\w+).concat1                inception\1.
    global_avg_pool1                      avgpool
    linear1                               fc
"""

INCEPTION_V3 = r"""
    conv1                                 Conv2d_1a_3x3.{conv,bn,relu}
    conv2                                 Conv2d_2a_3x3.{conv,bn,relu}
    conv3                                 Conv2d_2b_3x3.{conv,bn,relu}
    max_pool1                             maxpool1
    conv4                                 Conv2d_3b_1x1.{conv,bn,relu}
    conv5                                 Conv2d_4a_3x3.{conv,bn,relu}
    max_pool2                             maxpool2
    mixed_(\w+).concat1.one.conv1          Mixed_\1.branch1x1.{conv,bn,relu}
    mixed_(\w+).concat1.five.conv(@)       Mixed_\1.branch5x5_\2.{conv,bn,relu}
    mixed_(6a).concat1.three.conv1        Mixed_\1.branch3x3.{conv,bn,relu}
    mixed_(\w+).concat1.three.conv(@)      Mixed_\1.branch3x3_\2.{conv,bn,relu}
    mixed_(7a).concat1.seven.conv(@)      Mixed_\1.branch7x7x3_\2.{conv,bn,relu}
    mixed_(\w+).concat1.seven.conv(@)      Mixed_\1.branch7x7_\2.{conv,bn,relu}
    mixed_(6[b-e]).concat1.double.conv(@) Mixed_\1.branch7x7dbl_\2.{conv,bn,relu}
    mixed_(\w+).concat1.double.conv(@)     Mixed_\1.branch3x3dbl_\2.{conv,bn,relu}
    mixed_(\w+).concat1.three.fork1.concat1.row.conv1      Mixed_\1.branch3x3_2a.{conv,bn,relu}
    mixed_(\w+).concat1.three.fork1.concat1.column.conv1   Mixed_\1.branch3x3_2b.{conv,bn,relu}
    mixed_(\w+).concat1.double.fork1.concat1.row.conv1     Mixed_\1.branch3x3dbl_3a.{conv,bn,relu}
    mixed_(\w+).concat1.double.fork1.concat1.column.conv1  Mixed_\1.branch3x3dbl_3b.{conv,bn,relu}
    mixed_(\w+).concat1.proj.conv1         Mixed_\1.branch_pool.{conv,bn,relu}
    mixed_(\w+).concat1.*                  Mixed_\1.
    global_avg_pool1                      avgpool
    linear1                               fc
"""

MOBILENET_V2 = r"""
    (conv@)                                 features.#1.{0,1,2}
    (inverted@(?:.@)?).(conv1|depthwise1)   features.#1.conv.#2.{0,1,2}
    (inverted@(?:.@)?).conv2                features.#1.conv.{#0,#0}
    (inverted@(?:.@)?).add1                 features.#1.
    (?:dropout|linear)1                     classifier.#0
"""

MOBILENET_V3 = rf"""
    (conv@)                 features.#1.{{0,1,2}}
    {expanded("(bneck@)", "conv1|depthwise1|conv2")}
    global_avg_pool1        avgpool
    (?:linear|dropout)@     classifier.{{#0,,#0}}
"""

EFFICIENTNET = rf"""
    (stage@|head)           features.#1.{{0,1,2}}
    {expanded("((stage@)(?:.@)?)", "conv1|depthwise1|conv2")}
    global_avg_pool1        avgpool
    (?:dropout|linear)1     classifier.#0
"""

MNASNET = r"""
    (?:conv|depthwise)@                         layers.{#0,#0,#0}
    ((mbconv@)(?:.@)?).(?:conv|depthwise)@      layers.#2.#1.layers.{#0,#0,#0}
    ((mbconv@)(?:.@)?).add1                     layers.#2.#1.
    (?:dropout|linear)1                         classifier.#0
"""

REGNET = r"""
    stem                                        stem.{0,1,2}
    (stage(@)(?:.@)?).add1.body.conv1           trunk_output.block\2.block\2-#1.f.a.{0,1,2}
    (stage(@)(?:.@)?).add1.body.conv2           trunk_output.block\2.block\2-#1.f.b.{0,1,2}
    (stage(@)(?:.@)?).add1.body.conv3           trunk_output.block\2.block\2-#1.f.c.{0,1}
    (stage(@)(?:.@)?).add1.body.squeeze_excite1.mul1.gate.conv(@)  trunk_output.block\2.block\2-#1.f.se.{fc\3,,act\3}
    (stage(@)(?:.@)?).add1.body.squeeze_excite1.mul1.*             trunk_output.block\2.block\2-#1.f.se.
    (stage(@)(?:.@)?).add1.skip.conv1           trunk_output.block\2.block\2-#1.proj.{0,1}
    (stage(@)(?:.@)?).add1                      trunk_output.block\2.block\2-#1.
    (stage(@)(?:.@)?).relu1                     trunk_output.block\2.block\2-#1.activation
    global_avg_pool1                            avgpool
    linear1                                     fc
"""

CONVNEXT = r"""
    (stem)                      features.#1.0
    layer_norm1                 features.0.1
    (stage@).(@).depthwise1     features.#1.\2.block.0
    (stage@).(@).layer_norm1    features.#1.\2.block.2
    (stage@).(@).linear1        features.#1.\2.block.3
    (stage@).(@).gelu1          features.#1.\2.block.4
    (stage@).(@).linear2        features.#1.\2.block.5
    (stage@).(@).layer_scale1   features.#1.\2.layer_scale
    (stage@).(@).drop_path1     features.#1.\2.stochastic_depth
    (stage@).(@).add1           features.#1.\2.
    (down@).layer_norm1         features.#1.0
    (down@).conv1               features.#1.1
    global_avg_pool1            avgpool
    (?:layer_norm2|flatten1|linear1)  classifier.#0
"""

SHUFFLENET_V2 = rf"""
    conv1               conv1.{{0,1,2}}
    max_pool1           maxpool
    {"".join(map(shuffled, (1, 2, 3)))}
    conv2               conv5.{{0,1,2}}
    linear1             fc
"""

FCN = rf"""
    {residual("backbone.")}
    (?:conv2|dropout1|conv3)    classifier.{{#0,#0,#0}}
"""

DEEPLABV3 = rf"""
    {residual("backbone.")}
    (pyramid1).concat1.(point|rate12|rate24|rate36).conv1   classifier.0.convs.#2.{{0,1,2}}
    (pyramid1).concat1.(image).global_avg_pool1  classifier.0.convs.4.0
    (pyramid1).concat1.(image).conv1             classifier.0.convs.4.{{1,2,3}}
    (pyramid1).concat1.(image).upsample1         classifier.0.
    (pyramid1).concat1                           classifier.0.
    (pyramid1).(?:conv1|dropout1)                classifier.0.project.{{#0,#0,#0}}
    conv2                                        classifier.{{1,2,3}}
    conv3                                        classifier.4
"""

SCHEMES = {
    "alexnet": ALEXNET, "convnext_tiny": CONVNEXT, "deeplabv3_resnet50": DEEPLABV3, "densenet121": DENSENET,
    "efficientnet_b0": EFFICIENTNET, "efficientnet_v2_s": EFFICIENTNET, "fcn_resnet50": FCN, "googlenet": GOOGLENET,
    "inception_v3": INCEPTION_V3, "mc3_18": videos(
        "conv1   stem.{0,1,2}", r"(layer(?:1|.@)).(@).add1.body.conv(@)  layer+1.\2.conv\3.{0,1,2}"),
    "mnasnet1_0": MNASNET, "mobilenet_v2": MOBILENET_V2, "mobilenet_v3_large": MOBILENET_V3,
    "mobilenet_v3_small": MOBILENET_V3, "r2plus1d_18": videos(
        "conv@   stem.{#0,#0,#0}",
        r"""(layer(?:1|.@)).(@).add1.body.apart(@).conv1        layer+1.\2.conv\3.0.{0,1,2}
            (layer(?:1|.@)).(@).add1.body.apart(@).conv2        layer+1.\2.conv\3.{0.3,1,2}
            (layer(?:1|.@)).(@).add1.body.relu1                 layer+1.\2.conv1.2"""),
    "regnet_x_400mf": REGNET, "regnet_y_400mf": REGNET, "resnet18": residual(), "resnet50": residual(),
    "shufflenet_v2_x1_0": SHUFFLENET_V2, "squeezenet1_0": SQUEEZENET, "vgg16": VGG,
}  # fmt: skip
"""The lines of each network, by its name in the zoo; its variants have the same."""
SCHEMES["r3d_18"] = SCHEMES["mc3_18"]

WIDE, NARROW = 1e-3, 1e-6
EPSILONS = {
    **dict.fromkeys(("googlenet", "inception_v3", "mobilenet_v3_large", "mobilenet_v3_small", "efficientnet_b5",
                     "efficientnet_b6", "efficientnet_b7", "efficientnet_v2_s", "efficientnet_v2_m",
                     "efficientnet_v2_l"), WIDE),
    **dict.fromkeys(("convnext_tiny", "convnext_small", "convnext_base", "convnext_large"), NARROW),
}  # fmt: skip
"""What torchvision's norms add to the variance, by network or variant, where that is not PyTorch's 1e-5."""
