"""Revisions of the time series."""
