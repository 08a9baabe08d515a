"""How the codes of the register read in a sentence, by the column that a rule answers."""

from __future__ import annotations

from collections.abc import Mapping

from engine.prevention.register.naming import CATEGORY_NAMES, STATUS_NAMES, TYPE_NAMES

RISKS = {
    "illness": "因病",
    "disability": "因残",
    "schooling": "因学",
    "natural_disaster": "因自然灾害",
    "accident": "因意外事故",
    "project_failure": "产业项目失败",
    "unstable_work": "务工就业不稳",
    "lack_of_labour": "缺劳动力",
    "housing": "住房",
    "water": "饮水",
    "compulsory_education": "义务教育",
    "income_drop": "收入骤减",
    "other": "其他",
}
_SCHOOLING = {
    "preschool_age": "学龄前儿童",
    "kindergarten": "学前教育",
    "primary": "小学",
    "junior": "初中",
    "senior": "普通高中",
    "vocational": "中职",
    "college": "高职高专",
    "bachelor": "本科",
    "graduate": "硕士研究生及以上",
}
_RELATION = {
    "head": "户主",
    "spouse": "配偶",
    "son": "之子",
    "daughter": "之女",
    "daughter_in_law": "之儿媳",
    "son_in_law": "之女婿",
    "grandson": "之孙子",
    "granddaughter": "之孙女",
    "father": "之父",
    "mother": "之母",
    "father_in_law": "之岳父或公公",
    "mother_in_law": "之岳母或婆婆",
    "sibling": "之兄弟姐妹",
    "other": "其他",
}
WORDS: Mapping[str, Mapping[str, str]] = {
    "category": CATEGORY_NAMES,
    "household_type": TYPE_NAMES,
    "status": STATUS_NAMES,
    "schooling": _SCHOOLING,
    "relation": _RELATION,
    "sex": {"male": "男", "female": "女"},
    "labour": {"lost": "丧失劳动力", "none": "无劳动力"},
    "health": {"healthy": "健康", "chronic": "长期慢性病", "serious": "患有大病", "disabled": "残疾"},
    "medical": {"yes": "达标", "no": "不达标"},
    "id_type": {"id_card": "居民身份证", "disability": "残疾人证", "none": "暂无证件"},
}
