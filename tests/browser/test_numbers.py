"""The numbers on screen against the exchange's own, asked of it directly and not through our engine."""

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


def delta_at_the_exchange(exchange) -> float:
    """Net transaction delta of BTC: the coin account's total and the dollar account's share of BTC."""
    coin = exchange.asked("private_get_get_account_summary", {"currency": "BTC", "extended": True})
    dollar = exchange.asked("private_get_get_account_summary", {"currency": "USDC", "extended": True})
    return float(coin["delta_total"]) + float(dollar["delta_total_map"]["btc_usdc"])


def test_the_delta_on_screen_is_the_exchanges_own(book_of_our_own):
    exchange, open_window = book_of_our_own
    window = open_window()
    window.wait("the BTC delta", lambda: window.number("delta-BTC"), 40)

    def agrees():
        shown, asked = window.number("delta-BTC"), delta_at_the_exchange(exchange)
        return shown is not None and abs(shown - asked) < 0.1

    assert abs(delta_at_the_exchange(exchange)) > 5
    window.wait("the exchange's delta on the screen", agrees)
    size = exchange.asked("private_get_get_position", {"instrument_name": "BTC-PERPETUAL"})["size"]
    row = window.page.locator('[data-testid="table-positions"] tbody tr', has_text="BTC-PERPETUAL").first
    assert f"{float(size):+,.0f}" in row.inner_text().replace("−", "-")
