"""What the widgets of the Scenarios page ask now; what they hold is not trusted."""

from components import session
from components.scenario_choice import (
    DAYS,
    NEXT_EXPIRY,
    NOW,
    SPOT_REACHES,
    VOL_REACHES,
    Question,
    Show,
    Side,
    Unit,
    member,
    reach,
)
from hedging.model.view import View
from hedging.risk.scenario import VolShift

UNDERLYING, SHOW, UNIT, SIDE = "scenario-underlying", "scenario-show", "scenario-unit", "scenario-side"
SPOT, VOL, SHIFT, TIME = "scenario-spot", "scenario-vol", "scenario-shift", "scenario-days"


def question(view: View) -> Question:
    """What is to be computed."""
    names = [each.underlying for each in view.underlyings]
    name = session.text_of(UNDERLYING)
    chosen = name if name in names else (names[0] if names else "")
    return Question(
        underlying=chosen,
        changes=tuple(each for each in session.memo().changes if each.underlying == chosen),
        spot_reach=reach(SPOT_REACHES, session.number_of(SPOT), 0.20),
        vol_reach=reach(VOL_REACHES, session.number_of(VOL), 0.20),
        vol_shift=VolShift(member(VolShift, session.text_of(SHIFT), VolShift.ABSOLUTE)),
        days=_days(session.text_of(TIME)),
    )


def _days(name: str) -> str:
    return name if name in DAYS or name == NEXT_EXPIRY else NOW


def drawing() -> tuple[Show, Unit, Side]:
    """What is to be drawn of it."""
    return (
        Show(member(Show, session.text_of(SHOW), Show.PNL)),
        Unit(member(Unit, session.text_of(UNIT), Unit.USD)),
        Side(member(Side, session.text_of(SIDE), Side.BEFORE)),
    )
