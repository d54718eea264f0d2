"""Rows in and out: other libraries' frames, and plain Python."""
