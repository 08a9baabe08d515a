"""The channels out of the system: e-mail by SMTP, and the robots of group chats by webhook.

Addresses of servers and robots come from the configuration alone. A webhook is called once where it is
written: no redirect is followed, no proxy of the environment is used, little of the answer is read.
"""

from __future__ import annotations

import http.client
import json
import smtplib
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import parseaddr
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from engine.casework.telling.outbox import Channel, DeliveryError, Message

TIMEOUT = 10.0
"""Seconds that a server may take for one answer."""
MAX_ANSWER = 10_000
"""Bytes of an answer that are read."""


@dataclass(frozen=True)
class Servers:
    """Where messages go; empty: that channel is not used."""

    smtp_host: str = ""
    smtp_port: int = 25
    smtp_security: str = "starttls"  # none, starttls, tls
    smtp_user: str = ""
    smtp_password: str = field(default="", repr=False)
    smtp_sender: str = ""
    webhooks: Mapping[str, str] = field(default_factory=dict, repr=False)  # address by name
    timeout: float = TIMEOUT


def channels(servers: Servers) -> dict[str, Channel]:
    """The channels that are set up, by name."""
    found: dict[str, Channel] = {}
    if servers.smtp_host:
        found["email"] = lambda message: send_email(servers, message)
    if servers.webhooks:
        found["webhook"] = lambda message: call_webhook(servers, message)
    return found


def read_webhooks(text: str) -> dict[str, str]:
    """``县局=https://…;市局=https://…`` as addresses by name.

    Raises ValueError for what is no http(s) address.
    """
    found = {}
    for part in filter(None, (one.strip() for one in text.split(";"))):
        name, separator, address = part.partition("=")
        target = urlsplit(address.strip())
        if not separator or not name.strip() or target.scheme not in ("http", "https") or not target.hostname:
            raise ValueError(f"SHOUWANG_WEBHOOKS：“{name.strip()}”没有写成“名称=https://地址”。")
        found[name.strip()[:40]] = address.strip()
    return found


def _why(error: Exception, timeout: float) -> str:
    """What an administrator is told of a connection that failed; every reason contains what to look at."""
    inner = (
        error.reason
        if isinstance(error, urllib.error.URLError) and isinstance(error.reason, Exception)
        else error
    )
    inner = inner.__context__ if isinstance(inner.__context__, TimeoutError) else inner  # smtplib hides it
    reasons: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
        (TimeoutError, f"{timeout:g} 秒内没有答复"),
        (ConnectionRefusedError, "连不上：拒绝连接，请核对地址和端口"),
        (socket.gaierror, "连不上：找不到这个名称，请核对地址"),
        (ssl.SSLError, "连不上：加密连接没有建立，请核对证书和加密方式"),
        (
            (ConnectionError, smtplib.SMTPServerDisconnected, http.client.RemoteDisconnected),
            "没有答复就断开了连接",
        ),
    )
    return next(
        (words for kind, words in reasons if isinstance(inner, kind)), f"连不上（{type(inner).__name__}）"
    )


# -- e-mail ----------------------------------------------------------------------------------------


def send_email(servers: Servers, message: Message) -> None:
    """Hand a message to the SMTP server. Raises DeliveryError."""
    try:
        with _connected(servers) as server:
            if servers.smtp_user:
                server.login(servers.smtp_user, servers.smtp_password)
            server.send_message(_email(servers, message))
    except smtplib.SMTPResponseException as error:
        final = 500 <= error.smtp_code < 600 and not isinstance(error, smtplib.SMTPAuthenticationError)
        raise DeliveryError(f"邮件服务器拒绝：{error.smtp_code}。", final=final) from error
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        raise DeliveryError(
            "邮件服务器不接受这个收件地址。", final=all(code >= 500 for code in codes)
        ) from error
    except (smtplib.SMTPException, OSError) as error:
        raise DeliveryError(f"邮件服务器{_why(error, servers.timeout)}。") from error


def _connected(servers: Servers) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if servers.smtp_security == "tls":
        return smtplib.SMTP_SSL(
            servers.smtp_host, servers.smtp_port, timeout=servers.timeout, context=context
        )
    server = smtplib.SMTP(servers.smtp_host, servers.smtp_port, timeout=servers.timeout)
    if servers.smtp_security == "starttls":
        server.starttls(context=context)
    return server


def _email(servers: Servers, message: Message) -> EmailMessage:
    """The same key makes the same Message-ID, so that a second copy can be known."""
    sender = servers.smtp_sender or servers.smtp_user
    mail = EmailMessage()
    _, address = parseaddr(sender)
    domain = address.partition("@")[2] or "shouwang.invalid"
    mail["From"] = Address("守望", addr_spec=address) if address else sender
    mail["To"] = message.target
    mail["Subject"] = message.subject
    mail["Message-ID"] = f"<{sha256(message.key.encode()).hexdigest()[:32]}@{domain}>"
    mail["X-Shouwang-Key"] = sha256(message.key.encode()).hexdigest()[:32]
    mail.set_content(message.text)
    return mail


# -- webhooks --------------------------------------------------------------------------------------


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect could lead a call to an address that nobody has configured."""

    def redirect_request(self, *_: Any) -> None:
        """Follow none."""


def call_webhook(servers: Servers, message: Message) -> None:
    """Post a text message as WeCom's and DingTalk's robots take it. Raises DeliveryError."""
    address = servers.webhooks.get(message.target)
    if address is None:
        raise DeliveryError(f"设置里没有名为“{message.target}”的机器人。", final=True)
    key = sha256(message.key.encode()).hexdigest()[:32]
    body = {"msgtype": "text", "text": {"content": f"{message.subject}\n{message.text}"}}
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "Idempotency-Key": key,
        "User-Agent": "Shouwang",
    }
    request = urllib.request.Request(
        address, json.dumps(body, ensure_ascii=False).encode(), headers, method="POST"
    )
    opener = urllib.request.build_opener(_NoRedirect, urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=servers.timeout) as answer:
            told = answer.read(MAX_ANSWER)
    except urllib.error.HTTPError as error:
        raise DeliveryError(f"机器人的服务器答复 {error.code}。") from error
    except (OSError, http.client.HTTPException) as error:
        raise DeliveryError(f"机器人的服务器{_why(error, servers.timeout)}。") from error
    _require_taken(told)


def _require_taken(told: bytes) -> None:
    """These robots answer 200 even when they refuse, with a number in the body."""
    try:
        answer = json.loads(told or b"{}")
    except ValueError:
        return
    number = answer.get("errcode", 0) if isinstance(answer, dict) else 0
    if number:
        raise DeliveryError(f"机器人没有接受（errcode {number}）。")
