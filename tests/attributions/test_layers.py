"""Which layer Grad-CAM takes by itself, and how it reads what the layer returns."""

from functools import partial

import pytest
import torch
import torchvision
from torch import nn
from torch.nn import functional as F

from saliency_audit.attributions import LAST_CONVOLUTION, GradCam, create
from saliency_audit.attributions.layers import channels_first, find_layer

# By name in the library: side of the image, the layer, and its shape without the batch. Where the
# peers have a usual choice (features, inception5b, Mixed_7c, layer4) it is this one.
TORCHVISION = {
    "alexnet": (224, "features", (256, 6, 6)),
    "convnext_tiny": (224, "features", (768, 7, 7)),
    "densenet121": (224, "features", (1024, 7, 7)),
    "efficientnet_b0": (224, "features", (1280, 7, 7)),
    "efficientnet_v2_s": (224, "features", (1280, 7, 7)),
    "googlenet": (224, "inception5b", (1024, 7, 7)),
    "inception_v3": (299, "Mixed_7c", (2048, 8, 8)),
    "maxvit_t": (224, "blocks.3", (512, 7, 7)),
    "mnasnet0_5": (224, "layers", (1280, 7, 7)),
    "mobilenet_v2": (224, "features", (1280, 7, 7)),
    "mobilenet_v3_small": (224, "features", (576, 7, 7)),
    "regnet_y_400mf": (224, "trunk_output", (440, 7, 7)),
    "resnet18": (224, "layer4", (512, 7, 7)),
    "resnext50_32x4d": (224, "layer4", (2048, 7, 7)),
    "shufflenet_v2_x0_5": (224, "conv5", (1024, 7, 7)),
    "squeezenet1_1": (224, "classifier.2", (1000, 13, 13)),
    "swin_t": (224, "permute", (768, 7, 7)),
    "swin_v2_t": (256, "permute", (768, 8, 8)),
    "vgg11_bn": (224, "features", (512, 7, 7)),
    "wide_resnet50_2": (224, "layer4", (2048, 7, 7)),
}
TIMM = {
    "convmixer_768_32": (224, "blocks", (768, 32, 32)),
    "convnext_atto": (224, "norm_pre", (320, 7, 7)),
    "cspresnet50": (256, "stages", (1024, 8, 8)),
    "darknet53": (256, "stages", (1024, 8, 8)),
    "densenet121": (224, "features", (1024, 7, 7)),
    "dla34": (224, "level5", (512, 7, 7)),
    "dpn48b": (224, "features", (832, 7, 7)),
    "edgenext_xx_small": (256, "norm_pre", (168, 8, 8)),
    "efficientnet_b0": (224, "bn2", (1280, 7, 7)),
    "fasternet_t0": (224, "stages", (320, 7, 7)),
    "ghostnet_100": (224, "blocks", (960, 7, 7)),
    "hardcorenas_a": (224, "blocks", (960, 7, 7)),
    "hgnet_tiny": (224, "stages", (768, 7, 7)),
    "hrnet_w18_small": (224, "final_layer", (2048, 7, 7)),
    "inception_next_atto": (224, "stages", (320, 7, 7)),
    "inception_resnet_v2": (299, "conv2d_7b", (1536, 8, 8)),
    "inception_v3": (299, "Mixed_7c", (2048, 8, 8)),
    "inception_v4": (299, "features", (1536, 8, 8)),
    "legacy_seresnet18": (224, "layer4", (512, 7, 7)),
    "legacy_xception": (299, "act4", (2048, 10, 10)),
    "mnasnet_small": (224, "bn2", (1280, 7, 7)),
    "mobilenetv2_100": (224, "bn2", (1280, 7, 7)),
    "mobilenetv3_small_050": (224, "blocks", (288, 7, 7)),
    "mobilenetv4_conv_small": (224, "blocks", (960, 7, 7)),
    "mobileone_s0": (224, "final_conv", (1024, 7, 7)),
    "mobilevit_xxs": (256, "final_conv", (320, 8, 8)),
    "nf_resnet50": (256, "final_act", (2048, 8, 8)),
    "poolformer_s12": (224, "stages", (512, 7, 7)),
    "regnety_002": (224, "final_conv", (368, 7, 7)),
    "repghostnet_050": (224, "blocks", (480, 7, 7)),
    "repvgg_a0": (224, "final_conv", (1280, 7, 7)),
    "repvit_m0_9": (224, "stages", (384, 7, 7)),
    "res2net50_26w_4s": (224, "layer4", (2048, 7, 7)),
    "resnest14d": (224, "layer4", (2048, 7, 7)),
    "resnet18": (224, "layer4", (512, 7, 7)),
    "resnetv2_50": (224, "norm", (2048, 7, 7)),
    "rexnet_100": (224, "features", (1280, 7, 7)),
    "selecsls42": (224, "head", (1280, 4, 4)),
    "senet154": (224, "layer4", (2048, 7, 7)),
    "skresnet18": (224, "layer4", (512, 7, 7)),
    "starnet_s1": (224, "norm", (192, 7, 7)),
    "swin_tiny_patch4_window7_224": (224, "norm", (768, 7, 7)),
    "tf_efficientnet_lite0": (224, "bn2", (1280, 7, 7)),
    "tresnet_m": (224, "body", (2048, 7, 7)),
    "vgg11": (224, "features", (512, 7, 7)),
    "vovnet39a": (224, "stages", (1024, 7, 7)),
    "xception41": (299, "act", (2048, 10, 10)),
}
TRANSFORMERS = {
    "vit_tiny_patch16_224": "blocks.11.norm1",
    "deit_tiny_distilled_patch16_224": "blocks.11.norm1",
    "mixer_s32_224": "norm",
}


def on_paper(build):
    """A network without numbers: only shapes are computed."""
    try:
        with torch.device("meta"):
            return build().eval()
    except NotImplementedError:  # its weights are drawn by looking at numbers
        return build().eval().to("meta")


def of_torchvision(name):
    bare = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
    return on_paper(partial(getattr(torchvision.models, name), weights=None, **bare))


def of_timm(name):
    timm = pytest.importorskip("timm", reason="networks of timm need the extra 'architectures'")
    return on_paper(partial(timm.create_model, name, pretrained=False))


def chosen(model, side):
    """Name and shape, channels first, of the layer that is taken without a name."""
    images, kept = torch.rand(1, 3, side, side, device="meta"), []
    layer = find_layer(model, None, images)
    handle = layer.register_forward_hook(lambda part, given, found: kept.append(found))
    with torch.no_grad():
        model(images)
    handle.remove()
    name = next(name for name, part in model.named_modules() if part is layer)
    return name, tuple(channels_first(kept[0], "auto", layer, (side, side)).shape[1:])


@pytest.mark.parametrize("name", TORCHVISION)
def test_torchvision_gives_its_last_feature_map_as_a_whole(name):
    side, *expected = TORCHVISION[name]
    assert chosen(of_torchvision(name), side) == tuple(expected)


@pytest.mark.parametrize("name", TIMM)
def test_timm_gives_its_last_feature_map_as_a_whole(name):
    side, *expected = TIMM[name]
    assert chosen(of_timm(name), side) == tuple(expected)


@pytest.mark.parametrize("name", TRANSFORMERS)
def test_a_transformer_asks_for_a_layer_and_names_one(name):
    images = torch.rand(1, 3, 224, 224, device="meta")
    with pytest.raises(ValueError, match=f"such as layer='{TRANSFORMERS[name]}'"):
        find_layer(of_timm(name), None, images)


def test_torchvisions_transformer_asks_too():
    images = torch.rand(1, 3, 224, 224, device="meta")
    with pytest.raises(ValueError, match=r"layer='encoder\.layers\.encoder_layer_11\.ln_1'"):
        find_layer(of_torchvision("vit_b_16"), None, images)


class Axes(nn.Module):
    """Feature maps whose axes stand in one of three orders, before the mean over places."""

    def __init__(self, order, prefix=0):
        super().__init__()
        torch.manual_seed(0)
        self.patches, self.shown = nn.Conv2d(3, 6, 4, stride=4), nn.LayerNorm(6)
        self.first, self.head, self.order, self.prefix = (
            nn.Identity(),
            nn.Linear(6, 4),
            order,
            prefix,
        )

    def forward(self, images):
        last = self.patches(images).permute(0, 2, 3, 1)
        if self.order == "channels_last":
            places = self.shown(last).flatten(1, 2)
        elif self.order == "tokens":
            others = last.new_ones(len(last), self.prefix, 6)
            places = self.shown(torch.cat([others, last.flatten(1, 2)], dim=1))[:, self.prefix :]
        else:
            normed = F.layer_norm(last, (6,), self.shown.weight, self.shown.bias)
            places = self.first(normed.permute(0, 3, 1, 2)).flatten(2).mT
        return self.head(places.tanh().mean(dim=1))


TARGETS = torch.tensor([0, 3])


@pytest.mark.parametrize("size", [(16, 16), (16, 24), (23, 40)])
@pytest.mark.parametrize("prefix", [0, 1, 5])
@pytest.mark.parametrize("method", ["gradcam", "gradcam++"])
def test_the_order_of_the_axes_makes_no_difference(method, prefix, size):
    images = torch.rand(2, 3, *size, generator=torch.Generator().manual_seed(1))
    right = create(method, layer="first", output="logit")(Axes("channels_first"), images, TARGETS)
    explain = create(method, layer="shown", output="logit")
    assert torch.allclose(explain(Axes("channels_last"), images, TARGETS), right, atol=1e-7)
    assert torch.allclose(explain(Axes("tokens", prefix), images, TARGETS), right, atol=1e-7)


def test_what_can_be_read_in_two_ways_is_asked_for():
    images = torch.rand(2, 3, 24, 24, generator=torch.Generator().manual_seed(1))
    model = Axes("channels_last")  # (N, 6, 6, 6)
    with pytest.raises(ValueError, match="can be read as"):
        GradCam("shown")(model, images, TARGETS)
    right = GradCam("first")(Axes("channels_first"), images, TARGETS)
    told = GradCam("shown", layout="channels_last")(model, images, TARGETS)
    assert torch.allclose(told, right, atol=1e-7)
    with pytest.raises(ValueError, match="unknown layout 'NCHW'"):
        GradCam(layout="NCHW")


def test_tokens_that_are_no_patches_are_refused():
    images = torch.rand(2, 3, 48, 48)
    with pytest.raises(ValueError, match="no grid of square patches"):
        GradCam("shown")(Axes("tokens", 13), images, TARGETS)


def test_raw_maps_are_those_before_enlargement():
    images = torch.rand(2, 3, 16, 24)
    for method in ("gradcam", "gradcam++"):
        raw = create(method, layer="first", raw=True)(Axes("first"), images, TARGETS)
        whole = create(method, layer="first")(Axes("first"), images, TARGETS)
        assert raw.shape == (2, 1, 4, 6)
        grown = F.interpolate(raw, size=(16, 24), mode="bilinear", align_corners=False)
        assert torch.equal(grown, whole)


def test_the_last_convolution_goes_by_that_name():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    images = torch.rand(2, 3, 16, 16)
    assert find_layer(model, LAST_CONVOLUTION, images) is model[0]
    assert find_layer(model, None, images) is model[1]
