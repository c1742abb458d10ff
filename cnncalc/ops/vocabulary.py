"""Words of other systems for operators and arguments: what the hints of `ops/hints.py` are taken from.

Folded words are without case, `_`, `-` and spaces. The operators themselves know their names in PyTorch, Keras, Caffe,
Darknet, ONNX and TensorFlow Lite (`Operator.elsewhere`); here stands what no one operator says of itself.
"""

from __future__ import annotations

from cnncalc.values.words import fold

WAYS_OUT = "write opaque: {out: [C, H, W]} for it, or register an operator of your own (--ops FILE.py)"

ADVICE = {
    "transpose": "write permute: [..] to reorder axes, conv_transpose for the transposed convolution",
    "mean": "write global_avg_pool for the mean over the map, channel_mean over the channels",
    "reducemean": "write global_avg_pool for the mean over the map, channel_mean over the channels",
    "reducemax": "write global_max_pool for the maximum over the map, channel_max over the channels",
    **dict.fromkeys(
        ("sum", "addn"), "write add: [label, label] for a sum of maps; a sum over an axis is not in the language"
    ),
    "average": "write add, and a factor costs nothing that is counted",
    "pool": "write max_pool or avg_pool",
    "norm": "write batch_norm, group_norm, layer_norm or instance_norm",
    "normalization": "write batch_norm, group_norm, layer_norm or instance_norm",
    "activation": "write the activation itself, for example relu",
    "act": "write the activation itself, for example relu",
    "scale": "write affine: {scale: channel, offset: channel}",
    "bias": "write affine: {offset: channel}",
    **dict.fromkeys(
        ("multiheadattention", "multiheaddotproductattention", "mha", "selfattention"),
        "write self_attention: heads of use: [std], which has its projections, or attention behind your own q, k, v",
    ),
    **dict.fromkeys(
        ("convbnlayer", "convbnrelu", "convnormactivation", "convbn", "convbnact", "convmodule", "basicconv",
         "convnormact", "conv2dnormactivation"),
        "write conv: {out: .., kernel: .., norm: batch_norm, act: relu}",
    ),
    **dict.fromkeys(("lstmcell", "optimizedlstmcell", "bilstm"), "write lstm: it walks the whole sequence"),
    **dict.fromkeys(("grucell", "bigru"), "write gru: it walks the whole sequence"),
    **dict.fromkeys(
        ("spectralnorm", "spectralnormalization", "weightnorm"),
        "leave it out, or write gain: true on the convolution for one learned factor per channel",
    ),
    **dict.fromkeys(("hybridsequential", "layerlist"), "write the layers one after the other, or use repeat:"),
    **dict.fromkeys(("hybridblock", "functional", "compact", "argscope"), "write it as a block under blocks:"),
    **dict.fromkeys(
        ("variable", "placeholder", "dummydata", "imagedata"), "write input: [C, H, W] above layers:, it is no layer"
    ),
    **dict.fromkeys(
        ("blockgrad", "stopgradient", "silence", "contiguous", "cast", "quantizelinear", "dequantizelinear", "quantize",
         "dequantize", "activityregularization", "randomflip", "randomcrop", "makeloss", "detach", "clone"),
        "leave it out: it changes no size and no count",
    ),
    **dict.fromkeys(("softmaxoutput", "softmaxactivation"), "write softmax"),
    **dict.fromkeys(("elemwiseadd", "broadcastadd", "elementwiseadd", "addv2"), "write add"),
    **dict.fromkeys(("elemwisemul", "broadcastmul", "elementwisemul"), "write mul"),
    **dict.fromkeys(("elemwisesub", "broadcastsub", "elementwisesub"), "write sub"),
    **dict.fromkeys(("elementwisemax", "broadcastmaximum"), "write max"),
    **dict.fromkeys(("slicechannel", "unstack", "unpack"), "write split"),
    **dict.fromkeys(("stack", "pack"), "write concat, behind a reshape of each where an axis is new"),
    **dict.fromkeys(
        ("sliceaxis", "stridedslice", "narrow"),
        "write slice: {range: [start, stop], axis: ..}, or slice: [start, stop]",
    ),
    **dict.fromkeys(("swapaxes", "swapaxis", "transpose2"), "write permute: [..] with the axes in their new order"),
    **dict.fromkeys(("reshape2", "squeeze2", "unsqueeze2", "flattencontiguousrange"), "write reshape: [..] or flatten"),
    **dict.fromkeys(
        ("resizeimages", "resizing", "interp", "bilinearresize", "nearestinterp", "bilinearinterp",
         "upsamplingbilinear", "upsamplingnearest", "nearestinterpv2", "bilinearinterpv2"),
        "write upsample: {scale: 2, mode: ..}",
    ),
    **dict.fromkeys(("fusedbatchnorm", "fusedbatchnormv3", "affinechannel"), "write batch_norm"),
    **dict.fromkeys(("biasadd",), "write affine: {offset: channel}, or bias: true on the layer before"),
    **dict.fromkeys(("l2normalize", "unitnormalization"), "write l2_norm"),
    **dict.fromkeys(("padv2", "constantpad", "padconstant"), "write pad"),
    **dict.fromkeys(("lazyconv", "qlinearconv", "convinteger", "convgeneraldilated"), "write conv"),
    **dict.fromkeys(("deconvolutional", "lazyconvtranspose"), "write conv_transpose"),
    **dict.fromkeys(("lazylinear", "einsumdense", "densegeneral"), "write linear, with axis: channel on a map"),
    **dict.fromkeys(("depthwiseconvolution", "dw"), "write depthwise"),
    **dict.fromkeys(("deformableconvolution", "deformconvv2", "dcn", "dcnv2"), "write deform_conv"),
    **dict.fromkeys(("crossmaplrn",), "write local_response_norm"),
    **dict.fromkeys(("matmulv2", "batchmatmulv2"), "write matmul"),
    **dict.fromkeys(("mvn", "meanvariancenormalization"), "write instance_norm: {affine: false}"),
    **dict.fromkeys(("localavgpool", "localavgpooling"), "write avg_pool"),
    **dict.fromkeys(("bnll",), "write softplus"),
    **dict.fromkeys(("gaussiandropout",), "write dropout"),
    **dict.fromkeys(("multiscaleroialign", "psroipooling", "psroialign"), "write roi_align: {size: .., regions: ..}"),
    **dict.fromkeys(("spp",), "write concat: {p: {layers: [{adaptive_max_pool: n}, ..], branches: {n: [1, 2, 4]}}}"),
    **dict.fromkeys(("featurepyramidnetwork", "fpn"), "write it as a block with outputs: [p3, p4, p5]"),
    **dict.fromkeys(("parameter", "parameterlist"), "write affine for scales and offsets, tokens for learned vectors"),
    "sequential": "write the layers one after the other, or as a block under blocks:",
    "modulelist": "write the layers one after the other, or use repeat:",
    "module": "write it as a block under blocks:",
    "repeat": "write repeat: n beside the layer",
    "residual": "write add: {body: [..], skip: []}",
    "skip": "write add: {body: [..], skip: []}",
    "input": "write input: [C, H, W] above layers:, it is no layer",
    "inputlayer": "write input: [C, H, W] above layers:, it is no layer",
    "data": "write input: [C, H, W] above layers:, it is no layer",
    "net": "write input: [C, H, W] above layers:, it is no layer",
    "output": "name it under outputs:",
    "squeeze": "write reshape: [..] with the shape that is left",
    "unsqueeze": "write reshape: [..] with the new shape",
    "expanddims": "write reshape: [..] with the new shape",
    "timedistributed": "write the layer itself: on a map with one more axis it is the same",
    "bidirectional": "write lstm: {hidden: .., bidirectional: true}",
    "spatialdropout": "write dropout",
    "alphadropout": "write dropout",
    "gaussiannoise": "leave it out: at inference it does nothing",
    "rescaling": "leave it out: it is preparation of the data",
    "syncbatchnorm": "write batch_norm",
    "crelu": "write concat: {x: [relu], minus: [relu]}: the sign changes no count",
    "frozenbatchnorm": "write batch_norm",
    "hswish": "write hardswish",
    "hsigmoid": "write hardsigmoid",
    "lrelu": "write leaky_relu",
    "leaky": "write leaky_relu",
    "maxpooling": "write max_pool",
    "globalpool": "write global_avg_pool or global_max_pool",
    "adaptivepool": "write adaptive_avg_pool or adaptive_max_pool",
    "atrousconv": "write conv with dilation: 2",
    "dilatedconv": "write conv with dilation: 2",
    "groupconv": "write conv with groups: n",
    "pointwise": "write conv: {out: .., kernel: 1}",
    "pw": "write conv: {out: .., kernel: 1}",
    "pointwiseconv": "write conv: {out: .., kernel: 1}",
    "local": "write opaque: {out: [C, H, W]}: a layer without shared weights is not in the language",
    **dict.fromkeys(
        ("se", "squeezeexcite", "squeezeexcitation", "selayer", "seblock", "semodule"),
        "write squeeze_excite of use: [std], or mul: {x: [], gate: [global_avg_pool, {conv: ..}, relu, {conv: ..}, "
        "sigmoid]}",
    ),
    **dict.fromkeys(("bilinear", "nearest", "bicubic", "trilinear"), "write upsample: {scale: 2, mode: ..}"),
    **dict.fromkeys(
        ("softmaxwithloss", "linearregressionoutput", "logisticregressionoutput",
         "crossentropyloss", "mseloss", "loss", "cost", "accuracy"),
        "leave it out: losses are not part of the network",
    ),
}
"""By folded name, what to write where no one operator has the same meaning."""

LACKING = frozenset((
    "einsum", "embedding", "roipool", "roipooling", "nms", "nonmaxsuppression",
    "gridsampler", "affinegrid", "spatialtransformer", "fft", "rfft", "irfft", "stft", "istft", "topk", "sort",
    "gather", "gathernd", "scatter", "cumsum", "argmax", "argmin", "onehot", "rnn", "simplernn", "convlstm",
    "transformer", "transformerencoder", "transformerencoderlayer", "transformerdecoder", "transformerdecoderlayer",
    "costvolume", "capsule", "lambda", "fold", "where", "exp", "log", "sqrt", "pow", "abs",
    "neg", "div", "clamp", "sin", "cos", "tile", "repeatvector", "masking", "priorbox", "detectionoutput", "yolo",
    "region", "detection", "proposal", "cosinesimilarity", "cdist", "instancenormalizationlayer", "mamba", "ssm",
    "crf", "crnn", "locallyconnected", "pixelnorm", "upfirdn", "maxout", "glu", "rotary", "dot", "dotproduct",
    "pairwisedistance", "involution", "erf", "reducesum", "reducel2", "reduction", "shape", "constant", "expand",
    "constantofshape", "range", "scatternd", "trilu", "col2im", "threshold", "thresholdedrelu", "power", "absval",
    "python", "embed", "embeddingbag", "sequencemask", "additiveattention", "hashing", "rrelu", "hardshrink",
    "softshrink", "softmin", "fractionalmaxpool", "minimum", "min", "centercroppad", "globallppool", "gaussianyolo",
    "yolobox", "multiclassnms", "iseg", "sam", "tfoplambda", "axpy", "filter", "convlocal", "convlstmcell", "baddbmm",
    "fillconstant", "empty",
))  # fmt: skip
"""Folded names of well-known operations for which nothing in the language stands."""

SAME_MEANING: dict[str, tuple[str, ...]] = {
    "out": (
        "filters", "num_output", "units", "out_features", "out_channels", "out_planes", "planes", "out_ch", "oc", "nf",
        "n_filters", "num_filters", "channels", "features", "width", "output", "nb_filter", "hidden_units", "dim_out",
        "out_dim", "classes", "num_classes", "num_filter", "num_outputs", "output_channels", "num_hidden",
        "output_size", "num_units",
    ),
    "hidden": ("units", "hidden_size", "hidden_dim", "num_units", "out", "num_hidden", "features"),
    "kernel": (
        "kernel_size", "ksize", "k", "size", "filter_size", "kernel_shape", "pool_size", "window", "kernel_h",
        "filter", "kernel_dim", "window_shape", "kernel_w", "window_dimensions",
    ),
    "stride": ("strides", "subsample", "s", "step", "stride_h", "stride_x", "subsampling", "stride_w", "pool_stride",
               "window_strides"),
    "padding": ("pad", "pads", "p", "border_mode", "pad_h", "pad_w", "auto_pad", "padding_type", "pool_padding"),
    "amount": ("padding", "pads", "size", "paddings", "pad_width"),
    "output_padding": ("adj", "outpad"),
    "dilation": ("dilation_rate", "dilations", "d", "atrous_rate", "rate", "hole", "dilate", "kernel_dilation",
                 "rhs_dilation"),
    "groups": ("group", "num_group", "num_groups", "g", "cardinality", "feature_group_count"),
    "bias": ("use_bias", "bias_term", "with_bias", "biases", "bias_attr"),
    "act": ("activation", "act_layer", "act_fn", "nonlinearity", "act_func", "activation_fn", "act_cfg", "relu"),
    "norm": (
        "normalization", "norm_layer", "batch_norm", "bn", "batch_normalize", "use_bn", "norm_cfg", "normalizer_fn",
        "batchnorm",
    ),
    "multiplier": ("depth_multiplier", "channel_multiplier", "expansion"),
    "ceil": ("ceil_mode", "rounding", "round_mode", "pooling_convention"),
    "slope": ("negative_slope", "alpha", "leak"),
    "p": ("rate", "drop_rate", "prob", "dropout_ratio", "ratio", "probability", "drop_prob", "dropout_prob"),
    "scale": ("scale_factor", "factor", "size", "stride", "ratio", "upscale_factor", "zoom_factor"),
    "factor": ("upscale_factor", "downscale_factor", "scale", "block_size", "scale_factor", "r"),
    "mode": ("interpolation", "method", "interp", "algorithm", "sample_type", "resize_type"),
    "size": ("output_size", "target_size", "out_size", "local_size", "n", "bins", "nsize", "pool_size", "out_shape"),
    "window": ("window_size",),
    "start": ("start_axis", "start_dim"),
    "end": ("stop_axis", "end_dim", "end_axis"),
    "range": ("begin", "starts", "start"),
    "axis": ("axes", "concat_axis", "concat_dim", "slice_dim"),
    "axes": ("dims", "dim", "perm", "permutation", "order"),
    "shape": ("target_shape", "dims", "newshape", "view"),
    "heads": ("num_heads", "nhead", "n_heads", "num_attention_heads"),
    "affine": ("elementwise_affine", "learnable"),
    "running_stats": ("track_running_stats",),
    "parts": ("chunks", "num_or_size_splits", "sections", "n", "num", "num_outputs"),
    "layers": ("num_layers",),
}
"""By argument, the words for it elsewhere; a word under several is the first that the operator has."""

CHANNELS_OUT = "leave it out: the layer before says the channels"
WHOLE_MAP = "write global_max_pool or global_avg_pool, the operator, for a pool over the whole map"
ONE_OF_TWO = (
    "affine: false leaves out scale and offset; for one alone put affine: {scale: channel} or "
    "affine: {offset: channel} behind it"
)
TURNED: dict[str, tuple[str, str]] = {
    "returnsequences": ("last", "return_sequences: false is last: true; where it is true, leave it out"),
    "nobias": ("bias", "no_bias: true is bias: false"),
    "keepprob": ("p", "write p: 1 - keep_prob"),
    "exclusive": ("count_include_pad", "exclusive: true is count_include_pad: false"),
    "includepad": ("count_include_pad", "write count_include_pad"),
    **dict.fromkeys(("scale", "center", "usescale", "createscale", "createoffset"), ("affine", ONE_OF_TWO)),
    "fixgamma": ("affine", "affine: false leaves out scale and offset; a fixed gamma is still stored"),
    "useglobalstats": ("running_stats", "leave it out: at inference the running statistics are used"),
    "normalizedshape": ("over", "write over: channel, last, or a number of trailing axes; their sizes are known"),
    "depthradius": ("size", "size is 2 * depth_radius + 1"),
    "direction": ("bidirectional", "write bidirectional: true for both directions"),
    "globalpool": ("kernel", WHOLE_MAP),
    "globalpooling": ("kernel", WHOLE_MAP),
    "pooltype": ("kernel", "the operator says it: max_pool or avg_pool"),
    "pool": ("kernel", "the operator says it: max_pool or avg_pool"),
    "headdim": ("heads", "heads is the channels of q divided by it"),
    "dimhead": ("heads", "heads is the channels of q divided by it"),
    "keydim": ("heads", "leave it out: the layers before say the channels of q, k and v"),
    "valuedim": ("heads", "leave it out: the layers before say the channels of q, k and v"),
    "kdim": ("heads", "leave it out: the layers before say the channels of q, k and v"),
    "pad": ("padding", "write padding; pad=1 of a Darknet file is padding: half"),
    "groupsize": ("groups", "groups is the channels divided by it"),
    "splitsize": ("sizes", "write sizes: [.., ..], the channels of each part"),
    "slicepoint": ("sizes", "write sizes: [.., ..], the channels of each part"),
    "end": ("range", "write range: [start, stop], the stop excluded"),
    "ends": ("range", "write range: [start, stop], the stop excluded"),
    "begin": ("range", "write range: [start, stop], the stop excluded"),
    "starts": ("range", "write range: [start, stop], the stop excluded"),
    "outputshape": ("output_padding", "write output_padding: what the size has beyond (in - 1) * stride + kernel"),
    "outputsize": ("output_padding", "write output_padding: what the size has beyond (in - 1) * stride + kernel"),
    "channelshared": ("parameters", "parameters: 1 is shared, parameters: channel has one each"),
    "sharedaxes": ("parameters", "parameters: channel has one for each channel, shared over the map"),
}
"""By folded argument of another system, the argument that says the same in other terms, and how."""

NOT_COUNTED = {
    "in": CHANNELS_OUT,
    "values": "leave it out: initial values and training change no count",
    "run": "leave it out: it changes no size and no count",
}
NO_MEANING = {
    **dict.fromkeys(
        map(fold, ("in_channels", "in_features", "input_shape", "input_dim", "in_planes", "num_features", "inp",
                   "in_ch",
                   "input_size", "embed_dim", "normalized_shape", "c1", "in_dim", "num_channels",
                   "batch_input_shape", "in_units", "num_spatial_dims")),
        NOT_COUNTED["in"],
    ),
    **dict.fromkeys(
        map(fold, ("kernel_initializer", "bias_initializer", "kernel_regularizer", "bias_regularizer", "initializer",
                   "weight_filler", "bias_filler", "depthwise_initializer", "pointwise_initializer", "momentum",
                   "trainable",
                   "kernel_constraint", "bias_constraint", "gamma_initializer", "beta_initializer", "lr_mult",
                   "decay_mult", "activity_regularizer", "param", "seed", "training", "weight_decay", "init",
                   "weights_initializer", "biases_initializer", "weights_regularizer", "biases_regularizer", "w_init",
                   "b_init", "weight_attr", "param_attr", "decay", "decay_rate", "is_training", "deterministic",
                   "use_running_average", "gamma", "beta", "dropout", "recurrent_dropout", "recurrent_activation",
                   "stateful")),
        NOT_COUNTED["values"],
    ),
    **dict.fromkeys(
        map(fold, ("eps", "epsilon", "inplace", "in_place", "data_format", "dtype", "device", "engine", "name_scope",
                   "return_indices", "noise_shape", "top", "bottom", "type", "batch_first", "reuse",
                   "divisor_override", "scope", "layout", "data_layout", "cudnn_tune", "cudnn_off", "workspace",
                   "dimension_numbers", "fused", "synchronized", "align_mode", "antialias", "broadcast_dims",
                   "storage_order", "value", "constant_values", "return_state", "go_backwards", "stopline")),
        NOT_COUNTED["run"],
    ),
    "name": "write as: name beside the operator",
}
"""By folded argument, what to do with one that says nothing about sizes or counts."""
