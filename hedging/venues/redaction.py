"""Text of an exception or a log line without keys, signatures, tokens and query strings."""

import re

HIDDEN = "[hidden]"

_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    # the query of any address, absolute or as http libraries quote it; signed addresses carry keys there
    (re.compile(r"(?i)\b(?P<address>(?:https?|wss?)://[^\s?'\"<>]*)\?[^\s'\"<>]*"), rf"\g<address>?{HIDDEN}"),
    (
        re.compile(r"(?P<path>/(?:api|sapi|fapi|eapi|papi|v\d)/[^\s?'\"<>]*)\?[^\s'\"<>]*"),
        rf"\g<path>?{HIDDEN}",
    ),
    # credentials inside an address
    (re.compile(r"(?i)\b(?P<scheme>(?:https?|wss?)://)[^\s/@'\"<>]+@"), rf"\g<scheme>{HIDDEN}@"),
    # authorization headers, to the end of the quoted value or of the line
    (
        re.compile(r"(?i)\b(?P<scheme>deri-hmac-sha256|bearer|basic)\s+[^\s'\"][^'\"\n]*"),
        rf"\g<scheme> {HIDDEN}",
    ),
    # name=value, "name": "value", 'name': 'value'
    (
        re.compile(
            r"(?i)(?P<name>[\"']?\b(?:x-)?(?:[a-z]+[-_])*(?:api[-_]?key|client_id|client_secret|secret(?:[-_]?key)?|"
            r"signature|sign|sig|access_token|refresh_token|listen[-_]?key|token|passphrase|password|authorization)"
            r"\b[\"']?\s*[=:]\s*)(?P<value>\"[^\"\n]*\"?|'[^'\n]*'?|[^\s,&;)}\]'\"]+)"
        ),
        rf"\g<name>{HIDDEN}",
    ),
)


def redact(text: str, secrets: tuple[str, ...] = ()) -> str:
    """Hide ``secrets`` wherever they stand, and what looks like a credential or a query.

    >>> redact("GET https://host/api/v2/private/buy?amount=10&signature=ab12 failed")
    'GET https://host/api/v2/private/buy?[hidden] failed'
    >>> redact("Authorization: deri-hmac-sha256 id=k,ts=1,sig=ab,nonce=2")
    'Authorization: [hidden] [hidden]'
    >>> redact("wrong key abcdef", secrets=("abcdef",))
    'wrong key [hidden]'
    """
    for secret in sorted(secrets, key=len, reverse=True):
        if secret:
            text = text.replace(secret, HIDDEN)
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text


def redact_chain(error: BaseException, secrets: tuple[str, ...] = ()) -> None:
    """Hide secrets in an exception and in all it was raised from: a printed traceback is clean too."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        current = waiting.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        waiting += [current.__cause__, current.__context__]
        waiting += [part for part in current.args if isinstance(part, BaseException)]
        current.args = tuple(
            redact(part, secrets) if isinstance(part, str) else part for part in current.args
        )
