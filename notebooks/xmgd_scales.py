# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Three scales instead of one: what do they change?
#
# **Claim XM-SCALE** (XMGD paper, §3.3 and §6). Averaging the distances of the maps themselves and of their 3 × 3 and
# 5 × 5 convolutions is said to even out the receptive fields of the networks, and to tell sharp maps apart better.
#
# *In plain words.* A unit deep inside a network sees a part of the picture: its receptive field. Networks that see
# more draw coarser maps. Two maps may therefore differ only because of what the networks can see. Blurring both a little
# should take this difference out. Two numbers test it, each with three levels and with one:
#
# - *slope*: how much farther apart two networks' maps are per 100 pixels of difference in receptive field. Three
#   levels should make it flatter.
# - *ratio*: distance between sharp maps, divided by that between smooth ones. Three levels should make it larger.
#
# A map is sharp if its total variation is above the median of its network's maps, and smooth otherwise. Distances between
# sharp maps, or between smooth ones, are those of two methods on one image. Receptive fields are the theoretical ones:
# the pixels that reach a unit of the last feature maps. The paper gives the size of its kernels and not their weights, so
# means and Gaussians are both tried.
#
# *What is different.* The networks classify photographs and are no detectors. The shapes at the embedded profile
# have a single network, which says nothing of receptive fields.

# %% tags=["parameters"]
profile: str = "embedded"  # embedded (shapes), reference (photographs) or paper
models: tuple[str, ...] | None = None  # classifiers of the same images (default: the profile's)
images: str | None = None  # image set (default: the profile's)
n_images: int | None = None  # candidate images (default: the profile's)
explained: tuple[str, ...] | None = None  # methods, e.g. ig,saliency (default: the paper's four)
steps: int | None = None  # points of IG (default: 32)
components: int | None = None  # Gaussians of a mixture (default: 10)
width: float | None = None  # b of the weights; 0 for the saliency itself (default: 0.05)
side: int | None = None  # of the maps in pixels (default: the profile's)
windows: tuple[str, ...] | None = None  # kinds of filters: mean, gaussian (default: both)
seed: int | None = None  # order of the images, start of EM (default: the profile's)

# %% tags=["remove-input", "remove-output"]
from IPython.display import HTML, Markdown

from saliency_audit import ledger, study
from saliency_audit.report.figures.xmgd.scales import show_scales, term_table
from saliency_audit.report.notebook.html_table import as_html
from saliency_audit.report.notebook.pivot import pivot_table
from saliency_audit.report.notebook.runs import both_runs, chosen_parameters, show_recorded, sources
from saliency_audit.report.notebook.verdicts import verdict_text

experiment = study.get_experiment("xmgd_scales")
audit = ledger.audit_claim("XM-SCALE")

# %% [markdown]
# ## Distances with one level and with three
#
# Means with 95 % intervals over the images. On the left a dot is a pair of networks. The claim says that the blue
# line, of three levels, is flatter than the orange one. On the right it says that the ratio of sharp maps to smooth ones
# is larger in blue than in orange.

# %% mystnb={"image": {"alt": "Distances with one level and with three: between networks over the gap of their receptive fields, and between two methods' maps, sharp ones and smooth ones"}}
rows = study.compute(experiment, profile, chosen_parameters(experiment, globals()))
figure = show_scales(rows)

# %% [markdown]
# The recorded reference run, three networks on photographs:

# %% tags=["remove-input"] mystnb={"image": {"alt": "The same for three networks on photographs in the recorded reference run"}}
recorded = ledger.recorded_rows(audit.claim, "reference")
show_recorded(recorded, show_scales)

# %% [markdown]
# ## Level by level
#
# Mean distances at each level, in thousandths of the squared side of the picture. Where the columns of a line are alike,
# the levels say the same, and their average cannot say more than one of them.

# %% tags=["remove-input"]
HTML(as_html(term_table(sources(recorded, rows))))

# %% [markdown]
# ## The comparisons
#
# Three levels minus one, with the 95 % bootstrap interval over the images.

# %% tags=["remove-input"]
runs = both_runs(audit, rows)
HTML(as_html(pivot_table(runs, ["images", "kernel"], ["statistic"])))

# %% [markdown]
# ## Verdict

# %% tags=["remove-input"]
Markdown(verdict_text(audit, runs["this machine"], profile))
