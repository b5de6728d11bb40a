"""The printed scores of the IDGI study, addressed by metric, model, method and number of steps."""

from dataclasses import dataclass

from saliency_audit.ledger.internal.orders import sign
from saliency_audit.ledger.printed import printed_table, printed_tables

PATHS = {"ig": "IG", "gig": "GIG", "blurig": "BlurIG"}
STEPS = (8, 16, 32, 64, 128)
METRICS = {
    "insertion_probability": "insertion (probability)",
    "insertion_ratio": "insertion (ratio)",
    "aic_entropy": "AIC (entropy)",
    "sic_entropy": "SIC (entropy)",
    "aic_ms_ssim": "AIC (MS-SSIM)",
    "sic_ms_ssim": "SIC (MS-SSIM)",
}
# Four cells rounded to three decimals make up a difference of differences; below this size its
# sign may come from rounding alone.
ROUNDING_OF_FOUR_CELLS = 0.002
SCORE_TABLES = tuple(f"table_{number:02d}" for number in (1, 2, 3, *range(6, 18)))


@dataclass(frozen=True)
class Scores:
    """Printed scores by (metric, model, method, steps); labels come in the order of print."""

    cells: dict[tuple[str, str, str, int], float]

    @property
    def metrics(self) -> tuple[str, ...]:
        """Metrics that occur."""
        return tuple(dict.fromkeys(metric for metric, _, _, _ in self.cells))

    @property
    def models(self) -> tuple[str, ...]:
        """Models that occur."""
        return tuple(dict.fromkeys(model for _, model, _, _ in self.cells))

    def paths(self, steps: int) -> tuple[str, ...]:
        """Paths whose scores are printed for this number of steps."""
        methods = {method for _, _, method, at in self.cells if at == steps}
        return tuple(path for path in PATHS if path in methods)

    def gain(self, metric: str, model: str, path: str, steps: int = 128) -> float:
        """Score with the IDGI rule minus score with the plain rule, same path and steps."""
        return (
            self.cells[metric, model, f"{path}+idgi", steps]
            - self.cells[metric, model, path, steps]
        )

    def change(
        self, metric: str, model: str, method: str, start: int = 8, stop: int = 128
    ) -> float:
        """Score at `stop` steps minus score at `start` steps."""
        return self.cells[metric, model, method, stop] - self.cells[metric, model, method, start]

    def excess(self, path: str, metric: str, model: str, start: int = 8, stop: int = 128) -> float:
        """Absolute change between two step counts with the IDGI rule minus that without it."""
        ours = self.change(metric, model, f"{path}+idgi", start, stop)
        return abs(ours) - abs(self.change(metric, model, path, start, stop))

    def without_gain(self, steps: int) -> tuple[tuple[str, str, str, float], ...]:
        """Every (metric, model, path, gain) at this number of steps where IDGI does not raise."""
        gains = (
            (metric, model, path, self.gain(metric, model, path, steps))
            for metric in self.metrics
            for model in self.models
            for path in self.paths(steps)
        )
        return tuple(entry for entry in gains if sign(entry[3]) != 1)


def read_scores() -> Scores:
    """Tables 1-3 and 6-17: every insertion score and area under a curve."""
    frame = printed_tables("idgi", *SCORE_TABLES)
    keys = zip(frame.metric, frame.model, frame.method, frame.steps.astype(int), strict=True)
    return Scores(dict(zip(keys, frame.value.astype(float), strict=True)))


def read_step_differences() -> dict[tuple[str, str], float]:
    """Table 4: printed difference between 8 and 128 steps by (metric, method), InceptionV3."""
    frame = printed_table("idgi", "table_04")
    return dict(zip(zip(frame.metric, frame.method, strict=True), frame.value, strict=True))


def read_stability() -> dict[str, float]:
    """Table 5: printed -log MSE by method, InceptionV3."""
    frame = printed_table("idgi", "table_05")
    return dict(zip(frame.method, frame.value, strict=True))


def method_label(method: str) -> str:
    """`gig+idgi` as a reader knows it: `GIG+IDGI`."""
    path, _, rule = method.partition("+")
    return PATHS[path] + ("+IDGI" if rule else "")
