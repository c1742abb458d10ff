"""Networks that no library of these has, written from their papers and the authors' code; nothing of cnncalc.

`record_frameworks.py` records them. Each says what it follows; where paper and code differ, the code decides.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812


class Net(nn.Module):  # type: ignore[misc]
    """A network or a part of one."""


def chain(*modules: Any) -> Any:
    return nn.Sequential(*modules)


# Radford et al. 2015, arXiv:1511.06434; pytorch/examples dcgan/main.py: no biases, 64 maps, images of 64x64.


def dcgan_generator() -> Any:
    layers: list[Any] = []
    width = 100
    for out, stride, padding in ((512, 1, 0), (256, 2, 1), (128, 2, 1), (64, 2, 1)):
        layers += [nn.ConvTranspose2d(width, out, 4, stride, padding, bias=False), nn.BatchNorm2d(out), nn.ReLU()]
        width = out
    return chain(*layers, nn.ConvTranspose2d(width, 3, 4, 2, 1, bias=False), nn.Tanh())


def dcgan_discriminator() -> Any:
    layers = [nn.Conv2d(3, 64, 4, 2, 1, bias=False), nn.LeakyReLU(0.2)]
    for width in (64, 128, 256):
        layers += [nn.Conv2d(width, 2 * width, 4, 2, 1, bias=False), nn.BatchNorm2d(2 * width), nn.LeakyReLU(0.2)]
    return chain(*layers, nn.Conv2d(512, 1, 4, 1, 0, bias=False), nn.Sigmoid(), nn.Flatten())


# Lim et al. 2017, arXiv:1707.02921; sanghyun-son/EDSR-PyTorch, src/model/edsr.py; without the fixed shift of the mean.


class Residual(Net):
    def __init__(self, body: Any, skip: Any = None, after: Any = None, scale: float = 1.0) -> None:
        super().__init__()
        self.body, self.skip, self.after, self.scale = body, skip, after, scale

    def forward(self, x: Any) -> Any:
        out = self.body(x) * self.scale + (x if self.skip is None else self.skip(x))
        return out if self.after is None else self.after(out)


def edsr(scale: int, width: int = 64, blocks: int = 16, res_scale: float = 1.0) -> Any:
    def conv(out: int = width) -> Any:
        return nn.Conv2d(width, out, 3, padding=1)

    body = [Residual(chain(conv(), nn.ReLU(), conv()), scale=res_scale) for _ in range(blocks)]
    steps = {2: (2,), 3: (3,), 4: (2, 2)}[scale]
    up = [m for by in steps for m in (conv(by * by * width), nn.PixelShuffle(by))]
    return chain(nn.Conv2d(3, width, 3, padding=1), Residual(chain(*body, conv())), *up, conv(3))


# Tran et al. 2014, arXiv:1412.0767, figure 3; pool5 rounds up, as in the authors' Caffe.


def c3d(classes: int = 487) -> Any:
    layers: list[Any] = []
    width = 3
    for n, out in enumerate((64, 128, 256, 256, 512, 512, 512, 512)):
        layers += [nn.Conv3d(width, out, 3, padding=1), nn.ReLU()]
        width = out
        if n in {0, 1, 3, 5, 7}:
            layers.append(nn.MaxPool3d((1, 2, 2) if n == 0 else 2, ceil_mode=True))
    layers += [nn.Flatten(), nn.Linear(8192, 4096), nn.ReLU(), nn.Dropout(), nn.Linear(4096, 4096), nn.ReLU()]
    return chain(*layers, nn.Dropout(), nn.Linear(4096, classes))


# Carreira, Zisserman 2017, arXiv:1705.07750, figure 3; deepmind/kinetics-i3d, i3d.py: RGB, padding SAME.


class Same(Net):
    """Pads as TensorFlow's SAME does, then the module; convolutions pad with zeros as pools of positive maps may."""

    def __init__(self, module: Any) -> None:
        super().__init__()
        self.module = module

    def forward(self, x: Any) -> Any:
        pads: list[int] = []
        rank = x.dim() - 2
        told = (self.module.kernel_size, self.module.stride)
        kernels, strides = (v if isinstance(v, tuple) else (v,) * rank for v in told)
        for n, k, s in reversed(list(zip(x.shape[2:], kernels, strides, strict=True))):
            needed = max((-(-n // s) - 1) * s + k - n, 0)
            pads += [needed // 2, needed - needed // 2]
        return self.module(F.pad(x, pads) if any(pads) else x)


class Joined(Net):
    def __init__(self, *paths: Any) -> None:
        super().__init__()
        self.paths = nn.ModuleList(paths)

    def forward(self, x: Any) -> Any:
        return torch.cat([path(x) for path in self.paths], 1)


class I3D(Net):
    MIXED = (
        (64, 96, 128, 16, 32, 32), (128, 128, 192, 32, 96, 64), None, (192, 96, 208, 16, 48, 64),
        (160, 112, 224, 24, 64, 64), (128, 128, 256, 24, 64, 64), (112, 144, 288, 32, 64, 64),
        (256, 160, 320, 32, 128, 128), None, (256, 160, 320, 32, 128, 128), (384, 192, 384, 48, 128, 128),
    )  # fmt: skip

    def __init__(self, classes: int = 400) -> None:
        super().__init__()

        def unit(width: int, out: int, kernel: int = 1, stride: int = 1) -> Any:
            return chain(Same(nn.Conv3d(width, out, kernel, stride, bias=False)), nn.BatchNorm3d(out), nn.ReLU())

        layers = [unit(3, 64, 7, 2), Same(nn.MaxPool3d((1, 3, 3), (1, 2, 2))), unit(64, 64), unit(64, 192, 3),
                  Same(nn.MaxPool3d((1, 3, 3), (1, 2, 2)))]  # fmt: skip
        width, pools = 192, [nn.MaxPool3d(2, 2), nn.MaxPool3d(3, 2)]
        for row in self.MIXED:
            if row is None:
                layers.append(Same(pools.pop()))
                continue
            a, b, c, d, e, f = row
            wide, wide2 = chain(unit(width, b), unit(b, c, 3)), chain(unit(width, d), unit(d, e, 3))
            layers.append(Joined(unit(width, a), wide, wide2, chain(Same(nn.MaxPool3d(3, 1)), unit(width, f))))
            width = a + c + e + f
        self.features = chain(*layers, nn.AvgPool3d((2, 7, 7), 1), nn.Dropout(), nn.Conv3d(width, classes, 1))

    def forward(self, x: Any) -> Any:
        return self.features(x).flatten(2).mean(2)


# Feichtenhofer et al. 2018, arXiv:1812.03982, table 1; facebookresearch/SlowFast, configs Kinetics/c2/SLOWFAST_*_R50.


class SlowFast(Net):
    def __init__(self, alpha: int, fusion: int, classes: int = 400) -> None:
        super().__init__()
        self.stems, self.fuses, self.slow, self.fast = (nn.ModuleList() for _ in range(4))

        def conv(width: int, out: int, kernel: Any, stride: Any = 1, *, act: bool = True) -> Any:
            padding = [k // 2 for k in kernel]
            return chain(nn.Conv3d(width, out, kernel, stride, padding, bias=False), nn.BatchNorm3d(out),
                         *([nn.ReLU()] if act else []))  # fmt: skip

        def stage(width: int, mid: int, *, n: int, t: int, stride: int) -> Any:
            out = 4 * mid
            blocks = []
            for i in range(n):
                s = (1, stride, stride) if i == 0 else 1
                first, last = conv(width, mid, (t, 1, 1)), conv(mid, out, (1, 1, 1), act=False)
                body = chain(first, conv(mid, mid, (1, 3, 3), s), last)
                blocks.append(Residual(body, conv(width, out, (1, 1, 1), s, act=False) if i == 0 else None, nn.ReLU()))
                width = out
            return chain(*blocks)

        def fuse(width: int) -> Any:
            return conv(width, 2 * width, (fusion, 1, 1), (alpha, 1, 1))

        pool = (nn.MaxPool3d((1, 3, 3), (1, 2, 2), (0, 1, 1)) for _ in range(2))
        self.stems.append(chain(conv(3, 64, (1, 7, 7), (1, 2, 2)), next(pool)))
        self.stems.append(chain(conv(3, 8, (5, 7, 7), (1, 2, 2)), next(pool)))
        width, fast, self.n = 64, 8, 4
        for mid, n, t, stride in ((64, 3, 1, 1), (128, 4, 1, 2), (256, 6, 3, 2), (512, 3, 3, 2)):
            self.fuses.append(fuse(fast))
            self.slow.append(stage(width + 2 * fast, mid, n=n, t=t, stride=stride))
            self.fast.append(stage(fast, mid // 8, n=n, t=3, stride=stride))
            width, fast = 4 * mid, mid // 2
        self.head = nn.Linear(width + fast, classes)

    def forward(self, slow: Any, fast: Any) -> Any:
        s, f = self.stems[0](slow), self.stems[1](fast)
        for i in range(self.n):
            s = self.slow[i](torch.cat([s, self.fuses[i](f)], 1))
            f = self.fast[i](f)
        return self.head(torch.cat([s.mean((2, 3, 4)), f.mean((2, 3, 4))], 1))


# Zhou et al. 2018, arXiv:1807.10165, figure 1: widths 32 to 512, outputs of four depths; 4uiiurz1/pytorch-nested-unet.


class UNetPlusPlus(Net):
    def __init__(self, channels: int = 3, classes: int = 1, widths: tuple[int, ...] = (32, 64, 128, 256, 512)) -> None:
        super().__init__()
        self.depth = len(widths)

        def double(width: int, out: int) -> Any:
            return chain(nn.Conv2d(width, out, 3, padding=1), nn.BatchNorm2d(out), nn.ReLU(),
                         nn.Conv2d(out, out, 3, padding=1), nn.BatchNorm2d(out), nn.ReLU())  # fmt: skip

        self.nodes = nn.ModuleDict()
        for j in range(self.depth):
            for i in range(self.depth - j):
                below = widths[i - 1] if i else channels
                self.nodes[f"{i}_{j}"] = double(below if j == 0 else j * widths[i] + widths[i + 1], widths[i])
        self.pool, self.up = nn.MaxPool2d(2), nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)
        self.heads = nn.ModuleList(nn.Conv2d(widths[0], classes, 1) for _ in range(self.depth - 1))

    def forward(self, x: Any) -> Any:
        found: dict[tuple[int, int], Any] = {}
        for j in range(self.depth):
            for i in range(self.depth - j):
                if j == 0:
                    source = x if i == 0 else self.pool(found[i - 1, 0])
                else:
                    source = torch.cat([*(found[i, k] for k in range(j)), self.up(found[i + 1, j - 1])], 1)
                found[i, j] = self.nodes[f"{i}_{j}"](source)
        return [head(found[0, j + 1]) for j, head in enumerate(self.heads)]


# Oktay et al. 2018, arXiv:1804.03999, figures 1 and 2; LeeJunHyun/Image_Segmentation, AttU_Net.


class AttentionUNet(Net):
    def __init__(self, channels: int = 3, classes: int = 1, width: int = 64) -> None:
        super().__init__()

        def conv(c: int, out: int, kernel: int = 3, *rest: Any) -> list[Any]:
            return [nn.Conv2d(c, out, kernel, padding=kernel // 2), nn.BatchNorm2d(out), *rest]

        def double(c: int, out: int) -> Any:
            return chain(*conv(c, out, 3, nn.ReLU()), *conv(out, out, 3, nn.ReLU()))

        widths = [width * 2**i for i in range(5)]
        self.down = nn.ModuleList(double(c, out) for c, out in zip([channels, *widths], widths, strict=False))
        self.up, self.of_gate, self.of_skip, self.psi, self.join = (nn.ModuleList() for _ in range(5))
        for c in reversed(widths[:-1]):
            self.up.append(chain(nn.Upsample(scale_factor=2), *conv(2 * c, c, 3, nn.ReLU())))
            self.of_gate.append(chain(*conv(c, c // 2, 1)))
            self.of_skip.append(chain(*conv(c, c // 2, 1)))
            self.psi.append(chain(nn.ReLU(), *conv(c // 2, 1, 1, nn.Sigmoid())))
            self.join.append(double(2 * c, c))
        self.head = nn.Conv2d(width, classes, 1)

    def forward(self, x: Any) -> Any:
        maps = []
        for i, down in enumerate(self.down):
            x = down(x if i == 0 else F.max_pool2d(x, 2))
            maps.append(x)
        for i, skip in enumerate(reversed(maps[:-1])):
            x = self.up[i](x)
            x = self.join[i](torch.cat([skip * self.psi[i](self.of_gate[i](x) + self.of_skip[i](skip)), x], 1))
        return self.head(x)


# Newell et al. 2016, arXiv:1603.06937, figures 3 and 4; princeton-vl/pose-hg-train, src/models/hg.lua and Residual.lua.


def preactivated(width: int, out: int) -> Any:
    def conv(c: int, o: int, kernel: int) -> list[Any]:
        return [nn.BatchNorm2d(c), nn.ReLU(), nn.Conv2d(c, o, kernel, padding=kernel // 2)]

    body = chain(*conv(width, out // 2, 1), *conv(out // 2, out // 2, 3), *conv(out // 2, out, 1))
    return Residual(body, None if width == out else nn.Conv2d(width, out, 1))


def hourglass(n: int, width: int) -> Any:
    inner = preactivated(width, width) if n == 1 else hourglass(n - 1, width)
    low = chain(nn.MaxPool2d(2), preactivated(width, width), inner, preactivated(width, width),
                nn.Upsample(scale_factor=2))  # fmt: skip
    return Residual(low, preactivated(width, width))


class StackedHourglass(Net):
    def __init__(self, stacks: int, joints: int = 16, width: int = 256) -> None:
        super().__init__()
        self.stem = chain(nn.Conv2d(3, 64, 7, 2, 3), nn.BatchNorm2d(64), nn.ReLU(), preactivated(64, 128),
                          nn.MaxPool2d(2), preactivated(128, 128), preactivated(128, width))  # fmt: skip
        self.features, self.heads, self.back, self.heats = (nn.ModuleList() for _ in range(4))
        for i in range(stacks):
            self.features.append(chain(hourglass(4, width), preactivated(width, width), nn.Conv2d(width, width, 1),
                                       nn.BatchNorm2d(width), nn.ReLU()))  # fmt: skip
            self.heads.append(nn.Conv2d(width, joints, 1))
            if i < stacks - 1:
                self.back.append(nn.Conv2d(width, width, 1))
                self.heats.append(nn.Conv2d(joints, width, 1))

    def forward(self, x: Any) -> Any:
        x = self.stem(x)
        found = []
        for i, feature in enumerate(self.features):
            y = feature(x)
            found.append(self.heads[i](y))
            if i < len(self.back):
                x = x + self.back[i](y) + self.heats[i](found[-1])
        return found


# Bai et al. 2018, arXiv:1803.01271, figure 1; locuslab/TCN, TCN/mnist_pixel: normalised weights, 8 levels of 25.


class TCN(Net):
    def __init__(self, channels: int = 1, classes: int = 10, width: int = 25, levels: int = 8, kernel: int = 7) -> None:
        super().__init__()
        from torch.nn.utils import weight_norm

        blocks = []
        for i in range(levels):
            c, d = (channels if i == 0 else width), 2**i
            body = [m for n in (c, width) for m in (nn.ConstantPad1d(((kernel - 1) * d, 0), 0.0),
                    weight_norm(nn.Conv1d(n, width, kernel, dilation=d)), nn.ReLU(), nn.Dropout())]  # fmt: skip
            blocks.append(Residual(chain(*body), None if c == width else nn.Conv1d(c, width, 1), nn.ReLU()))
        self.blocks, self.head = chain(*blocks), nn.Linear(width, classes)

    def forward(self, x: Any) -> Any:
        return self.head(self.blocks(x)[:, :, -1])


# Baevski et al. 2020, arXiv:2006.11477, section 2; fairseq, ConvFeatureExtractionModel: a group norm, or layer norms.


def wav2vec2_features(*, each: bool = False) -> Any:
    layers: list[Any] = []
    width = 1
    for i, (kernel, stride) in enumerate([(10, 5)] + [(3, 2)] * 4 + [(2, 2)] * 2):
        layers.append(nn.Conv1d(width, 512, kernel, stride, bias=each))
        width = 512
        if each:
            layers.append(OverChannels(512))
        elif i == 0:
            layers.append(nn.GroupNorm(512, 512))
        layers.append(nn.GELU())
    return chain(*layers)


class OverChannels(nn.LayerNorm):  # type: ignore[misc]
    def forward(self, x: Any) -> Any:
        return super().forward(x.transpose(1, 2)).transpose(1, 2)


# Zhang et al. 2017, arXiv:1711.07128, table 5; norms and biases as in mlcommons/tiny, keyword_spotting/keras_model.py.


def ds_cnn(width: int, stride: tuple[int, int], second: int, blocks: int, classes: int = 12) -> Any:
    def conv(c: int, kernel: Any, s: Any = 1, groups: int = 1) -> list[Any]:
        return [Same(nn.Conv2d(c, width, kernel, s, groups=groups)), nn.BatchNorm2d(width), nn.ReLU()]

    layers = conv(1, (10, 4), stride)
    for i in range(blocks):
        layers += conv(width, 3, second if i == 0 else 1, width) + conv(width, 1)
    return chain(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, classes))


# Lin et al. 2020, arXiv:2007.10319; the layers that mit-han-lab/tinyengine prints for mcunet-in3, norms as trained.


def mcunet(classes: int = 1000) -> Any:
    def conv(c: int, out: int, kernel: int, stride: int = 1, *, groups: int = 1, act: bool = True) -> list[Any]:
        return [nn.Conv2d(c, out, kernel, stride, kernel // 2, groups=groups, bias=False), nn.BatchNorm2d(out),
                *([nn.ReLU6()] if act else [])]  # fmt: skip

    def block(c: int, wide: int, kernel: int, out: int, stride: int) -> Any:
        body = [*(conv(c, wide, 1) if wide != c else []), *conv(wide, wide, kernel, stride, groups=wide),
                *conv(wide, out, 1, act=False)]  # fmt: skip
        return Residual(chain(*body)) if stride == 1 and c == out else chain(*body)

    rows = ((16, 3, 8, 1), (24, 7, 16, 2), (80, 3, 16, 1), (80, 7, 16, 1), (64, 5, 16, 1), (80, 5, 24, 2),
            (120, 5, 24, 1), (120, 5, 24, 1), (120, 3, 40, 2), (240, 7, 40, 1), (160, 5, 40, 1), (200, 5, 48, 1),
            (240, 7, 48, 1), (240, 3, 48, 1), (288, 3, 96, 2), (480, 7, 96, 1), (384, 3, 96, 1),
            (480, 7, 160, 1))  # fmt: skip
    layers, width = conv(3, 16, 3, 2), 16
    for wide, kernel, out, stride in rows:
        layers.append(block(width, wide, kernel, out, stride))
        width = out
    return chain(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, classes))


# van den Oord et al. 2016, arXiv:1609.03499, figure 4; widths of Deep Voice (arXiv:1702.07825), first layer as r9y9's.


class WaveNet(Net):
    def __init__(self, stacks: int, levels: int = 10, width: int = 64, skip: int = 256, classes: int = 256) -> None:
        super().__init__()
        self.first = nn.Conv1d(classes, width, 1)
        self.dilations = [2**k for k in range(levels)] * stacks
        self.gated = nn.ModuleList(nn.Conv1d(width, 2 * width, 2, dilation=d) for d in self.dilations)
        self.skips = nn.ModuleList(nn.Conv1d(width, skip, 1) for _ in self.dilations)
        self.residuals = nn.ModuleList(nn.Conv1d(width, width, 1) for _ in self.dilations[:-1])
        self.last = chain(nn.ReLU(), nn.Conv1d(skip, skip, 1), nn.ReLU(), nn.Conv1d(skip, classes, 1), nn.Softmax(1))

    def forward(self, x: Any) -> Any:
        x = self.first(x)
        total: Any = 0
        for i, d in enumerate(self.dilations):
            wave, gate = self.gated[i](F.pad(x, (d, 0))).chunk(2, 1)
            z = wave.tanh() * gate.sigmoid()
            total = total + self.skips[i](z)
            if i < len(self.residuals):
                x = x + self.residuals[i](z)
        return self.last(total)


# Liu et al. 2018, arXiv:1803.01534; ShuLiu1993/PANet, configs/panet/e2e_panet_R-50-FPN_2x_mask.yaml: FPN.py and the
# heads `roi_Xconv1fc_gn_head_panet` and `mask_rcnn_fcn_head_v1up4convs_gn_adp_ff`. Regions are an axis of the map; what
# they hold is none of the network's work, so they are zeros here.


class PANet(Net):
    def __init__(self, width: int = 256, classes: int = 81) -> None:
        super().__init__()

        def conv(c: int, out: int, kernel: int = 3, stride: int = 1, *, act: bool = False, bias: bool = False) -> Any:
            return chain(nn.Conv2d(c, out, kernel, stride, kernel // 2, bias=bias), nn.GroupNorm(32, out),
                         *([nn.ReLU()] if act else []))  # fmt: skip

        def alone(out: int = width) -> Any:
            return chain(nn.Conv3d(width, out, (1, 3, 3), padding=(0, 1, 1), bias=False), nn.GroupNorm(32, out),
                         nn.ReLU())  # fmt: skip

        self.stem = chain(nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(),
                          nn.MaxPool2d(3, 2, 1))  # fmt: skip
        rows = ((64, 64, 3, 1), (256, 128, 4, 2), (512, 256, 6, 2), (1024, 512, 3, 2))
        self.stages = nn.ModuleList(bottlenecks(*row) for row in rows)
        self.lateral = nn.ModuleList(conv(c, width, 1) for c in (256, 512, 1024, 2048))
        self.smooth = nn.ModuleList(conv(width, width) for _ in range(4))
        self.down = nn.ModuleList(conv(width, width, 3, 2, act=True, bias=True) for _ in range(3))
        self.join = nn.ModuleList(conv(width, width, act=True, bias=True) for _ in range(3))
        self.hidden = nn.Conv2d(width, width, 3, padding=1)
        self.objects, self.deltas = nn.Conv2d(width, 3, 1), nn.Conv2d(width, 12, 1)
        self.of_boxes, self.of_masks = (nn.ModuleList(alone() for _ in range(4)) for _ in range(2))
        self.box = chain(*(alone() for _ in range(3)))
        self.features, self.scores = nn.Linear(49 * width, 1024), nn.Linear(1024, classes)
        self.boxes = nn.Linear(1024, 4 * classes)
        self.region = chain(alone(), alone())
        self.fully = chain(alone(), nn.ConvTranspose3d(width, width, (1, 2, 2), (1, 2, 2)), nn.ReLU(),
                           nn.Conv3d(width, classes, 1))  # fmt: skip
        self.whole, self.foreground = chain(alone(), alone(width // 2)), nn.Linear(width // 2 * 14 * 14, 28 * 28)

    def pyramid(self, x: Any) -> list[Any]:
        x = self.stem(x)
        maps = []
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        above = self.lateral[3](maps[3])
        inner = [above]
        for i in (2, 1, 0):
            above = self.lateral[i](maps[i]) + F.interpolate(above, scale_factor=2)
            inner.insert(0, above)
        found = [self.smooth[0](inner[0])]
        for i in range(3):
            found.append(self.join[i](self.down[i](found[-1]) + self.smooth[i + 1](inner[i + 1])))
        return [*found, F.max_pool2d(found[-1], 1, 2)]

    def forward(self, x: Any) -> Any:
        levels = self.pyramid(x)
        hidden = [self.hidden(level).relu() for level in levels]

        def pooled(heads: Any, regions: int, size: int) -> Any:
            found = [head(torch.zeros(1, 256, regions, size, size, device=x.device)) for head in heads]
            return torch.stack(found).amax(0)

        y = self.box(pooled(self.of_boxes, 1000, 7))
        features = self.features(y[0].transpose(0, 1).flatten(1)).relu()
        region = self.region(pooled(self.of_masks, 100, 14))
        whole = self.foreground(self.whole(region)[0].transpose(0, 1).flatten(1)).relu()
        masks = self.fully(region) + whole.reshape(1, 1, 100, 28, 28)
        return [[self.objects(h) for h in hidden], [self.deltas(h) for h in hidden],
                self.scores(features)[None], self.boxes(features)[None], masks]  # fmt: skip


def bottlenecks(width: int, mid: int, n: int, stride: int) -> Any:
    """Stage of a ResNet with the stride on the first 1x1."""

    def conv(c: int, out: int, kernel: int, by: int = 1, *, act: bool = True) -> list[Any]:
        return [nn.Conv2d(c, out, kernel, by, kernel // 2, bias=False), nn.BatchNorm2d(out),
                *([nn.ReLU()] if act else [])]  # fmt: skip

    blocks = []
    for i in range(n):
        by, c = (stride, width) if i == 0 else (1, 4 * mid)
        body = chain(*conv(c, mid, 1, by), *conv(mid, mid, 3), *conv(mid, 4 * mid, 1, act=False))
        blocks.append(Residual(body, chain(*conv(c, 4 * mid, 1, by, act=False)) if i == 0 else None, nn.ReLU()))
    return chain(*blocks)
