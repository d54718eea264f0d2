"""What frames and series say to names of pandas that they don't have."""

from __future__ import annotations

_NAMES = """
T abs add add_prefix add_suffix all any apply applymap at axes bfill cat clip combine_first copy corr count cummax
cummin cumprod cumsum describe diff div dot drop_duplicates dropna dt duplicated eval explode expanding ffill fillna
filter first_valid_index floordiv get iat idxmax idxmin iloc info insert interpolate isin isna isnull items iterrows
itertuples join keys last_valid_index loc map mask max mean median melt memory_usage min mod mode mul ndim nlargest
notna notnull nsmallest nunique pct_change pipe pivot pivot_table plot pop pow prod product quantile query rank
reindex replace reset_index resample rolling round sample select_dtypes sem set_index shift size skew sort_index
squeeze stack std str style sub sum swaplevel to_excel to_html to_json to_markdown to_parquet to_sql to_string tolist
transform transpose truncate tz_convert tz_localize unique unstack update value_counts values var where xs
"""

#: Names of pandas that scripts use often: asking for one of them should say where it is.
PANDAS_NAMES = frozenset(_NAMES.split())


def missing(value: object, variable: str, name: str) -> AttributeError:
    """Return the error of an attribute that isn't there.

    Parameters
    ----------
    value : DataFrame or Series
        What was asked.
    variable : str
        What such values are called in examples.
    name : str
        The attribute.
    """
    text = f"'{type(value).__name__}' object has no attribute {name!r}"
    if name in PANDAS_NAMES:
        text += f" in this version: use {variable}.to_pandas().{name}"
    return AttributeError(text, name=name, obj=value)
