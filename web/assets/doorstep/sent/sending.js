// Sends what waits, one thing after the other, whenever there is a network: at the start, after each entry,
// when the network comes back, and every minute.
import { awake, next, pause } from "../kept/outbox.js";
import { sendEntry, sendPaper } from "./server.js";

const EACH = 60_000;
const UNREADABLE = { status: 422, body: { detail: "本机存的内容读不出来了，请重新填写。" } };

export class Sending {
  // `changed(state)` is told how it goes: "sending", "idle", "offline" or "signed_out".
  constructor(keeping, changed) {
    Object.assign(this, { keeping, changed, state: "idle", going: null });
    addEventListener("online", () => this.now());
    addEventListener("offline", () => this.say("offline"));
    setInterval(() => this.go(), EACH);
  }

  say(state) {
    this.state = state;
    this.changed(state);
  }

  // Without waiting out what was to be waited for.
  now() {
    this.pressed = true;
    this.wake();
    return this.go();
  }

  wake() {
    this.keeping.entries = awake(this.keeping.entries);
    this.keeping.papers = awake(this.keeping.papers);
  }

  go() {
    this.going ??= this.alone().finally(() => this.over());
    return this.going;
  }

  // What was pressed, or the network that came back, while the last run was ending is not forgotten; what
  // waits out a pause goes after it.
  over() {
    this.going = null;
    clearTimeout(this.timer);
    const { entries, papers } = this.keeping;
    const wait = this.pressed ? 0 : pause(entries, papers, Date.now());
    if (this.pressed || this.state === "idle" && wait) this.timer = setTimeout(() => this.go(), wait);
  }

  // Two windows do not send the same: the server would take it once, yet each photo costs its time.
  async alone() {
    if (!navigator.locks) return this.all();
    return navigator.locks.request("doorstep-sending", () => this.all());
  }

  async all() {
    const { pressed } = this;
    this.pressed = false;
    await this.keeping.refresh(); // another window may have sent, or put something in its place
    if (pressed) this.wake();
    for (;;) {
      if (navigator.onLine === false) return this.say("offline");
      const { entries, papers } = this.keeping;
      const found = next(entries, papers, Date.now());
      if (!found) return this.say("idle");
      this.say("sending");
      const stop = await (found.entry ? this.entry(found.entry) : this.paper(found.paper));
      if (stop) return this.say("signed_out");
    }
  }

  async entry(entry) {
    const content = await this.keeping.content(entry.uuid);
    if (!content) return this.keeping.answered("entries", entry, UNREADABLE);
    const { uuid, campaign, village, household, replaces, at } = entry;
    const sent = { uuid, campaign, village, replaces, device_at: new Date(at).toISOString(), ...content };
    if (!content.fresh) sent.household = household;
    return this.keeping.answered("entries", entry, await answerOf(sendEntry(sent)));
  }

  async paper(paper) {
    const body = await this.keeping.vault.body("papers", paper.uuid).catch(() => null);
    if (!body) return this.keeping.answered("papers", paper, UNREADABLE);
    const kept = this.keeping.entries.find(({ uuid }) => uuid === paper.entry)?.kept;
    const sent = { ...paper, entry: kept ?? paper.entry };
    return this.keeping.answered("papers", paper, await answerOf(sendPaper(sent, body)));
  }
}

const answerOf = (asked) => asked.catch(() => null);
