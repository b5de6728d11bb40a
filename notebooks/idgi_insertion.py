# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # IDGI and the insertion score
#
# **Claim IDGI-INS** (IDGI study, Table 1 and §4.2). At 128 steps the IDGI rule raises the
# insertion score of Integrated Gradients and of Guided IG on all ten networks, and that of Blur IG
# on all but three.
#
# *In plain words.* A saliency map ranks pixels. Start from a blurred picture and uncover its pixels
# in that order: the better the ranking, the sooner the network recognises the picture again. The
# insertion score is the area under that curve. Integrated Gradients (IG) adds up gradients along
# the straight line from a black picture to the input; IDGI keeps the same points and the same
# gradients, but distributes each step's *actual change of the class score* over the pixels in
# proportion to their squared gradient. This notebook asks, image by image, whether that raises the
# score.
#
# Both maps come from one walk along the same path, so nothing differs between them but the rule.
# Guided IG and Blur IG are not computed here yet; the verdict says so.

# %% tags=["parameters"]
profile: str = "embedded"  # embedded (digits), reference (ImageNet sample) or paper
models: tuple[str, ...] | None = None  # classifiers, e.g. mobilenet_v2 (default: the profile's)
images: str | None = None  # image set (default: the profile's)
n_images: int | None = None  # candidate images (default: the profile's)
steps: int | None = None  # points on the path, both ends included (default: the profile's)
seed: int | None = None  # order of the images and of ties (default: the profile's)
shown: int = 5  # images in the picture

# %% tags=["remove-input", "remove-output"]
import pandas as pd
import torch
from IPython.display import HTML, Markdown

from saliency_audit import ledger, study
from saliency_audit.attributions import IDGI, Riemann, StraightPath, saliency, walk
from saliency_audit.datasets import open_images, read_batch, shuffled_indices
from saliency_audit.models import load_classifier
from saliency_audit.report.comparisons import insertion_table, show_paired_differences
from saliency_audit.report.maps import show_maps

given = {
    "models": models,
    "images": images,
    "n_images": n_images,
    "steps": steps,
    "seed": seed,
}
overrides = {name: value for name, value in given.items() if value is not None}
experiment = study.get_experiment("idgi_insertion")
setting = experiment.configure(profile, overrides)
claim = ledger.load_claims()["IDGI-INS"]

# %% [markdown]
# ## What the maps look like
#
# The first images that the network classifies correctly, their IG maps and their IG+IDGI maps.
# Every map is scaled to its own 99th percentile: compare shapes, not magnitudes.

# %% mystnb={"image": {"alt": "Input images in the first row, their IG maps in the second, their IG+IDGI maps in the third"}}
model = load_classifier(setting.models[0])
source = open_images(setting.images)
batch = read_batch(source, shuffled_indices(source, setting.seed)[: 4 * shown])
with torch.no_grad():
    right = model(batch.images).argmax(dim=1) == batch.labels
pictures, targets = batch.images[right][:shown], batch.labels[right][:shown]
ig, idgi = walk(
    model,
    pictures,
    targets,
    path=StraightPath(setting.steps),
    rules=[Riemann(), IDGI()],
    baselines=torch.zeros_like(pictures),
)
figure = show_maps(
    pictures,
    {"IG": saliency(ig), "IG+IDGI": saliency(idgi)},
    [f"class {int(target)}" for target in targets],
)

# %% [markdown]
# ## The paired differences
#
# One value per image: insertion score of the IG+IDGI map minus that of the IG map. Blue images gain
# by IDGI, red ones lose; the dashed line is the mean.

# %% mystnb={"image": {"alt": "Sorted per-image differences of the insertion score, IDGI minus base, one panel per network"}}
rows = study.compute(experiment, profile, overrides)
figure = show_paired_differences(rows, "probability")

# %% [markdown]
# The same for the recorded reference run, real photographs and pretrained networks:

# %% tags=["remove-input"] mystnb={"image": {"alt": "Sorted per-image differences of the insertion score in the recorded reference run, one panel per network"}}
recorded = ledger.recorded_rows(claim, "reference")
if isinstance(recorded, pd.DataFrame):
    figure = show_paired_differences(recorded, "probability")
else:
    print(recorded)

# %% [markdown]
# ## Paper, recorded run, this machine
#
# Three sources that must not be confused: what the *paper* prints (its ImageNet validation images and
# torchvision's weights), what our *recorded* reference run found (a sample of one image per ImageNet
# class, public weights of the same architecture), and what *this execution* of the notebook found with
# its own parameters. The difference is the mean over images of IDGI − base, with its 95 % bootstrap
# interval.
#
# The *levels* are not comparable across sources. The paper does not print the blur it starts from; ours
# (11 taps, σ = 5 pixels, the sizes of RISE's) leaves pictures that a network partly recognises, so every
# curve starts higher. The weights differ too: ours are public conversions of quantised networks
# (`saliency-audit data list` names their sources), the paper's are torchvision's. And the sample's
# pictures probably belong to ImageNet's training split. What the claim is about, and what the test
# decides on, is the sign of the paired difference.

# %% tags=["remove-input"]
runs = {}
reference = experiment.configure("reference")
if isinstance(recorded, pd.DataFrame):
    runs["recorded"] = ledger.evaluate(claim, recorded)
runs["this machine"] = ledger.evaluate(claim, rows)
HTML(
    insertion_table(runs).to_html(index=False)
    + f"<p>Paper: 128 steps. Recorded: {reference.images}, {reference.steps} steps. "
    + f"This machine: {setting.images}, {setting.steps} steps.</p>"
)

# %% [markdown]
# ## Verdict
#
# The rule was written into the ledger before the rows were computed:

# %% tags=["remove-input"]
audit = ledger.audit_claim("IDGI-INS")
profile_of_verdict, result = audit.strongest
here = list(runs.values())[-1]
Markdown(
    f"> {claim.external.threshold}\n\n"
    f"- **The paper's own table: {audit.internal_verdict}.** {audit.internal_detail}\n"
    f"- **Our recorded rows ({profile_of_verdict}): {result.verdict}.** {result.detail}\n"
    f"- **This execution ({profile}): {here.verdict}.** {here.detail}\n"
)
