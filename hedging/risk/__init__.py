"""From a snapshot to Greeks, exposure, drift and limit utilisation."""
