"""Settings: each mistake is named with its place, what was found and what to do, all of them at once."""

from dataclasses import asdict, fields
from datetime import timedelta
from pathlib import Path

import pytest

from hedging.errors import SettingsError
from hedging.keys import Secrets, secrets
from hedging.model.limits import WHOLE_BOOK, HedgeTarget, Measure, Numeraire, Scope, ScopeKind
from hedging.model.retention import Retention
from hedging.model.rules import AccountPlace, AgeRules, AutoRules, ExecutionRules, MarketRules
from hedging.model.smile import SmileRule
from hedging.model.view import VenueMode
from hedging.settings import (
    MEASURES,
    AccountSettings,
    AgeSettings,
    AutoSettings,
    ExecutionSettings,
    LimitsSettings,
    MarketSettings,
    WiderLimitsSettings,
    load,
)

ROOT = Path(__file__).resolve().parent.parent
GOOD = """
book = "desk"
state = "state/desk"

[[accounts]]
name = "main"
venue = "deribit"
mode = "testnet"

[underlyings.BTC]
account = "main"
hedge = "BTC-PERPETUAL"
max_order_coin = 10.0
band = { lower = -5.0, upper = 5 }
[underlyings.BTC.limits]
delta = { soft = 10.0, hard = 40.0 }
hedge_position = { soft = 60.0, hard = 100.0 }
"""


@pytest.fixture
def loaded(tmp_path):
    def load_text(text):
        path = tmp_path / "hedging.toml"
        path.write_text(text, encoding="utf-8")
        return load(path)

    return load_text


@pytest.fixture
def complaint(loaded):
    def of(text):
        with pytest.raises(SettingsError) as caught:
            loaded(text)
        return str(caught.value)

    return of


def changed(old, new):
    assert GOOD.count(old) == 1
    return GOOD.replace(old, new)


def test_the_example_loads():
    example = load(ROOT / "hedging.example.toml")
    assert example.mode is VenueMode.TESTNET
    assert [item.underlying for item in example.rules.underlyings] == ["BTC", "ETH"]


def test_a_small_file_has_the_defaults_of_the_core(loaded):
    rules = loaded(GOOD).rules
    assert (rules.execution, rules.ages, rules.auto) == (ExecutionRules(), AgeRules(), AutoRules())
    (item,) = rules.underlyings
    assert item.numeraire == Numeraire(0.0)
    assert (item.band.lower, item.band.centre, item.band.upper) == (-5.0, 0.0, 5.0)
    assert item.band.target is HedgeTarget.EDGE
    assert {limit.measure for limit in item.limits} == {Measure.DELTA, Measure.HEDGE_POSITION}
    assert {limit.hard for limit in item.limits} == {40.0, 100.0}


WIDER = """
[limits.book]
leverage = { soft = 3.0, hard = 5.0 }
theta = { soft = 1.0, hard = 2.0 }
[limits.account.main]
delta = { soft = 1e6, hard = 2e6 }
[limits.venue.deribit]
net_notional = { soft = 1e6, hard = 2e6 }
"""


def test_limits_of_wider_scopes_are_read_with_their_scope(loaded):
    rules = loaded(GOOD + WIDER).rules
    assert [(each.scope, each.measure, each.hard) for each in rules.wider] == [
        (WHOLE_BOOK, Measure.THETA, 2.0),
        (WHOLE_BOOK, Measure.LEVERAGE, 5.0),
        (Scope(ScopeKind.ACCOUNT, "main"), Measure.DELTA, 2e6),
        (Scope(ScopeKind.VENUE, "deribit"), Measure.NET_NOTIONAL, 2e6),
    ]
    assert rules.accounts == (AccountPlace("main", "deribit"),)
    assert loaded(GOOD).rules.wider == ()


def test_every_measure_can_be_limited_and_has_its_key():
    assert set(MEASURES.values()) == set(Measure)
    assert set(WiderLimitsSettings.model_fields) == set(MEASURES) == set(LimitsSettings.model_fields)


def test_the_smile_convention_is_read(loaded):
    text = changed("max_order_coin", 'smile = "minimum variance"\nmax_order_coin')
    assert loaded(text).rules.underlyings[0].smile is SmileRule.MINIMUM_VARIANCE
    assert loaded(GOOD).rules.underlyings[0].smile is SmileRule.STICKY_STRIKE


@pytest.mark.parametrize(
    ("wider", "words"),
    [
        ("[limits.account.other]\nvega = { soft = 1, hard = 2 }", "limits.account.other names no account"),
        ("[limits.venue.okx]\nvega = { soft = 1, hard = 2 }", "limits.venue.okx names no venue"),
        ("[limits.book]\nvega = { soft = 3, hard = 2 }", "the soft limit 3 lies above the hard limit 2"),
        ("[limits.book]\nvega = { soft = nan, hard = 2 }", "limits.book.vega.soft"),
        ("[limits.book]\nvega = { soft = 0, hard = 2 }", "limits.book.vega.soft"),
        ("[limits.book]\nvaga = { soft = 1, hard = 2 }", "limits.book.vaga: is not a known setting"),
        ("[limits.desk]\nvega = { soft = 1, hard = 2 }", "limits.desk: is not a known setting"),
    ],
)
def test_a_wider_limit_that_cannot_be_used_is_named(complaint, wider, words):
    assert words in complaint(GOOD + wider)


def test_the_largest_order_stays_inside_the_position_limit(complaint, loaded):
    loaded(changed("max_order_coin = 10.0", "max_order_coin = 100.0"))
    said = complaint(changed("max_order_coin = 10.0", "max_order_coin = 100.1"))
    assert "max_order_coin 100.1 lies beyond the hard limit of the hedge position, 100" in said


@pytest.mark.parametrize(
    ("section", "noun"),
    [
        (ExecutionSettings, ExecutionRules),
        (AgeSettings, AgeRules),
        (AutoSettings, AutoRules),
        (MarketSettings, MarketRules),
    ],
)
def test_file_and_core_agree_on_names_and_defaults(section, noun):
    assert set(section.model_fields) == {field.name for field in fields(noun)}
    assert section().model_dump() == asdict(noun())


@pytest.mark.parametrize(("written", "share"), [('"coin"', 0.0), ('"usd"', 1.0), ("0.25", 0.25), ("1", 1.0)])
def test_the_numeraire_is_a_word_or_a_share(loaded, written, share):
    text = changed("max_order_coin", f"numeraire = {written}\nmax_order_coin")
    assert loaded(text).rules.underlyings[0].numeraire == Numeraire(share)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('book = "desk"', 'book = "a b"', ["book", "'a b'", "pattern"]),
        ('book = "desk"', 'book = "desk"\nbok = 1', ["bok", "not a known setting", "remove it"]),
        ('mode = "testnet"', 'mode = "real"', ["accounts.0.mode", "'real'", "'paper', 'testnet' or 'live'"]),
        ('venue = "deribit"', 'venue = "mtgox"', ["accounts.0.venue", "'mtgox'", "'deribit', 'okx'"]),
        ('mode = "testnet"', 'mode = "paper"', ["accounts.0", "rest and ws"]),
        (
            'mode = "testnet"',
            'mode = "live"\nrest = "http://x"\nws = "ws://x"',
            ["rest and ws", "only there"],
        ),
        ('mode = "testnet"', 'mode = "testnet"\nkey_env = ""', ["accounts.0.key_env", "''"]),
        ("max_order_coin = 10.0", "", ["underlyings.BTC.max_order_coin", "missing", "add it"]),
        ("max_order_coin = 10.0", "max_order_coin = -1", ["max_order_coin", "-1", "greater than 0"]),
        ("max_order_coin = 10.0", "max_order_coin = 0", ["max_order_coin", "found 0", "greater than 0"]),
        ("max_order_coin = 10.0", "max_order_coin = nan", ["max_order_coin", "nan", "finite"]),
        ("max_order_coin = 10.0", "max_order_coin = inf", ["max_order_coin", "inf", "finite"]),
        ("max_order_coin = 10.0", 'max_order_coin = "10"', ["max_order_coin", "'10'", "valid number"]),
        ("max_order_coin = 10.0", "max_order_coin = true", ["max_order_coin", "True", "valid number"]),
        ("upper = 5 }", "upper = -6 }", ["underlyings.BTC.band", "lower < centre < upper", "-6"]),
        ("upper = 5 }", "upper = 5, centre = 5 }", ["band", "lower < centre < upper"]),
        ("upper = 5 }", "upper = nan }", ["band.upper", "nan", "finite"]),
        ("upper = 5 }", "upper = 41 }", ["underlyings.BTC", "41", "hard delta limit 40"]),
        ("upper = 5 }", 'upper = 5, target = "middle" }', ["band.target", "'middle'", "'edge'"]),
        ("upper = 5 }", "upper = 5, share = 1.1 }", ["band.share", "1.1", "less than or equal to 1"]),
        ("soft = 10.0, hard", "soft = 50.0, hard", ["limits.delta", "soft limit 50", "hard limit 40"]),
        ("soft = 10.0, hard", "soft = -10.0, hard", ["limits.delta.soft", "-10", "greater than 0"]),
        ('account = "main"', 'account = "mian"', ["underlyings.BTC.account", "'mian'", "name one of main"]),
        ("max_order_coin", 'numeraire = "eur"\nmax_order_coin', ["BTC.numeraire", "'eur'", "'coin', 'usd'"]),
        ("max_order_coin", "numeraire = 1.5\nmax_order_coin", ["BTC.numeraire", "1.5", "less than or equal"]),
    ],
)
def test_a_mistake_is_named_with_place_value_and_remedy(complaint, old, new, words):
    text = complaint(changed(old, new))
    assert "hedging.toml" in text
    for word in words:
        assert word in text


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ("[execution]\nclip_usd = 3e6", ["execution", "clip_usd 3e+06", "max_order_usd 2e+06"]),
        ("[execution]\ncollar_cap = 0.5", ["execution.collar_cap", "0.5"]),
        ("[execution]\nmessages_per_minute = 301", ["execution.messages_per_minute", "301"]),
        ("[execution]\nmessages_burst = 2.5", ["execution.messages_burst", "2.5", "integer"]),
        ("[execution]\ninitial_margin_rate = 2", ["execution.initial_margin_rate", "found 2"]),
        ("[ages]\ntouch = 0", ["ages.touch", "greater than 0"]),
        ("[auto]\nmax_minutes = -5", ["auto.max_minutes", "-5"]),
        ("[auto]\nshadow_minutes = -1", ["auto.shadow_minutes", "-1"]),
        ("[auto]\nturnover_to_target = 0.9", ["auto.turnover_to_target", "0.9"]),
        ("[execution]\nslice_usd = 3e6", ["execution", "slice_usd 3e+06", "max_order_usd 2e+06"]),
        ("[execution]\nstyle = 'slow'", ["execution.style", "'marketable'", "'slow'"]),
        ("[execution]\ndrift_cap = 0.5", ["execution.drift_cap", "0.5"]),
        ("[execution]\nexpiry_cutoff_minutes = 0", ["execution.expiry_cutoff_minutes", "greater than 0"]),
        ("[market]\nstale_share = 1", ["market.stale_share", "found 1"]),
        ("[market]\nindex_gap = nan", ["market.index_gap", "nan"]),
        ("[auto]\nmax_hours = 5", ["auto.max_hours", "not a known setting"]),
        ("[records]\nkeep_days = 0", ["records.keep_days", "greater than 0"]),
        ("[records]\nkeep_days = 4000", ["records.keep_days", "3660", "found 4000"]),
        ("[records]\nkeep_days = '30'", ["records.keep_days", "valid number", "'30'"]),
        ("[records]\nfine_hours = 0.5", ["records.fine_hours", "0.5"]),
        ("[records]\nfine_hours = nan", ["records.fine_hours", "finite"]),
        ("[records]\nfine_hours = 169", ["records.fine_hours", "168"]),
        ("[ledger]\nheads = '/srv/heads'", ["ledger", "heads and head_key belong together"]),
        ("[ledger]\nhead_seconds = 0.5", ["ledger.head_seconds", "0.5"]),
        ("[records]\nkeep_days = 0.5", ["fine_hours 24 is longer than keep_days 0.5", "lower the one"]),
    ],
)
def test_a_mistake_in_the_other_sections(complaint, section, words):
    text = complaint(GOOD + section)
    for word in words:
        assert word in text


def test_records_are_kept_as_long_as_the_file_says(loaded):
    assert loaded(GOOD).records.retention == Retention()
    written = loaded(GOOD + "[records]\nfine_hours = 2\nkeep_days = 7.5").records.retention
    assert written == Retention(fine=timedelta(hours=2), keep=timedelta(days=7, hours=12))


def test_all_mistakes_are_listed_at_once(complaint):
    text = changed("max_order_coin = 10.0", "max_order_coin = -1").replace("upper = 5", "upper = nan")
    text = complaint(text + "[ages]\ntouch = 0\n[bogus]\nx = 1")
    lines = text.splitlines()[1:]
    assert [line.split(":")[0].strip() for line in lines] == [
        "underlyings.BTC.max_order_coin",
        "underlyings.BTC.band.upper",
        "ages.touch",
        "bogus",
    ]


def test_all_wrong_accounts_are_listed_at_once(complaint):
    second = '\n[[accounts]]\nname = "main"\nvenue = "deribit"\nmode = "live"\n'
    text = complaint(changed('account = "main"', 'account = "x"') + second)
    assert "two accounts have the same name" in text
    assert "cannot share a book" in text
    assert "underlyings.BTC.account is 'x'" in text


OKX = '\n[[accounts]]\nname = "okx"\nvenue = "okx"\nmode = "testnet"\nkey_env = "OKX_KEY"\n'


def test_accounts_elsewhere_are_read_beside_the_one_that_hedges(loaded):
    found = loaded(GOOD + OKX)
    assert [(each.name, each.venue) for each in found.accounts] == [("main", "deribit"), ("okx", "okx")]
    assert found.rules.underlyings[0].hedge_key == "deribit:BTC-PERPETUAL"


def test_an_underlying_is_hedged_at_deribit_alone(complaint):
    text = complaint(GOOD.replace('account = "main"', 'account = "okx"') + OKX)
    assert "underlyings.BTC.account is 'okx', which is at okx: accounts there are only read" in text


def test_the_key_of_one_venue_is_not_shown_to_another(complaint):
    text = complaint(GOOD + OKX.replace('key_env = "OKX_KEY"\n', ""))
    assert "key_env 'HEDGING_KEY' is the key of accounts at deribit and okx; give each its own" in text


@pytest.mark.parametrize(
    ("mode", "more"),
    [
        ("paper", ""),
        ("paper", 'rest = "https://www.okx.com"'),
        ("paper", 'rest = "http://127.0.0.1.elsewhere.org"'),
        ("paper", 'rest = "http://127.0.0.1:1"\nws = "ws://127.0.0.1:1"'),
        ("live", 'rest = "http://127.0.0.1:1"'),
        ("testnet", 'rest = "https://my-proxy.org"'),
    ],
)
def test_paper_elsewhere_is_a_server_on_this_machine(complaint, mode, more):
    account = OKX.replace('mode = "testnet"', f'mode = "{mode}"\n{more}')
    assert "mode = 'paper' at okx is a server on this machine" in complaint(GOOD + account)


def test_a_secret_in_the_wrong_place_is_not_repeated(complaint):
    text = complaint(changed('mode = "testnet"', 'mode = "testnet"\nsecret = "s3cr3t"'))
    assert "accounts.0.secret" in text
    assert "s3cr3t" not in text


def test_an_absent_file_names_the_example(tmp_path):
    with pytest.raises(SettingsError, match=r"nothing\.toml; copy hedging\.example\.toml"):
        load(tmp_path / "nothing.toml")


def test_a_folder_or_no_text_cannot_be_read(tmp_path):
    with pytest.raises(SettingsError, match="cannot be read"):
        load(tmp_path)
    (tmp_path / "b.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match="cannot be read"):
        load(tmp_path / "b.toml")


def test_bad_toml_names_the_line(complaint):
    assert "line 1" in complaint("book = = 1")


def account(venue="deribit", **changes):
    return AccountSettings(name="main", venue=venue, mode=VenueMode.TESTNET, **changes)


def test_keys_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("A_KEY", " k ")
    monkeypatch.setenv("A_SECRET", "s")
    assert secrets(account(key_env="A_KEY", secret_env="A_SECRET")) == Secrets("k", "s")


def test_okx_alone_needs_a_passphrase(monkeypatch, secrets_file):
    for name in ("A_KEY", "A_SECRET"):
        monkeypatch.setenv(name, "x")
    monkeypatch.delenv("A_PASS", raising=False)
    named = {"key_env": "A_KEY", "secret_env": "A_SECRET", "passphrase_env": "A_PASS"}
    assert secrets(account("bybit", **named)) == Secrets("x", "x")
    with pytest.raises(SettingsError, match="needs the environment variable A_PASS"):
        secrets(account("okx", **named))
    monkeypatch.setenv("A_PASS", "p")
    assert secrets(account("okx", **named)) == Secrets("x", "x", "p")
    assert "'p'" not in repr(secrets(account("okx", **named)))
    path = secrets_file('key = "k"\nsecret = "s"').secrets_file
    with pytest.raises(SettingsError, match="passphrase = "):
        secrets(account("okx", secrets_file=path))


def test_all_missing_variables_are_named(monkeypatch):
    monkeypatch.delenv("A_KEY", raising=False)
    monkeypatch.setenv("A_SECRET", " ")
    with pytest.raises(SettingsError, match="'main' needs the environment variable A_KEY and A_SECRET; set"):
        secrets(account(key_env="A_KEY", secret_env="A_SECRET"))


@pytest.fixture
def secrets_file(tmp_path):
    def make(text, mode=0o600):
        path = tmp_path / "secrets.toml"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        path.chmod(mode)
        return account(secrets_file=path)

    return make


def test_keys_come_from_a_private_file(secrets_file):
    assert secrets(secrets_file('key = "k"\nsecret = "s"')) == Secrets("k", "s")


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o660, 0o604])
def test_a_file_that_others_may_read_is_refused(secrets_file, mode):
    with pytest.raises(SettingsError, match="chmod 600") as caught:
        secrets(secrets_file('key = "k3y"\nsecret = "s3cr3t"', mode))
    assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize("text", ["", 'key = "k"', 'key = 5\nsecret = "s"', 'key = ""\nsecret = "s"'])
def test_a_file_without_both_names_what_it_needs(secrets_file, text):
    with pytest.raises(SettingsError, match=r"key = .* and secret = "):
        secrets(secrets_file(text))


@pytest.mark.parametrize("text", ["key = = 1", b"\xff\xfe"])
def test_a_file_that_is_no_toml_is_refused(secrets_file, text):
    with pytest.raises(SettingsError, match="'main' cannot be read"):
        secrets(secrets_file(text))


def test_an_absent_secrets_file_is_refused(tmp_path):
    with pytest.raises(SettingsError, match="cannot be read"):
        secrets(account(secrets_file=tmp_path / "none.toml"))
