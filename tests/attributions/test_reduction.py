import pytest
import torch

from saliency_audit.attributions import saliency

MAPS = torch.tensor([[[[1.0, -2.0]], [[-3.0, -0.5]], [[1.0, 0.0]]]])


@pytest.mark.parametrize(
    ("reduction", "expected"),
    [
        ("sum_abs", [[5.0, 2.5]]),
        ("abs_sum", [[1.0, 2.5]]),
        ("sum", [[-1.0, -2.5]]),
        ("max_abs", [[3.0, 2.0]]),
    ],
)
def test_reductions_by_hand(reduction, expected):
    assert torch.equal(saliency(MAPS, reduction), torch.tensor([expected]))


def test_default_is_the_sum_of_absolute_values():
    assert torch.equal(saliency(MAPS), saliency(MAPS, "sum_abs"))


def test_unknown_reduction_lists_the_known():
    with pytest.raises(ValueError, match=r"unknown reduction 'mean'; known: sum_abs, abs_sum"):
        saliency(MAPS, "mean")


def test_three_dimensions_are_refused():
    with pytest.raises(ValueError, match=r"shape \(N, C, H, W\), got \(3, 1, 2\)"):
        saliency(MAPS[0])
