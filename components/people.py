"""Who acts: on paper anyone the picker names; with money at stake only who the server was told."""

from hedging.desk import Person
from hedging.errors import SettingsError
from hedging.model.trading import Role

OPERATOR_VARIABLE = "HEDGING_OPERATOR"
GUEST = Person("guest", Role.VIEWER)
PAPER_PEOPLE = (
    Person("Tessa", Role.TRADER),
    Person("Rafael", Role.RISK),
    Person("Renate", Role.RISK),
    Person("Vera", Role.VIEWER),
)


def paper_person(name: str) -> Person:
    """The demo's person of this name; the first where there is none.

    >>> paper_person("Rafael").role, paper_person("nobody").name
    (<Role.RISK: 'risk'>, 'Tessa')
    """
    return next((each for each in PAPER_PEOPLE if each.name == name), PAPER_PEOPLE[0])


def operator(text: str) -> Person:
    """The one person of a desk of one, as ``name:role``; a guest who may look and halt where empty.

    >>> operator("Jane Doe:trader")
    Person(name='Jane Doe', role=<Role.TRADER: 'trader'>)
    >>> operator("").role
    <Role.VIEWER: 'viewer'>

    Raises SettingsError when the text names no person or no role.
    """
    if not text.strip():
        return GUEST
    name, _, role = text.rpartition(":")
    if not name.strip() or role.strip() not in set(Role):
        roles = ", ".join(Role)
        raise SettingsError(f"{OPERATOR_VARIABLE} is {text!r}: write it as name:role, role one of {roles}")
    return Person(name.strip(), Role(role.strip()))
