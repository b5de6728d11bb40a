"""What a notebook's parameters ask of the experiment `idgi_scores`."""

from collections.abc import Sequence
from typing import Any

from saliency_audit.study import ParameterError, get_experiment


def score_request(
    profile: str,
    *,
    counts: Sequence[int] | None,
    usual: Sequence[int] | None = None,
    known: Sequence[int] | None = None,
    n_images: int | None = None,
    **given: Any,
) -> dict[str, Any]:
    """Overrides of `idgi_scores` so that every image is explained at every number of steps.

    A profile explains its first images at a sweep of step counts and all of them at one. Without
    any wish the overrides are empty, and the notebooks share the profile's own rows. With one, no
    more is computed than the notebook shows.

    Args:
        profile: the profile that the wishes change.
        counts: numbers of steps asked for; None for the usual ones.
        usual: what the notebook shows if not asked for others; the profile's sweep if not given.
        known: numbers that the claim's test compares; at least two of them must be asked for.
        n_images: candidates asked for; None for as many as the profile sweeps.
        given: further fields of the experiment's parameters; None where not asked for.

    Raises:
        ParameterError: an unknown profile, no number of steps, or fewer than two known ones.
    """
    wishes = {name: value for name, value in given.items() if value is not None}
    if counts is None and n_images is None and not wishes:
        return {}
    (own,) = get_experiment("idgi_scores").configure(profile)
    steps = tuple(sorted(set((usual or own.sweep) if counts is None else counts)))
    if not steps:
        raise ParameterError("name at least one number of steps")
    if known is not None and len({*steps} & {*known}) < 2:
        raise ParameterError(
            f"the claim is about {', '.join(map(str, known))} steps; name at least two of them, "
            f"got {', '.join(map(str, steps))}"
        )
    candidates = own.n_sweep if n_images is None else n_images
    return {
        **wishes,
        "n_images": candidates,
        "n_sweep": candidates,
        "steps": steps[-1],
        "sweep": steps,
    }
