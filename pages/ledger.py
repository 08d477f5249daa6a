"""Ledger: who did what on which numbers, and why did it (not) hedge?"""

import streamlit as st

from components import reading
from components.guard import refuse_alone
from hedging import clock
from hedging.desk import DOORWAY


def render() -> None:
    """Log and chain above, decision trace below."""
    desk = DOORWAY.standing.desk
    view = desk.read() if desk else None
    if desk is None or view is None:
        st.html('<div class="desk-line">starting: the ledger opens with the engine</div>')
        return
    st.html('<div class="desk-section">What happened</div>')
    reading.log(desk)
    reading.chain(desk)
    st.html('<div class="desk-section">Why it hedged, and why it did not</div>')
    reading.traces(desk, [each.underlying for each in view.underlyings], clock.utc_now())


refuse_alone(__name__)
