"""Geometrically Guided Integrated Gradients: the largest gradient met on ascents from the line."""

from dataclasses import dataclass

from torch import Tensor

from saliency_audit.attributions.arguments import Method
from saliency_audit.attributions.ascending_path import AscendingPath
from saliency_audit.attributions.baselines import Baseline, Baselines
from saliency_audit.attributions.called import Model
from saliency_audit.attributions.path_attribution import PathAttribution
from saliency_audit.attributions.quadrature import weights
from saliency_audit.attributions.rules import Maximum, MeanOfMaxima, Rule
from saliency_audit.attributions.targets import Targets


@dataclass(frozen=True)
class GGIG(Method):
    """max over k and j of ∂f_c/∂x at x_k^j, where x_k^{j+1} = x_k^j + lr ∂f_c/∂x(x_k^j).

    x_k^0, k = 0 … n, are `steps` = n + 1 points on the line from the baseline to the image, both
    ends included; j = 0 … m − 1 with m = `ascents`. In units of the score per unit of intensity;
    signed by default. The paper does not say whether the maximum is over values or magnitudes. Its
    algorithm and the authors' code take values; `absolute` takes magnitudes. `trapezoid` averages
    the largest gradient of each climb over the line instead of taking the largest of all.

    The cost is `steps` × `ascents` gradients. With one ascent it is the maximum of the gradients
    that Integrated Gradients averages.

    The paper takes 200 ascents on MNIST, its code 100 on ImageNet. The rate applies to pixels in
    [0, 1]; see `AscendingPath` for normalised pixels. The paper's score is the logit.

    Raises:
        ValueError: settings that `AscendingPath` refuses, an unknown baseline or output, or a
            malformed batch size.

    Source: GGIG paper, Algorithm 1.
    """

    steps: int = 51
    ascents: int = 200
    learning_rate: float = 1e-4
    absolute: bool = False
    trapezoid: bool = False
    baseline: Baseline = "black"
    output: str = "logit"
    batch_size: int | str = "auto"

    def __post_init__(self) -> None:
        super().__post_init__()
        self._attribution()

    @property
    def path(self) -> AscendingPath:
        """The line with its climbs."""
        return AscendingPath(self.steps, self.ascents, self.learning_rate)

    @property
    def rule(self) -> Rule:
        """How the gradients become a map."""
        if not self.trapezoid:
            return Maximum(self.absolute)
        return MeanOfMaxima(weights("trapezoid", self.steps), self.ascents, self.absolute)

    def __call__(
        self,
        model: Model,
        inputs: Tensor,
        targets: Targets = None,
        baselines: Baselines = None,
    ) -> Tensor:
        """Maps `(N, C, H, W)`; memory grows neither with `ascents` nor with `steps`.

        Raises:
            ValueError: malformed inputs, targets, baselines or model output, or a rate so large
                that a climb diverges.
        """
        return self._attribution()(model, inputs, targets, baselines)

    def _attribution(self) -> PathAttribution:
        return PathAttribution(
            self.path,
            self.rule,
            self.baseline,
            self.output,
            self.batch_size,
            check_range=self.check_range,
        )
