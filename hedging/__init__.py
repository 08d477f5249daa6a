"""Hedge monitor: exposure, drift and approved rebalancing of a crypto-derivatives book."""
