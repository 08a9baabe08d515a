"""入户排查 on the telephone: the page, its service worker, and what they ask (R03).

The page works without a network (web/assets/doorstep); what it sends is taken as from any other page, by
`rows.record`. Its session is the cookie's: who is not signed in is sent to the sign-in page.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from gzip import compress
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

from flask import Blueprint, current_app, flash, jsonify, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import generate_csrf
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from engine.casework.models import Account, Division
from engine.flow.forms.page.field import Field
from engine.ground.clock import SYSTEM, local_date
from engine.ground.errors import Invalid, ShouwangError
from engine.prevention.campaign import campaigns
from engine.prevention.identification import entering
from engine.prevention.models import Campaign
from engine.prevention.screening import carried, papers, rows
from engine.prevention.screening.rows import Entry, Outcome
from web.request.arguments import UNSTORABLE, row, storable
from web.request.signing import account
from web.server import clock, rescue
from web.server.database import session

blueprint = Blueprint("doorstep", __name__, url_prefix="/screening")
LOADED = ("app.css", "doorstep.css", "doorstep.js")
WHOSE = "X-Doorstep-Account"
"""Header of the page's requests: the account whose work it sends (web/assets/doorstep/sent/server.js)."""
VERSION = 1
"""Of what the page is told: a page of another version waits until it has been told anew (doorstep.js)."""
SIGNATURES = (
    {"kind": "sign_declares", "words": "自主申报户主签字", "when": {"result": "done", "declares": "yes"}},
    {"kind": "sign_declines", "words": "不自主申报户主签字", "when": {"result": "done", "declares": "no"}},
    {"kind": "sign_investigator", "words": "调查员签字", "when": {}, "own": True},
)
"""Columns 7 to 9 of the form (domain 1.8): whose they are follows from what was answered."""
PRESETS = {"result": "done", "manner": "home", "household_type": "ordinary"}
DAY = "visited_on"
NEW = ("head_name", "id_number", "phone", "group_name", "address", "household_type")
STATUS = {rows.RECORDED: 201, rows.SAME: 200, rows.CONFLICT: 409, rows.REFUSED: 422}
BESIDE = "这户另有一份不同的填报（或已不在您的片区）。两份都已保存，由乡镇核对后确定用哪一份。"


# -- the page --------------------------------------------------------------------------------------


@blueprint.get("/phone/")
def shell() -> str:
    """The page without anybody's data: the browser keeps it for when there is no network."""
    return render_template("prevention/doorstep/shell.html")


@blueprint.get("/phone/sw.js")
def worker() -> Response:
    """The service worker, told of what the page is made of: another release is another text."""
    files = [*(_asset(name) for name in LOADED), url_for("static", filename="icon.svg")]
    release = sha256(json.dumps([shell(), *files]).encode()).hexdigest()[:16]
    told = {"release": release, "page": url_for("doorstep.shell"), "files": files}
    script = Path(current_app.static_folder or "", "dist", Path(_asset("worker.js")).name).read_text()
    answer = Response(f"self.SHELL = {json.dumps(told)};\n{script}", mimetype="text/javascript")
    answer.headers["Cache-Control"] = "no-cache"
    return answer


def _asset(name: str) -> str:
    address = cast(Callable[[str], str], current_app.jinja_env.globals["asset"])
    return address(name)


@blueprint.get("/phone/begin")
def begin() -> Response:
    """Who is signed in, what time it is, which villages of which campaigns, and their forms."""
    offered = carried.offered(session(), account())
    return jsonify(
        version=VERSION,
        account={"id": account().id, "name": account().name},
        csrf=generate_csrf(),
        now=int(clock.now().timestamp() * 1000),
        rescue=rescue.public(_secret()),
        campaigns=[_campaign(campaign, villages) for campaign, villages in offered],
    )


def _campaign(campaign: Campaign, villages: list[Division]) -> dict[str, Any]:
    """A campaign as the page takes it along. Its dates may be as late as its last day: the telephone knows
    which day it is when it is asked, the server when the entry arrives.
    """
    basis = campaigns.basis(session(), campaign)
    facts = basis.form.facts_of(basis.facts, campaign.ends_on)
    fields = basis.form.render({**PRESETS, "collected_by": account().name}, None, facts)
    fresh = [one for group in _known_form() for one in group.children if one.name in NEW]
    return {
        "id": campaign.id,
        "name": campaign.name,
        "villages": [{"code": village.code, "name": village.name} for village in villages],
        "form": render_template("prevention/doorstep/form.html", fields=fields),
        "fresh": render_template("prevention/doorstep/fresh.html", fields=fresh),
        "presets": {**PRESETS, "collected_by": account().name},
        "day": DAY,
        "signatures": SIGNATURES,
    }


def _known_form() -> list[Field]:
    """The fields by which a household is registered, as the form of a clue has them."""
    form = entering.form(session())
    found = form.render({}, None, form.facts_of({}, local_date(clock.now()))) if form else []
    return [one for one in found if one.kind == "group"]


@blueprint.get("/phone/list")
def village() -> Response:
    """The households of a village."""
    campaign_id = row(request.args.get("campaign")) or 0
    code = request.args.get("village", "")
    return _small(jsonify(carried.village(session(), account(), campaign_id, code, clock=clock.clock())))


def _small(answer: Response) -> Response:
    """Compressed: 2000 households are 370 KB, and the network is poor."""
    if request.accept_encodings.quality("gzip"):
        answer.set_data(compress(answer.get_data()))
        answer.headers["Content-Encoding"] = "gzip"
    answer.vary.add("Accept-Encoding")
    return answer


@blueprint.before_request
def of_the_same_account() -> ResponseReturnValue | None:
    """What one person has on the phone is taken under no other's name: on a shared telephone somebody else
    may have signed in meanwhile, in another window.
    """
    whose = request.headers.get(WHOSE)
    if whose is None or whose == str(account().id):
        return None
    return jsonify(detail="登录的是另一个账号：请本人登录后再上报。"), 401


# -- what the page sends ---------------------------------------------------------------------------


@blueprint.post("/phone/entries")
def entries() -> ResponseReturnValue:
    """One entry."""
    sent = request.get_json(silent=True)
    if not isinstance(sent, dict):
        raise Invalid("提交的内容不对。")
    outcome = _recorded(account(), sent)
    return jsonify(_told(outcome)), STATUS[outcome.kind]


def _told(outcome: Outcome) -> dict[str, Any]:
    if outcome.kind == rows.CONFLICT:
        kept = {"household": outcome.household_id, "entry": outcome.row_uuid}
        return {"detail": BESIDE, "kept": True, **kept}
    if outcome.kind == rows.REFUSED:
        general = " ".join(outcome.faults.get("", ()))
        fields = {name: list(said) for name, said in outcome.faults.items()}
        return {"detail": general or "有需要更正的地方。", "fields": fields}
    return {"household": outcome.household_id, "entry": outcome.row_uuid}


def _recorded(actor: Account, sent: Mapping[str, Any]) -> Outcome:
    """Take in an entry as the page made it (web/assets/doorstep/sent/sending.js)."""
    campaign_id = row(str(sent.get("campaign", ""))) or 0
    campaign = campaigns.view(session(), actor, campaign_id)
    typed = _typed(sent.get("pairs"))
    new = {name: typed.get(name, "") for name in NEW} | {"village_code": str(sent.get("village", ""))}
    entry = Entry(
        uuid=str(sent.get("uuid", "")),
        household_id=None if sent.get("fresh") else row(str(sent.get("household", ""))) or 0,
        new_household=new if sent.get("fresh") else None,
        data=campaigns.basis(session(), campaign).form.parse(typed),
        source=rows.PHONE,
        device_at=_instant(sent.get("device_at")),
        replaces=str(sent.get("replaces", "")),
        signatures=_signatures(sent.get("signatures")),
    )
    return rows.record(session(), actor, campaign_id, [entry], clock=clock.clock())[0]


def _typed(pairs: object) -> MultiDict[str, str]:
    found: MultiDict[str, str] = MultiDict()
    for pair in pairs if isinstance(pairs, list) else ():
        if isinstance(pair, list) and len(pair) == 2 and all(isinstance(one, str) for one in pair):
            found.add(pair[0], pair[1])
    return found


def _signatures(told: object) -> dict[str, str]:
    if not isinstance(told, dict):
        return {}
    return {str(kind): text for kind, text in told.items() if isinstance(text, str) and text}


def _instant(text: object) -> datetime | None:
    """What the telephone's clock said; None for what is no instant."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


@blueprint.post("/phone/papers/<uuid>")
def paper(uuid: str) -> ResponseReturnValue:
    """A photo of an entry that has arrived."""
    fresh = papers.add(
        session(),
        account(),
        request.args.get("entry", ""),
        uuid,
        request.args.get("kind", ""),
        request.mimetype,
        request.get_data(),
        clock=clock.clock(),
    )
    return jsonify(), 201 if fresh else 200


# -- when a telephone can send nothing any more ----------------------------------------------------


@blueprint.get("/rescue")
def rescuing() -> str:
    """Where a rescue file is uploaded."""
    return render_template("prevention/doorstep/rescue.html", outcomes=None)


@blueprint.post("/rescue")
def rescued() -> ResponseReturnValue:
    """Take in what stands in a rescue file; what is wrong is said of each household, the rest is kept."""
    upload = request.files.get("file")
    if upload is None or not upload.filename:
        raise Invalid("请选择救援文件。")
    content = rescue.opened(_secret(), upload.read())
    told = content.get("entries")
    found = [one for one in told if isinstance(one, dict)] if isinstance(told, list) else []
    if len(found) > carried.MOST:
        raise Invalid(f"文件里有 {len(found)} 户，一次最多 {carried.MOST} 户：这不是手机导出的救援文件。")
    outcomes = [(_head(one), _attempt(one)) for one in found]
    kept = sum(1 for _, outcome in outcomes if outcome.kind != rows.REFUSED)
    made_by = row(str(content.get("account", "")))
    carried.rescued(session(), account(), made_by, len(found), kept, clock=clock.clock())
    flash(
        f"文件里有 {len(outcomes)} 户，已收下 {kept} 户。", "success" if kept == len(outcomes) else "warning"
    )
    return render_template("prevention/doorstep/rescue.html", outcomes=outcomes)


def _attempt(one: Mapping[str, Any]) -> Outcome:
    sent = {**_content(one), **{name: one.get(name) for name in ("uuid", "campaign", "village", "household")}}
    sent |= {"replaces": one.get("replaces") or "", "device_at": _made(one.get("at"))}
    try:
        if not storable(sent):
            raise Invalid(UNSTORABLE)
        return _recorded(account(), sent)
    except ShouwangError as error:
        return Outcome(str(one.get("uuid", "")), rows.REFUSED, faults={"": [error.message]})


def _content(one: Mapping[str, Any]) -> dict[str, Any]:
    content = one.get("content")
    return content if isinstance(content, dict) else {}


def _made(at: object) -> str:
    """The instant of a telephone's milliseconds, as text; '' for what is none."""
    try:
        return datetime.fromtimestamp(float(str(at)) / 1000, SYSTEM.now().tzinfo).isoformat()
    except (ValueError, OverflowError, OSError):
        return ""


def _head(one: Mapping[str, Any]) -> str:
    """Whose household an entry is about, as far as the file says."""
    return str(_content(one).get("head") or "")[:40]


def _secret() -> str:
    secret = current_app.secret_key
    assert isinstance(secret, str)
    return secret
