"""The engine: the only process that talks to an exchange, and the only one that can send an order."""
