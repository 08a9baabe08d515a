"""The departments that data are shared with (R09, R32): their codes, and what people call them.

What a department's office is called in a place is a body's name (casework.organisation.bodies); these are the
fields of work that the plan names.
"""

DEPARTMENTS = {
    "public_security": "公安",
    "civil_affairs": "民政",
    "medical_insurance": "医保",
    "health": "卫健",
    "human_resources": "人社",
    "disabled_persons": "残联",
    "education": "教育",
    "housing": "住建",
    "water": "水利",
    "market": "市场监管",
    "tax": "税务",
    "natural_resources": "自然资源",
    "finance": "金融",
    "emergency": "应急管理",
    "weather": "气象",
    "agriculture": "农业农村",
}
