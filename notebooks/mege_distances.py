# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Six candidate distances
#
# **Claim MR-DIST** (MeGe/ReCo paper, §4.1, Appendix F, Figures 6 and 7). All six candidates for a
# distance between maps grow when a region of interest moves away and when noise is added; SSIM and ℓ2
# vary more under noise, Dice is unstable for small regions, and 1-Wasserstein is slow.
#
# *In plain words.* Before comparing maps, compare pictures whose difference is known: a bright disc, and
# the same disc a little further away; a disc, and the same disc under noise. A good distance grows with
# the change. The paper concludes in favour of 1 − |Spearman|, which all other notebooks of this paper use.
#
# Two shapes are shown. The *disc* is flat inside and zero outside, and decides. The *blob* is smooth, and
# all of its values differ, like those of a saliency map. The sign matters for the disc: two regions that
# no longer overlap have a slightly *negative* rank correlation, and |Spearman| treats it as similarity.

# %% tags=["parameters"]
profile: str = "embedded"  # embedded, reference or paper: more steps and draws
side: int | None = None  # pixels per side (default: the profile's)
radius: float | None = None  # of the region, in pixels (default: the profile's)
shifts: int | None = None  # steps of the shift (default: the profile's)
sigmas: tuple[float, ...] | None = None  # of the noise (default: the profile's)
draws: int | None = None  # noisy copies per σ (default: the profile's)
seed: int | None = None  # of the noise (default: the profile's)

# %% tags=["remove-input", "remove-output"]
from IPython.display import HTML, Markdown

from saliency_audit import ledger, study
from saliency_audit.report.figures.mege.distances import show_distances, variation_table
from saliency_audit.report.notebook.html_table import as_html
from saliency_audit.report.notebook.pivot import pivot_table
from saliency_audit.report.notebook.runs import both_runs, chosen_parameters, show_recorded, sources
from saliency_audit.report.notebook.verdicts import verdict_text

claim = ledger.load_claims()["MR-DIST"]
experiment = study.get_experiment("mege_distances")
overrides = chosen_parameters(experiment, globals())
rows = study.compute(experiment, profile, overrides)
recorded = ledger.recorded_rows(claim, "reference")

# %% [markdown]
# ## Moving away
#
# From the left corner to the right one along the upper edge. Each distance is divided by its largest
# value.

# %% mystnb={"image": {"alt": "Six distances between a region and the same region further along, against the share of the way, for a disc and for a smooth blob"}}
figure = show_distances(rows, "shift")

# %% [markdown]
# The same for the recorded reference run, with the paper's hundred steps:

# %% tags=["remove-input"] mystnb={"image": {"alt": "Six distances under shift in the recorded reference run"}}
show_recorded(recorded, show_distances, "shift")

# %% [markdown]
# ## Noise
#
# Means over the draws; bands are their middle 90 %.

# %% mystnb={"image": {"alt": "Six distances between a picture and noisy copies against the noise, for a disc and for a smooth blob"}}
figure = show_distances(rows, "noise")

# %% [markdown]
# The same for the recorded reference run, with the paper's fifty draws:

# %% tags=["remove-input"] mystnb={"image": {"alt": "Six distances under noise in the recorded reference run"}}
show_recorded(recorded, show_distances, "noise")

# %% [markdown]
# ## Variation and time
#
# Coefficient of variation over the draws: under noise, mean over σ; at the smallest disc; and the median
# time of one distance between two pictures.

# %% tags=["remove-input"]
HTML(as_html(variation_table(sources(recorded, rows))))

# %% [markdown]
# ## All questions

# %% tags=["remove-input"]
audit = ledger.audit_claim("MR-DIST")
runs = both_runs(audit, rows)
HTML(as_html(pivot_table(runs, ["question", "distance"], [])))

# %% [markdown]
# ## Verdict
#
# The rule is in the ledger, with every change made to it after rows existed:

# %% tags=["remove-input"]
Markdown(verdict_text(audit, runs["this machine"], profile))
