"""A ticket's card says whose delta it speaks of, in escaped words."""

from nouns import ticket

from components.tickets import card


def test_the_card_names_the_numeraire_of_its_delta():
    shown = card(ticket(numeraire="keep my coins, sticky strike"))
    assert "BTC: keep my coins, sticky strike" in shown


def test_no_word_of_a_ticket_is_markup():
    hostile = "<img src=x onerror=alert(1)>"
    shown = card(ticket(numeraire=hostile, sentence=hostile, reason=hostile, underlying=hostile))
    assert "<img" not in shown
    assert shown.count("&lt;img") == 5
