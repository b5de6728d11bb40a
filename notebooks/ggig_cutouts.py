# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # GGIG in front of a checkerboard: does the saliency stay on the object?
#
# **Claim GG-BACKGROUND** (GGIG paper, §5, Figures 8, 19 and 20). When the background of a picture is replaced by a
# black and white checkerboard, the gradient (GRAD), Integrated Gradients (IG) and GGIG put their saliency on the
# object only, an edge detector does not, and GGIG does it best.
#
# *In plain words.* A checkerboard has the sharpest possible edges and says nothing about the class. Does a map still
# point at the object? The paper shows pictures and prints no number. Here the object's outline is known, so the
# question has a number: the share of all saliency that lies outside it. For a map that disregards the object, this is
# the background's share of the area. "Ignoring the background" is taken generously: less than half of that.
#
# *Whose map?* In front of another background the network may see another class. The authors' code explains the class
# that the network predicts before the checkerboard, and so do the maps that decide here. Beside them stand maps of the
# class that it predicts before the picture's own background, and only those images on which both are the same.
#
# *What the paper leaves open.* It prints no size of the squares; here there are 14 along a side. Its masks come from a
# segmentation network. Here they are exact: photographs of objects that were cut out by hand, or drawn shapes. GGIG
# climbs at the paper's rate, but fewer steps and from fewer points: such rows test whether the claim generalises; they
# do not replicate it. {doc}`Another notebook </notebooks/ggig_background>` has more methods and more backgrounds.

# %% tags=["parameters"]
profile: str = "embedded"  # embedded (shapes), reference (cut-out photographs) or paper
setting: str | None = None  # of the profile's settings, e.g. MobileNetV2 (default: all)
models: tuple[str, ...] | None = None  # classifiers, e.g. mobilenet_v2 (default: the profile's)
images: str | None = None  # image set with masks (default: the profile's)
n_images: int | None = None  # pictures (default: the profile's)
methods: tuple[str, ...] | None = None  # e.g. saliency,ggig,edge (default: the profile's)
squares: tuple[int, ...] | None = None  # along a side (default: 14, which decides)
steps: int | None = None  # points on the line of IG (default: the profile's)
climb_points: int | None = None  # points from which GGIG climbs (default: the profile's)
ascents: int | None = None  # steps of each climb (default: the profile's)
learning_rate: float | None = None  # of the climb (default: 0.0001, the paper's)
seed: int | None = None  # order of the images (default: the profile's)
shown: int = 6  # photographs in the first picture

# %% tags=["remove-input", "remove-output"]
from IPython.display import HTML, Markdown

from saliency_audit import ledger, study
from saliency_audit.attributions import saliency
from saliency_audit.models.training import predicted_classes
from saliency_audit.report.figures.ggig.climb import climb_settings
from saliency_audit.report.figures.ggig.cutouts import seen_table, show_seen
from saliency_audit.report.figures.maps import show_regions
from saliency_audit.report.names import ggig_name
from saliency_audit.report.notebook.html_table import as_html
from saliency_audit.report.notebook.pivot import pivot_table
from saliency_audit.report.notebook.runs import (
    also_tested,
    both_runs,
    chosen_parameters,
    show_recorded,
    sources,
)
from saliency_audit.report.notebook.verdicts import verdict_text
from saliency_audit.study.experiments.ggig_background import before_background
from saliency_audit.study.ggig_methods import effort_in, explainers
from saliency_audit.study.objects import with_objects
from saliency_audit.study.selection import select

experiment = study.get_experiment("ggig_cutouts")
overrides = chosen_parameters(experiment, globals())
settings = experiment.configure(profile, overrides)
claim = ledger.load_claims()["GG-BACKGROUND"]
declared = claim.external.parameters["questions"][0]["where"]
background, side_squares = declared["background"], declared["squares"]

# %% tags=["remove-input"]
Markdown(climb_settings(experiment, this_run=settings, reference=experiment.configure("reference")))

# %% [markdown]
# ## What the maps look like
#
# Photographs before grass, the same in front of the checkerboard, and the magnitudes of four maps of the latter for the
# class that EfficientNet-Lite0 sees there, each scaled to its own 99th percentile. The outline is the object's. The
# photographs are Tux Paint's stamps (GPL-2 or later).

# %% mystnb={"image": {"alt": "Photographs of cut-out objects in the first row, the same in front of a checkerboard in the second; below, the maps of the gradient, of IG, of GGIG and the edges, with the outline of the object in every panel"}}
chosen, masks = with_objects(
    select("efficientnet_lite0", "cutouts_shown", 0, 0, shown, keep="both")
)
before = before_background(chosen.pictures, masks, background, side_squares)
answers = predicted_classes(chosen.model, before)
named = {"saliency": "GRAD", "ig_without_product": "IG", "ggig": "GGIG", "edge": "edges"}
explain = explainers(list(named), effort_in(vars(settings[0])), 0)
maps = {named[key]: saliency(each(chosen.model, before, answers)) for key, each in explain.items()}
words = [chosen.source.names[index].removesuffix(".png").split("-") for index in chosen.indices]
titles = [next(word for word in reversed(name) if not word.isdigit()) for name in words]
figure = show_regions(chosen.pictures, masks, {"before squares": before, **maps}, titles)

# %% [markdown]
# ## How much lies outside the object
#
# A box holds the middle half of the images, its whiskers 90 % of them; fewer than five images are dots. Dashed: the
# mean share of the area that is background. *Saliency* is GRAD; IG is without the product with the input, as in the
# paper. The recorded run on photographs comes first, then this notebook's own.

# %% tags=["remove-input"] mystnb={"image": {"alt": "Box plots of the share of the saliency outside the object in front of a checkerboard in the recorded reference run, one panel per network"}}
recorded = ledger.recorded_rows(claim, "reference")
show_recorded(recorded, show_seen, background, side_squares)

# %% mystnb={"image": {"alt": "Box plots of the share of the saliency outside the object in front of a checkerboard for the gradient, IG, GGIG, edges and random values, with the background's share of the area dashed"}}
rows = study.compute(experiment, profile, overrides)
figure = show_seen(rows, background, side_squares)

# %% [markdown]
# ## What the network sees
#
# On how many images it predicts the same class before both backgrounds, and the mean probability before the
# checkerboard of the class that it predicts there, and of the one that it predicts before the picture's own background.

# %% tags=["remove-input"]
found = sources(recorded, rows)
HTML(as_html(seen_table(found, background, side_squares)))

# %% [markdown]
# ## The comparisons
#
# Mean over the images of the share outside the object, method minus its rival or limit, with its 95 % bootstrap
# interval; below 0 supports the claim. The map is that of the class that the network predicts before the checkerboard.

# %% tags=["remove-input"]
audit = ledger.audit_claim("GG-BACKGROUND")
runs = both_runs(audit, rows)
HTML(as_html(pivot_table(runs, ["model", "method"], ["against"], named=ggig_name)))

# %% [markdown]
# The same on the images whose class is kept; this is a setting of its own:

# %% tags=["remove-input"]
kept = also_tested(claim, recorded, rows, where={"kept": True})
HTML(as_html(pivot_table(kept, ["model", "method"], ["against"], named=ggig_name)))

# %% [markdown]
# And for the class before the picture's own background, on all images:

# %% tags=["remove-input"]
own = also_tested(claim, recorded, rows, where={"asked": "own"})
HTML(as_html(pivot_table(own, ["model", "method"], ["against"], named=ggig_name)))

# %% [markdown]
# ## Verdict
#
# The rule is in the ledger, with every change made to it after rows existed.

# %% tags=["remove-input"]
Markdown(verdict_text(audit, runs["this machine"], profile))
