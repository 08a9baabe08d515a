import assert from "node:assert/strict";
import { test } from "node:test";

import { Keeping } from "./keeping.js";

// A store as the vault is one, without its locks: two pages may work on the same.
class Store {
  constructor() {
    this.rows = { entries: new Map(), papers: new Map(), facts: new Map(), lists: new Map() };
  }

  row = async (open, secret) => ({ ...open, body: structuredClone(secret) });
  put = async (store, open, secret) => this.write({ [store]: [await this.row(open, secret)] });
  read = async (store, key) => this.rows[store].get(key);
  all = async (store) => [...this.rows[store].values()].map(({ body, ...open }) => open);

  async get(store, key) {
    const row = this.rows[store].get(key);
    if (row?.body === "damaged") throw new Error("OperationError");
    return row?.body ?? null;
  }

  async mark(store, one) {
    const row = this.rows[store].get(one.uuid);
    if (row) this.rows[store].set(one.uuid, { ...one, body: row.body });
  }

  async write(kept, dropped = {}) {
    for (const [store, rows] of Object.entries(kept))
      for (const row of rows) this.rows[store].set(row.uuid ?? row.name ?? row.place, row);
    for (const [store, keys] of Object.entries(dropped)) for (const key of keys) this.rows[store].delete(key);
  }
}

const listOf = (village, ...keys) => (
  { campaign: 1, village, households: keys.map((key) => ({ key, head: `户${key}` })) }
);
const contentOf = (head) => ({ head, pairs: [["reason", head]], signatures: {} });
const REFUSED = { status: 422, body: { detail: "人口不对。" } };
const photo = { kind: "photo", type: "image/jpeg", body: "p" };

async function pageOf(store) {
  const keeping = new Keeping(store);
  await keeping.load();
  return keeping;
}

test("a correction of what was not taken keeps the photos that were taken at the door", async () => {
  const keeping = await pageOf(new Store());
  await keeping.keepList(listOf("a", "1"));
  await keeping.enter("1", contentOf("王"), [photo]);
  const [first] = keeping.entries;
  await keeping.answered("entries", first, REFUSED);
  await keeping.enter("1", contentOf("王"), []);
  const [second] = keeping.entries;
  assert.equal(keeping.entries.length, 1);
  assert.notEqual(second.uuid, first.uuid);
  assert.deepEqual(keeping.papersOf(second).map(({ kind, state }) => [kind, state]), [["photo", "waiting"]]);
});

test("what came back from one village is seen while another's list is open", async () => {
  const keeping = await pageOf(new Store());
  await keeping.keepList(listOf("a", "1"));
  await keeping.enter("1", contentOf("王"), []);
  await keeping.answered("entries", keeping.entries[0], REFUSED);
  await keeping.keepList(listOf("b", "2"));
  assert.equal(keeping.counts.unsent, 1);
  assert.deepEqual(keeping.pending.map(({ head, faults }) => [head, faults]), [["王", ["人口不对。"]]]);
});

test("a photo that was refused is told of, though its household was taken", async () => {
  const keeping = await pageOf(new Store());
  await keeping.keepList(listOf("a", "1"));
  await keeping.enter("1", contentOf("王"), [photo]);
  await keeping.answered("entries", keeping.entries[0], { status: 201, body: {} });
  assert.deepEqual(keeping.pending, []);
  await keeping.answered("papers", keeping.papers[0], { status: 422, body: { detail: "读不出来。" } });
  assert.deepEqual(keeping.pending.map(({ faults }) => faults), [["照片没有收下：读不出来。"]]);
});

test("the later of two windows takes the place of what the other has not sent", async () => {
  const store = new Store();
  const one = await pageOf(store);
  await one.keepList(listOf("a", "1"));
  const two = await pageOf(store);
  await one.enter("1", contentOf("早"), []);
  await two.enter("1", contentOf("晚"), []);
  await one.refresh();
  assert.deepEqual(one.entries.map(({ uuid }) => one.heads.get(uuid)), ["晚"]);
});

test("one damaged entry stops neither the page nor the others", async () => {
  const store = new Store();
  const keeping = await pageOf(store);
  await keeping.keepList(listOf("a", "1", "2"));
  await keeping.enter("1", contentOf("王"), []);
  store.rows.entries.get(keeping.entries[0].uuid).body = "damaged";
  const again = await pageOf(store);
  await again.enter("2", contentOf("李"), []);
  assert.deepEqual(again.pending.map(({ head }) => head), ["（读不出来）", "李"]);
});

test("what is half typed of one household outlives the visit to another", async () => {
  const keeping = await pageOf(new Store());
  await keeping.keepList(listOf("a", "1", "2"));
  await keeping.keepTyping("1", { reason: "一半" });
  await keeping.keepTyping("2", { reason: "另一户" });
  await keeping.typed("2");
  assert.deepEqual(await keeping.typing("1"), { reason: "一半" });
  assert.equal(await keeping.typing("2"), null);
});

test("an old campaign's unsent household is not hidden by the new one's", async () => {
  const keeping = await pageOf(new Store());
  await keeping.keepList(listOf("a", "1"));
  await keeping.enter("1", contentOf("王"), []);
  await keeping.keepList({ ...listOf("a", "1"), campaign: 2 });
  await keeping.enter("1", contentOf("王"), []);
  await keeping.answered("entries", keeping.entries[1], { status: 201, body: {} });
  assert.equal(keeping.counts.unsent, 1);
});

test("of who was new, the phone forgets the ID number once it is registered", async () => {
  const store = new Store();
  const keeping = await pageOf(store);
  await keeping.keepList(listOf("a", "1"));
  const told = [["head_name", "新"], ["reason", "x"]];
  const pairs = [...told, ["id_number", "41990119620308211X"], ["phone", "13800000000"]];
  await keeping.enter("new-1", { head: "新", fresh: true, pairs, signatures: {} }, []);
  assert.match(JSON.stringify([...store.rows.entries.values()]), /41990119620308211X/);
  await keeping.answered("entries", keeping.entries[0], { status: 201, body: { household: 9 } });
  assert.doesNotMatch(JSON.stringify([...store.rows.entries.values()]), /41990119620308211X|13800000000/);
  assert.deepEqual((await keeping.content(keeping.entries[0].uuid)).pairs, told);
});
