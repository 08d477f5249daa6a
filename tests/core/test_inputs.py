"""Recorded inputs: the hash is that of the bytes, nothing old is kept, and they read back equal."""

import hashlib
from dataclasses import replace
from datetime import timedelta

from nouns import NOW, balance, option, perpetual, position, quote, rules, snapshot, underlying_rules

from hedging.core.inputs import InputsEncoder, decoded
from hedging.model.instrument import OptionKind

HELD = (position(perpetual(), 10), position(option(OptionKind.CALL, 90_000.0), -2))
SEEN = snapshot(HELD, [quote(each.instrument) for each in HELD], [balance()])


def test_the_digest_is_that_of_the_bytes_and_they_read_back_equal():
    inputs = InputsEncoder().encode(SEEN, rules())
    assert inputs.digest == hashlib.sha256(inputs.body).hexdigest()
    assert decoded(inputs.body).snapshot == SEEN
    assert decoded(inputs.body).rules == rules()


def test_what_is_kept_between_cycles_changes_no_byte():
    encoder = InputsEncoder()
    held = rules()
    later = replace(SEEN, at=NOW + timedelta(seconds=1))
    traded = replace(later, positions=(*HELD, position(perpetual(), 30)))
    narrower = rules(underlying_rules(max_order_coin=1.0))
    for seen, under in ((SEEN, held), (later, held), (traded, held), (traded, narrower), (SEEN, held)):
        inputs = encoder.encode(seen, under)
        assert inputs == InputsEncoder().encode(seen, under)
        assert decoded(inputs.body).snapshot == seen
        assert decoded(inputs.body).rules == under
