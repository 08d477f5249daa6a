"""What the exchange says no with: Deribit's error codes, names and the exception that carries them."""

from enum import IntEnum

from hedging.errors import HedgingError


class Code(IntEnum):
    """Error codes of Deribit's API (docs.deribit.com, "RPC error codes"); messages are their names."""

    AUTHORIZATION_REQUIRED = 10000
    QTY_TOO_LOW = 10002
    ORDER_OVERLAP = 10003
    ORDER_NOT_FOUND = 10004
    PRICE_TOO_LOW = 10005
    PRICE_TOO_HIGH = 10007
    NOT_ENOUGH_FUNDS = 10009
    BOOK_CLOSED = 10012
    INVALID_PRICE = 10023
    NOT_OWNER_OF_ORDER = 10029
    TOO_MANY_REQUESTS = 10028
    RETRY = 10040
    SETTLEMENT_IN_PROGRESS = 10041
    PRICE_WRONG_TICK = 10043
    OTHER_REJECT = 11030
    NOT_OPEN_ORDER = 11044
    BAD_REQUEST = 11050
    SYSTEM_MAINTENANCE = 11051
    POST_ONLY_REJECT = 11054
    INVALID_CREDENTIALS = 13004
    UNAUTHORIZED = 13009
    NOT_FOUND = 13020
    FORBIDDEN = 13021
    TIMED_OUT = 13888
    INVALID_PARAMS = -32602
    METHOD_NOT_FOUND = -32601
    PARSE_ERROR = -32700

    @property
    def message(self) -> str:
        """Deribit's name of the error.

        >>> Code.NOT_ENOUGH_FUNDS.message, Code.INVALID_PARAMS.message
        ('not_enough_funds', 'Invalid params')
        """
        words = self.name.lower()
        return words.replace("_", " ").capitalize() if self.value < 0 else words


class Refused(HedgingError):
    """The exchange parsed the request and refused it; nothing was changed.

    ``reason`` and ``param`` become the ``data`` of the JSON-RPC error.
    """

    def __init__(self, code: Code, reason: str = "", param: str = "") -> None:
        super().__init__(f"{code.value} {code.message}" + (f": {reason}" if reason else ""))
        self.code = code
        self.reason = reason
        self.param = param
