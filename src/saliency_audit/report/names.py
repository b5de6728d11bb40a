"""Names and colours that the notebooks' figures and tables of the IDGI study share."""

from saliency_audit.models import CLASSIFIERS

PATH_NAMES = {"ig": "IG", "gig": "Guided IG", "blurig": "Blur IG"}
SCORE_NAMES = {
    "probability": "insertion, probability",
    "ratio": "insertion, ratio",
    "aic_entropy": "AIC, entropy",
    "sic_entropy": "SIC, entropy",
    "aic_ms_ssim": "AIC, MS-SSIM",
    "sic_ms_ssim": "SIC, MS-SSIM",
}
CURVE_NAMES = {"aic": "AIC", "sic": "SIC"}
COMPLEXITY_NAMES = {"entropy": "normalised entropy", "ms_ssim": "MS-SSIM"}

# Blue and vermilion of Okabe and Ito, which all kinds of colour vision tell apart.
IDGI_COLOUR = "#0072b2"
BASE_COLOUR = "#d55e00"


def network(name: str) -> str:
    """A network's name in print; the name itself where the catalogue has none."""
    return CLASSIFIERS[name].title if name in CLASSIFIERS else name


def method_name(method: str) -> str:
    """`gig+idgi` -> `Guided IG+IDGI`; the name itself where it is none of the six."""
    path = method.removesuffix("+idgi")
    if path not in PATH_NAMES:
        return method
    return PATH_NAMES[path] + ("+IDGI" if method.endswith("+idgi") else "")


def on_two_lines(name: str) -> str:
    """A name broken at its first space, for narrow places."""
    return name.replace(" ", "\n", 1)
