"""The lives of a ticket and an order, who may do what, and the gates before the wire."""
