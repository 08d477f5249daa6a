"""Every fault of a drill: a file each, see ``hedging.drill.fault``."""
