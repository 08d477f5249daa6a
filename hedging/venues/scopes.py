"""What a key may do, and the refusal of one that may do too much."""

from dataclasses import dataclass

from hedging.errors import UnsafeKeyError

_WRITES = ":read_write"
_TRADING = frozenset(  # of Deribit, OKX, Bybit and Binance
    {f"trade{_WRITES}", "trade", "ContractTrade:Order", "Derivatives:DerivativesTrade", "enableFutures"}
)
READ_ONLY = "read only"  # a key that may only read, whatever it lists
_HARMLESS_WRITES = frozenset({"trade", "block_trade", "block_rfq"})


@dataclass(frozen=True, slots=True)
class KeyScopes:
    """Rights of a key in the exchange's words, at Deribit those of ``public/auth`` ("trade:read_write").

    ``unverified`` says why the exchange could not be asked, and is empty where it was.
    """

    granted: frozenset[str]
    unverified: str = ""

    @property
    def can_trade(self) -> bool:
        """Whether orders for futures and perpetuals may be sent with it."""
        return bool(self.granted & _TRADING) and READ_ONLY not in self.granted

    @property
    def can_read_account(self) -> bool:
        """Whether balances and positions may be read with it."""
        return "account:read" in self.granted and self.can_read_trades

    @property
    def can_read_trades(self) -> bool:
        """Whether orders and fills may be read with it."""
        return "trade:read" in self.granted or self.can_trade


def safe_scopes(text: str) -> KeyScopes:
    """Read the scope text of a key.

    >>> safe_scopes("connection mainaccount name:desk account:read trade:read_write").can_trade
    True

    Raises UnsafeKeyError when the key may withdraw, administer the account, or write anything but orders,
    and when nothing is said.
    """
    words = frozenset(text.split())
    if not words:
        raise UnsafeKeyError("the exchange did not say what the key may do: the key is not used")
    unsafe = sorted(
        word
        for word in words
        if word.endswith(_WRITES) and word.removesuffix(_WRITES) not in _HARMLESS_WRITES
    )
    if unsafe:
        raise UnsafeKeyError(
            f"the key may do too much ({', '.join(unsafe)}): "
            "make one with account:read and trade:read_write only"
        )
    return KeyScopes(words)


def without(granted: frozenset[str], unsafe: frozenset[str]) -> KeyScopes:
    """Rights of a key at another exchange, none of which may be among ``unsafe``.

    Raises UnsafeKeyError for a key that has one of them, and where nothing is said.
    """
    if not granted:
        raise UnsafeKeyError("the exchange did not say what the key may do: the key is not used")
    found = sorted(granted & unsafe)
    if found:
        raise UnsafeKeyError(f"the key may do too much ({', '.join(found)}): make one without these rights")
    return KeyScopes(granted)
