"""What only programmes run into."""

from __future__ import annotations

from engine.ground.errors import ShouwangError


class Unauthorised(ShouwangError):
    """No valid token."""

    code = "unauthorised"
    status = 401

    def __init__(self) -> None:
        super().__init__("请先用 POST /api/v1/tokens 取得令牌，放在 Authorization: Bearer 里。")
