"""Pieces of screen: pure figure() and rows() with a thin show(), and the shell that frames every page."""
