"""What groups, kinds and facts of lines are called: those of casework here, those of the field in its kit."""

from __future__ import annotations

from collections.abc import Mapping

from engine.casework import kit

_GROUPS = {
    "access": "登录和查看",
    "accounts": "账号和角色",
    "parameters": "参数",
    "procedure": "流程",
    "papers": "文书",
    "ladder": "通知规则",
    "operation": "运行",
}
_KINDS = {
    "login": "登录",
    "login_failed": "登录失败",
    "login_closed": "输错过多，暂停登录",
    "logout": "退出",
    "refused": "越权被拒绝",
    "reveal": "查看完整号码",
    "export": "导出",
    "export_fetched": "下载导出的文件",
    "attachment": "打开附件",
    "thumbnails": "查看附件小图",
    "wall_link": "开通大屏",
    "wall_revoke": "停用大屏",
    "resend": "重新发送消息",
    "log_read": "查阅日志",
    "log_export": "导出日志",
    "log_verify": "核对日志",
    "account_added": "添加账号",
    "account_changed": "修改账号",
    "accounts_imported": "导入账号",
    "codes": "发放首次登录码",
    "reset": "重置密码",
    "rescued": "在服务器上恢复账号",
    "unlocked": "解锁",
    "disabled": "停用账号",
    "enabled": "启用账号",
    "sessions_ended": "结束登录",
    "handed_over": "交接在办事项",
    "password": "改密码",
    "contacts": "改联系方式",
    "role_asked": "申请角色",
    "role_granted": "同意角色",
    "role_refused": "不同意角色",
    "role_taken": "收回角色",
    "sign_in_rules": "改登录的规定",
    "calendar": "录入节假日",
    "body": "改单位信息",
    "province_installed": "装入省级数据",
    "division_changes": "改区划",
    "rhythm": "设定定期开展",
    "rhythm_stopped": "停止定期开展",
    "backup": "备份",
    "restored": "从备份恢复",
    "deploy": "启用流程",
    "submit": "提交流程审批",
    "approve": "同意流程",
    "send_back": "退回流程",
    "move": "迁移事项",
    "draft": "建流程草稿",
    "draft_rename": "改草稿名称",
    "draft_discard": "丢弃草稿",
    "approval_rule": "改审批规定",
    "issue": "印发文书",
    "renumber": "重新编号",
    "add_rule": "添加通知规则",
    "switch_rule": "启停通知规则",
    "remove_rule": "删除通知规则",
    "start": "开始",
    "complete": "办结",
    "message": "收到消息",
    "timer": "到期",
    "return": "退回",
    "withdraw": "撤回",
    "claim": "领办",
    "release": "放回",
    "reassign": "转办",
    "urge": "催办",
    "cancel": "收回",
}
_FACTS = {
    "address": "地址",
    "name": "名称",
    "account": "账号",
    "to": "接手人",
    "role": "角色",
    "division": "地方",
    "reason": "原因",
    "path": "页面",
    "status": "结果",
    "case": "事项",
    "item": "待办",
    "paper": "文书",
    "number": "编号",
    "key": "流程",
    "username": "登录名",
    "post": "职务",
    "phone": "电话",
    "email": "邮件",
    "act": "要求",
    "check": "第几次核对",
    "first": "从",
    "last": "到",
    "group": "类",
    "kind": "种类",
    "person": "谁",
    "object": "关于",
    "before": "原来",
    "after": "现在",
    "attempts": "次数",
    "minutes": "分钟",
    "hours": "小时",
    "days": "天",
    "months": "间隔（月）",
    "draft": "草稿",
    "link": "大屏",
    "rule": "规则",
    "attachment": "附件",
    "accounts": "账号",
    "changed": "改了",
    "rows": "行",
    "note": "说明",
    "given": "转交",
    "released": "放回",
    "sessions": "登录",
    "year": "年度",
    "from": "起始日期",
    "document": "文号",
    "replaces": "代替",
    "added": "新增",
    "removed": "删去",
    "tokens": "令牌",
    "lines": "条",
    "filter": "条件",
    "import": "第几次导入",
    "roles": "申请的角色",
    "active": "启用",
    "cases": "事项",
    "copy_of": "复制自",
    "event": "事由",
    "failed": "失败的",
    "households": "列入件数",
    "limits": "时限",
    "outbox": "消息",
    "wanted": "要求第二人审批",
    "edition": "区划表",
    "new": "新的",
    "renamed": "改名的",
    "moved": "换上级的",
    "gone": "撤销的",
    "code": "区划代码",
    "divisions": "地方",
    "file": "文件",
    "bytes": "字节",
    "taken": "备份的时间",
}
HIDDEN = frozenset(
    {
        "sha",
        "sha256",
        "files",
        "submission",
        "sent",
        "data",
        "variables",
        "outcome",
        "known_device",
        "method",
        "gate",
    }
)
_OBJECTS = {"case": "事项", "account": "账号", "paper": "文书", "item": "待办"}


def groups() -> Mapping[str, str]:
    """What the streams are called, by the beginning of their names."""
    return {**_GROUPS, **kit.used().log_groups}


def kinds() -> Mapping[str, str]:
    """What the kinds of lines are called."""
    return {**_KINDS, **kit.used().log_kinds}


def objects() -> Mapping[str, str]:
    """What the log can be searched by: 事项 12."""
    return {**_OBJECTS, **kit.used().log_objects}


def kind(key: str) -> str:
    """What a kind is called; one that nobody names is shown by its code."""
    return _KINDS.get(key) or kit.used().log_kinds.get(key, key)


def fact(key: str) -> str:
    """What a fact is called; one that nobody names is shown by its key."""
    return _FACTS.get(key) or kit.used().log_facts.get(key, key)
