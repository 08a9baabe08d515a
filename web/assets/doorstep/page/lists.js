// The village's list and what stands unsent, as elements.
import { STATES, found, tally } from "../kept/households.js";
import { fill } from "../../page/older.js";
import { make } from "./make.js";

const FILTERS = { "": "全部", ...STATES };
const FIRST = 60; // rows at once: a phone draws these in an instant, and people search for the others

// Which village: `choose(campaign, village)`.
export function villages(begin, choose) {
  const rows = begin.campaigns.flatMap((campaign) => campaign.villages.map((village) => {
    const pick = () => choose(campaign.id, village.code);
    const words = [make("b", {}, village.name), make("span", { className: "quiet" }, campaign.name)];
    return make("li", {}, make("button", { type: "button", className: "place", onclick: pick }, words));
  }));
  if (!rows.length) return make("p", { className: "panel" }, "现在没有您可以入户排查的村：县里还没有布置，或者还没有分给您。");
  return make("section", {}, make("h1", {}, "先把名单下载到手机"), make("ul", { className: "places" }, rows));
}

export class HouseholdList {
  constructor(keeping, { open, fresh }) {
    Object.assign(this, { keeping, open, words: "", state: "", most: FIRST });
    this.search = make("input", { type: "search", className: "form-control", placeholder: "姓名、组、证件尾号" });
    this.search.setAttribute("aria-label", "查找农户");
    this.search.addEventListener("input", () => this.narrow({ words: this.search.value }));
    this.filters = make("div", { className: "filters", role: "group" });
    this.filters.setAttribute("aria-label", "按状态看");
    this.rows = make("ol", { className: "households" });
    this.rest = make("button", { type: "button", className: "btn btn-outline-secondary w-100" });
    this.rest.addEventListener("click", () => this.narrow({ most: this.most + 5 * FIRST }));
    const add = make(
      "button",
      { type: "button", className: "btn btn-outline-secondary w-100", onclick: fresh },
      "名单上没有的户",
    );
    this.box = make("section", {}, this.search, this.filters, this.rows, this.rest, add);
    this.show();
  }

  narrow(change) {
    Object.assign(this, change);
    if (!("most" in change)) this.most = FIRST;
    this.show();
  }

  show() {
    const all = this.keeping.households;
    const counted = tally(all);
    const chosen = found(all, this.words, this.state);
    const chips = Object.entries(FILTERS).map(([state, words]) => this.filter(state, words, counted));
    fill(this.filters, ...chips);
    fill(this.rows, ...chosen.slice(0, this.most).map((one) => this.row(one)));
    const more = chosen.length - this.most;
    this.rest.hidden = more <= 0;
    this.rest.textContent = `还有 ${more} 户，再显示一些`;
    if (!chosen.length) this.rows.append(make("li", { className: "none quiet" }, "没有这样的户。"));
  }

  filter(state, words, counted) {
    const many = counted[state || "all"];
    const chip = make("button", { type: "button", className: "chip" }, `${words} ${many}`);
    chip.setAttribute("aria-pressed", String(this.state === state));
    chip.hidden = !many && Boolean(state) && this.state !== state;
    chip.addEventListener("click", () => this.narrow({ state }));
    return chip;
  }

  row(one) {
    const facts = [one.group, one.size && `${one.size} 人`, one.tail && `尾号 ${one.tail}`].filter(Boolean);
    const button = make(
      "button",
      { type: "button", className: "household", onclick: () => this.open(one.key) },
      make("b", {}, one.head),
      make("span", { className: "quiet" }, facts.join(" · ")),
      make("span", { className: `standing ${one.state}` }, STATES[one.state]),
    );
    return make("li", {}, button);
  }
}

// What stands unsent, and what the server has not taken, with its reasons.
export function outbox(keeping, { open, send, rescue }) {
  const rows = keeping.pending.map((one) => make("li", {},
    make(
      "button",
      { type: "button", className: "household", onclick: () => open(one.entry) },
      make("b", {}, one.head),
      make("span", { className: `standing ${one.state}` }, STATES[one.state]),
      one.faults.map((sentence) => make("span", { className: "wrong" }, sentence)),
    )));
  const { unsent, papers } = keeping.counts;
  const words = unsent || papers
    ? `未上报 ${unsent} 户${papers ? `，未上传的签名和照片 ${papers} 件` : ""}。`
    : "都已上报。";
  const saving = act("btn-outline-secondary", rescue, "导出救援文件");
  saving.disabled = !unsent;
  return make(
    "section",
    { className: "outbox" },
    make("h1", {}, "上报情况"),
    make("p", {}, words),
    make("div", { className: "acts" }, act("btn-primary", send, "现在上报"), saving),
    make("p", { className: "quiet small" },
      "手机坏了、登不上、总报不上去时：导出救援文件，在电脑上登录，或交给同事，在“更多—上传救援文件”里上传。"
      + "文件是加密的，只有服务器能打开。"),
    make("ol", { className: "households" }, rows),
  );
}

const act = (look, onclick, words) => (
  make("button", { type: "button", className: `btn ${look}`, onclick }, words)
);
