# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Do two tables agree more when they share a detector or a generator?
#
# **Claim XM-CORR** (XMGD paper, Figure 3 and §5 (iii)). The tables of XMGD between four methods correlate by 0.813 for two
# detectors of the same generator, by 0.810 for two generators with the same detector, and by only 0.742 where neither is
# shared. KL divergence says little.

# %% tags=["parameters"]
profile: str = "embedded"  # embedded (stand-ins), reference (MesoNet, photographs) or paper
models: tuple[str, ...] | None = None  # detectors of one generator each (default: the profile's)
images: str | None = None  # one image set for all (default: each detector's own)
imitated: bool | None = None  # whether stand-ins replace the generators' pictures
n_images: int | None = None  # candidate images (default: the profile's)
explained: tuple[str, ...] | None = None  # three methods or more (default: the paper's four)
steps: int | None = None  # points of IG (default: 32)
components: int | None = None  # Gaussians of a mixture (default: the profile's)
width: float | None = None  # b of the weights; 0 for the saliency itself (default: 0.05)
side: int | None = None  # of the maps in pixels (default: the profile's)
resamples: int | None = None  # of the images (default: the profile's)
seed: int | None = None  # order of the images, resamples (default: the profile's)
setting: tuple[str, ...] | None = None  # of the reference profile: mesonet, photographs

# %% tags=["remove-input", "remove-output"]
from IPython.display import HTML, Markdown

from saliency_audit import ledger, study
from saliency_audit.report.figures.xmgd.correlation import (
    named,
    pair_table,
    resolution_table,
    show_groups,
    show_resolution,
    show_tables,
    triple_table,
)
from saliency_audit.report.notebook.html_table import as_html
from saliency_audit.report.notebook.pivot import pivot_table
from saliency_audit.report.notebook.runs import (
    both_runs,
    chosen_parameters,
    kept_rows,
    show_recorded,
    sources,
)
from saliency_audit.report.notebook.verdicts import verdict_text

experiment = study.get_experiment("xmgd_correlation")
audit = ledger.audit_claim("XM-CORR")
overrides = chosen_parameters(experiment, globals())
rows, kept = kept_rows(experiment, profile, overrides)
recorded = ledger.recorded_rows(audit.claim, "reference")
runs = both_runs(audit, rows, kept)

# %% mystnb={"image": {"alt": "Correlations of two tables of distances by what they share, under XMGD and KL: a dot per pair, means with intervals, and the paper's three numbers"}}
figure = show_groups(runs, sources(recorded, rows, kept))

# %% [markdown]
# *How to read it.* A grey dot is the correlation of two tables. A blue mark is the mean of a row, with its 95 % interval
# over images. A cross is the paper's number, which rests on two tables. The claim expects the upper two blue marks to lie
# right of the lowest. A mark need not lie in the middle of its interval. EM ends elsewhere for maps that differ a little,
# so tables of resampled images are noisier than those of the images themselves, and noise changes correlations.
#
# *In plain words.* A detector tells real faces from those of one generator. Four methods explain it. Their mean maps lie
# at six distances from each other: these are a table. Two tables correlate if methods that are far apart in one are far
# apart in the other. If the distances say something about detectors and generators, tables that share one of them
# should correlate more.
#
# *What is different.* FaceForensics++ is given out on request. At the embedded profile three small networks of
# different design stand for the detectors, and five families of stand-ins for the generators: 15 tables. At the
# reference profile MesoNet's published weights for Deepfakes and Face2Face explain stand-ins that imitate these two
# generators in photographs. This is the paper's design, 2 × 2, with real detectors, but not with the paper's pictures. The
# paper has seven detectors and five generators. Maps are compared at 32 pixels a side, and at 64 at the reference
# profile. Only averages of maps enter here.

# %% [markdown]
# ## What six distances can tell
#
# Left: the paper's three correlations with Fisher's 95 % interval for six distances. Each of the three intervals holds
# the other two numbers. Right: suppose that 0.813, 0.810 and 0.742 are the true correlations. How often do three
# tables then show the paper's order? With six distances they do in about half of all cases. Where there is nothing to
# find they do in a third, because one of three equal correlations must be the lowest. The order appears in 95 % of cases
# only with a hundred distances: with fifteen methods instead of four.

# %% mystnb={"image": {"alt": "Fisher's intervals of the paper's three correlations, and how often the paper's order appears over the number of distances"}}
figure = show_resolution()

# %% tags=["remove-input"]
HTML(as_html(resolution_table()))

# %% [markdown]
# ## The comparisons
#
# The mean correlation of the tables that share the generator, or the detector, minus that of the tables that share
# nothing.
#
# *What is permuted.* Suppose that the generator does not matter. Then each detector has its five tables, and which of
# them belongs to which generator is arbitrary: within a detector the labels of the generators can be exchanged. They
# cannot be exchanged between detectors, since tables of one detector may be alike for reasons of their own. For the
# detector it is the other way round. p is the share of exchanges with a difference at least as large. For the intervals
# images are drawn again before their maps are averaged.

# %% tags=["remove-input"]
HTML(as_html(pivot_table(runs, ["combinations", "measure"], ["shared"], named=named)))

# %% [markdown]
# ## The tables, as in Figure 3
#
# Left and middle share the generator, middle and right the detector. The numbers are distances with 95 % intervals over
# images. Below are the three correlations with Fisher's intervals for six distances.

# %% mystnb={"image": {"alt": "Tables of distances between four methods for three combinations of detector and generator, KL above and XMGD below, with intervals"}}
figure = show_tables(rows)

# %% [markdown]
# MesoNet's detectors, in the recorded reference run:

# %% tags=["remove-input"] mystnb={"image": {"alt": "The same for MesoNet's detectors"}}
show_recorded(recorded, show_tables)

# %% [markdown]
# The paper's three numbers beside ours: first those of three such tables, with Fisher's intervals, then the means over all
# pairs, with intervals over images.

# %% tags=["remove-input"]
HTML(as_html(triple_table(runs, sources(recorded, rows, kept))))

# %% [markdown]
# Every two tables, with Fisher's intervals for six distances:

# %% tags=["remove-input", "hide-output"]
HTML(as_html(pair_table(rows)))

# %% [markdown]
# ## Verdict

# %% tags=["remove-input"]
Markdown(verdict_text(audit, runs[kept], profile, "The rows shown"))
