"""The recipe that traces a number by hand arrives at the published one."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_the_recipe_prints_the_published_estimate(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (ROOT / "book" / "audit.md").read_text(encoding="utf-8")
    section = page.partition("## Tracing one number by hand")[2]
    (recipe,) = re.findall(r" {3}```python\n(.*?) {3}```", section, flags=re.DOTALL)
    monkeypatch.chdir(ROOT)
    exec(re.sub("^ {3}", "", recipe, flags=re.MULTILINE), {})
    verdicts = json.loads((ROOT / "data" / "verdicts.json").read_text(encoding="utf-8"))
    (published,) = (item for item in verdicts if item["id"] == "IDGI-INS")
    expected = published["external"]["reference"]["estimate"]
    assert float(capsys.readouterr().out) == pytest.approx(expected, rel=1e-9)
