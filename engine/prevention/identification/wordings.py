"""The wording of each kind of paper. What it is about and what led to it are the diagram's words;
here is the frame.

A list shows of a household what may hang in public: head, group, number of people, category (domain §7.2); no
ID number, no phone, no risk, no other member's name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from engine.casework.papers.contents import Listed, Terms
from engine.casework.papers.paper import Column, Paper
from engine.ground.clock import written
from engine.prevention.register.naming import HEAD

NONE = "—"
LONG = 12
"""Words of a detail that still fit a narrow column."""


def notice(terms: Terms, listed: Sequence[Listed]) -> Paper:
    """公示 (F7, R10): what is proposed, its period, and where to object."""
    assert terms.ends is not None
    days = (terms.ends - terms.day).days
    paper = Paper(
        kind="notice",
        title=f"关于{terms.matter}的公示",
        number="",
        addressee="",
        paragraphs=(f"{terms.basis}，现将{terms.place}{terms.matter}名单（{_total(listed)}）公示如下：",),
        closing=(
            f"公示期：自{written(terms.day)}起，至{written(terms.ends)}止（满{days}天）。",
            f"对公示内容有异议的，请在公示期内反映，可以匿名。{_to_call(terms)}。",
        ),
        signature=terms.signature,
        dated=written(terms.day),
        seal=terms.seal,
    )
    return _with_list(paper, listed)


def _to_call(terms: Terms) -> str:
    """The contact as it was typed, else the village's, and whom else to call; nobody twice."""
    typed = terms.contact or ("" if terms.contacts else terms.signature)
    others = [f"{who} {phone}" for who, phone in terms.contacts if phone not in typed]
    return f"联系方式：{'；'.join(one for one in (typed, *others) if one)}"


def announcement(terms: Terms, listed: Sequence[Listed]) -> Paper:
    """公告 (R13): the result, in the township's name."""
    paper = Paper(
        kind="announcement",
        title=f"关于{terms.matter}的公告",
        number="",
        addressee="",
        paragraphs=(f"{terms.basis}，{terms.place}以下{len(listed)}户农户{terms.matter}，现予公告：",),
        closing=("特此公告。",),
        signature=terms.signature,
        dated=written(terms.day),
        seal=terms.seal,
    )
    return _with_list(paper, listed)


def proposed_list(terms: Terms, listed: Sequence[Listed]) -> Paper:
    """拟纳入（拟标注）名单 (R11, Q24): the township asks the county to approve."""
    said = f"{terms.basis}，现将{terms.place}{terms.matter}名单（{_total(listed)}）呈报如下："
    paper = _request("proposed_list", f"关于呈报{terms.matter}名单的请示", said, terms)
    return _with_list(paper, listed, "village")


def application(terms: Terms, listed: Sequence[Listed]) -> Paper:
    """回退、清退申请 (F16, R28): a county's list to the city, a province's to the nation. Not for the public."""
    said = f"{terms.basis}，共{_total(listed)}："
    paper = _request("application", f"{terms.place}{terms.matter}名单", said, terms)
    return _with_list(replace(paper, landscape=True), listed, "township", "village")


def _request(kind: str, title: str, said: str, terms: Terms) -> Paper:
    """A list that asks those above for their answer."""
    return Paper(
        kind=kind,
        title=title,
        number="",
        addressee=terms.addressee,
        paragraphs=(said,),
        closing=("妥否，请批示。",),
        signature=terms.signature,
        dated=written(terms.day),
        seal=terms.seal,
    )


def approval_form(terms: Terms, listed: Sequence[Listed]) -> Paper:
    """县级审批表 (F10, R12): the decision on each household, who took it and when."""
    counts = Counter(one.decision or "尚未审批" for one in listed)
    words = "，".join(f"{decision}{count}户" for decision, count in counts.items())
    paper = Paper(
        kind="approval_form",
        title=f"{terms.place}{terms.matter}审批表",
        number="",
        addressee="",
        paragraphs=(f"{terms.basis}，对{terms.matter}名单（{_total(listed)}）审批如下：",),
        closing=(f"以上{len(listed)}户，{words}。",),
        signature=terms.signature,
        dated=written(terms.day),
        seal=terms.seal,
        signers=("经办人", "审核人", "负责人"),
        landscape=True,
    )
    return _with_list(paper, listed, "township", "village", decided=True)


def _total(listed: Sequence[Listed]) -> str:
    return f"{len(listed)}户{sum(one.size for one in listed)}人"


PLACES = {"township": Column("乡镇（街道）", 7), "village": Column("村（社区）", 8)}


def _detail(label: str, listed: Sequence[Listed]) -> Column:
    """A detail's column; sentences get room and begin on the left."""
    longest = max(len(one.details.get(label, "")) for one in listed)
    return Column(label, 8) if longest <= LONG else Column(label, 20, centred=False)


def _with_list(paper: Paper, listed: Sequence[Listed], *places: str, decided: bool = False) -> Paper:
    """The paper with its columns and rows; what no household has makes no column."""
    labels = list(dict.fromkeys(label for one in listed for label, words in one.details.items() if words))
    grouped = any(one.group for one in listed)
    columns = [Column("序号", 3), *(PLACES[place] for place in places)]
    columns += [Column("村民小组", 6)] if grouped else []
    columns += [Column(HEAD, 5), Column("人口", 3), *(_detail(label, listed) for label in labels)]
    columns += [Column("审批意见", 5), Column("审批人", 5), Column("审批日期", 7)] if decided else []
    rows = []
    for number, one in enumerate(listed, 1):
        row = [
            str(number),
            *(getattr(one, place) for place in places),
            *([one.group or NONE] if grouped else []),
        ]
        row += [one.head, str(one.size), *(one.details.get(label, "") or NONE for label in labels)]
        row += [one.decision, one.decider, one.decided_on] if decided else []
        rows.append(tuple(row))
    return replace(paper, columns=tuple(columns), rows=tuple(rows))
