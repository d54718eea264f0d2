"""The methods of `Series.str`, a file for each of their subjects."""
