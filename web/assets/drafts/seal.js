// A copy that only one account's pages can read: sealed with a key that the server gives to no others.

const bytes = (text) => Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
const text = (found) => btoa(Array.from(new Uint8Array(found), (one) => String.fromCharCode(one)).join(""));

// `key`: 32 bytes in base64. Answers what seals a copy, and what opens it again (or fails).
export function sealer(key) {
  const imported = crypto.subtle.importKey("raw", bytes(key), "AES-GCM", false, ["encrypt", "decrypt"]);
  return {
    async seal(copy) {
      const plain = new TextEncoder().encode(JSON.stringify(copy));
      const iv = crypto.getRandomValues(new Uint8Array(12));
      const body = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, await imported, plain);
      return { iv: text(iv), body: text(body) };
    },
    async open({ iv, body }) {
      const how = { name: "AES-GCM", iv: bytes(iv) };
      const plain = await crypto.subtle.decrypt(how, await imported, bytes(body));
      return JSON.parse(new TextDecoder().decode(plain));
    },
  };
}

const TWO_WEEKS = 14 * 24 * 3600 * 1000; // in milliseconds

// Whether what a browser's store holds is no copy, or one that is too old to be of use at `now`.
export function outdated(stored, now) {
  try {
    return !(now - JSON.parse(stored).at <= TWO_WEEKS);
  } catch {
    return true;
  }
}
