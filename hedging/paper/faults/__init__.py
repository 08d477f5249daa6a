"""Faults the paper exchange can be told to make: one small file each, found by the registry."""
