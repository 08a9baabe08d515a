"""What only programmes run into."""

from __future__ import annotations

from engine.ground.errors import ShouwangError


class Unauthorised(ShouwangError):
    """No valid token."""

    code = "unauthorised"
    status = 401

    def __init__(self) -> None:
        super().__init__("请先用 POST /api/v1/tokens 取得令牌，放在 Authorization: Bearer 里。")


class PasswordDue(ShouwangError):
    """Whoever has a first code, or an old password, sets a new one in the browser first."""

    code = "password_due"
    status = 403

    def __init__(self) -> None:
        super().__init__("请先用浏览器登录，设定新密码，再用接口。")
