"""XM-CORR: do tables of distances agree more if they share a generator or a detector?"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from saliency_audit.ledger.external.effect import HIGHER, UNDEFINED, Effect, PValues
from saliency_audit.ledger.external.ending import Evidence, Parameters, external_test
from saliency_audit.ledger.external.evidence.distance_tables import (
    COLUMNS,
    DETECTOR,
    GENERATOR,
    NOTHING,
    Tables,
    linked_tables,
    mean_over,
    shared_by,
)
from saliency_audit.ledger.external.evidence.relabelled import (
    Codes,
    Relabelled,
    permutation_ps,
    relabelled,
)
from saliency_audit.ledger.external.result import Headline
from saliency_audit.ledger.resampling import Floats
from saliency_audit.ledger.summaries.resampled import with_resamples

SHARED = (GENERATOR, DETECTOR)


def _validate(parameters: Parameters) -> None:
    if parameters["permutations"] < 1:
        raise ValueError(f"permutations must be at least 1, got {parameters['permutations']}")
    if parameters["measure"] == parameters["beside"]:
        raise ValueError(f"measure and beside are both {parameters['measure']!r}")


@external_test(needs={"measure", "beside", "permutations"}, columns=COLUMNS, validate=_validate)
def permuted_groups(rows: pd.DataFrame, parameters: Parameters) -> Evidence:
    """Do tables that share a generator or a detector correlate more than those that share nothing?

    Every combination of a detector and a generator has a table: the distances of all pairs of
    methods. Pairs of combinations share the generator, the detector, or nothing.

    What is permuted: for the generator, its labels among the combinations of each detector; for the
    detector, its labels among those of each generator (`relabelled` says why). All ways are gone
    through if there are no more than `permutations`. Then p is at least one over their number: two
    detectors of five generators can be matched in 16 ways, which cannot show anything at 0.05.

    Args:
        rows: of `xmgd_correlation`: distances of the images themselves (draw 0) and of resampled
            images.
        parameters: `measure`, which decides; `beside`, another that does not; `permutations`.

    Returns:
        Per set of linked combinations and measure two comparisons, generator and detector shared:
        the difference of mean correlations, expected above 0, with its interval over resampled
        images and its permutation p. n counts combinations. In `extra` stand both means. Without
        pairs of a kind, or rows of a measure, a comparison is missing.
    """
    effects: list[Effect] = []
    missing: list[str] = []
    remarks: list[str] = []
    for measure in (parameters["measure"], parameters["beside"]):
        decides = measure == parameters["measure"]
        found = [tables for tables in linked_tables(rows, measure) if len(tables) > 1]
        if not found and decides:
            missing.append(str(measure))
        for tables in found:
            if decides:
                missing += [f"{tables.title}: {name}" for name in tables.left_out]
                remarks.append(f"Tables rest on {tables.set_size} images or more.")
            for shared in SHARED:
                keys = {
                    "combinations": tables.title,
                    "measure": str(measure),
                    "shared": f"{shared} against nothing",
                }
                ways = _relabelled(tables, shared, parameters["permutations"])
                effect = _effect(tables, shared, ways, keys, decides=decides)
                if effect is None:
                    missing += [", ".join(keys.values())] if decides else []
                    continue
                effects.append(effect)
                if decides and ways.exhaustive:
                    remarks.append(_fewest(shared, len(ways.labels)))
    return Evidence(
        effects,
        _headline(effects),
        missing=missing,
        remarks=list(dict.fromkeys(remarks)),
        nothing="no two combinations of a detector and a generator",
        apart=("combinations", "measure"),
    )


def _codes(tables: Tables) -> dict[str, Codes]:
    return {
        DETECTOR: np.unique(tables.detectors, return_inverse=True)[1],
        GENERATOR: np.unique(tables.generators, return_inverse=True)[1],
    }


def _relabelled(tables: Tables, shared: str, most: int) -> Relabelled:
    codes = _codes(tables)
    held = DETECTOR if shared == GENERATOR else GENERATOR
    return relabelled(codes[shared], codes[held], most)


def _effect(
    tables: Tables, shared: str, ways: Relabelled, keys: Mapping[str, str], *, decides: bool
) -> Effect | None:
    """None without pairs that share this, or without pairs that share nothing."""
    codes = _codes(tables)
    pairs = shared_by(codes[DETECTOR], codes[GENERATOR])
    with_it, without = (mean_over(tables.correlations, pairs[kind]) for kind in (shared, NOTHING))
    differences = with_it - without
    if not np.isfinite(differences[0]):
        return None

    def difference(labels: Codes) -> Floats:
        given = {**{name: code[None] for name, code in codes.items()}, shared: labels}
        kinds = shared_by(given[DETECTOR], given[GENERATOR])
        itself = tables.correlations[0]
        return mean_over(itself, kinds[shared]) - mean_over(itself, kinds[NOTHING])

    n = len(tables)
    return Effect(
        keys,
        with_resamples(pd.Series(differences), n),
        HIGHER,
        base=float(without[0]),
        other=float(with_it[0]),
        p=_known(permutation_ps(float(differences[0]), ways, difference), ways),
        extra={
            f"{shared} shared": with_resamples(pd.Series(with_it), n),
            "nothing shared": with_resamples(pd.Series(without), n),
        },
        decides=decides,
    )


def _known(ps: PValues, ways: Relabelled) -> PValues:
    """One way only is no test."""
    return ps if len(ways.labels) > 1 else UNDEFINED


def _fewest(shared: str, ways: int) -> str:
    return f"Labels of the {shared} can be given out in {ways} ways, so p is at least 1/{ways}."


def _headline(effects: Sequence[Effect]) -> Headline | None:
    """The first comparison of the first set of combinations."""
    if not effects:
        return None
    first = effects[0]
    what = f"mean correlation of tables, {first.keys['shared']} shared"
    return Headline.of(first.estimate, what, "combinations")
