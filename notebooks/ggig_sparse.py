# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # The top pixels of GGIG: scattered, on edges, on the object?
#
# **Claim GG-SPARSE** (GGIG paper, §5.1, Figures 1 and 9). Among the top 5 % or 10 % of the pixels, those of
# GGIG are less scattered, lie more on the object and less on sharp edges than those of the gradient (GRAD)
# and of Integrated Gradients (IG).
#
# *In plain words.* Keep the most salient pixels of a map and look at where they are. The paper shows a few
# pictures and prints no number. Three numbers test its words, for every image and method at the same number
# of pixels:
#
# - *on edges*: share of these pixels that are among the 10 % of the picture with the strongest edges (Sobel);
# - *components*: number of connected pieces that they form, where pixels that touch at a corner are connected;
# - *on the object*: share of them that lie on its mask, or in its box.
#
# Two controls do not depend on a network: the edges themselves, whose top pixels are all on edges, and random
# values. *Explainability* (area under precision against recall) is about the whole map, whatever the share; it
# is shown too. In figures and tables *Saliency* is GRAD; IG is without the product with the input, as in the
# paper.
#
# *What is different.* GGIG climbs at the paper's rate, but fewer steps and from fewer points: such rows
# test whether the claim generalises; they do not replicate it.

# %% tags=["parameters"]
profile: str = "embedded"  # embedded (shapes), reference (shapes, Tiny ImageNet) or paper
setting: str | None = None  # of the profile's settings, e.g. photographs (default: all)
models: tuple[str, ...] | None = None  # classifiers, e.g. mobilenet_v2 (default: the profile's)
images: str | None = None  # image set with masks or boxes (default: the profile's)
n_images: int | None = None  # candidate images (default: the profile's)
methods: tuple[str, ...] | None = None  # e.g. saliency,ggig (default: the profile's)
shares: tuple[float, ...] | None = None  # of the pixels (default: 0.05 and 0.1)
edge_share: float | None = None  # of the pixels that count as edges (default: 0.1)
steps: int | None = None  # points on the line of IG (default: the profile's)
climb_points: int | None = None  # points from which GGIG climbs (default: the profile's)
ascents: int | None = None  # steps of each climb (default: the profile's)
learning_rate: float | None = None  # of the climb (default: 0.0001, the paper's)
seed: int | None = None  # order of the images (default: the profile's)
shown: int = 6  # images in the first picture

# %% tags=["remove-input", "remove-output"]
from IPython.display import HTML, Markdown

from saliency_audit import ledger, study
from saliency_audit.attributions import saliency
from saliency_audit.metrics import top_pixels
from saliency_audit.report.figures.ggig.climb import climb_settings
from saliency_audit.report.figures.ggig.sparse import measure_table, over_grey, show_measures
from saliency_audit.report.figures.maps import show_regions
from saliency_audit.report.names import ggig_name
from saliency_audit.report.notebook.html_table import as_html
from saliency_audit.report.notebook.pivot import pivot_table
from saliency_audit.report.notebook.runs import both_runs, chosen_parameters, show_recorded, sources
from saliency_audit.report.notebook.verdicts import verdict_text
from saliency_audit.study.ggig_methods import effort_in, explainers
from saliency_audit.study.objects import with_objects
from saliency_audit.study.selection import images_of, select

experiment = study.get_experiment("ggig_sparse")
overrides = chosen_parameters(experiment, globals())
settings = experiment.configure(profile, overrides)
claim = ledger.load_claims()["GG-SPARSE"]

# %% tags=["remove-input"]
Markdown(climb_settings(experiment, this_run=settings, reference=experiment.configure("reference")))

# %% [markdown]
# ## What they look like
#
# The first pictures that the network classifies correctly, and in blue the top pixels of every method, at the
# larger of the shares. The outline is the object's.

# %% mystnb={"image": {"alt": "Pictures in the first row; below, the same in pale grey with the most salient pixels of the gradient, IG, GGIG, the edges and random values in blue, and the outline of the object in every panel"}}
first = settings[0]
share = max(first.shares)
name = first.models[0]
chosen, masks = with_objects(select(name, images_of(name, first.images), first.seed, 0, 20 * shown))
pictures, targets = chosen.pictures[:shown], chosen.targets[:shown]
named = {
    "saliency": "GRAD",
    "ig_without_product": "IG",
    "ggig": "GGIG",
    "edge": "edges",
    "random": "random",
}
explain = explainers(list(named), effort_in(vars(first)), first.seed)
marked = {
    named[key]: over_grey(
        pictures, top_pixels(saliency(each(chosen.model, pictures, targets)), share)
    )
    for key, each in explain.items()
}
titles = [f"class {int(target)}" for target in targets]
figure = show_regions(pictures, masks[:shown], marked, titles)

# %% [markdown]
# ## Edges, pieces, object
#
# At the same share. A box holds the middle half of the images, its whiskers 90 % of them; fewer than five are dots.

# %% mystnb={"image": {"alt": "Box plots for every method of the share of top pixels on edges, the number of connected components, the share on the object, and explainability"}}
rows = study.compute(experiment, profile, overrides)
figure = show_measures(rows, share)

# %% [markdown]
# The recorded reference run, exact masks of the shapes and boxes of Tiny ImageNet:

# %% tags=["remove-input"] mystnb={"image": {"alt": "Box plots for every method and network of the share of top pixels on edges, the number of connected components, the share on the object, and explainability in the recorded reference run"}}
recorded = ledger.recorded_rows(claim, "reference")
show_recorded(recorded, show_measures, share)

# %% [markdown]
# Means over the images:

# %% tags=["remove-input"]
HTML(as_html(measure_table(sources(recorded, rows))))

# %% [markdown]
# ## The comparisons
#
# GGIG minus each rival, mean of the paired differences with its 95 % bootstrap interval. The claim says:
# fewer on edges, fewer components, more on the object.

# %% tags=["remove-input"]
audit = ledger.audit_claim("GG-SPARSE")
runs = both_runs(audit, rows)
HTML(as_html(pivot_table(runs, ["model", "share", "against"], ["score"], named=ggig_name)))

# %% [markdown]
# ## Verdict
#
# The rule is in the ledger, with every change made to it after rows existed.

# %% tags=["remove-input"]
Markdown(verdict_text(audit, runs["this machine"], profile))
