"""How officials of the demo fill in the forms of going back and of clearing (R26–R28)."""

from __future__ import annotations

from typing import Any

from engine.prevention.demo.answers.identification import verification
from engine.prevention.demo.answers.scene import Answers, Scene


def _rollback_check(scene: Scene) -> dict[str, Any]:
    data = verification(scene)
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


ANSWERS: Answers = {
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
}
