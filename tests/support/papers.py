"""What officials of the tests fill in: valid data for every form, on a given day."""

from __future__ import annotations

import io
from datetime import date, timedelta
from typing import Any

from PIL import Image

from engine.idnumber import check_digit


def _picture() -> bytes:
    """A small valid photo."""
    packed = io.BytesIO()
    Image.new("RGB", (8, 8), (200, 210, 220)).save(packed, "PNG")
    return packed.getvalue()


HEAD_ID = "41990119750308123"
WIFE_ID = "41990119770612122"
PNG = _picture()


def id_number(first17: str) -> str:
    """The number with its check digit; no division ever had the region."""
    return first17 + check_digit(first17)


def clue(day: date, name: str = "王建国", village: str = "410325103202", **changes: Any) -> dict[str, Any]:
    """A clue about a new household."""
    data = {
        "channel": "cadre_check",
        "discovered_on": day.isoformat(),
        "finder": "网格员",
        "risks": ["illness"],
        "description": "妻子住院，支出较大",
        "village_code": village,
        "head_name": name,
        "id_number": id_number(HEAD_ID),
        "address": f"东沟{len(name)}号",
        "household_type": "ordinary",
    }
    return {**data, **changes}


def member(name: str = "王建国", relation: str = "head", number: str = HEAD_ID, **changes: Any) -> dict[str, Any]:
    """A member's row."""
    row = {
        "name": name,
        "relation": relation,
        "sex": "male",
        "id_type": "id_card",
        "id_number": id_number(number),
        "health": "healthy",
        "labour": "ordinary",
        "medical_insurance": "yes",
    }
    return {**row, **changes}


def verification(day: date, **changes: Any) -> dict[str, Any]:
    """Two people, 12 000 a year: under the line."""
    data = {
        "household_type": "ordinary",
        "address": "东沟1号",
        "members": [member(), member("李秀英", "spouse", WIFE_ID, sex="female", health="serious")],
        "wage": 10000,
        "business": 2000,
        "property": 0,
        "pension": 0,
        "allowance_income": 0,
        "subsidy": 0,
        "other_transfer": 0,
        "business_cost": 0,
        "medical": 20000,
        "education": 0,
        "disaster": 0,
        "other_rigid": 0,
        "education_ok": "yes",
        "medical_ok": "yes",
        "housing_ok": "yes",
        "water_ok": "yes",
        "risks": ["illness"],
        "risk_text": "妻子三月确诊重病",
        "visited_on": day.isoformat(),
        "investigator_1": "张三",
        "investigator_2": "李四",
        "opinion": "suggest",
    }
    return {**data, **changes}


def measure(day: date, risk: str, kind: str, **changes: Any) -> dict[str, Any]:
    """A row of the assistance plan, three months long."""
    row = {
        "risk": risk, "type": kind, "unit": "县医保局", "amount": 3000, "content": f"{kind}的具体安排",
        "starts_on": day.isoformat(), "ends_on": (day + timedelta(days=90)).isoformat(),
    }  # fmt: skip
    return {**row, **changes}


def _assistance(day: date) -> dict[str, dict[str, Any]]:
    """The forms of the assistance and of the check of existing help."""
    when = day.isoformat()
    income = (
        "wage",
        "business",
        "property",
        "pension",
        "allowance_income",
        "subsidy",
        "other_transfer",
        "business_cost",
    )
    return {
        "responsible_official": {
            "name": "赵国梁", "unit": "县农业农村局", "post": "科员", "phone": "13800000001", "since": when,
            "public_servant": True,
        },
        "assistance_plan": {
            "goal": "今年人均纯收入达到 9000 元，医药费负担明显减轻",
            "measures": [measure(day, "illness", "health"), measure(day, "general", "employment")],
        },
        "plan_review": {"outcome": "approve"},
        "plan_declaration": {"declaration_number": "BF-2022-001", "declared_on": when},
        "measure_acceptance": {"outcome": "accepted", "department": "县农业农村局", "decided_on": when},
        "assistance_archive": {
            **dict.fromkeys(("has_official", "has_plan", "has_declaration", "has_visits", "has_policy"), True),
            "place": "村部档案柜", "keeper": "会计", "built_on": when,
        },
        "existing_check": {
            "implemented": "yes", "precise": "yes", "effective": "yes", "visited_on": when, "investigator": "张三",
            **dict.fromkeys(income, 0), "wage": 12000, "education_ok": "yes", "medical_ok": "yes", "housing_ok": "yes",
            "water_ok": "yes", "outcome": "in_place",
        },
        "check_confirmation": {"outcome": "agree"},
        "measure_progress": {"status": "done", "reported_on": when, "effect": "医药费已经报销"},
    }  # fmt: skip


def paper(key: str, day: date, file: str, **changes: Any) -> dict[str, Any]:
    """Valid data for form `key`; `file` is the id of an uploaded file."""
    when = day.isoformat()
    forms: dict[str, dict[str, Any]] = {
        "verification": verification(day),
        "authorisation": {"signed": "yes", "signers": "王建国、李秀英", "signed_on": when, "scan": [file]},
        "unauthorised": {"outcome": "end", "reason": "两次上门，仍不愿授权"},
        "exclusion_review": {"outcome": "agree", "reason": "理由成立"},
        "matching_batch": {"batch": "202205-1", "submitted_on": when},
        "matching_result": {"batch": "202205-1", "matched_on": when, "effect": "none"},
        "appraisal": {
            "held_on": when, "place": "村部", "chair": "支书", "attendance": 30, "favour": 28, "against": 1, "abstain": 1,
            "result": "agreed", "minutes": [file],
        },
        "notice": {"posted_on": when, "place": "公开栏", "contact": "监委会 0379-66000000", "photo": [file]},
        "notice_end": {"statement": True},
        "objection_finding": {"outcome": "dismissed", "finding": "经核查不属实"},
        "township_review": {"outcome": "approve", "category": "marginal"},
        "county_approval": {"outcome": "approve", "category": "marginal"},
        "announcement": {"posted_on": when, "place": "公开栏", "photo": [file]},
        "registration": {
            "national_number": "4100000001", "entered_on": when, "entered_by": "甲", "reviewed_by": "乙", "archived": True,
        },
        "supervision": {"cause": "比对结果返回较晚", "measure": "专人催办", "promised_on": when},
    }  # fmt: skip
    return {**{**forms, **_assistance(day)}[key], **changes}
