# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Ten methods, the same photographs
#
# The DRE paper shows its case in pictures (Figures 7 to 9): maps of all methods side by side, each with its
# faithfulness. Here are such pictures that anyone may see. Eight animals and things, cut out by hand, stand
# before a lawn, so that their outline is known exactly. EfficientNet-Lite0 names each of them correctly among
# the 200 classes of Tiny ImageNet.
#
# *How to read them.* Dark is relevant. The number under a map is its faithfulness, 100 M_F: the mean
# probability of the class while the pixels come back, the most relevant first. The bluer its strip, the higher
# it is among the maps of that picture.
#
# *Read with care.* Eight pictures are no evidence; {doc}`dre_scores` measures the claims. DRE was trained on
# 10,000 pictures in one pass, the paper's on more than a million in ten, and so was MGnet, with weights of its three
# penalties that were tuned on up to 3,200 of these pictures.

# %% tags=["parameters"]
profile: str = "embedded"  # embedded (shapes) or reference (photographs)
models: tuple[str, ...] | None = None  # classifiers (default: the profile's)
images: str | None = None  # image set with masks or boxes (default: the profile's)
n_images: int | None = None  # candidate images (default: the profile's)
explained: tuple[str, ...] | None = None  # methods, e.g. dre,mgnet,gradcam (default: all)
n_train: int | None = None  # pictures that masks are trained on (default: the profile's)
epochs: int | None = None  # passes over them (default: the profile's)
filter_epochs: int | None = None  # passes for the spatial filter before (default: the profile's)
iterations: int | None = None  # of MPert and XPert (default: the profile's)
inversions: int | None = None  # iterations of FInv (default: the profile's)
samples: int | None = None  # of SmoothGrad (default: 50, the paper's)
steps: int | None = None  # of IG (default: the profile's)
seed: int | None = None  # order of the images (default: the profile's)

# %% tags=["remove-input", "remove-output"]
from saliency_audit import ledger, study
from saliency_audit.report.figures.dre.pictures import show_pictures
from saliency_audit.report.notebook.runs import chosen_parameters, show_recorded

experiment = study.get_experiment("dre_pictures")
overrides = chosen_parameters(experiment, globals())

# %% [markdown]
# ## Photographs
#
# The recorded run, with the numbers of iterations that the paper gives.

# %% tags=["remove-input"] mystnb={"image": {"alt": "Eight photographs of animals and things before a lawn in the first row; below, the maps of all methods, each with its faithfulness under it"}}
show_recorded(ledger.experiment_rows("dre_pictures", "reference"), show_pictures)

# %% [markdown]
# The photographs are Tux Paint's stamps, under the GPL, version 2 or later.
#
# ## Shapes
#
# The same, computed by this page: a small network that tells shapes apart, and fewer iterations.

# %% mystnb={"image": {"alt": "Two pictures of coloured shapes in the first row; below, the maps of all methods, each with its faithfulness under it"}}
figure = show_pictures(study.compute(experiment, profile, overrides))
