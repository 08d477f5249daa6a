"""The engine without its surroundings: ``step(state, event, now) -> (state, effects)``.

No clock, file, network, database, thread or randomness in here: what the engine does live is what is
simulated. The driver (``hedging.engine``) turns the world into events and carries the effects out.
"""
