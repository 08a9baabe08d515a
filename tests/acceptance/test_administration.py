"""An office looks after itself in the browser: three administrators, a newcomer, and one who leaves."""

from __future__ import annotations

from engine.casework import acts
from tests.support.browser import Official, Site
from tests.support.template import PASSWORD, VILLAGE
from tests.support.world import World

WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
FRESH = "Xin-mima-2026"


def fits(person: Official) -> None:
    """The page fits a phone, and then the desk again."""
    person.page.set_viewport_size({"width": 360, "height": 740})
    assert person.page.evaluate(WIDE) <= 0, person.page.url
    person.page.set_viewport_size({"width": 1280, "height": 900})


def test_a_newcomer_gets_an_account_a_role_and_what_another_had_in_hand(site: Site, past: World) -> None:
    item = past.open_items(past.enter())["verify"]
    acts.claim(past.session, past.official("cun"), item.id, clock=past.clock)
    past.session.commit()

    chief = site.official("xitong")
    chief.go("/login")
    assert chief.page.url.endswith("/administration/accounts"), "begins at the own work"
    fits(chief)
    chief.press(".actions a:has-text('添加账号')")
    chief.page.fill("#username", "Zhang.Min")
    chief.page.fill("#name", "张敏")
    chief.page.fill("#division_code", VILLAGE)
    chief.page.fill("#phone", "12")
    chief.page.select_option("#role", "village_official")
    chief.press("form.panel button:has-text('添加')")
    assert "这不是电话号码" in chief.text and chief.page.input_value("#username") == "Zhang.Min"
    chief.page.fill("#phone", "138 1234 5678")
    chief.press("form.panel button:has-text('添加')")
    code = chief.page.locator("[data-code] strong").inner_text()
    fits(chief)

    guard = site.official("anquan")
    guard.go("/login")
    assert "张敏" in guard.text and "村级经办" in guard.text
    fits(guard)
    guard.page.check("[data-pick-all]")
    guard.press("button:has-text('同意所选的')")
    assert "已授权 1 项" in guard.said

    newcomer = Official(site, "zhang.min", {})
    newcomer.sign_in(code)
    assert newcomer.page.url.endswith("/account/password")
    newcomer.page.fill("#password", FRESH)
    newcomer.page.fill("#again", FRESH)
    newcomer.press("button:has-text('保存新密码')")
    assert newcomer.page.url.endswith("/todo")
    assert not newcomer.page.locator("a:has-text('入户核实')").count() or "村甲" in newcomer.text

    chief.go(f"/administration/accounts/{past.official('cun').id}")
    fits(chief)
    chief.page.click("summary:has-text('停用账号')")
    chief.page.fill("#reason", "调离")
    chief.page.fill("#successor", "zhang.min")
    chief.press("button:has-text('停用'):not(summary *)")
    assert "转交 1 件" in chief.said and "已停用" in chief.text
    newcomer.go(f"/tasks/{item.id}")
    assert newcomer.page.locator("form[data-live]").count(), "hers now"
    newcomer.go("/account")
    assert "登录着的设备" in newcomer.text
    fits(newcomer)
    newcomer.page.context.close()

    auditor = site.official("shenji")
    auditor.go("/login")
    assert "停用账号" in auditor.text and "交接在办事项" in auditor.text
    fits(auditor)
    auditor.page.select_option("[name=kind]", "disabled")
    auditor.press("button:has-text('查找')")
    assert "调离" in auditor.text and "登录失败" not in auditor.page.locator("table").inner_text()
    auditor.press("button:has-text('核对整个日志')")
    auditor.page.wait_for_selector("text=完整：")
    assert PASSWORD not in auditor.text
