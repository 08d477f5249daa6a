import pytest

from hedging.model.venue_profile import BINANCE, BYBIT, DERIBIT, OKX, PROFILES, Ids, VenueProfile


@pytest.mark.parametrize(
    ("profile", "guarded", "twice"),
    [(DERIBIT, False, True), (OKX, True, False), (BYBIT, False, False), (BINANCE, True, False)],
    ids=lambda value: value.name if isinstance(value, VenueProfile) else "",
)
def test_what_an_order_may_rely_on(profile: VenueProfile, guarded: bool, twice: bool) -> None:
    assert profile.guards_resting_orders is guarded
    assert (profile.ids is Ids.LABEL) is twice


def test_no_two_exchanges_behave_alike() -> None:
    behaviours = {(one.fence, one.ids, one.dead_man, one.unknown_status) for one in PROFILES}
    assert len(behaviours) == len(PROFILES) == len({one.name for one in PROFILES})
