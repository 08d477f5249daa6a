"""Only the exchange's own clients are imported, and whoever asks for the rest of the library gets it."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def said(program: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    ).stdout.strip()


def test_the_other_exchanges_are_not_imported():
    found = said(
        "import sys, hedging.venues.push_client, hedging.venues.client\n"
        "print(sum(name.startswith('ccxt') for name in sys.modules), 'ccxt.binance' in sys.modules)"
    )
    modules, has_another = found.split()
    assert int(modules) < 40
    assert has_another == "False"


def test_the_library_is_whole_for_whoever_asks_afterwards():
    found = said(
        "from hedging.venues import library\n"
        "import ccxt, ccxt.pro, ccxt.async_support\n"
        "assert ccxt.deribit is library.SyncClient\n"
        "assert ccxt.pro.deribit is library.PushBase\n"
        "print(ccxt.binance.__name__, ccxt.pro.binance.__name__, ccxt.async_support.binance.__name__)\n"
        "assert ccxt.deribit is library.SyncClient\n"
        "assert issubclass(library.PushBase, library.AsyncClient)\n"
        "assert len(ccxt.exchanges) > 50\n"
        "print(ccxt.__version__.count('.'))"
    )
    assert found.split() == ["binance", "binance", "binance", "2"]


def test_a_library_that_is_loaded_already_is_used_as_it_is():
    found = said(
        "import ccxt, ccxt.pro; whole = ccxt; from hedging.venues import library\nprint(ccxt is whole)"
    )
    assert found == "True"


def test_an_unknown_name_is_refused_as_by_any_module():
    found = said(
        "from hedging.venues import library\nimport ccxt\n"
        "try:\n ccxt.nowhere\nexcept AttributeError:\n print('refused')"
    )
    assert found == "refused"
