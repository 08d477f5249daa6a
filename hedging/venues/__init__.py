"""Exchanges: pure parsers from raw payloads to nouns, and the sessions and streams that fetch them.

Only this package imports the exchange library. Its unified structures are not trusted: every figure is
read from the raw payload (docs/venues.md says why).
"""
