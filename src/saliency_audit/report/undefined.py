"""How a cell of a table tells that some of the values behind it are undefined."""

import pandas as pd


def with_undefined(text: str, values: pd.Series) -> str:
    """What is said of the defined values, and how many are not: `0.52, 3 of 20 undefined`.

    A constant map has no rank correlation, one that is 0 everywhere no shares; means and medians
    leave such values out.

    Args:
        text: a mean or median of the values.
        values: NaN where undefined.

    Returns:
        The text alone where every value is defined, and where none is: then it says so itself.
    """
    undefined = int(values.isna().sum())
    if undefined in (0, len(values)):
        return text
    return f"{text}, {undefined} of {len(values)} undefined"
