"""How officials of the demo fill in the forms of help, its checks and its end (R16–R25)."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Any

from engine.prevention.demo.answers.identification import verification
from engine.prevention.demo.answers.scene import Answers, Scene
from engine.prevention.register.households.checked import INCOME

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
    asked = verification(scene)
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


ANSWERS: Answers = {
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
