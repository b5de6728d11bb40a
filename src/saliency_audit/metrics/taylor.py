"""How far the score at IDGI's projection points is from the intended one."""

import torch
from torch import Tensor, nn

from saliency_audit.attributions.arguments import asked
from saliency_audit.attributions.called import Model
from saliency_audit.attributions.engine import halving_on_oom, score
from saliency_audit.attributions.paths import Path
from saliency_audit.attributions.targets import Targets
from saliency_audit.attributions.walking import Block, blocks, visits
from saliency_audit.errors import shown


def taylor_error(
    model: Model,
    inputs: Tensor,
    targets: Targets = None,
    *,
    path: Path,
    output: str = "probability",
    batch_size: int | str = "auto",
    check_range: bool = True,
) -> Tensor:
    """Mean |f(x_jp) − f(γ_{j+1})| over the steps of each image's path; lower is better.

    IDGI moves from a point γ_j along its gradient g_j to x_jp = γ_j + g_j (f(γ_{j+1}) −
    f(γ_j))/‖g_j‖², where the score equals that of the next point to first order. The error is what
    the first-order expansion leaves out; x_jp may lie outside [0, 1]. If the gradient is zero,
    there is no direction and x_jp is γ_j. A path with a baseline starts at black; if the quadrature
    has no point there, the step before its first point is left out.

    Args:
        model: maps `(N, C, H, W)` to logits.
        inputs: `(N, C, H, W)` in [0, 1], unless `check_range` is off.
        targets: `(N,)` class indices, or any form of `Targets`; None for the predicted classes.
        path: the points from baseline to input.
        output: see `class_scores`.
        batch_size: points per batch.
        check_range: whether inputs outside [0, 1] are refused; without, any finite numbers are
            taken as they are.

    Returns:
        `(N,)`, in units of the score, ≥ 0.

    Raises:
        ValueError: malformed inputs, targets or model output.

    Source: IDGI study, §3 (the first-order step in the derivation of x_jp).
    """
    if not hasattr(path, "start"):
        raise ValueError(
            f"path must be a path such as StraightPath(32), got {shown(path)}; those of "
            "saliency_audit.attributions are paths"
        )
    with asked(model, inputs, targets, check_range=check_range, batch_size=batch_size) as call:
        black = torch.zeros_like(call.inputs)

        def run(size: int) -> Tensor:
            found = [black.new_zeros(0)]
            for block in blocks(path, call.inputs, black, call.targets, size):
                found.append(_block_error(call.model, block, path, output)[: block.count])
            return torch.cat(found)

        return halving_on_oom(run, batch_size, call.inputs)


def _block_error(model: nn.Module, block: Block, path: Path, output: str) -> Tensor:
    targets = block.targets
    total = torch.zeros(len(targets), dtype=torch.float32, device=targets.device)
    count = 0
    carried: tuple[Tensor, Tensor, Tensor] | None = None
    for visit in visits(model, block, path, output, increments=False):
        points, scores, gradients = visit.points, visit.scores, visit.gradients
        if carried is not None:
            points = torch.cat([carried[0], points], dim=1)
            scores = torch.cat([carried[1], scores], dim=1)
            gradients = torch.cat([carried[2], gradients], dim=1)
        changes = scores[:, 1:] - scores[:, :-1]
        total = total + _miss(
            model, points[:, :-1], gradients[:, :-1], changes, scores[:, 1:], targets, output
        )
        count += changes.shape[1]
        carried = points[:, -1:], scores[:, -1:], gradients[:, -1:]
    if block.walker.end is not None and carried is not None:
        end = score(model, block.walker.end, targets, output)[:, None]
        total = total + _miss(model, carried[0], carried[2], end - carried[1], end, targets, output)
        count += 1
    return total / max(count, 1)


def _miss(
    model: nn.Module,
    points: Tensor,
    gradients: Tensor,
    changes: Tensor,
    expected: Tensor,
    targets: Tensor,
    output: str,
) -> Tensor:
    """Σ_j |f(x_jp) − f(γ_{j+1})| of each image."""
    if points.shape[1] == 0:
        return torch.zeros(len(targets), dtype=torch.float32, device=targets.device)
    norms = torch.linalg.vector_norm(gradients.flatten(2), dim=2)[:, :, None, None, None]
    directions = gradients / torch.where(norms > 0, norms, torch.ones_like(norms))
    lengths = changes[:, :, None, None, None] / torch.where(norms > 0, norms, torch.inf)
    projected = points + directions * lengths
    repeated = targets.repeat_interleave(points.shape[1])
    reached = score(model, projected.flatten(0, 1), repeated, output).reshape(expected.shape)
    return (reached - expected).abs().sum(dim=1)
