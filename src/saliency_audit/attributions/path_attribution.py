"""Path attribution: any number of rules evaluated on one walk along a path."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from saliency_audit.attributions.arguments import Asked, Method, asked
from saliency_audit.attributions.baselines import (
    Baseline,
    Baselines,
    baselines_for,
    validate_baseline,
)
from saliency_audit.attributions.called import Model
from saliency_audit.attributions.engine import halving_on_oom, score
from saliency_audit.attributions.paths import Path
from saliency_audit.attributions.quadrature import weights
from saliency_audit.attributions.rules import MeanGradient, Riemann, Rule
from saliency_audit.attributions.scores import validate_output
from saliency_audit.attributions.straight_path import StraightPath
from saliency_audit.attributions.targets import Targets
from saliency_audit.attributions.walking import Block, blocks, visits


def walk(
    model: Model,
    inputs: Tensor,
    targets: Targets = None,
    *,
    path: Path,
    rules: Sequence[Rule],
    baselines: Baselines = None,
    output: str = "probability",
    batch_size: int | str = "auto",
    check_range: bool = True,
) -> list[Tensor]:
    """Attribution maps of several rules from one walk along the path.

    Every rule sees the same points, scores and gradients: two rules differ in nothing else, and the
    second costs no further pass. A batch may span several images and path points.

    Args:
        model: maps `(N, C, H, W)` to logits.
        inputs: `(N, C, H, W)` in [0, 1], unless `check_range` is off.
        targets: `(N,)` class indices, or any form of `Targets`; None for the predicted classes.
        path: the points from baseline to input.
        rules: how they become maps.
        baselines: where the path starts, in any form that `baselines_for` takes; black if not
            given. A path with a start of its own, such as the blur path, takes none.
        output: the score to explain, see `class_scores`.
        batch_size: path points per batch, which bounds the memory for any number of steps. "auto"
            takes a size that suits the device and halves it when a GPU runs out of memory. Rounding
            in single precision differs with it and can change an adaptive path.
        check_range: whether inputs outside [0, 1] are refused, see `Method`.

    Returns:
        One `(N, C, H, W)` tensor per rule, signed, in units of the score.

    Raises:
        ValueError: malformed inputs, targets, baselines or model output.
    """
    if baselines is not None:
        _validate_takes_baselines(path)
    with asked(model, inputs, targets, check_range=check_range, batch_size=batch_size) as call:
        starts = baselines_for(call.inputs, baselines)

        def run(size: int) -> list[Tensor]:
            return _walk_all(call, starts, path, rules, output, size)

        return halving_on_oom(run, batch_size, call.inputs)


def _walk_all(
    call: Asked, baselines: Tensor, path: Path, rules: Sequence[Rule], output: str, size: int
) -> list[Tensor]:
    maps: list[list[Tensor]] = [[] for _ in rules]
    for block in blocks(path, call.inputs, baselines, call.targets, size):
        walked = _walk_block(call.model, block, path, rules, output)
        for collected, found in zip(maps, walked, strict=True):
            collected.append(found[: block.count])
    return [torch.cat(parts) if parts else torch.empty_like(call.inputs) for parts in maps]


def _validate_takes_baselines(path: Path) -> None:
    if not path.has_baseline:
        raise ValueError(f"{type(path).__name__} makes its own start and takes no baselines")


def _walk_block(
    model: nn.Module, block: Block, path: Path, rules: Sequence[Rule], output: str
) -> list[Tensor]:
    def end_score(picture: Tensor | None) -> Tensor | None:
        if picture is None or not any(rule.needs_ends for rule in rules):
            return None
        return score(model, picture, block.targets, output)

    start = end_score(block.walker.start)
    accumulators = [rule.start(start) for rule in rules]
    moves = any(rule.needs_increments for rule in rules)
    for visit in visits(model, block, path, output, increments=moves):
        for accumulator in accumulators:
            accumulator.update(visit.scores, visit.gradients, visit.increments)
    end = end_score(block.walker.end)
    return [accumulator.result(end) for accumulator in accumulators]


def _mean_gradient(path: Path, rule: Rule) -> MeanGradient:
    """The rule of Integrated Gradients without its product."""
    if not isinstance(path, StraightPath) or not isinstance(rule, Riemann):
        raise ValueError(
            "multiplies=False leaves out the product of Integrated Gradients (StraightPath under "
            f"Riemann); {type(path).__name__} under {type(rule).__name__} has no factor x − x′"
        )
    return MeanGradient(weights(path.quadrature, path.steps))


@dataclass(frozen=True)
class PathAttribution(Method):
    """A path with a rule: `PathAttribution(StraightPath(64), IDGI())` is IG+IDGI.

    The fields are the whole configuration. `baseline` is "black", "white" or "blur" (`blurred`), a
    number, or a tuple of one number per channel; a call may give others instead (`baselines_for`).
    Without `multiplies` the product with x − x′ is left out of Integrated Gradients: a map is the
    mean gradient along the line (`MeanGradient`). Other paths and rules have no such product.
    """

    path: Path = StraightPath()  # noqa: RUF009 (frozen, hence shareable)
    rule: Rule = Riemann()  # noqa: RUF009
    baseline: Baseline = "black"
    output: str = "probability"
    batch_size: int | str = "auto"
    multiplies: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.multiplies:
            _mean_gradient(self.path, self.rule)
        validate_baseline(self.baseline)
        if self.baseline != "black":
            _validate_takes_baselines(self.path)
        validate_output(self.output)

    def __call__(
        self,
        model: Model,
        inputs: Tensor,
        targets: Targets = None,
        baselines: Baselines = None,
    ) -> Tensor:
        """Attribution maps `(N, C, H, W)`; see `walk` for arguments and errors."""
        if baselines is None and self.baseline != "black":  # which `walk` takes by itself
            baselines = self.baseline
        (maps,) = walk(
            model,
            inputs,
            targets,
            path=self.path,
            rules=[self.rule if self.multiplies else _mean_gradient(self.path, self.rule)],
            baselines=baselines,
            output=self.output,
            batch_size=self.batch_size,
            check_range=self.check_range,
        )
        return maps
