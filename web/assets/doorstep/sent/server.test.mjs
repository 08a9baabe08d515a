import assert from "node:assert/strict";
import { test } from "node:test";

import { settled } from "../kept/outbox.js";

globalThis.location = { pathname: "/screening/phone/" };
const { actFor, sendEntry, signed } = await import("./server.js");

const json = (status, body) => new Response(JSON.stringify(body), {
  status, headers: { "Content-Type": "application/json" },
});
const CSRF = () => json(400, { title: "csrf", detail: "页面停留过久。" });
const signInPage = () => Object.defineProperty(new Response("<html>"), "redirected", { value: true });

// A server that answers by the last part of the address; answers what it was asked.
function serving(answers) {
  const asked = [];
  globalThis.fetch = async (address, { headers }) => {
    const path = address.split("/").pop();
    asked.push([path, headers["X-CSRFToken"], headers["X-Doorstep-Account"]]);
    return answers[path](headers);
  };
  return asked;
}

const waiting = { uuid: "a", state: "waiting", at: 1 };
const become = async () => settled(waiting, await sendEntry({}), 0);

test("an ended session refuses nothing: what waits goes on waiting for whoever signs in again", async () => {
  signed("old");
  serving({ entries: CSRF, begin: signInPage });
  assert.deepEqual(await become(), { one: waiting, stop: true });
  serving({ entries: CSRF, begin: () => json(503, { detail: "正忙" }) });
  assert.equal((await become()).one.state, "waiting");
  serving({ entries: CSRF, begin: () => json(200, { csrf: "new", account: { id: 7 } }) });
  assert.deepEqual(await become(), { one: waiting, stop: true });
});

test("after signing in again in another window it goes with the new token", async () => {
  actFor("7");
  signed("old");
  const entries = (headers) => (headers["X-CSRFToken"] === "new" ? json(201, {}) : CSRF());
  const asked = serving({ entries, begin: () => json(200, { csrf: "new", account: { id: 7 } }) });
  assert.equal((await become()).one.state, "sent");
  assert.deepEqual(asked, [["entries", "old", "7"], ["begin", "old", undefined], ["entries", "new", "7"]]);
});

test("nothing is sent under the name of another who signed in on the same phone", async () => {
  actFor("7");
  signed("old");
  const asked = serving({ entries: CSRF, begin: () => json(200, { csrf: "new", account: { id: 8 } }) });
  assert.deepEqual(await become(), { one: waiting, stop: true });
  assert.deepEqual(asked.map(([path]) => path), ["entries", "begin"]);
});
