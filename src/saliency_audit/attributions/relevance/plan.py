"""How a relevance estimator is trained."""

from dataclasses import dataclass

from saliency_audit.errors import is_finite, refuse_numbers, refuse_unknown

FILTER_LOSSES = ("printed", "released")
BATCH_NORMS = ("evaluation", "batch")


@dataclass(frozen=True)
class EstimatorPlan:
    """How an estimator is trained; the fields are the whole configuration.

    The defaults are the paper's, and where it is silent those of the released code, of DRE or of
    MGnet, on which it builds.

    Attributes:
        epochs: passes over the images in the second stage.
        batch_size: images per step of it.
        learning_rate: of Adam at its start.
        halve_every: epochs after which the rate is halved.
        filter_epochs: passes over the images in the first stage, which trains the spatial filter
            alone. The paper gives none; MGnet's code takes 8,500 steps.
        filter_batch_size: images per step of it.
        filter_learning_rate: of its Adam, which is divided by 10 every 4,000 steps.
        filter_weight_decay: of its Adam.
        filter_loss: "printed" (Eq. 4: mean of the sigmoids, with its sign) or "released" (MGnet's:
            the logistic loss of the mean similarity).
        fake: share of pictures of the first stage with a wrong class.
        filter_further: whether the second stage trains the filter too; §4.1 trains the other parts.
        batch_norm: "evaluation"; or "batch": the classifier's batch normalisation with the
            statistics of the batch while masks are trained, which the released trainer does,
            probably by oversight. The classifier is left as found in both cases.
        seed: of weights, order, fake classes and backgrounds.
    """

    epochs: int = 10
    batch_size: int = 64
    learning_rate: float = 1e-2
    halve_every: int = 3
    filter_epochs: int = 1
    filter_batch_size: int = 128
    filter_learning_rate: float = 1e-3
    filter_weight_decay: float = 1e-4
    filter_loss: str = "printed"
    fake: float = 0.5
    filter_further: bool = False
    batch_norm: str = "evaluation"
    seed: int = 0

    def __post_init__(self) -> None:
        refuse_unknown("filter_loss", self.filter_loss, FILTER_LOSSES)
        refuse_unknown("batch_norm", self.batch_norm, BATCH_NORMS)
        refuse_numbers(
            self,
            whole=("batch_size", "halve_every", "filter_batch_size"),
            positive=("learning_rate", "filter_learning_rate"),
            from_0=("epochs", "filter_epochs", "seed"),
            not_negative=("filter_weight_decay",),
        )
        for name in ("batch_size", "filter_batch_size"):
            if getattr(self, name) < 2:
                raise ValueError(f"{name} must be at least 2, for batch normalisation")
        if not is_finite(self.fake) or not 0 <= self.fake < 1:
            raise ValueError(f"fake must lie in [0, 1), got {self.fake!r}")
