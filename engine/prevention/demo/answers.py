"""What an official would plausibly fill in, by form key: data for the demo's cases,
validated like anybody's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

from engine.prevention.demo.people import Family
from engine.prevention.register.households.checked import INCOME


@dataclass
class Scene:
    """What an answer may depend on."""

    random: Random
    family: Family
    today: date
    upload: Callable[[str], str]
    """Uploads a picture for a field; answers its id."""
    filled: Callable[[], Mapping[str, Any]] = dict
    """What the form is filled with before anybody types."""
    township: str = ""
    """The code of the household's township."""


def _verification(scene: Scene) -> dict[str, Any]:
    family, random = scene.family, scene.random
    net = family.per_capita * len(family.members)
    wage, subsidy = int(net * random.uniform(0.4, 0.7)), random.randint(300, 2400)
    cost = random.randint(400, 3000)
    rest = max(0, net - wage - subsidy + cost)
    suggest = random.random() < 0.92
    data: dict[str, Any] = {
        "household_type": family.household_type,
        "group_name": family.group_name,
        "phone": family.phone,
        "address": family.address,
        "members": family.members,
        "wage": wage,
        "business": rest,
        "property": 0,
        "pension": 0,
        "allowance_income": 0,
        "subsidy": subsidy,
        "other_transfer": 0,
        "business_cost": cost,
        "medical": random.choice((0, 800, 6500, 42000)) + (30000 if "illness" in family.risks else 0),
        "education": 8000 if "schooling" in family.risks else 600,
        "disaster": 0,
        "other_rigid": 0,
        "education_ok": "yes",
        "medical_ok": "yes",
        "housing_ok": random.choice(("yes",) * 9 + ("no",)),
        "water_ok": "yes",
        "risks": family.risks,
        "risk_text": "近半年来支出明显增加，家庭负担加重。",
        "visited_on": scene.today.isoformat(),
        "investigator_1": "村级调查员",
        "investigator_2": "驻村工作队员",
        "opinion": "suggest" if suggest else "not_suggest",
    }
    if not suggest:
        data["opinion_reason"] = "家庭收入稳定，三保障和饮水均有保障，未发现返贫致贫风险。"
    return data


def _authorisation(scene: Scene) -> dict[str, Any]:
    if scene.random.random() < 0.03:
        return {"signed": "no", "refusal_reason": "担心影响子女，暂不愿意授权查询。"}
    return {
        "signed": "yes",
        "signers": scene.family.head_name,
        "signed_on": scene.today.isoformat(),
        "scan": [scene.upload("scan")],
    }


def _matching_result(scene: Scene) -> dict[str, Any]:
    data: dict[str, Any] = {
        "batch": f"{scene.today:%Y%m}第1批",
        "matched_on": scene.today.isoformat(),
        "effect": "none",
    }
    if scene.random.random() < 0.12:
        data["effect"] = "to_verify"
        finding = {
            "source": "公安",
            "finding": "名下登记小型汽车一辆",
            "amount": 48000,
            "member": scene.family.head_name,
        }
        data["findings"] = [finding]
    return data


def _matching_check(scene: Scene) -> dict[str, Any]:
    told = {"belongs": "yes", "explanation": "车辆已报废，正在办理注销。"}
    rows = scene.filled().get("rows") or []
    return {
        "rows": [{**row, **told} for row in rows],
        "checked_by": "村级调查员",
        "checked_on": scene.today.isoformat(),
    }


def _appraisal(scene: Scene) -> dict[str, Any]:
    number = scene.random.randint(21, 45)
    return {
        "held_on": scene.today.isoformat(),
        "place": "村部会议室",
        "chair": "村党支部书记",
        "attendance": number,
        "favour": number - 2,
        "against": 1,
        "abstain": 1,
        "result": "agreed",
        "minutes": [scene.upload("minutes")],
    }


def _notice(scene: Scene) -> dict[str, Any]:
    return {
        "posted_on": scene.today.isoformat(),
        "place": "村务公开栏",
        "contact": "村监督委员会 0379-66000000",
        "photo": [scene.upload("photo")],
    }


def _review(scene: Scene) -> dict[str, Any]:
    return {
        "outcome": "approve",
        "category": scene.filled().get("category") or "marginal",  # as the rule proposes
        "ground": "家庭支出骤增，基本生活出现严重困难，综合研判予以纳入。",
    }


def _approval(scene: Scene) -> dict[str, Any]:
    filled, refused = scene.filled(), scene.random.random() < 0.04
    if filled.get("matter") != "identification":
        if refused:
            return {"outcome": "reject", "reason": "情况还不稳定，再观察一段时间。"}
        return {"outcome": "approve", "manner": filled.get("manner") or "stable"}
    if refused:
        return {"outcome": "reject", "reason": "比对发现家庭资产状况与申报不符，经复核不宜纳入。"}
    explanation = "车辆为务工代步的旧车，价值较低，不影响认定。"
    return {**_review(scene), "explanation": explanation}


def _announcement(scene: Scene) -> dict[str, Any]:
    return {"posted_on": scene.today.isoformat(), "place": "村务公开栏", "photo": [scene.upload("photo")]}


def _registration(scene: Scene) -> dict[str, Any]:
    number = f"41{scene.random.randrange(10**10):010d}"
    return {
        "national_number": number,
        "entered_on": scene.today.isoformat(),
        "entered_by": "乡镇信息员",
        "reviewed_by": "乡镇分管负责人",
        "archived": True,
    }


def _rollback_check(scene: Scene) -> dict[str, Any]:
    data = _verification(scene)
    unstable = scene.random.random() < 0.85
    facts = "务工收入中断，收入回落，原有风险没有稳定消除。" if unstable else "收入稳定，原有风险已经消除。"
    data.pop("opinion_reason", None)
    return {**data, "opinion": "unstable" if unstable else "stable", "facts": facts}


def _clearance_check(scene: Scene) -> dict[str, Any]:
    return {
        "checked_on": scene.today.isoformat(),
        "investigator_1": "村级调查员",
        "investigator_2": "驻村工作队员",
        "result": "confirmed",
        "facts": "反映的情况属实，有登记材料为证。",
        "evidence": [scene.upload("evidence")],
    }


def _clearance_decision(scene: Scene) -> dict[str, Any]:
    apply = scene.random.random() < 0.8
    return {
        "decided_on": scene.today.isoformat(),
        "meeting": "县工作领导小组会议",
        "outcome": "apply" if apply else "drop",
        "reason": "纳入时不符合条件，应予清退。" if apply else "事实不清，继续帮扶。",
        "minutes": [scene.upload("minutes")],
    }


def _reviewed(scene: Scene) -> dict[str, Any]:
    if scene.random.random() < 0.06:
        return {"outcome": "refuse", "reason": "佐证材料不足以说明情况。"}
    return {"outcome": "agree"}


def _national_consent(scene: Scene) -> dict[str, Any]:
    if scene.random.random() < 0.04:
        return {"outcome": "refused", "reason": "事实依据不充分。"}
    number = scene.random.randrange(1, 200)
    return {
        "outcome": "granted",
        "number": f"国开办备〔{scene.today.year}〕{number}号",
        "consented_on": scene.today.isoformat(),
    }


def _result_told(scene: Scene) -> dict[str, Any]:
    return {
        "told_on": scene.today.isoformat(),
        "manner": "visit",
        "receiver": scene.family.head_name,
        "told_by": "乡镇干部",
        "archived": True,
    }


PEOPLE = "赵国梁 钱立新 孙玉成 李海峰 周明远 吴秀芝 郑凯 王晓东".split()
UNITS = ("乡镇人民政府", "县农业农村局", "县民政局", "县医保局", "县教育局", "县住建局")
DEPARTMENTS = {
    "health": "县医保局",
    "education": "县教育局",
    "safety_net": "县民政局",
    "housing": "县住建局",
    "water": "县水利局",
    "employment": "县人社局",
    "public_post": "县人社局",
    "finance": "县金融办",
}


def _official(scene: Scene) -> dict[str, Any]:
    """One of the township's few officials: the busiest have most households."""
    number = min(int(scene.random.expovariate(0.45)), len(PEOPLE) - 1)
    local = Random(f"{scene.township}:{number}")
    return {
        "name": local.choice("赵钱孙李周吴郑王") + PEOPLE[number][1:],
        "unit": local.choice(UNITS),
        "post": "科员",
        "phone": f"199{local.randrange(10**8):08d}",
        "since": scene.today.isoformat(),
        "public_servant": True,
    }


def _plan(scene: Scene) -> dict[str, Any]:
    rows = []
    for row in scene.filled().get("measures") or []:
        days = scene.random.choice((3, 5, 8, 14, 30, 60, 90, 180))
        rows.append(
            {
                **row,
                "unit": DEPARTMENTS.get(row["type"], "乡镇人民政府"),
                "amount": scene.random.choice((600, 1200, 3000, 5000)),
                "starts_on": scene.today.isoformat(),
                "ends_on": (scene.today + timedelta(days=days)).isoformat(),
            }
        )
    return {
        "goal": "年底人均纯收入稳定超过监测范围，突出问题得到解决。",
        "measures": rows,
        "untreated_reason": "经与农户商量，这项风险已经缓解，暂不安排措施。",
    }


def _archive(scene: Scene) -> dict[str, Any]:
    return {
        **dict.fromkeys(("has_official", "has_plan", "has_declaration", "has_visits", "has_policy"), True),
        "place": "村部档案柜",
        "keeper": "村文书",
        "built_on": scene.today.isoformat(),
    }


def _check(scene: Scene) -> dict[str, Any]:
    filled = scene.filled()
    income = (*INCOME, "business_cost")
    return {
        **{key: filled.get(key) or 0 for key in income},
        **{key: filled.get(key) or "yes" for key in ("education_ok", "medical_ok", "housing_ok", "water_ok")},
        "findings": [{"explanation": "已经安排专人跟进。"} for _ in filled.get("findings") or []],
        "implemented": "yes",
        "precise": "yes",
        "effective": "yes",
        "visited_on": scene.today.isoformat(),
        "investigator": "驻村工作队员",
        "outcome": "adjust" if filled.get("findings") else "in_place",
    }


def _revisit(scene: Scene, per_capita: int) -> dict[str, Any]:
    """What a later check asks as verification does, at another income."""
    asked = _verification(scene)
    left_out = (
        "household_type",
        "group_name",
        "phone",
        "address",
        "risks",
        "risk_text",
        "opinion",
        "opinion_reason",
    )
    kept = {key: value for key, value in asked.items() if key not in left_out}
    wage = max(0, per_capita * len(scene.family.members) - asked["subsidy"] + asked["business_cost"])
    return {**kept, "wage": wage, "business": 0, "medical": 1200}


def _stability_check(scene: Scene) -> dict[str, Any]:
    random, ready = scene.random, scene.random.random() < 0.8
    how = "natural" if random.random() < 0.3 else "helped"
    gone = {"gone": "yes", "how": how, "evidence": "已入户核实，有关证明在档。"}
    checks = [{"risk": risk, **gone} for risk in scene.family.risks]
    data = {
        **_revisit(scene, random.randint(8200, 15000)),
        "half_year_income": 18000,
        "risk_checks": checks,
        "measures_effect": "good" if ready else "some",
        "measures_note": "帮扶措施已经落实，家庭收入增加。",
        "opinion": "eliminate" if ready else "keep",
    }
    return data if ready else {**data, "opinion_reason": "主要劳动力务工时间还短，再观察一段时间。"}


def _look_back(scene: Scene) -> dict[str, Any]:
    chance = scene.random.random()
    data = {
        **_revisit(scene, scene.random.randint(8200, 15000)),
        "income_stable": "yes",
        "risk_stable": "yes",
        "new_risk": "no",
        "opinion": "stable",
        "note": "收入稳定，“三保障”和饮水均有保障。",
    }
    if chance < 0.1:
        flood = {
            "new_risk": "yes",
            "new_risks": ["natural_disaster"],
            "new_risk_text": "连日暴雨，庄稼受灾，收入受损。",
        }
        return {**data, **flood}
    if chance < 0.2:
        return {**data, "income_stable": "no", "opinion": "unstable", "note": "务工收入中断，生活又有困难。"}
    return data


def _told(scene: Scene) -> dict[str, Any]:
    return {
        "told_on": scene.today.isoformat(),
        "manner": "visit",
        "receiver": scene.family.head_name,
        "told_by": "村干部",
    }


def _elimination_record(scene: Scene) -> dict[str, Any]:
    return {
        "contact": scene.family.head_name,
        "contact_phone": scene.family.phone,
        "claims": 0,
        "self_paid": 1200,
        "marked_on": scene.today.isoformat(),
        "entered_by": "乡镇信息员",
        "reviewed_by": "乡镇分管负责人",
        "national_mark": True,
        "archived": True,
    }


ANSWERS: dict[str, Callable[[Scene], dict[str, Any]]] = {
    "verification": _verification,
    "authorisation": _authorisation,
    "unauthorised": lambda scene: {"outcome": "end", "reason": "两次上门说明，农户仍不愿授权。"},
    "exclusion_review": lambda scene: {"outcome": "agree", "reason": "逐项核对，理由成立。"},
    "matching_batch": lambda scene: {
        "batch": f"{scene.today:%Y%m}第1批",
        "submitted_on": scene.today.isoformat(),
    },
    "matching_result": _matching_result,
    "matching_reuse": lambda scene: {"choice": "reuse"},
    "matching_check": _matching_check,
    "appraisal": _appraisal,
    "notice": _notice,
    "notice_end": lambda scene: {"statement": True},
    "objection_finding": lambda scene: {
        "outcome": "dismissed",
        "finding": "反映的车辆已于前年转让，异议不成立。",
    },
    "township_review": _review,
    "county_approval": _approval,
    "announcement": _announcement,
    "registration": _registration,
    "rollback_proposal": lambda scene: {
        "source": "look_back",
        "reason": "回头看发现收入回落，风险没有稳定消除。",
    },
    "rollback_check": _rollback_check,
    "clearance_proposal": lambda scene: {
        "ground": "misidentified",
        "source": "matching",
        "description": "比对发现纳入时名下有注册企业。",
    },
    "clearance_check": _clearance_check,
    "clearance_verification": lambda scene: {"result": "confirmed", "facts": "与村级核实一致。"},
    "household_hearing": lambda scene: {
        "told_on": scene.today.isoformat(),
        "manner": "visit",
        "receiver": scene.family.head_name,
        "told": "拟清退的原因和事实，五天内可以提出意见。",
    },
    "household_answer": lambda scene: {
        "answered_on": scene.today.isoformat(),
        "answered_by": scene.family.head_name,
        "opinion": "agree",
    },
    "clearance_decision": _clearance_decision,
    "county_application": lambda scene: {"reason": "经村、乡、县逐级核实，情况属实。"},
    "city_review": _reviewed,
    "province_review": _reviewed,
    "national_consent": _national_consent,
    "execution": lambda scene: {
        "executed_on": scene.today.isoformat(),
        "executed_by": "省级操作员",
        "receipt": f"HZ{scene.random.randrange(10**8):08d}",
    },
    "refusal_handling": lambda scene: {"outcome": "end", "reason": "没有新的证据，维持原状。"},
    "result_told": _result_told,
    "responsible_official": _official,
    "assistance_plan": _plan,
    "plan_review": lambda scene: {
        "outcome": "approve",
        "pass_reason": "劳动力需要照料重病家人，暂时不能务工。",
    },
    "plan_declaration": lambda scene: {
        "declaration_number": f"BF{scene.today:%Y%m}-{scene.random.randint(1, 999):03d}",
        "declared_on": scene.today.isoformat(),
    },
    "measure_acceptance": lambda scene: {
        "outcome": "accepted",
        "department": "县农业农村局",
        "decided_on": scene.today.isoformat(),
    },
    "assistance_archive": _archive,
    "existing_check": _check,
    "check_confirmation": lambda scene: {"outcome": "agree"},
    "elimination_proposal": lambda scene: {
        "source": "campaign",
        "reason": "收入已经稳定高于监测范围，风险已经消除。",
    },
    "labour_exception": lambda scene: {"outcome": "keep"},
    "stability_check": _stability_check,
    "not_yet_eliminated": _told,
    "household_told": _told,
    "elimination_record": _elimination_record,
    "look_back": _look_back,
    "supervision": lambda scene: {
        "cause": "集中办理期间件数较多，比对结果返回较晚。",
        "measure": "安排专人催办。",
        "promised_on": scene.today.isoformat(),
    },
}
