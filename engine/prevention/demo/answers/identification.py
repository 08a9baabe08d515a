"""How officials of the demo fill in the forms of an identification (R06–R15)."""

from __future__ import annotations

from typing import Any

from engine.prevention.demo.answers.scene import Answers, Scene


def verification(scene: Scene) -> dict[str, Any]:
    """A check at the door: other checks say of the household what it says."""
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


ANSWERS: Answers = {
    "verification": verification,
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
}
