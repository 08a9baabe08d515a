// 入户排查, the page at the door: works with and without a network. What is entered is kept on the phone first
// and sent when it can be.
import { valuesOf } from "./filled.js";
import { following } from "../kept/households.js";
import { UNSENT } from "../kept/outbox.js";
import { Keeping, unsentOf } from "../kept/keeping.js";
import { HouseholdList, outbox, villages } from "./lists.js";
import { make } from "./make.js";
import { sealed } from "../sent/rescue.js";
import { Sending } from "../sent/sending.js";
import { actFor, begin, list, signed } from "../sent/server.js";
import { uuid } from "../kept/uuid.js";
import { last } from "../kept/vault.js";
import { fill } from "../../page/older.js";
import { Visit } from "./visit.js";

const SIGN = "sign";
const VERSION = 1; // of what the server tells (web/pages/prevention/doorstep.py)
const FRESH = "new";
const FIRST_TIME = "第一次使用要有网络：请到有信号的地方打开一次。";
const NO_LIST = "没有下载下来：请到有信号的地方再试。";
const UPDATED = "软件已更新：请到有信号的地方打开一次。没有上报的都还在本机。";
const CLOSED = "这次集中排查已经结束，或者这个村不再由您排查：不能再填。没有上报的还在本机，可以导出救援文件。";
const BROKEN = "打不开本机的存储：请关掉无痕模式，腾出一些空间，再重新打开。已经存好的不会丢。";
const UNKEPT = "没有存好：本机的存储空间不够，或者被浏览器关闭了。请先联网上报，再存一次。";
const AFTER_TYPING = 400; // milliseconds
const NEEDS = {
  indexedDB: "本机存储",
  "crypto.subtle": "加密（需要 https 网址）",
  "navigator.serviceWorker": "离线打开",
};
const SAID = {
  sending: "正在上报",
  idle: "",
  offline: "没有网络",
  signed_out: "登录已过期",
};

const main = document.querySelector("main");
const pill = document.querySelector("[data-unsent]");
const network = document.querySelector("[data-network]");
const notice = document.querySelector("[data-notice]");

// What this browser lacks for the work without a network, in words.
const lacking = () => Object.keys(NEEDS)
  .filter((path) => !path.split(".").reduce((found, name) => found?.[name], window))
  .map((path) => NEEDS[path]);

class Door {
  async start() {
    navigator.serviceWorker.register("sw.js", { updateViaCache: "none" }).catch(() => {});
    navigator.storage?.persist?.().catch(() => {});
    const told = await begin().catch(() => null);
    const before = await last();
    const account = String(told?.body?.account?.id ?? before ?? "");
    if (told?.status === 401) return this.signIn();
    if (!account) return this.say(FIRST_TIME);
    actFor(account);
    this.keeping = await Keeping.of(account);
    if (told?.body) await this.greet(told.body);
    if (told?.body) await this.remindOf(this.keeping.others);
    if (!this.keeping.begin) return this.say(FIRST_TIME);
    if (this.keeping.begin.version !== VERSION) return this.say(UPDATED);
    this.sending = new Sending(this.keeping, (state) => this.tell(state));
    addEventListener("hashchange", () => this.show());
    this.tell(navigator.onLine === false || !told ? "offline" : "idle");
    await this.show();
    await this.refreshList(told);
    return this.sending.now();
  }

  async greet(told) {
    signed(told.csrf);
    await this.keeping.told(told);
  }

  async remindOf(others) {
    const counted = await Promise.all(others.map((other) => unsentOf(other).catch(() => 0)));
    const many = counted.reduce((sum, one) => sum + one, 0);
    this.reminder = many ? `本机另有别的账号的 ${many} 户没有报完：请让本人登录后上报。` : "";
  }

  // -- what is shown ---------------------------------------------------------------------------------------

  get place() {
    return decodeURIComponent(location.hash.slice(1));
  }

  async show() {
    this.say(...(this.told ?? [this.keeping.doubt, this.reminder]));
    this.told = this.visit = null;
    const key = this.place.startsWith("h=") ? this.place.slice(2) : null;
    if (this.place === "places" || !this.keeping.list) fill(main, this.villages());
    else if (this.place === "out") fill(main, this.outbox());
    else if (key) fill(main, await this.door(key));
    else fill(main, this.households());
    this.tell(this.sending.state);
    scrollTo(0, 0);
  }

  go(place) {
    if (this.place === place) return this.show();
    location.hash = place;
    return null;
  }

  villages() {
    return villages(this.keeping.begin, (campaign, village) => this.download(campaign, village));
  }

  households() {
    const { campaign, list: open } = this.keeping;
    const lists = new HouseholdList(this.keeping, {
      open: (key) => this.go(`h=${key}`),
      fresh: () => this.go(`h=${FRESH}`),
    });
    const change = make("a", { href: "#places" }, "换一个村");
    const head = make("header", {}, make("h1", {}, open.name), make("p", { className: "quiet" },
      `${campaign?.name ?? ""} · `, change));
    this.lists = lists;
    return make("div", {}, head, lists.box);
  }

  outbox() {
    return outbox(this.keeping, {
      open: (entry) => this.reopen(entry),
      send: () => this.sending.now(),
      rescue: () => this.rescue(),
    });
  }

  async door(key) {
    const household = this.keeping.households.find((one) => one.key === key) ?? null;
    const { campaign, today } = this.keeping;
    if (!campaign) return make("p", { className: "panel" }, CLOSED, make("a", { href: "#out" }, "上报情况"));
    const before = household?.entry ? await this.keeping.content(household.entry.uuid) : null;
    const entered = before && valuesOf(before.pairs);
    const values = (await this.keeping.typing(key)) ?? entered ?? this.presets(household);
    const sign = (await this.keeping.fact(SIGN)) ?? "";
    const open = UNSENT.has(household?.entry?.state); // what was sent is signed for; a change is signed anew
    const signatures = (open && before?.signatures) || {};
    const photographed = open ? this.keeping.papersOf(household.entry).length : 0;
    const about = { campaign, household, values, today, sign, signatures, photographed };
    this.visit = new Visit({ ...about, fresh: !household || household.fresh }, {
      keep: (content, papers, own) => this.keep(key, content, papers, own),
      leave: () => history.back(),
    });
    this.keepTyping(key);
    return this.visit.form;
  }

  // A household of any village on this phone.
  async reopen({ campaign, village, household }) {
    const kept = await this.keeping.keptList(campaign, village);
    if (!kept) return this.say(NO_LIST);
    await this.keeping.keepList(kept);
    return this.go(`h=${household}`);
  }

  presets(household) {
    const { presets } = this.keeping.campaign;
    return { ...presets, ...household?.values, [this.keeping.campaign.day]: this.keeping.today };
  }

  // What is being typed outlives a killed browser.
  keepTyping(key) {
    this.visit.form.addEventListener("input", () => {
      clearTimeout(this.timer);
      const { form } = this.visit;
      this.timer = setTimeout(() => this.visit?.form === form
        && this.keeping.keepTyping(key, valuesOf(this.visit.pairs)), AFTER_TYPING);
    });
  }

  async keep(key, content, papers, own) {
    const household = key === FRESH ? `new-${uuid()}` : key;
    try {
      await this.keeping.enter(household, content, papers);
      clearTimeout(this.timer);
      await this.keeping.typed(key);
      if (own) await this.keeping.keepFact(SIGN, own);
    } catch {
      this.say(UNKEPT);
      return scrollTo(0, 0);
    }
    this.sending.go();
    this.told = this.offer(following(this.keeping.households, household));
    return this.go("");
  }

  // What the next page says on top.
  offer(next) {
    if (!next) return ["存好了。名单上的户都查过了。"];
    return ["存好了。", make("a", { href: `#h=${next.key}` }, `下一户：${next.head}`)];
  }

  // -- the network -----------------------------------------------------------------------------------------

  async download(campaign, village) {
    this.say("正在下载名单…");
    const answer = await list(campaign, village).catch(() => null);
    const kept = answer ? null : await this.keeping.keptList(campaign, village);
    if (answer?.status !== 200 && !kept) return this.say(answer?.body?.detail ?? NO_LIST);
    await this.keeping.keepList(kept ?? answer.body);
    return this.go("");
  }

  // The open list is fetched anew whenever the page opens with a network.
  async refreshList(told) {
    const { list: open } = this.keeping;
    if (!told?.body || !open) return;
    const answer = await list(open.campaign, open.village).catch(() => null);
    if (answer?.body?.detail) this.say(answer.body.detail);
    if (answer?.status !== 200) return;
    await this.keeping.keepList(answer.body);
    if (!this.visit) await this.show();
  }

  tell(state) {
    const { unsent, refused } = this.keeping.counts;
    pill.textContent = unsent ? `未上报 ${unsent} 户` : "都已上报";
    pill.classList.toggle("some", unsent > 0);
    pill.classList.toggle("refused", refused > 0);
    network.textContent = SAID[state];
    if (state === "signed_out") this.signIn();
    if (state !== "idle" || this.visit) return;
    if (this.place === "out") fill(main, this.outbox());
    else this.lists?.show();
  }

  signIn() {
    const link = make("a", { href: `/login?next=${encodeURIComponent(location.pathname)}` }, "去登录");
    this.say("登录已过期，或换了账号：本机存的都在，本人登录后自动上报。", link);
  }

  say(...words) {
    fill(notice, ...words.filter(Boolean));
    notice.hidden = !notice.hasChildNodes();
  }

  // -- when nothing goes any more --------------------------------------------------------------------------

  async rescue() {
    const { begin: told } = this.keeping;
    const entries = await this.keeping.unsent();
    const file = await sealed(told.rescue, { account: told.account.id, made: this.keeping.now, entries });
    const url = URL.createObjectURL(new Blob([file], { type: "application/octet-stream" }));
    make("a", { href: url, download: `入户排查救援-${this.keeping.today}-${entries.length}户.shouwang` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
    this.say(`已导出 ${entries.length} 户。上传成功以前，请不要退出登录。`);
  }
}

const missing = lacking();
if (missing.length) {
  notice.hidden = false;
  notice.textContent = `这个浏览器不能离线填写（缺少：${missing.join("、")}）。请换用手机自带浏览器或 Chrome、Edge；`
    + "有网络时也可以从“入户排查”的名单里逐户在线填写。";
} else {
  const door = new Door();
  door.start().catch((error) => {
    door.say(BROKEN);
    throw error;
  });
}
