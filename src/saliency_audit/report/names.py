"""Names and colours that the notebooks' figures and tables share."""

from saliency_audit.datasets.tiny_imagenet_classes import TINY_CLASSES
from saliency_audit.metrics.registry import METRICS
from saliency_audit.models import CLASSIFIERS
from saliency_audit.models.catalog import FACE_NETWORKS, FAKE_DETECTORS
from saliency_audit.study.selection import OWN_IMAGES

PATH_NAMES = {"ig": "IG", "gig": "Guided IG", "blurig": "Blur IG"}
SCORE_NAMES = {
    "probability": "insertion, probability",
    "ratio": "insertion, ratio",
    "aic_entropy": "AIC, entropy",
    "sic_entropy": "SIC, entropy",
    "aic_ms_ssim": "AIC, MS-SSIM",
    "sic_ms_ssim": "SIC, MS-SSIM",
}
METHOD_NAMES = {
    "saliency": "Saliency",
    "gradient_input": "Gradient ⊙ Input",
    "ig": "IG",
    "smoothgrad": "SmoothGrad",
    "gradcam": "Grad-CAM",
    "gradcam++": "Grad-CAM++",
    "rise": "RISE",
    "mpert": "Meaningful Perturbation",
    "finv": "Feature Inversion",
    "xpert": "Extremal Perturbation",
    "random": "Random",
    "ig_without_product": "IG without product",
    "random_input": "Random ⊙ Input",
    "ig+idgi": "IG+IDGI",
    "gig": "Guided IG",
    "gig+idgi": "Guided IG+IDGI",
    "deeplift": "DeepLIFT",
    "ggig": "GGIG",
    "ggig_absolute": "GGIG, magnitudes",
    "ig_max": "GGIG, no ascent",
    "edge_mixed": "Edges, as released",
    "constant": "Constant map",
    "ggig_short": "GGIG, short climb",
    "ggig_trapezoid": "GGIG, mean of climbs",
    "edge": "Edges",
    "guided_backprop": "Guided backprop",
    "blurig": "Blur IG",
    "blurig+idgi": "Blur IG+IDGI",
    "dre": "DRE",
    "mgnet": "MGnet",
    "dre+self": "DRE+ (self)",
    "dre+mgnet": "DRE+ (MGnet)",
    "mpert+shared": "Meaningful Perturbation, shared",
    "finv+shared": "Feature Inversion, shared",
    "xpert+shared": "Extremal Perturbation, shared",
}
STABILITY_NAMES = {
    "mege": "MeGe",
    # As a score of claims, which declare the definition; and as a statistic.
    "reco": "ReCo, balanced",
    "reco_balanced": "ReCo, balanced",
    "reco_printed": "ReCo, as printed",
    "mu_fidelity": "μF",
}
TOP_PIXEL_NAMES = {
    "edge_overlap": "on edges",
    "connected_components": "components",
    "object_precision": "on the object",
    "explainability": "explainability",
}
# Between two maps.
SIMILARITY_NAMES = {
    "spearman": "Spearman",
    "weighted_jaccard": "weighted Jaccard",
    "ssim": "SSIM",
    "reverse_mse": "1 − normalised MSE",
}
# Other numbers that rows hold or tests name.
MEASURE_NAMES = {
    "background_mass": "outside the object",
    "frechet_distance": "Fréchet distance",
    "log_likelihood": "log-likelihood",
    "log_relative_change": "log relative change",
    "same_weights_likelihood": "log-likelihood at the same weights",
    "same_weights_parameter": "parameters at the same weights",
    "input_difference": "difference of the inputs",
    "spearman_magnitude": "Spearman of magnitudes",
    "unit_norm": "scaled to norm 1",
    "signed_sum": "scaled to sum 1",
    "l1": "ℓ₁",
    "l2": "ℓ₂",
}
# Estimators of the DRE study, by what is changed.
SETTING_NAMES = {
    "eta0.5_h2.5": "η = 0.5, h = 2.5",
    "eta1.5_h1.5": "η = 1.5, h = 1.5",
    "eta2.5_h2.5": "η = 2.5, h = 2.5",
    "eta1.5_h0.5": "η = 1.5, h = 0.5",
    "dre_tuned": "DRE, all constraints",
    "dre_no_av": "DRE, λ_av = 0",
    "dre_no_av_bg": "DRE, λ_av = λ_bg = 0",
    "dre_no_av_tv": "DRE, λ_av = λ_tv = 0",
    "mgnet_no_av": "MGnet, λ_av = 0",
    "mgnet_no_bg": "MGnet, λ_bg = 0",
    "mgnet_no_tv": "MGnet, λ_tv = 0",
    "mgnet_no_bg_tv": "MGnet, λ_bg = λ_tv = 0",
    "sigmoid": "sigmoid, no constraints",
    "two_channels": "two channels",
    "two_channels_plain": "two channels, no constraints",
    "square": "x², squashed",
    "filter_further": "DRE, filter trained on",
    "released": "DRE as released",
    "batch_statistics": "DRE, batch statistics",
}
# Image sets in a sentence; the catalogue's titles say more.
IMAGE_NAMES = {
    "imagenet_sample": "a sample of ImageNet",
    "imagenet_val": "ImageNet",
    "birds200": "CUB-200-2011",
    "places365": "Places365",
    "cifar10_train": "CIFAR-10",
    "mnist_train": "MNIST's training part",
    "mnist_test": "MNIST",
    "fashion_mnist_train": "Fashion-MNIST",
    "digits_train": "digits' training part",
    "imagenet50_train": "50 classes of ImageNet",
    "eurosat": "EuroSAT",
    "tiny_imagenet_val": "Tiny ImageNet",
    "tiny200_val": "Tiny ImageNet",
    "cutouts_shown": "eight cut-outs",
    "cutouts_named": "cut-outs of 200 classes",
}
CURVE_NAMES = {"aic": "AIC", "sic": "SIC"}
COMPLEXITY_NAMES = {
    "file_size": "normalised entropy",
    "ms_ssim": "MS-SSIM",
    "shannon_entropy": "normalised entropy of grey levels",
}

# The declared metric behind a score that is called otherwise.
_METRIC_OF = {
    "probability": "insertion_score",
    "ratio": "insertion_ratio",
    "reco_balanced": "reco",
    "reco_printed": "reco",
    **{score: "information_curve" for score in SCORE_NAMES if score.startswith(("aic", "sic"))},
}

# A colour and a mark per method, so that neither alone carries the meaning (Okabe and Ito).
METHOD_LOOKS = {
    "saliency": ("#e69f00", "o"),
    "gradient_input": ("#d55e00", "s"),
    "ig": ("#cc79a7", "^"),
    "smoothgrad": ("#009e73", "v"),
    "gradcam": ("#0072b2", "D"),
    "gradcam++": ("#56b4e9", "P"),
    "rise": ("#000000", "X"),
    "random": ("#888888", "x"),
}

# The same for the methods of the GGIG paper and its controls.
SANITY_LOOKS = {
    "saliency": ("#e69f00", "o"),
    "ig_without_product": ("#cc79a7", "^"),
    "ggig": ("#0072b2", "D"),
    "edge": ("#000000", "s"),
    "random": ("#888888", "x"),
}

# Blue and vermilion of Okabe and Ito, which all kinds of colour vision tell apart.
IDGI_COLOUR = "#0072b2"
BASE_COLOUR = "#d55e00"

# Architectures of detectors, small ones by their design, whatever the size of their faces.
DETECTOR_NAMES = {
    **{
        f"{size}{name}": title
        for size in ("", "small_")
        for name, (title, _) in FACE_NETWORKS.items()
    },
    **{name: detector.title for name, detector in FAKE_DETECTORS.items()},
}


def network(name: str) -> str:
    """A network's name in print; the name itself where the catalogue has none."""
    return CLASSIFIERS[name].title if name in CLASSIFIERS else name


def class_name(model: str, target: int) -> str:
    """`Egyptian cat`: a class as torchvision calls it, of networks for 200 of ImageNet's.

    Returns:
        `class 3` for other networks.
    """
    if OWN_IMAGES.get(model) != "tiny200_val":
        return f"class {target}"
    from torchvision.models import ResNet50_Weights  # slow to import

    return str(ResNet50_Weights.DEFAULT.meta["categories"][TINY_CLASSES[target]])


def method_name(method: str) -> str:
    """`gig+idgi` -> `Guided IG+IDGI`; the method itself where it has no name."""
    return METHOD_NAMES.get(method, method)


def ggig_name(method: str) -> str:
    """A method's name in the GGIG paper, whose IG is without the product with the input."""
    own = {"ig_without_product": "IG", "ig": "IG with product"}
    return own.get(method) or method_name(method)


def with_arrow(name: str, score: str) -> str:
    """`MeGe` -> `MeGe ↑`: the heading of a score with its better side, where that is declared.

    The arrow stays on the line of the last word.

    Args:
        name: in print.
        score: a declared metric, or a score of `SCORE_NAMES` or `STABILITY_NAMES`.
    """
    metric = METRICS.get(_METRIC_OF.get(score, score))
    return f"{name}\u00a0{metric.arrow}" if metric and metric.arrow else name


def on_two_lines(name: str) -> str:
    """A name broken at its first space, for narrow places."""
    return name.replace(" ", "\n", 1)


def predictor_name(model: str) -> str:
    """`resnet18-8` -> `ResNet-18, 8 filters`."""
    kind, _, filters = model.partition("-")
    names = {
        "resnet18": "ResNet-18",
        "resnet50": "ResNet-50",
        "lipschitz": "1-Lipschitz CNN",
        "small": "small CNN",
    }
    size = f", {filters} filters" if filters else ""
    return f"{names.get(kind, kind)}{size}"


def predictor(images: str, model: str) -> str:
    """`cifar10_train`, `resnet18-8` -> `ResNet-18, 8 filters, on cifar10_train`."""
    return f"{predictor_name(model)}, on {images}"


def predictor_on_two_lines(images: str, model: str) -> str:
    """The same, broken before the image set, for narrow places."""
    return predictor(images, model).replace(", on ", "\non ")
