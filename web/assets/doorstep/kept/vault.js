// What the phone holds of one account: encrypted with a key that no script can take out of the browser, in a
// database of the account's own. What stands beside the sealed content (keys, states, times) names nobody.
const STORES = { keys: "name", lists: "place", entries: "uuid", papers: "uuid", facts: "name" };
const REGISTER = "doorstep";
const PREFIX = "doorstep-";
const STRICT = { durability: "strict" }; // on the disk before anybody is told that it is kept

const asked = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

const ended = (transaction) => new Promise((resolve, reject) => {
  transaction.oncomplete = () => resolve();
  transaction.onerror = transaction.onabort = () => reject(transaction.error);
});

export async function opened(account) {
  const request = indexedDB.open(PREFIX + account, 1);
  request.onupgradeneeded = () => {
    for (const [name, keyPath] of Object.entries(STORES)) request.result.createObjectStore(name, { keyPath });
  };
  const database = await asked(request);
  database.onversionchange = () => database.close(); // somebody signs out in another tab
  return new Vault(database, await keyOf(database));
}

async function keyOf(database) {
  const how = { name: "AES-GCM", length: 256 };
  const made = await crypto.subtle.generateKey(how, false, ["encrypt", "decrypt"]);
  const transaction = database.transaction("keys", "readwrite");
  const store = transaction.objectStore("keys");
  const present = await asked(store.get("content")); // in one transaction: two tabs make one key
  if (!present) store.put({ name: "content", key: made });
  await ended(transaction);
  return present?.key ?? made;
}

// Who used this phone last. Not in the local storage: that is not on the disk yet when the phone dies.
async function register() {
  const request = indexedDB.open(REGISTER, 1);
  request.onupgradeneeded = () => request.result.createObjectStore("last");
  const database = await asked(request);
  database.onversionchange = () => database.close();
  return database;
}

export async function last() {
  const database = await register();
  const found = await asked(database.transaction("last").objectStore("last").get("account"));
  database.close();
  return found ?? null;
}

// From now on `account` uses this phone. Answers who used it before and may have left something here.
export async function remember(account) {
  const database = await register();
  const transaction = database.transaction("last", "readwrite", STRICT);
  const store = transaction.objectStore("last");
  const before = await asked(store.get("account"));
  const known = new Set([...((await asked(store.get("others"))) ?? []), before]);
  const others = [...known].filter((one) => one && one !== account);
  store.put(others, "others");
  if (account) store.put(account, "account");
  else store.delete("account");
  await ended(transaction);
  database.close();
  return others;
}

// All that the account has on this phone goes, its key with it.
export async function wipe(account) {
  await drop(account);
  const others = (await remember(null)).filter((one) => one !== account);
  if (!others.length) await asked(indexedDB.deleteDatabase(REGISTER));
}

export const drop = (account) => asked(indexedDB.deleteDatabase(PREFIX + account));

// How many households of an account stand unsent here; 0 where it has nothing here.
export async function unsent(account, counted) {
  const request = indexedDB.open(PREFIX + account);
  let none = false;
  request.onupgradeneeded = () => {
    none = true;
    request.transaction.abort();
  };
  const database = await asked(request).catch(() => null);
  if (none || !database) return 0;
  const read = (store) => asked(database.transaction(store).objectStore(store).getAll());
  const facts = await asked(database.transaction("facts").objectStore("facts").getAllKeys());
  const found = counted(await read("entries"), await read("papers"), facts);
  database.close();
  return found;
}

const bytes = (content) => new TextEncoder().encode(JSON.stringify(content));

class Vault {
  constructor(database, key) {
    Object.assign(this, { database, key });
  }

  async seal(plain) {
    const iv = crypto.getRandomValues(new Uint8Array(12));
    return { iv, body: await crypto.subtle.encrypt({ name: "AES-GCM", iv }, this.key, plain) };
  }

  unseal({ iv, body }) {
    return crypto.subtle.decrypt({ name: "AES-GCM", iv }, this.key, body);
  }

  // A row for `write`: `open` (the store's key, what is looked for by) with `secret` (anything that JSON
  // holds, or bytes) sealed.
  async row(open, secret) {
    const plain = secret instanceof ArrayBuffer ? secret : bytes(secret);
    return { ...open, ...(await this.seal(plain)) };
  }

  async put(store, open, secret) {
    await this.write({ [store]: [await this.row(open, secret)] });
  }

  // Change what stands in the open about one; its secret stays as it is.
  async mark(store, { uuid, ...open }) {
    const transaction = this.database.transaction(store, "readwrite");
    const at = transaction.objectStore(store);
    const present = await asked(at.get(uuid));
    if (present) at.put({ ...openOf(present), ...open, uuid, iv: present.iv, body: present.body });
    await ended(transaction);
  }

  // All rows `kept` and none of those at the keys `dropped`, each by its store: at once, or not at all.
  async write(kept, dropped = {}) {
    const stores = [...new Set([...Object.keys(kept), ...Object.keys(dropped)])];
    const transaction = this.database.transaction(stores, "readwrite", STRICT);
    for (const store of stores) {
      const at = transaction.objectStore(store);
      for (const row of kept[store] ?? []) at.put(row);
      for (const key of dropped[store] ?? []) at.delete(key);
    }
    await ended(transaction);
  }

  read(store, key) {
    return asked(this.database.transaction(store).objectStore(store).get(key));
  }

  // What is kept secret under a key; null when there is none, or when it cannot be opened.
  async get(store, key) {
    const row = await this.read(store, key);
    if (!row) return null;
    return JSON.parse(new TextDecoder().decode(await this.unseal(row)));
  }

  async body(store, key) {
    return this.unseal(await this.read(store, key));
  }

  // What stands in the open of all in a store.
  async all(store) {
    const rows = await asked(this.database.transaction(store).objectStore(store).getAll());
    return rows.map(openOf);
  }
}

const openOf = ({ iv, body, ...open }) => open; // eslint-disable-line no-unused-vars
