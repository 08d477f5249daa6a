"""The paper exchange: a simulated market, matching and accounts behind Deribit's own protocol."""
