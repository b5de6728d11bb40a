# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # The controller's density for normal scores
#
# **Claim DRE-PDF** (DRE paper, Eq. 8, §3.4.2, Appendix A, Figure 5). For normal scores the controller
# z = sigmoid(ηy)^h has the density of Eq. 8. It is about uniform at η = 1.5, h = 1, right-skewed with a clear
# tail at η = 1.5, h = 2.5, has hardly any score above 0.5 at η = 0.5, and more high than middle ones at η = 2.5.
#
# *In plain words.* The controller is the last layer of the network that draws the map. It brings the scores
# of every map to mean 0 and variance 1, and squeezes them into (0, 1) so that few are high and many are low.
# If the incoming scores are normal, a formula says how the outgoing ones are distributed. Is the formula right,
# do its curves have the shapes that the text reads off them, and does the layer as it is programmed do what
# the formula says?
#
# *How to read it.* A density above 1 over some interval means that more scores lie there than if all values
# were equally likely. *Skewness* is Pearson's second coefficient 3(mean − median)/standard deviation: above 0
# the long tail is to the right. The *distance* (Kolmogorov's) is the largest difference between the share
# of drawn scores below a value and the share that the formula gives.
#
# Give `eta` and `h` of your own controller to see its curve in black and its numbers in the tables.

# %% tags=["parameters"]
profile: str = "embedded"  # embedded, reference or paper: more draws
eta: tuple[float, ...] | None = None  # of the controller, e.g. 2 (default: the five of §4.4.2)
h: tuple[float, ...] | None = None  # exponent of the controller, e.g. 1.5 (default: the five)
draws: int | None = None  # repeated draws (default: the profile's)
maps: int | None = None  # maps per draw, pooled (default: 1000, which the rule asks for)
side: int | None = None  # pixels per side of a map (default: 56, the paper's)
seed: int | None = None  # of the draws (default: the profile's)
shown: int = 100  # maps in the histograms

# %% tags=["remove-input", "remove-output"]
from IPython.display import HTML, Markdown

from saliency_audit import ledger, study
from saliency_audit.report.figures.dre.density import (
    shape_table,
    show_densities,
    show_drawn_scores,
)
from saliency_audit.report.notebook.checks import check_table
from saliency_audit.report.notebook.html_table import as_html
from saliency_audit.report.notebook.pivot import pivot_table
from saliency_audit.report.notebook.runs import both_runs, chosen_parameters, sources
from saliency_audit.report.notebook.verdicts import verdict_text

experiment = study.get_experiment("dre_density")
overrides = chosen_parameters(experiment, globals())
(settings,) = experiment.configure(profile, overrides)
own = settings.settings if {"eta", "h"} & set(overrides) else []
audit = ledger.audit_claim("DRE-PDF")

# %% [markdown]
# ## The curves of Figure 5
#
# From the closed form. The text names the η of panel (a); for the others it says that h grows.

# %% mystnb={"image": {"alt": "Densities of the controller's output in four panels: h = 1 with eta from 0.5 to 2.5, and eta = 0.5, 2.5 and 1.5 with h from 1 to 5"}}
figure = show_densities(own)

# %% [markdown]
# What the text says of (a): about uniform at η = 1.5, and from concave to convex as η grows. At h = 1 the
# density has one mode up to η = √2 and two beyond, so the flattest curve already has two very low hills.

# %% tags=["remove-input"]
HTML(as_html(check_table(audit, lambda check: "h=1:" in check.name)))

# %% [markdown]
# What it says of (b) to (d): nothing above 0.5 at η = 0.5, more high than middle scores at η = 2.5, a clear
# tail at η = 1.5.

# %% tags=["remove-input"]
HTML(as_html(check_table(audit, lambda check: "h=2.5:" in check.name and "Eq." not in check.name)))

# %% [markdown]
# Right-skewed under a large h, for every η:

# %% tags=["remove-input"]
HTML(as_html(check_table(audit, lambda check: check.name.endswith("right-skewed"))))

# %% [markdown]
# Whether Eq. 8 is a density at all, and that of Eq. 7:

# %% tags=["remove-input"]
HTML(as_html(check_table(audit, lambda check: "Eq. 8" in check.name)))

# %% [markdown]
# ## The layer itself
#
# Maps of independent normal scores, drawn at random, through the module that the estimators end in. Each map
# is normalised by itself; all are pooled.

# %% mystnb={"image": {"alt": "Histograms of drawn scores after the controller, one panel per setting, under the curve of the closed form"}}
rows = study.compute(experiment, profile, overrides)
figure = show_drawn_scores(settings.settings, shown, settings.side, settings.seed)

# %% [markdown]
# Shares of the scores and skewness, in closed form and drawn, as means over the draws; modes, and the divergence
# from the uniform distribution in nats, in closed form.

# %% tags=["remove-input"]
recorded = ledger.recorded_rows(audit.claim, "reference")
HTML(as_html(shape_table(sources(recorded, rows))))

# %% [markdown]
# ## The test
#
# Mean Kolmogorov distance of 1000 pooled maps, which is to stay below 0.01. Monotonic mappings do not change
# this distance: if the layer is right, it is that of the normalised normal scores themselves, whatever η and
# h are. The settings have draws of their own.

# %% tags=["remove-input"]
runs = both_runs(audit, rows)
HTML(as_html(pivot_table(runs, ["controller"], [])))

# %% [markdown]
# ## Verdict
#
# The rule is in the ledger.

# %% tags=["remove-input"]
Markdown(verdict_text(audit, runs["this machine"], profile))
