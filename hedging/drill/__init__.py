"""Deterministic simulation of the engine's core: one integer seed makes a schedule, and replays it.

Clock, network, exchange, ledger, people and faults are simulated; ``hedging.core`` is the real one. After
every simulated event the invariants of ``invariants`` are checked.
"""
