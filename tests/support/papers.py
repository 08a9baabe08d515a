"""What officials of the tests fill in: valid data for every form, on a given day."""

from __future__ import annotations

import io
from datetime import date, timedelta
from typing import Any

from PIL import Image

from engine.ground.idnumber import check_digit
from engine.prevention.register.households.checked import INCOME


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


def member(
    name: str = "王建国", relation: str = "head", number: str = HEAD_ID, **changes: Any
) -> dict[str, Any]:
    """A member's row."""
    row = {
        "name": name,
        "relation": relation,
        "sex": "male" if int(number[16]) % 2 else "female",
        "id_type": "id_card",
        "id_number": id_number(number),
        "health": "healthy",
        "labour": "ordinary",
        "medical_insurance": "yes",
    }
    return {**row, **changes}


def family(name: str, number: str) -> list[dict[str, Any]]:
    """The rows of a head with the ID number `number` and of his wife, whose number nobody else has."""
    order = int(number[14:17])
    wife = (
        WIFE_ID if number.startswith(HEAD_ID) else f"41990{2 + order % 2}{number[6:14]}{order // 2 * 2:03d}"
    )
    wife_row = member("李秀英", "spouse", wife, sex="female", health="serious")
    return [member(name, number=number[:17]), wife_row]


def headed(rows: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    """The rows of a household whose head has that name."""
    return [{**row, "name": name} if row["relation"] == "head" else row for row in rows]


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
        "risk": risk,
        "type": kind,
        "unit": "县医保局",
        "amount": 3000,
        "content": f"{kind}的具体安排",
        "starts_on": day.isoformat(),
        "ends_on": (day + timedelta(days=90)).isoformat(),
    }
    return {**row, **changes}


def _assistance(day: date) -> dict[str, dict[str, Any]]:
    """The forms of the assistance and of the check of existing help."""
    when = day.isoformat()
    income = (*INCOME, "business_cost")
    return {
        "responsible_official": {
            "name": "赵国梁",
            "unit": "县农业农村局",
            "post": "科员",
            "phone": "13800000001",
            "since": when,
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
            **dict.fromkeys(
                ("has_official", "has_plan", "has_declaration", "has_visits", "has_policy"), True
            ),
            "place": "村部档案柜",
            "keeper": "会计",
            "built_on": when,
        },
        "existing_check": {
            "implemented": "yes",
            "precise": "yes",
            "effective": "yes",
            "visited_on": when,
            "investigator": "张三",
            **dict.fromkeys(income, 0),
            "wage": 12000,
            "education_ok": "yes",
            "medical_ok": "yes",
            "housing_ok": "yes",
            "water_ok": "yes",
            "outcome": "in_place",
        },
        "check_confirmation": {"outcome": "agree"},
        "measure_progress": {"status": "done", "reported_on": when, "effect": "医药费已经报销"},
        "screening": {
            "result": "done",
            "visited_on": when,
            "manner": "home",
            "household_size": 3,
            "assured": "yes",
            "above_line": "yes",
            "in_group": "no",
            "declares": "no",
            "collected_by": "调查员甲",
            "partner": "调查员乙",
        },
    }


def corrected(file: str, **changes: Any) -> dict[str, Any]:
    """What a village says of a finding: the value was wrong and has been put right."""
    said = {"answer": "corrected", "old_value": "12000", "new_value": "12350", "proof": [file]}
    return {**said, **changes}


def justified(reason: str = "三年都是低保金，确实相同") -> dict[str, Any]:
    """What a village says of a finding: it is right as it is."""
    return {"answer": "justified", "reason": reason}


def revisit(day: date, **changes: Any) -> dict[str, Any]:
    """What the two later checks ask as verification does, without its own opinion: 24 000 a year,
    above the line.
    """
    kept = (
        "members",
        "wage",
        "business",
        "property",
        "pension",
        "allowance_income",
        "subsidy",
        "other_transfer",
        "business_cost",
        "medical",
        "education",
        "disaster",
        "other_rigid",
        "education_ok",
        "medical_ok",
        "housing_ok",
        "water_ok",
        "visited_on",
        "investigator_1",
        "investigator_2",
    )
    whole = verification(day, wage=22000, medical=2000)
    return {**{key: whole[key] for key in kept}, **changes}


def stability_check(day: date, **changes: Any) -> dict[str, Any]:
    """The wife has recovered with the programme's help."""
    data = {
        "half_year_income": 11000,
        "measures_effect": "good",
        "measures_note": "医疗救助已落实",
        "opinion": "eliminate",
        "risk_checks": [
            {"risk": "illness", "gone": "yes", "how": "helped", "evidence": "已痊愈，出院证明在档"}
        ],
    }
    return revisit(day, **{**data, **changes})


def look_back(day: date, **changes: Any) -> dict[str, Any]:
    """Nothing has changed for the worse."""
    data = {
        "income_stable": "yes",
        "risk_stable": "yes",
        "new_risk": "no",
        "opinion": "stable",
        "note": "收入稳定，生活正常",
    }
    return revisit(day, **{**data, **changes})


def township_module(**changes: Any) -> dict[str, Any]:
    """A township's figures of a year, the register's among them."""
    data = {
        "villages": 12,
        "households": 3400,
        "people": 11200,
        "lifted": 420,
        "monitored": 35,
        "monitored_people": 110,
        "not_eliminated": 21,
        "eliminated": 14,
        "admitted": 6,
        "measures": 40,
        "staff": 5,
        "grid_workers": 60,
        "trained": 180,
        "projects": 3,
        "funds": 56.5,
    }
    return {**data, **changes}


def paper(key: str, day: date, file: str, **changes: Any) -> dict[str, Any]:
    """Valid data for form `key`; `file` is the id of an uploaded file."""
    when = day.isoformat()
    if key == "appraisal" and changes.get("result") == "not_agreed":
        changes = {"favour": 3, "against": 25, "abstain": 2, **changes}  # the result follows the votes
    forms: dict[str, dict[str, Any]] = {
        "verification": verification(day),
        "correction": {"findings": [corrected(file)]},
        "correction_review": {"outcome": "agree"},
        "authorisation": {"signed": "yes", "signers": "王建国、李秀英", "signed_on": when, "scan": [file]},
        "unauthorised": {"outcome": "end", "reason": "两次上门，仍不愿授权"},
        "exclusion_review": {"outcome": "agree", "reason": "理由成立"},
        "matching_batch": {"batch": "202205-1", "submitted_on": when},
        "matching_result": {"batch": "202205-1", "matched_on": when, "effect": "none"},
        "matching_reuse": {"choice": "reuse"},
        "matching_check": {"checked_by": "村级调查员", "checked_on": when},
        "appraisal": {
            "held_on": when,
            "place": "村部",
            "chair": "支书",
            "attendance": 30,
            "favour": 28,
            "against": 1,
            "abstain": 1,
            "result": "agreed",
            "minutes": [file],
        },
        "notice": {"posted_on": when, "place": "公开栏", "contact": "监委会 0379-66000000", "photo": [file]},
        "notice_end": {"statement": True},
        "objection_finding": {"outcome": "dismissed", "finding": "经核查不属实"},
        "township_review": {"outcome": "approve", "category": "marginal"},
        "county_approval": {"outcome": "approve", "category": "marginal"},
        "announcement": {"posted_on": when, "place": "公开栏", "photo": [file]},
        "registration": {
            "national_number": "4100000001",
            "entered_on": when,
            "entered_by": "甲",
            "reviewed_by": "乙",
            "archived": True,
        },
        "rollback_proposal": {
            "source": "look_back",
            "reason": "回头看发现收入回落，房屋漏雨，风险没有稳定消除",
        },
        "rollback_check": {
            **{key: value for key, value in verification(day).items() if key != "opinion"},
            "opinion": "unstable",
            "facts": "务工收入中断，人均纯收入回落到监测范围内",
        },
        "clearance_proposal": {
            "ground": "misidentified",
            "source": "matching",
            "description": "比对发现纳入时名下有注册企业",
        },
        "clearance_check": {
            "checked_on": when,
            "investigator_1": "张三",
            "investigator_2": "李四",
            "result": "confirmed",
            "facts": "企业自二〇二〇年起登记在户主名下",
            "evidence": [file],
        },
        "clearance_verification": {"result": "confirmed", "facts": "与村级核实一致"},
        "household_hearing": {
            "told_on": when,
            "manner": "visit",
            "receiver": "户主",
            "told": "拟清退的原因和事实",
        },
        "household_answer": {"answered_on": when, "answered_by": "户主", "opinion": "agree"},
        "clearance_decision": {
            "decided_on": when,
            "meeting": "县工作领导小组会议",
            "outcome": "apply",
            "reason": "纳入时不符合条件",
            "minutes": [file],
        },
        "county_application": {"reason": "经村、乡、县逐级核实，情况属实"},
        "city_review": {"outcome": "agree"},
        "province_review": {"outcome": "agree"},
        "national_consent": {"outcome": "granted", "number": "国开办备〔2022〕18号", "consented_on": when},
        "execution": {"executed_on": when, "executed_by": "省级操作员", "receipt": "HZ20220001"},
        "refusal_handling": {"outcome": "end", "reason": "没有新的证据"},
        "summary_report": {
            "experience": "网格员逐户走访，部门数据每旬比对。",
            "problems": "外出务工户联系不上。",
            "next_steps": "六月底前补齐外出户。",
            "figures_use": "keep",
        },
        "report_approval": {"approved_by": "张局长", "post": "局长", "approved_on": when},
        "report_scan": {"scan": [file], "sealed_on": when},
        "report_receipt": {"number": "豫监测收〔2022〕7号", "received_on": when},
        "township_module": township_module(),
        "township_module_review": {"outcome": "agree"},
        "result_told": {
            "told_on": when,
            "manner": "visit",
            "receiver": "户主",
            "told_by": "乡镇干部",
            "archived": True,
        },
        "elimination_proposal": {"source": "official", "reason": "收入已经稳定，风险已经消除"},
        "labour_exception": {"outcome": "keep"},
        "stability_check": stability_check(day),
        "not_yet_eliminated": {"told_on": when, "manner": "visit", "receiver": "王建国", "told_by": "村甲"},
        "household_told": {"told_on": when, "manner": "visit", "receiver": "王建国", "told_by": "村甲"},
        "elimination_record": {
            "contact": "王建国",
            "contact_phone": "13900000000",
            "claims": 0,
            "self_paid": 2000,
            "marked_on": when,
            "entered_by": "甲",
            "reviewed_by": "乙",
            "national_mark": True,
            "archived": True,
        },
        "look_back": look_back(day),
        "supervision": {"cause": "比对结果返回较晚", "measure": "专人催办", "promised_on": when},
    }
    return {**{**forms, **_assistance(day)}[key], **changes}
