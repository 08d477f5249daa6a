"""Live data of one account over websocket: quotes, index prices, own orders and trades, balances."""
