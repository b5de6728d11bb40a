# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Re-initialised layers: is GGIG as sensitive as the gradient and IG?
#
# **Claim GG-RANDOM** (GGIG paper, §5, Figures 7 and 21–23). When the layers of a network are randomised one
# after the other, from the output down, maps of GGIG change as much as those of the gradient (GRAD, in
# figures and tables Saliency) and of Integrated Gradients (IG).
#
# *In plain words.* Take a trained network and replace the weights of its last layer by random ones, then
# those of the layer before, and so on. Explanations of a network that knows less and less should look less
# and less like those of the trained one. A method whose maps do not change shows the picture, not the
# network. The paper shows a few maps; here their similarity to the map of the trained network is measured,
# stage by stage.
#
# *What is compared.* Similarity of GGIG's map minus that of the rival's, on the same picture after the same
# stage: above zero, GGIG has changed less. There are two controls: the edges of the picture, which never
# change, and random maps, different for every network, which show how similar maps are that have nothing in
# common.
#
# *What was chosen.* The stages are nested: later stages keep the random weights of earlier ones, unlike in
# the authors' code. As in that code, the weights of each layer are drawn from N(0, 0.1²), truncated at ±2
# (`initialiser=default` initialises as torch does before training). Layers of equal shape get different
# values. For networks with many layers some stages are skipped, evenly; their layers are re-initialised all
# the same.

# %% tags=["parameters"]
profile: str = "embedded"  # embedded (digits, shapes), reference (MNIST, ImageNet) or paper
setting: str | None = None  # of the profile's settings, e.g. digits (default: all)
models: tuple[str, ...] | None = None  # classifiers (default: the profile's)
n_images: int | None = None  # candidate images (default: the profile's)
methods: tuple[str, ...] | None = None  # e.g. saliency,ggig,edge (default: the profile's)
draws: int | None = None  # random weights per layer (default: the profile's)
most_stages: int | None = None  # stages that are explained, evenly spread (default: profile's)
initialiser: str | None = None  # default, truncated_normal or permuted (default: the profile's)
steps: int | None = None  # points on the paths, both ends included (default: the profile's)
ascents: int | None = None  # steps of GGIG's climb at each point (default: the profile's)
learning_rate: float | None = None  # of the climb (default: 0.0001, the paper's)
seed: int | None = None  # order of the images, layers (default: the profile's)
sign: str = "absolute"  # maps in the pictures and the table: absolute or signed
shown: int = 0  # which of the images is in the first picture

# %% tags=["remove-input", "remove-output"]
from IPython.display import HTML, Markdown

from saliency_audit import ledger, study
from saliency_audit.attributions import GGIG, Edge, Saliency
from saliency_audit.models.randomization import Randomisation
from saliency_audit.report.figures.ggig.climb import climb_settings
from saliency_audit.report.figures.ggig.randomization import (
    show_cascaded_maps,
    show_randomization,
    stage_table,
)
from saliency_audit.report.names import ggig_name
from saliency_audit.report.notebook.html_table import as_html
from saliency_audit.report.notebook.pivot import pivot_table
from saliency_audit.report.notebook.runs import both_runs, chosen_parameters, show_recorded, sources
from saliency_audit.report.notebook.verdicts import verdict_text
from saliency_audit.study.selection import images_of, select

experiment = study.get_experiment("ggig_randomization")
overrides = chosen_parameters(experiment, globals())
settings = experiment.configure(profile, overrides)
claim = ledger.load_claims()["GG-RANDOM"]
recorded = ledger.recorded_rows(claim, "reference")

# %% tags=["remove-input"]
Markdown(climb_settings(experiment, this_run=settings, reference=experiment.configure("reference")))

# %% [markdown]
# ## What the maps look like
#
# One picture, and its maps on the trained network and with more and more layers re-initialised. Above each
# column: how many layers, and the score of the picture's class. Each map is scaled to its own 99th percentile.

# %% mystnb={"image": {"alt": "One picture in the first row; below, the maps of the gradient, of GGIG and the edges, a column for the trained network and for each stage of the cascade"}}
last = settings[-1]
name = last.models[0]
chosen = select(name, images_of(name, last.images), last.seed, 0, 2 * (shown + 2))
figure = show_cascaded_maps(
    chosen.model,
    {
        "GRAD": Saliency(output="logit"),
        "GGIG": GGIG(last.steps, last.ascents, last.learning_rate),
        "edges": Edge(),
    },
    chosen.pictures[shown],
    chosen.targets[shown],
    Randomisation(last.initialiser, last.statistics, last.seed),
)

# %% [markdown]
# ## Similarity through the cascade
#
# Similarity to the map of the trained network, from the first stage (output layer re-initialised) to the last
# (all layers). Lines are means over images and draws, bands their 95 % bootstrap intervals over images. SSIM
# looks at windows of 11 × 11 pixels and is undefined for digits of 8 × 8.

# %% mystnb={"image": {"alt": "Similarity of the maps of five methods to those of the trained network after each stage of the cascade, a row of panels per network, a column per measure"}}
rows = study.compute(experiment, profile, overrides)
figure = show_randomization(rows, "cascade", sign)

# %% [markdown]
# The same for the recorded reference run, on MNIST and ImageNet:

# %% tags=["remove-input"] mystnb={"image": {"alt": "Similarity of the maps to those of the trained network after each stage of the cascade in the recorded reference run"}}
show_recorded(recorded, show_randomization, "cascade", sign)

# %% [markdown]
# Maps with their signs (summed over the colours). GGIG keeps the highest gradient of each pixel, so its maps
# lean to one side on every network, trained or not; those of the others change signs at random:

# %% mystnb={"image": {"alt": "Similarity of signed maps to those of the trained network after each stage of the cascade"}}
other = "signed" if sign == "absolute" else "absolute"
figure = show_randomization(rows, "cascade", other)

# %% [markdown]
# The same for the recorded reference run:

# %% tags=["remove-input"] mystnb={"image": {"alt": "Similarity of signed maps to those of the trained network after each stage of the cascade in the recorded reference run"}}
show_recorded(recorded, show_randomization, "cascade", other)

# %% [markdown]
# ## Each layer alone
#
# One layer is re-initialised, all others stay trained.

# %% mystnb={"image": {"alt": "Similarity of the maps of five methods to those of the trained network with one layer re-initialised, a row of panels per network, a column per measure"}}
figure = show_randomization(rows, "independent", sign)

# %% [markdown]
# The recorded reference run, on MNIST:

# %% tags=["remove-input"] mystnb={"image": {"alt": "Similarity of the maps to those of the trained network with one layer re-initialised, in the recorded reference run"}}
show_recorded(recorded, show_randomization, "independent", sign)

# %% [markdown]
# ## All methods
#
# Mean similarity over the stages. For the cascade, the number after the slash is for the last stage, when
# nothing that was learned is left: a method that stays near 1 there shows the picture. Constant maps have no
# similarity and are counted in the last column.

# %% tags=["remove-input"]
HTML(as_html(stage_table(sources(recorded, rows), sign)))

# %% [markdown]
# The same for maps with their signs:

# %% tags=["remove-input"]
HTML(as_html(stage_table(sources(recorded, rows), other)))

# %% [markdown]
# ## GGIG against its rivals
#
# Similarity of GGIG minus rival, mean over images, stages and draws with its 95 % bootstrap interval, images and
# draws both resampled (the bands above are over images alone, hence narrower). A pair holds if the interval lies
# within ±0.10, so that GGIG changes neither more nor less than the rival. Signed maps, the last stage and
# single layers are reported on the claim's page.

# %% tags=["remove-input"]
audit = ledger.audit_claim("GG-RANDOM")
runs = both_runs(audit, rows)
HTML(as_html(pivot_table(runs, ["model", "rival"], ["score"], named=ggig_name)))

# %% [markdown]
# ## Verdict
#
# The rule is in the ledger, with every change made to it after rows existed:

# %% tags=["remove-input"]
Markdown(verdict_text(audit, runs["this machine"], profile))
