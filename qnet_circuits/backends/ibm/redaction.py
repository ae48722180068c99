"""Credentials are never shown: keys, tokens and resource names are removed from all messages of a client."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterable

from qnet_circuits.secrecy import Unpicklable

MASK = "[hidden]"
#: The environment variables of IBM's client that hold what must stay hidden.
_VARIABLES = ("QISKIT_IBM_TOKEN", "QISKIT_IBM_INSTANCE")
_PATTERNS = (
    re.compile(r"crn(?::|%3A)[^\s\"'<>,;)]*", re.IGNORECASE),  # A cloud resource name, as it is or in a URL.
    re.compile(r"\beyJ[\w-]+(?:\.[\w-]*)*"),  # A JSON web token.
    re.compile(r"(?<=\bBearer )\S+|(?<=\bapikey[ =])[^\s&\"']+", re.IGNORECASE),
    re.compile(r"(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"),  # A user and password in a URL.
    re.compile(r"\b[\w-]{40,}\b"),  # An API key: longer than any id that messages need.
)
#: Loggers of the client and of what it sends its requests with.
_LOGGERS = (
    "qiskit_ibm_runtime",
    "ibm-cloud-sdk-core",
    "ibm_cloud_sdk_core",
    "ibm_platform_services",
    "urllib3",
)


class Redactor(Unpicklable):
    """Removes secrets from text.

    Args:
        secrets: Known secrets. Any text that looks like a key, token or resource name is removed too.

    Example:
        >>> Redactor(["swordfish"])("key swordfish, instance crn:v1:bluemix:public, Bearer abc")
        'key [hidden], instance [hidden], Bearer [hidden]'
    """

    def __init__(self, secrets: Iterable[str | None] = ()) -> None:
        self._secrets: set[str] = set()
        self.learn([*secrets, *(os.environ.get(name) for name in _VARIABLES)])

    def learn(self, secrets: Iterable[str | None]) -> None:
        """Add secrets to hide."""
        # "auto" and the like are no secrets, and would be cut out of ordinary words.
        self._secrets.update(secret for secret in secrets if secret and len(secret) > 7)

    def __repr__(self) -> str:
        return "Redactor()"

    def __call__(self, text: str) -> str:
        """Return a text without secrets."""
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, MASK)
        for pattern in _PATTERNS:
            text = pattern.sub(MASK, text)
        return text

    def guard_logs(self) -> None:
        """Hide secrets in the client's loggers too. Loggers that appear later are covered after another call."""
        for name in list(logging.root.manager.loggerDict):
            if name.partition(".")[0] in _LOGGERS:
                logger = logging.getLogger(name)
                for old in [each for each in logger.filters if isinstance(each, _Filter)]:
                    logger.removeFilter(old)
                logger.addFilter(_Filter(self))


class _Filter(logging.Filter):
    """Rewrites log records. Tracebacks are left out, since their text may contain secrets."""

    def __init__(self, redact: Redactor) -> None:
        super().__init__()
        self._redact = redact

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = self._redact(record.getMessage()), ()
        record.exc_info = record.exc_text = record.stack_info = None
        return True
