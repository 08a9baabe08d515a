// What this phone holds for one account, in memory and in the vault: who it is, the village's list, entries
// and papers. Whatever is entered is in the vault before anybody is told that it is kept.
import { UNSENT, counts, held, latest, newest, replaces, settled, typingOf, unanswered } from "./outbox.js";
import { standing } from "./households.js";
import { uuid } from "./uuid.js";
import { drop, opened, remember, unsent } from "./vault.js";
import * as watch from "./watch.js";

const BEGIN = "begin";
const TIME = "time";
const OPEN = ["list"]; // the facts that are no secret: which list is open
const PERSONAL = new Set(["id_number", "phone"]);

export class Keeping {
  static async of(account) {
    const others = await remember(account);
    const found = new Keeping(await opened(account));
    found.others = others;
    await found.load();
    return found;
  }

  constructor(vault) {
    Object.assign(this, { vault, begin: null, list: null, entries: [], papers: [], time: null });
    this.heads = new Map(); // who an entry is about, by its uuid: on the disk that is sealed
  }

  async load() {
    this.begin = await this.fact(BEGIN);
    this.time = await this.fact(TIME);
    await this.refresh();
    const place = await this.fact(OPEN[0]);
    this.list = place && (await this.vault.get("lists", place));
  }

  // What stands in the vault by now: another window may have entered and sent.
  async refresh() {
    this.entries = await this.vault.all("entries");
    this.papers = await this.vault.all("papers");
    for (const { uuid } of this.entries)
      if (!this.heads.has(uuid)) this.heads.set(uuid, (await this.content(uuid))?.head ?? "（读不出来）");
  }

  fact = (name) => this.vault.get("facts", name);
  keepFact = (name, value) => this.vault.put("facts", { name }, value);

  // -- what the server told ----------------------------------------------------------------------------

  async told(begin) {
    this.begin = begin;
    this.time = watch.told(begin.now, Date.now());
    await this.keepFact(BEGIN, begin);
    await this.keepFact(TIME, this.time);
  }

  keptList = (campaign, village) => this.vault.get("lists", `${campaign}/${village}`);

  async keepList(list) {
    const place = `${list.campaign}/${list.village}`;
    await this.vault.put("lists", { place }, list);
    await this.keepFact(OPEN[0], place);
    this.list = list;
  }

  get campaign() {
    return this.begin?.campaigns.find(({ id }) => id === this.list?.campaign) ?? null;
  }

  // -- the time ------------------------------------------------------------------------------------------

  get now() {
    return watch.right(Date.now(), this.time);
  }

  get today() {
    return watch.day(this.now);
  }

  get doubt() {
    return watch.doubt(Date.now(), this.time);
  }

  tick() {
    this.time = watch.seen(Date.now(), this.time);
    return this.keepFact(TIME, this.time);
  }

  // -- households and entries ----------------------------------------------------------------------------

  get here() {
    const { campaign, village } = this.list ?? {};
    return this.entries.filter((one) => one.campaign === campaign && one.village === village);
  }

  // Households that the list does not have, yet or any more, stand behind it.
  get households() {
    if (!this.list) return [];
    const known = new Set(this.list.households.map(({ key }) => key));
    const made = [...latest(this.here).values()].filter(({ household }) => !known.has(household));
    const fresh = made.map(({ uuid, household }) => (
      { key: household, head: this.heads.get(uuid), fresh: household.startsWith("new-") }
    ));
    return standing([...this.list.households, ...fresh], this.here);
  }

  get counts() {
    return counts(this.entries, this.papers);
  }

  // What was entered; null where the phone cannot read it any more: one damaged entry stops nothing else.
  content = (uuid) => this.vault.get("entries", uuid).catch(() => null);

  papersOf = (entry) => this.papers.filter((one) => one.entry === entry?.uuid);

  // What has not come to its end, of every village on this phone, each with the sentences about it.
  get pending() {
    const lost = (entry) => this.papersOf(entry).filter(({ state }) => state === "refused");
    return newest(this.entries).map((entry) => {
      const papers = lost(entry).flatMap(({ faults }) => faults.map((said) => `照片没有收下：${said}`));
      const faults = [...(entry.faults ?? []), ...new Set(papers)];
      return { key: entry.household, head: this.heads.get(entry.uuid), state: entry.state, entry, faults };
    }).filter(({ state, faults }) => state !== "sent" || faults.length);
  }

  // What is being typed of a household, each for itself: whoever is called away comes back to it.
  typing = (household) => this.fact(typingOf(this.placed(household)));
  keepTyping = (household, values) => this.keepFact(typingOf(this.placed(household)), values);
  typed = (household) => this.vault.write({}, { facts: [typingOf(this.placed(household))] });
  placed = (household) => `${this.list.campaign}/${this.list.village}/${household}`;

  // Keep what was entered of a household at the door; it takes the place of what is not sent of it yet, and
  // takes its papers over: nobody goes to the door again for a slip. `papers`: [{kind, type, body}].
  async enter(household, content, papers) {
    await this.refresh();
    const before = latest(this.here).get(household) ?? null;
    const entry = this.opened(household, before);
    const made = papers.map(({ kind, type }) => paperOf(entry, kind, type));
    const gone = UNSENT.has(before?.state) ? before : null;
    const over = await Promise.all(this.papersOf(gone).map(({ uuid }) => this.vault.read("papers", uuid)));
    const taken = over.map((row) => ({ ...row, entry: entry.uuid }));
    const rows = await Promise.all(made.map((one, at) => this.vault.row(one, papers[at].body)));
    await this.vault.write(
      { entries: [await this.vault.row(entry, content)], papers: [...taken, ...rows] },
      { entries: gone ? [gone.uuid] : [] },
    );
    this.heads.set(entry.uuid, content.head);
    await this.refresh();
    await this.tick();
  }

  opened(household, before) {
    const known = this.list.households.find(({ key }) => key === household)?.uuid ?? "";
    const { campaign, village } = this.list;
    const replaced = before ? replaces(before) : known;
    const made = { uuid: uuid(), state: "waiting", at: Date.now() };
    return { ...made, household, campaign, village, replaces: replaced };
  }

  // -- sending -------------------------------------------------------------------------------------------

  async answered(store, one, answer) {
    const { one: found, stop } = answer ? settled(one, answer, Date.now()) : unanswered(one, Date.now());
    await this.vault.mark(store, found);
    if (store === "entries" && found.household !== one.household) await this.forget(found);
    this[store] = this[store].map((each) => (each.uuid === found.uuid ? found : each));
    if (store === "papers" && found.state === "sent") await this.vault.write({}, { papers: [found.uuid] });
    return stop;
  }

  // Who was new here is registered now: the whole ID number stays on no phone (domain 7.2).
  async forget(entry) {
    const { pairs, ...content } = await this.content(entry.uuid);
    const kept = pairs.filter(([name]) => !PERSONAL.has(name));
    const row = await this.vault.row(entry, { ...content, pairs: kept, fresh: false });
    await this.vault.write({ entries: [row] });
  }

  // What nobody can send from here: for the rescue file.
  async unsent() {
    const entries = this.entries.filter(({ state }) => UNSENT.has(state));
    return Promise.all(entries.map(async (one) => ({ ...one, content: await this.content(one.uuid) })));
  }
}

const paperOf = (entry, kind, type) => ({
  uuid: uuid(),
  entry: entry.uuid,
  kind,
  type,
  state: "waiting",
  at: entry.at,
});

// How many households another account has unsent here. Where nothing of it waits, all of it goes: whoever
// signs in has signed the other out of this phone.
export async function unsentOf(other) {
  const found = await unsent(other, held);
  const many = found ? found.unsent || found.papers || found.typing : 0;
  if (!many) await drop(other);
  return many;
}
