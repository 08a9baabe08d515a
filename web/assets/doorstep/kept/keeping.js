// What this phone holds for one account, in memory and in the vault: who it is, the village's list, entries
// and papers. Whatever is entered is in the vault before anybody is told that it is kept.
import { UNSENT, counts, latest, replaces, settled, unanswered } from "./outbox.js";
import { standing } from "./households.js";
import { uuid } from "./uuid.js";
import { opened, remember, unsent } from "./vault.js";
import * as watch from "./watch.js";

const BEGIN = "begin";
const TIME = "time";
const OPEN = ["list"]; // the facts that are no secret: which list is open


export class Keeping {
  static async of(account) {
    await remember(account);
    const found = new Keeping(await opened(account));
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
    this.entries = await this.vault.all("entries");
    this.papers = await this.vault.all("papers");
    for (const { uuid } of this.entries) this.heads.set(uuid, (await this.content(uuid)).head);
    const place = await this.fact(OPEN[0]);
    this.list = place && (await this.vault.get("lists", place));
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

  content = (uuid) => this.vault.get("entries", uuid);

  // Keep what was entered of a household at the door; it takes the place of what is not sent of it yet.
  // `papers`: [{kind, type, body}].
  async enter(household, content, papers) {
    const before = latest(this.here).get(household) ?? null;
    const entry = this.opened(household, before);
    const made = papers.map(({ kind, type }) => paperOf(entry, kind, type));
    const gone = this.supersededBy(before);
    await this.vault.write(
      {
        entries: [await this.vault.row(entry, content)],
        papers: await Promise.all(made.map((one, at) => this.vault.row(one, papers[at].body))),
      },
      gone,
    );
    const stays = (store) => this[store].filter(({ uuid }) => !gone[store].includes(uuid));
    this.entries = [...stays("entries"), entry];
    this.papers = [...stays("papers"), ...made];
    this.heads.set(entry.uuid, content.head);
    await this.tick();
  }

  opened(household, before) {
    const known = this.list.households.find(({ key }) => key === household)?.uuid ?? "";
    const { campaign, village } = this.list;
    const replaced = before ? replaces(before) : known;
    const made = { uuid: uuid(), state: "waiting", at: Date.now() };
    return { ...made, household, campaign, village, replaces: replaced };
  }

  supersededBy(before) {
    if (!UNSENT.has(before?.state)) return { entries: [], papers: [] };
    const papers = this.papers.filter(({ entry }) => entry === before.uuid).map(({ uuid }) => uuid);
    return { entries: [before.uuid], papers };
  }

  // -- sending -------------------------------------------------------------------------------------------

  async answered(store, one, answer) {
    const { one: found, stop } = answer ? settled(one, answer, Date.now()) : unanswered(one, Date.now());
    await this.vault.mark(store, found);
    this[store] = this[store].map((each) => (each.uuid === found.uuid ? found : each));
    if (store === "papers" && found.state === "sent") await this.vault.write({}, { papers: [found.uuid] });
    return stop;
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

export const unsentOf = (account) => unsent(account, (entries, papers) => counts(entries, papers).unsent);
