// What the page asks of the server, and what it makes of the answers.
const JSON_TYPE = "application/json";
const ROOT = location.pathname;
const SIGNED_OUT = { status: 401, body: null };
const LONGEST = 60_000; // of one request, before it counts as lost
let token = "";
let owner = ""; // whose work this is: the server takes it under no other account

export const signed = (csrf) => (token = csrf);
export const actFor = (account) => (owner = account);

// {status, body}: `body` is null where the answer is no JSON of ours; throws without an answer. Who signed in
// anew, in another window, has a new token: it is fetched, and what was asked is asked once more.
async function ask(path, options = {}) {
  const answer = await once(path, options);
  if (answer.body?.title !== "csrf") return answer;
  const told = await once("begin");
  if (told.status >= 500) return { status: told.status, body: null };
  if (!told.body?.account) return SIGNED_OUT;
  if (owner && String(told.body.account.id) !== owner) return SIGNED_OUT;
  signed(told.body.csrf);
  const again = await once(path, options);
  return again.body?.title === "csrf" ? SIGNED_OUT : again;
}

// An answer from another address is the sign-in page.
async function once(path, options = {}) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), LONGEST);
  try {
    const headers = { "X-Requested-With": "fetch", "X-CSRFToken": token, ...options.headers };
    if (owner && path !== "begin") headers["X-Doorstep-Account"] = owner;
    const answer = await fetch(ROOT + path, { ...options, headers, signal: stop.signal });
    if (answer.redirected) return SIGNED_OUT;
    const json = (answer.headers.get("Content-Type") ?? "").includes("json");
    return { status: answer.status, body: json ? await answer.json() : null };
  } finally {
    clearTimeout(timer);
  }
}

const address = (path, names) => `${path}?${new URLSearchParams(names)}`;

export const begin = () => ask("begin");
export const list = (campaign, village) => ask(address("list", { campaign, village }));

export const sendEntry = (entry) => ask("entries", {
  method: "POST",
  body: JSON.stringify(entry),
  headers: { "Content-Type": JSON_TYPE },
});

export const sendPaper = ({ uuid, entry, kind, type }, body) => ask(
  address(`papers/${uuid}`, { entry, kind }),
  { method: "POST", body, headers: { "Content-Type": type } },
);
