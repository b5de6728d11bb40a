# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 1-Lipschitz networks
#
# **Claim MR-LIP-MEGE** (MeGe/ReCo paper, Table 2). On CIFAR-10, 1-Lipschitz networks have a higher MeGe
# than ResNet-18 for every method but Grad-CAM++, which has a lower one.
#
# **Claim MR-LIP-RECO** (Table 3). The same for ReCo; among the 1-Lipschitz networks SmoothGrad comes
# first, in front of Saliency and Grad-CAM.
#
# **Claim MR-HIST** (Figures 5, 10). The distances of S= (both predictors right) and of S≠ (one right)
# are further apart, and the mean of S= is smaller.
#
# *In plain words.* A 1-Lipschitz network cannot change its answer faster than its input changes. Such
# networks resist small perturbations, and their gradients look cleaner. Do their explanations also agree
# better between predictors trained on different parts of the data?
#
# The paper's page says {ref}`where the rows come from <mege-rows>`.
#
# The 1-Lipschitz network is that of the paper's Table 4 with a stated number of filters. It is trained with
# deel-torchlip's layers, which are converted to plain ones for explanation. Its PReLU is kept within slopes
# of ±1; otherwise the network would not be 1-Lipschitz. The other family is a ResNet-18, also with a stated
# number of filters, or, in the embedded profile, a small CNN. A difference counts only if the families are
# about equally accurate.

# %% tags=["parameters"]
profile: str = "embedded"  # embedded (digits), reference (CIFAR-10, Fashion-MNIST) or paper
predictors: tuple[str, ...] | None = None  # IMAGE_SET:ARCHITECTURE (default: the profile's)
degraded: tuple[str, ...] | None = None  # which of them are also degraded (default: the profile's)
levels: tuple[int, ...] | None = None  # of degradation, in percent (default: the profile's)
folds: int | None = None  # k of the cross-training (default: the profile's)
n_train: int | None = None  # images that are split into folds (default: the profile's)
n_images: int | None = None  # images explained (default: the profile's)
epochs: int | None = None  # of training (default: the profile's)
steps: int | None = None  # points of Integrated Gradients (default: the profile's)
samples: int | None = None  # of SmoothGrad (default: the profile's)
masks: int | None = None  # of RISE (default: the profile's)
subsets: int | None = None  # of pixels for μF (default: the profile's)
seed: int | None = None  # order of the images, folds, weights (default: the profile's)

# %% tags=["remove-input", "remove-output"]
from IPython.display import HTML, Markdown

from saliency_audit import ledger, study
from saliency_audit.report.figures.mege.histograms import show_histograms
from saliency_audit.report.figures.mege.scores import score_table, set_sizes_table
from saliency_audit.report.notebook.html_table import as_html
from saliency_audit.report.notebook.pivot import pivot_table
from saliency_audit.report.notebook.runs import both_runs, chosen_parameters, show_recorded, sources
from saliency_audit.report.notebook.verdicts import verdict_text

experiment = study.get_experiment("mege_stability")
overrides = chosen_parameters(experiment, globals())
claims = ledger.load_claims()
representativity, consistency = claims["MR-LIP-MEGE"], claims["MR-LIP-RECO"]
separation = claims["MR-HIST"]
recorded = ledger.recorded_rows(representativity, "reference")
rows = study.compute(experiment, profile, overrides)

# %% [markdown]
# ## The distances
#
# Filled: S=. Outlined: S≠. The dashed line is the mean of S=; MeGe is one over one plus it.

# %% mystnb={"image": {"alt": "Histograms of distances between explanations, where both predictors are right and where one is: a row of panels per method, a column per family of predictors"}}
figure = show_histograms(rows)

# %% [markdown]
# The same for the recorded reference run:

# %% tags=["remove-input"] mystnb={"image": {"alt": "The histograms in the recorded reference run"}}
show_recorded(recorded, show_histograms)

# %% [markdown]
# ## Scores of both families
#
# The paper's numbers are those of its Tables 2 and 3; its ReCo is compared with ours *as printed*. In
# brackets: 95 % bootstrap intervals over images, and jackknife intervals over the five folds, which are rough
# and may leave the range of the score.

# %% tags=["remove-input"]
HTML(
    as_html(
        score_table(
            sources(recorded, rows),
            ["mege", "reco_balanced", "reco_printed"],
            ["table_02", "table_03"],
        )
    )
)

# %% [markdown]
# The scores rest on |S=| and |S≠|; pairs without a distance, because a map is constant, are counted too. ReCo
# is a maximum, which chance can only raise, and more so in a resample: where |S≠| is small, ReCo and its
# intervals are too high. The claim's page has the AUROC of every difference.

# %% tags=["remove-input"]
HTML(as_html(set_sizes_table(sources(recorded, rows))))

# %% [markdown]
# ## Differences
#
# 1-Lipschitz minus ordinary, with 95 % bootstrap intervals over images. MeGe first; to hold, a difference
# must also have its sign in at least eight of the ten pairs of folds.

# %% tags=["remove-input"]
mege_audit = ledger.audit_claim("MR-LIP-MEGE")
of_mege = both_runs(mege_audit, rows)
HTML(as_html(pivot_table(of_mege, ["images", "method"], ["families"])))

# %% [markdown]
# Then ReCo, and SmoothGrad minus others among the 1-Lipschitz networks:

# %% tags=["remove-input"]
reco_audit = ledger.audit_claim("MR-LIP-RECO")
of_reco = both_runs(reco_audit, rows)
HTML(as_html(pivot_table(of_reco, ["images", "method"], ["families"])))

# %% [markdown]
# And how far apart the two sets of distances are, by AUROC (½: not at all), and the mean of S=. The overlap
# of the histograms is on the claim's page. It does not decide, because small sets overlap less by chance
# alone.

# %% tags=["remove-input"]
histogram_audit = ledger.audit_claim("MR-HIST")
of_histograms = both_runs(histogram_audit, rows)
HTML(as_html(pivot_table(of_histograms, ["images", "families", "method"], ["score"])))

# %% [markdown]
# ## Verdict on MeGe
#
# The rules are in the ledger, with every change made to them after rows existed:

# %% tags=["remove-input"]
Markdown(verdict_text(mege_audit, of_mege["this machine"], profile))

# %% [markdown]
# ## Verdict on ReCo

# %% tags=["remove-input"]
Markdown(verdict_text(reco_audit, of_reco["this machine"], profile))

# %% [markdown]
# ## Verdict on the histograms

# %% tags=["remove-input"]
Markdown(verdict_text(histogram_audit, of_histograms["this machine"], profile))
