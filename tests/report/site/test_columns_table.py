"""A claim's page says what the columns of its rows hold."""

import pyarrow.parquet as pq
import pytest

from saliency_audit.ledger import ClaimAudit, load_claims
from saliency_audit.locations import project_root
from saliency_audit.report.site.columns_table import columns_table
from saliency_audit.report.site.external_part import external_part
from saliency_audit.study import available, get_experiment, recorded_path


@pytest.mark.parametrize("name", available())
def test_the_table_has_every_column_of_the_file(name):
    text = columns_table(name)
    for profile in get_experiment(name).profiles:
        if (path := recorded_path(name, profile)).is_file():
            for column in pq.read_schema(path).names:
                assert f"`{column}`" in text
    assert text.count("\n| `") == len(get_experiment(name).columns)


def test_columns_that_the_file_lacks_are_named():
    assert "It lacks `climb_points`, `climb_ascents`, which" in columns_table("ggig_product")
    assert "lacks" not in columns_table("idgi_jpeg")
    assert "`ic_file_size` is `ic_entropy`" in columns_table("idgi_scores")


def test_the_page_of_a_claim_shows_the_columns_of_its_experiment():
    claim = load_claims()["GG-SPARSE"]
    text = external_part(ClaimAudit(claim, None, {}), project_root())
    assert "dropdown} Columns of the rows" in text
    assert "| `share` | number | share | of the pixels that are examined" in text
