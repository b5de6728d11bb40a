# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # When the network is wrong: do the maps still show the object?
#
# **Claim DRE-MISS** (DRE paper, §4.4.4, Figure 11). On misclassified images, most methods are said to still
# target the typical parts of the object, so that what misled the network is something that both classes share.
#
# *In plain words.* A cross is taken for a star. We ask each method where the network saw the star. If the most
# salient pixel lies on the cross, the network was looking at the right thing and gave it the wrong name. If it
# lies elsewhere, the background may have misled it, or the map shows nothing. The chance of such a hit without
# any knowledge is the share of the picture that the object covers.
#
# *What is different.* The paper shows six pictures and prints no number, and explains networks for photographs.
# Here are a small network that tells shapes apart (embedded profile) and EfficientNet-Lite0 on 200 classes of
# photographs (reference profile). Such rows test whether the claim generalises; they do not replicate it. The
# photographs of these rows may not be published; {doc}`dre_pictures` shows EfficientNet-Lite0's mistakes on others.
#
# *Read with care.* The network for shapes errs on one picture in 240; nothing was done to mislead it, we went through
# 14,000 pictures to find its mistakes. They are mostly small objects, so that hits by chance are rarer
# among them than among the others: compare each kind with its own chance. Masks are searched in fewer steps than the
# paper's 300 (60 at the embedded profile, 100 at the reference profile). Boxes of photographs are generous, and
# often hold half of the picture. That a map lies on the object does not show that both classes share what is there: a
# mask generator that has learnt where objects are hits them whichever class it is asked for.

# %% tags=["parameters"]
profile: str = "embedded"  # embedded (shapes), reference (photographs) or paper (ImageNet)
setting: str | None = None  # of the profile's settings (default: all)
models: tuple[str, ...] | None = None  # classifiers (default: the profile's)
images: str | None = None  # image set with masks or boxes (default: the profile's)
n_images: int | None = None  # candidate images (default: the profile's)
explained: tuple[str, ...] | None = None  # methods, e.g. dre,mgnet,gradcam (default: all)
n_train: int | None = None  # pictures that masks are trained on (default: the profile's)
epochs: int | None = None  # passes over them (default: the profile's)
filter_epochs: int | None = None  # passes for the spatial filter before (default: the profile's)
train_seed: int | None = None  # of the training (default: 0)
iterations: int | None = None  # of MPert and XPert (default: the profile's)
inversions: int | None = None  # iterations of FInv (default: the profile's)
samples: int | None = None  # of SmoothGrad (default: 50, the paper's)
steps: int | None = None  # of IG (default: the profile's)
seed: int | None = None  # order of the images (default: the profile's)
shown: int = 6  # images in the first picture

# %% tags=["remove-input", "remove-output"]
from IPython.display import HTML, Markdown

from saliency_audit import ledger, study
from saliency_audit.report.figures.dre.misclassified import hit_table, show_hits, show_mistakes
from saliency_audit.report.names import method_name
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
from saliency_audit.study.experiments.dre_scores import scored_maps
from saliency_audit.study.objects import with_objects
from saliency_audit.study.selection import images_of, select

experiment = study.get_experiment("dre_misclassified")
overrides = chosen_parameters(experiment, globals())
settings = experiment.configure(profile, overrides)
claim = ledger.load_claims()["DRE-MISS"]

# %% [markdown]
# ## Mistakes, and where the methods see their reason
#
# The first pictures that the network classifies wrongly. Above each stands what it is and what it is taken for;
# each map explains the latter, and runs from white (0) to dark (its 99th percentile). The outline is the object's. The
# number under a map is its faithfulness, 100 M_F, on a strip that is the bluer the higher it is among the maps of that
# picture.

# %% mystnb={"image": {"alt": "Wrongly classified pictures of coloured shapes, such as a cross that is taken for a star, in the first row; below, the maps of ten methods for the wrong class, with the outline of the object in every panel and M_F under each map"}}
first = settings[0]
name = first.models[0]
candidates = 3 * first.slice_size
mistaken = select(name, images_of(name, first.images), first.seed, 0, candidates, "wrongly")
chosen, masks = with_objects(mistaken)
chosen, masks = chosen.first(shown), masks[:shown]
maps, found = scored_maps(chosen, {**vars(first), "model": name})
figure = show_mistakes(
    chosen,
    masks,
    {method_name(key): values for key, values in maps.items()},
    {method_name(key): score.value for key, score in found.items()},
)

# %% [markdown]
# ## How often they hit
#
# Left, how often the most salient pixel lies on the object; right, M_E, how well the map ranks the pixels of the
# object first. Marks are means with their 95 % intervals. Dashed: what a map without any knowledge would get on
# the same images. The rows are the recorded ones of the profile, unless you set a parameter: they take minutes.

# %% mystnb={"image": {"alt": "For every method, the share of images whose most salient pixel lies on the object and M_E, for wrongly and for correctly classified images, with intervals and the chance of each kind as dashed lines"}}
rows, kept = kept_rows(experiment, profile, overrides)
figure = show_hits(rows)

# %% [markdown]
# The recorded reference run, of photographs:

# %% tags=["remove-input"] mystnb={"image": {"alt": "For every method, the share of photographs whose most salient pixel lies in the box of the object and M_E, for wrongly and for correctly classified photographs, in the recorded reference run"}}
recorded = ledger.recorded_rows(claim, "reference")
show_recorded(recorded, show_hits)

# %% [markdown]
# In numbers. "Above chance" is the mean difference to the share of the picture that the object, or its box,
# covers, with its 95 % interval.

# %% tags=["remove-input"]
HTML(as_html(hit_table(sources(recorded, rows, kept))))

# %% [markdown]
# ## The claim
#
# Hits of DRE, and of all methods together, on wrongly classified images, minus the chance of a hit:

# %% tags=["remove-input"]
audit = ledger.audit_claim("DRE-MISS")
runs = both_runs(audit, rows, kept)
HTML(as_html(pivot_table(runs, ["model", "method"], ["against"])))

# %% tags=["remove-input"]
Markdown(verdict_text(audit, runs[kept], profile, "The rows shown"))
