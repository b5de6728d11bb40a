# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # GGIG and the information curves
#
# **Claim GG-PIC** (GGIG paper, Table 2, Figure 10, §5.1). By the areas under the softmax and the accuracy
# information curve, GGIG is first and random maps are last of five methods, for Inception v3 and for
# ResNet-101.
#
# *In plain words.* Hide all of a picture except a few random pixels, and fill the gaps by interpolation. Give
# back more and more of the most salient pixels. At every stage, ask how much information the picture holds
# again and whether the network recognises it. A good map makes the network certain with little information.
# The *softmax information curve* (SIC) is the class probability against information, as the median over the
# images. The *accuracy information curve* (AIC) is the share of images that the network gets right. The area
# under the curve is the score, between 0 and 1.
#
# Two of the five maps do not depend on a network: the *edges* of the picture, and *random* values. In the
# paper's own table the edges beat the gradient everywhere and Integrated Gradients on one of the two networks.
#
# *How information is measured.* The curves were introduced with the size of the compressed picture. The paper
# replaces it by the entropy of the picture's grey levels. That number ignores the position of pixels: a
# picture keeps it when its pixels are shuffled. A blurred start picture may have as much entropy as the
# original; such an image has no curve and is dropped. The compressed size is reported too. Pictures are
# restored and curves scaled as in {doc}`IDGI's information curves <idgi_information_curves>`; the paper
# refers to the same source. The authors' published code differs. It fills the gaps once, from the nearest
# known pixel. It divides the class probability by that of the whole picture without subtracting that of the
# start. And it reads the accuracy curve at the mean entropy of each step.

# %% tags=["parameters"]
profile: str = "embedded"  # embedded (shapes), reference (ImageNet sample) or paper
models: tuple[str, ...] | None = None  # classifiers, e.g. mobilenet_v2 (default: the profile's)
images: str | None = None  # image set (default: the profile's)
n_images: int | None = None  # candidate images (default: the profile's)
methods: tuple[str, ...] | None = None  # any of the library's (default: the paper's five)
steps: int | None = None  # points of Integrated Gradients (default: 51)
climb_points: int | None = None  # points on GGIG's line (default: the profile's)
ascents: int | None = None  # steps of GGIG's climb at each point (default: the profile's)
learning_rate: float | None = None  # of the climb (default: 0.0001, the paper's)
seed: int | None = None  # order of the images and random pixels (default: the profile's)
shown: int = 4  # images in the first picture

# %% tags=["remove-input", "remove-output"]
from IPython.display import HTML, Markdown

from saliency_audit import ledger, study
from saliency_audit.attributions import saliency
from saliency_audit.report.figures.ggig.climb import climb_settings
from saliency_audit.report.figures.ggig.information_curves import (
    area_table,
    show_areas,
    show_method_curves,
)
from saliency_audit.report.figures.information import dropped_images
from saliency_audit.report.figures.maps import show_maps
from saliency_audit.report.names import ggig_name
from saliency_audit.report.notebook.html_table import as_html
from saliency_audit.report.notebook.pivot import pivot_table
from saliency_audit.report.notebook.runs import both_runs, chosen_parameters, show_recorded, sources
from saliency_audit.report.notebook.verdicts import verdict_text
from saliency_audit.study.ggig_methods import effort_in, explainers
from saliency_audit.study.selection import images_of, select

experiment = study.get_experiment("ggig_information_curves")
overrides = chosen_parameters(experiment, globals())
settings = experiment.configure(profile, overrides)
(parameters,) = settings
claim = ledger.load_claims()["GG-PIC"]
declared = claim.external.parameters
rows = study.compute(experiment, profile, overrides)
recorded = ledger.recorded_rows(claim, "reference")

# %% tags=["remove-input"]
Markdown(climb_settings(experiment, this_run=settings, reference=experiment.configure("reference")))

# %% [markdown]
# ## The five maps
#
# The first images that the first network classifies correctly. The pixels are revealed in the order of
# these maps, darkest first.

# %% mystnb={"image": {"alt": "Images in the first row; below, one row per method, the maps by which their pixels are revealed"}}
name = parameters.models[0]
chosen = select(name, images_of(name, parameters.images), parameters.seed, 0, 2 * shown)
pictures, targets = chosen.pictures[:shown], chosen.targets[:shown]
effort = effort_in(vars(parameters))
maps = {
    ggig_name(method): saliency(explain(chosen.model, pictures, targets), parameters.reduction)
    for method, explain in explainers(parameters.methods, effort, parameters.seed).items()
}
titles = [f"class {int(target)}" for target in targets]
figure = show_maps(pictures, maps, titles, size=1.1)

# %% [markdown]
# ## The curves
#
# SIC is the median over the images, AIC the mean of right (1) and wrong (0), both over the images that
# keep their curve. Each image's curve is scaled so that the start picture is 0 and the original 1.
# A curve may begin high or fall: revealed pixels can make the grey levels *less* varied than those of the
# blurred start picture, and then count as no information.

# %% mystnb={"image": {"alt": "Information curves of the five methods, one line each: a row of panels per network, a column for SIC and one for AIC"}}
figure = show_method_curves(rows, declared)

# %% [markdown]
# The same for the recorded reference run, real photographs and pretrained networks:

# %% tags=["remove-input"] mystnb={"image": {"alt": "Information curves of the five methods in the recorded reference run, one line each: a row of panels per network, a column for SIC and one for AIC"}}
show_recorded(recorded, show_method_curves, declared)

# %% [markdown]
# ## Which images count
#
# An image is dropped where its start picture already has the prediction of the original (no rise) or as
# much information (no information).

# %% tags=["remove-input"]
HTML(as_html(dropped_images(sources(recorded, rows))))

# %% [markdown]
# ## Table 2: paper, recorded run, this machine
#
# The levels are not comparable across sources: networks, images, the way pictures are restored and the
# images that are dropped differ, and the paper prints neither its number of images nor an interval. What
# the claim is about, and what the test decides on, is the order within one network.

# %% mystnb={"image": {"alt": "Areas under both curves by method: those that the paper prints for Inception v3 and ResNet-101, and ours with intervals; a panel per curve"}}
figure = show_areas(sources(recorded, rows), declared)

# %% [markdown]
# The numbers, with the areas under the mean SIC and the median AIC, and those by the size of the compressed
# picture:

# %% tags=["remove-input"]
HTML(as_html(area_table(sources(recorded, rows), declared)))

# %% [markdown]
# ## What the test asks
#
# Differences of areas on the same images, with 95 % intervals from resampled images. The claim expects GGIG
# above every other method, and every other method above Random.

# %% tags=["remove-input"]
audit = ledger.audit_claim("GG-PIC")
runs = both_runs(audit, rows)
HTML(as_html(pivot_table(runs, ["model", "difference"], ["curve"], named=ggig_name)))

# %% [markdown]
# ## Verdict
#
# The rule is in the ledger, with every change made to it after rows existed.

# %% tags=["remove-input"]
Markdown(verdict_text(audit, runs["this machine"], profile))
