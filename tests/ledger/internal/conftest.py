"""What the tests of the internal audits share: printed cells that a test may change."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from saliency_audit.ledger import printed


@pytest.fixture
def doctor(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Replace printed cells of a paper, addressed by their keys; later calls add to earlier ones."""
    read, changes = printed._read, []

    def doctored(path: Path) -> pd.DataFrame:
        frame = read(path).copy()
        for paper, where, cell in changes:
            if path.parent.name != paper or not set(where) <= set(frame.columns):
                continue
            chosen = np.ones(len(frame), dtype=bool)
            for key, wanted in where.items():
                chosen &= (frame[key] == wanted).to_numpy()
            for column, new in cell.items():
                frame.loc[chosen, column] = new
        return frame

    def replace(paper: str, value: float, text: str | None = None, **where: object) -> None:
        cell = {"value": value} | ({} if text is None else {"text": text})
        changes.append((paper, where, cell))
        tables = [doctored(path) for path in sorted(printed._folder(paper).glob("*.csv"))]
        assert any((table["value"] == value).any() for table in tables), "no cell has these keys"

    monkeypatch.setattr(printed, "_read", doctored)
    return replace
