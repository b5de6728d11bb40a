"""Path attribution: walk a path once, let any number of rules watch."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from saliency_audit.attributions.engine import frozen, resolve_batch_size, score_and_gradient
from saliency_audit.attributions.paths import Path, StraightPath
from saliency_audit.attributions.rules import Riemann, Rule
from saliency_audit.attributions.scores import OUTPUTS, check_inputs

BASELINES = {"black": 0.0, "white": 1.0}


def walk(
    model: nn.Module,
    inputs: Tensor,
    targets: Tensor,
    *,
    path: Path,
    rules: Sequence[Rule],
    baselines: Tensor,
    output: str = "probability",
    batch_size: int | str = "auto",
) -> list[Tensor]:
    """Attribution maps of several rules from one walk along the path.

    Every rule sees the same points, scores and gradients, so two rules differ by nothing else and
    the second costs no further pass. Batches run across images and path points.

    Args:
        model: maps `(N, C, H, W)` in [0, 1] to logits.
        inputs: `(N, C, H, W)` in [0, 1].
        targets: `(N,)` int64.
        path: the points from baseline to input.
        rules: what to make of them.
        baselines: `(N, C, H, W)`, where the path starts.
        output: the score to explain, see `class_scores`.
        batch_size: path points per batch; bounds the memory whatever the number of steps.

    Returns:
        One `(N, C, H, W)` tensor per rule, signed, in units of the score.

    Raises:
        ValueError: malformed inputs, targets, baselines or model answers.
    """
    check_inputs(inputs, targets)
    if baselines.shape != inputs.shape:
        raise ValueError(
            f"baselines must have the shape of the inputs {tuple(inputs.shape)}, "
            f"got {tuple(baselines.shape)}"
        )
    if baselines.dtype != inputs.dtype or not torch.isfinite(baselines).all():
        raise ValueError(f"baselines must be finite {inputs.dtype} like the inputs")
    inputs, baselines = inputs.detach(), baselines.detach()
    size = resolve_batch_size(batch_size, inputs)
    images_per_block = max(1, size // path.steps)
    points_per_block = min(size, path.steps)
    maps: list[list[Tensor]] = [[] for _ in rules]
    with frozen(model):
        for start in range(0, len(inputs), images_per_block):
            block = slice(start, start + images_per_block)
            accumulators = [rule.start() for rule in rules]
            for first in range(0, path.steps, points_per_block):
                last = min(first + points_per_block, path.steps)
                points = path.points(inputs[block], baselines[block], first, last)
                repeated = targets[block].repeat_interleave(last - first)
                scores, gradients = score_and_gradient(
                    model, points.flatten(0, 1), repeated, output
                )
                increments = path.increments(inputs[block], baselines[block], first, last)
                for accumulator in accumulators:
                    accumulator.update(
                        scores.reshape(points.shape[:2]),
                        gradients.reshape(points.shape),
                        increments,
                    )
            for collected, accumulator in zip(maps, accumulators, strict=True):
                collected.append(accumulator.result())
    return [torch.cat(parts) if parts else torch.empty_like(inputs) for parts in maps]


@dataclass(frozen=True)
class PathAttribution:
    """A path under a rule: `PathAttribution(StraightPath(64), IDGI())` is IG+IDGI.

    The fields are the whole configuration. `baseline` is "black" or "white"; a call may give its
    own tensor instead.
    """

    path: Path = StraightPath()  # noqa: RUF009 (frozen, hence shareable)
    rule: Rule = Riemann()  # noqa: RUF009
    baseline: str = "black"
    output: str = "probability"
    batch_size: int | str = "auto"

    def __post_init__(self) -> None:
        if self.baseline not in BASELINES:
            raise ValueError(f"unknown baseline {self.baseline!r}; known: {', '.join(BASELINES)}")
        if self.output not in OUTPUTS:
            raise ValueError(f"unknown output {self.output!r}; known: {', '.join(OUTPUTS)}")

    def __call__(
        self, model: nn.Module, inputs: Tensor, targets: Tensor, baselines: Tensor | None = None
    ) -> Tensor:
        """Attribution maps `(N, C, H, W)`; see `walk` for arguments and errors."""
        if baselines is None:
            baselines = torch.full_like(inputs, BASELINES[self.baseline])
        (maps,) = walk(
            model,
            inputs,
            targets,
            path=self.path,
            rules=[self.rule],
            baselines=baselines,
            output=self.output,
            batch_size=self.batch_size,
        )
        return maps
