# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Noise and small sets: what is XMGD insensitive to?
#
# **Claim XM-NOISE** (XMGD paper, §1 and §5). XMGD is less sensitive to single pixels and intensities than KL
# divergence, because it compares fitted distributions and not pixels.
#
# **Claim XM-SIZE** (the same places). XMGD does not depend on the size of the set of maps, or depends on it less than
# measures based on the Fréchet distance, which converge poorly for small sets.
#
# *In plain words.* The paper gives reasons and prints no numbers. Two experiments supply them:
#
# - *noise*: take the maps of two methods for one image and measure their distance. Put noise on one of them: normal
#   noise on all pixels, or white on a few. Measure again. How much does the distance change, relative to what it was?
# - *sets*: take two methods' sets of n maps, of images drawn at random, and measure their distance, 30 times for each n.
#   How far is it from the distance of the largest sets?
#
# XMGD and KL compare the mean maps of two sets. KL is the mean of both directions. A millionth of each map's mass is
# spread evenly, since a single empty pixel would make KL infinite. The Fréchet distance takes each set of maps, reduced
# to 8 × 8 cells, for a normal distribution.
#
# *What is different.* The detectors are not the paper's, and neither are the pictures: FaceForensics++ is given out on
# request. At the embedded profile a small network tells small real faces from faces that were blended in
# (`small_standin_swap`). At the reference profile MesoNet's published weights see photographs of real faces. No
# manipulated face is shown here, only numbers about maps.

# %% tags=["parameters"]
profile: str = "embedded"  # embedded (stand-ins), reference (MesoNet on photographs) or paper
models: tuple[str, ...] | None = None  # detectors (default: the profile's)
images: str | None = None  # image set (default: the profile's)
n_images: int | None = None  # candidate images (default: the profile's)
explained: tuple[str, ...] | None = None  # two methods, e.g. ig,saliency (default: the profile's)
steps: int | None = None  # points of IG (default: 32)
components: int | None = None  # Gaussians of a mixture (default: the profile's)
width: float | None = None  # b of the weights; 0 for the saliency itself (default: 0.05)
side: int | None = None  # of the maps in pixels (default: the profile's)
sizes: tuple[int, ...] | None = None  # of the sets (default: the profile's)
draws: int | None = None  # sets of each size (default: 30)
cells: int | None = None  # per side, for the Fréchet distance (default: 8)
seed: int | None = None  # order of the images, noise, sets (default: the profile's)

# %% tags=["remove-input", "remove-output"]
from IPython.display import HTML, Markdown

from saliency_audit import ledger, study
from saliency_audit.report.figures.xmgd.robustness import show_noise, show_sizes
from saliency_audit.report.notebook.html_table import as_html
from saliency_audit.report.notebook.pivot import pivot_table
from saliency_audit.report.notebook.runs import both_runs, chosen_parameters, show_recorded
from saliency_audit.report.notebook.verdicts import verdict_text

experiment = study.get_experiment("xmgd_noise")
audit = ledger.audit_claim("XM-NOISE")

# %% [markdown]
# ## Noise on one map
#
# The relative change of the distance, as a geometric mean with its 95 % interval over the images. Lower is less
# sensitive. 1 means that the distance doubled, or vanished.

# %% mystnb={"image": {"alt": "Relative change of XMGD and of KL divergence for seven kinds and levels of noise, with intervals"}}
rows = study.compute(experiment, profile, chosen_parameters(experiment, globals()))
figure = show_noise(rows)

# %% [markdown]
# The recorded reference run:

# %% tags=["remove-input"] mystnb={"image": {"alt": "The same for MesoNet's detectors in the recorded reference run"}}
show_recorded(ledger.recorded_rows(audit.claim, "reference"), show_noise)

# %% [markdown]
# The logarithm of the change, XMGD minus KL on the same pair of maps. Below 0, XMGD changes less.

# %% tags=["remove-input"]
runs = both_runs(audit, rows)
HTML(as_html(pivot_table(runs, ["model", "noise"], ["method"])))

# %% [markdown]
# **Verdict.**

# %% tags=["remove-input"]
Markdown(verdict_text(audit, runs["this machine"], profile))

# %% [markdown]
# ## Sets of few maps
#
# A line is the mean over the draws, and its band holds the middle 90 % of them. A measure that does not depend on the
# size stays at 1. A wide band says that the value of a single small set means little.

# %% mystnb={"image": {"alt": "Distances of sets of few maps relative to those of the largest sets, for XMGD, KL and Fréchet, with bands over the draws"}}
sets = study.get_experiment("xmgd_set_size")
audit = ledger.audit_claim("XM-SIZE")
rows = study.compute(sets, profile, chosen_parameters(sets, globals()))
figure = show_sizes(rows)

# %% [markdown]
# The recorded reference run:

# %% tags=["remove-input"] mystnb={"image": {"alt": "The same for MesoNet's detectors in the recorded reference run"}}
show_recorded(ledger.recorded_rows(audit.claim, "reference"), show_sizes)

# %% [markdown]
# The squared relative deviation, XMGD minus Fréchet on the same draw. Below 0, XMGD is nearer to its value for the
# largest sets. XMGD minus KL stands beside.

# %% tags=["remove-input"]
runs = both_runs(audit, rows)
HTML(as_html(pivot_table(runs, ["model", "size"], ["method"])))

# %% [markdown]
# **Verdict.** The rules are in the ledger.

# %% tags=["remove-input"]
Markdown(verdict_text(audit, runs["this machine"], profile))
