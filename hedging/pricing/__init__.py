"""Arrays in, arrays out: Black-76, coin-settled options, futures, implied volatility."""
