"""Whom a request comes from, when proxies of our own stand between."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING

from werkzeug.middleware.proxy_fix import ProxyFix

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

MOST_HOPS = 5
SAID = ("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO")
"""What a proxy says of whoever asked it: the address, and whether over TLS."""
NUMBER = "HTTP_X_REQUEST_ID"
"""The number under which a proxy has written the request in its own log."""


@dataclass(frozen=True)
class Proxies:
    """Whose word is taken for who asks: as many proxies as stand before every way to the process, or those at
    the addresses named; nobody's by default.
    """

    hops: int = 0
    networks: tuple[IPv4Network | IPv6Network, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.hops or self.networks)

    @classmethod
    def read(cls, text: str) -> Proxies:
        """From a number, or from addresses and networks with commas between. Raises ValueError."""
        if len(text) == 1 and text in "012345":
            return cls(hops=int(text))
        try:
            return cls(networks=tuple(ip_network(part.strip()) for part in text.split(",")))
        except ValueError as error:
            raise ValueError(
                f"SHOUWANG_TRUSTED_PROXIES 只能是 0 到 {MOST_HOPS}，或代理的地址，如 10.0.0.5,10.1.0.0/24。"
            ) from error

    def before(self, app: WSGIApplication) -> WSGIApplication:
        """The application as it is asked through these proxies."""
        if self.networks:
            return Named(app, self)
        return ProxyFix(app, x_for=self.hops, x_proto=self.hops, x_host=0) if self.hops else app

    def include(self, address: IPv4Address | IPv6Address) -> bool:
        """Whether this is the address of one of them."""
        return any(address in network for network in self.networks)


class Named:
    """Takes the word of the named proxies, and of nobody else: who reaches the process past them is himself.

    Each proxy adds whom it was asked by at the end of X-Forwarded-For. Read from there, the first address
    that is not one of ours is the caller's; what stands before it he may have written himself.
    """

    def __init__(self, app: WSGIApplication, proxies: Proxies) -> None:
        self._app = app
        self._proxies = proxies

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        forwarded, scheme = (environ.pop(name, "") for name in SAID)
        peer = _address(environ.get("REMOTE_ADDR", ""))
        if peer is not None and self._proxies.include(peer):
            environ["REMOTE_ADDR"] = str(self._caller(peer, forwarded))
            if (last := scheme.rpartition(",")[2].strip()) in ("http", "https"):
                environ["wsgi.url_scheme"] = last
        else:
            environ.pop(NUMBER, None)
        return self._app(environ, start)

    def _caller(self, peer: IPv4Address | IPv6Address, forwarded: str) -> IPv4Address | IPv6Address:
        """The last address that is not a proxy of ours; what is no address ends the reading."""
        caller = peer
        for said in reversed(forwarded.split(",")):
            before = _address(said.strip())
            if before is None:
                break
            caller = before
            if not self._proxies.include(caller):
                break
        return caller


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(text)
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found
