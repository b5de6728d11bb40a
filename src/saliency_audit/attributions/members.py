"""Refusals that name the members of a batch that are at fault, by their indices."""

from collections.abc import Sequence

from torch import Tensor

from saliency_audit.errors import listed


def refuse_members(
    wrong: Tensor,
    fault: str,
    remedy: str,
    *,
    members: str = "maps",
    labels: Sequence[object] | None = None,
) -> None:
    """Refuse a batch of which some members are wrong.

    Args:
        wrong: `(N, …)` bool; a member is wrong where anything of it is.
        fault: what is wrong, the beginning of the message.
        remedy: what to do.
        members: what the batch is of.
        labels: what each member is called; its index, from 0, if not given.

    Raises:
        ValueError: the fault, which members have it, and the remedy.
    """
    if not wrong.any():
        return
    places = wrong.reshape(len(wrong), -1).any(dim=1).nonzero()[:, 0].tolist()
    named = places if labels is None else [labels[place] for place in places]
    raise ValueError(f"{fault} ({members} [{listed(named)}]); {remedy}")


def refuse_endless(
    values: Tensor, what: str, remedy: str = "leave these out", *, members: str = "maps"
) -> None:
    """Refuse a batch with NaN or infinite values.

    Args:
        values: `(N, …)`.
        what: the batch in the message, in the plural.
        remedy: what to do.
        members: what the batch is of.

    Raises:
        ValueError: names the members.
    """
    refuse_members(
        ~values.isfinite(), f"{what} hold NaN or infinite values", remedy, members=members
    )


def refuse_negative(
    values: Tensor,
    what: str,
    remedy: str = "reduce signed attributions with `saliency`",
    *,
    members: str = "maps",
) -> None:
    """Refuse a batch with values below 0, as `refuse_endless` does NaN.

    Raises:
        ValueError: names the members.
    """
    refuse_members(values < 0, f"{what} must be at least 0", remedy, members=members)
