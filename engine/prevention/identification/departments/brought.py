"""What departments' lists bring to the field: their file, and the round that tells of them."""

from engine.casework.kit import Kit
from engine.prevention.identification.departments import sheets, telling

KIT = Kit(
    imports={sheets.NAME: sheets.KIND},
    rounds=(telling.tell_due,),
    log_kinds={
        "department_threshold": "设定部门预警的标准",
        "department_row": "核对部门信息",
        "department_token": "发放部门的令牌",
        "department_token_end": "收回部门的令牌",
        "department_token_ended": "收回部门的令牌",  # lines of before, on SQLite
    },
    log_facts={
        "department": "部门",
        "matter": "事项",
        "basis": "按什么算",
        "for_key": "低收入人口的标准",
        "for_others": "其他农户的标准",
        "token": "令牌",
        "row": "条目",
    },
)
