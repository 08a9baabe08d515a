from datetime import timedelta
from tests.support.hazards import settle, report, raise_all
from tests.support.template import OTHER_VILLAGE, VILLAGE
from tests.integration import test_hazards as th
from engine.prevention.hazards.watch import weekly, labels
from engine.casework.models import CaseFile
def test_shots(site, past):
    settle(past, {VILLAGE: 20, OTHER_VILLAGE: 14})
    settle(past, {OTHER_VILLAGE: 16}, status="monitored")
    hz = report(past, ["410325103000","410325102000"])
    th._to_follow(past, hz, 4)
    raise_all(past, hz)
    labels.put(past.session, past.official("xian"), VILLAGE, "weak_organisation", "县委组织部2022年排查认定", past.today, clock=past.clock)
    labels.put(past.session, past.official("xian"), OTHER_VILLAGE, "other", "水库移民村", past.today, clock=past.clock)
    while weekly.go_on(past.session, site.now): pass
    past.session.commit()
    site.go_to(6)
    case = th._case(past, hz)
    item = past.open_items(case)["follow"]
    act = past.session.execute(__import__("sqlalchemy").text("select id from hazard_act")).scalar()
    m = past.session.execute(__import__("sqlalchemy").text("select id from hazard_measure")).scalar()
    c = site.official("xian")
    for name, path in {"list":"/hazards","new":"/hazards/new","show":f"/hazards/{hz.id}","clues":f"/hazards/{hz.id}/clues","pick":f"/hazards/{hz.id}/clues/{VILLAGE}","done":f"/hazards/acts/{act}","measure":f"/hazards/measures/{m}","watch":"/watch","case":f"/cases/{case.id}","task":f"/tasks/{item.id}","archive":f"/cases/{case.id}/archive","places":f"/hazards/{hz.id}/places","todo":f"/todo","bell":"/bell", "more":"/more"}.items():
        for w in (1280, 360):
            c.page.set_viewport_size({"width": w, "height": 900})
            print(name, c.go(path), c.page.evaluate("document.documentElement.scrollWidth"))
            c.page.wait_for_timeout(300)
            c.page.screenshot(path=f"/tmp/shots-haz/{name}-{w}.png", full_page=True)
    v = site.official("cun")
    print(v.go(f"/hazards/{hz.id}"), v.go(f"/hazards/{hz.id}/clues"), v.go(f"/hazards/{hz.id}/households.xlsx"))  if False else None
