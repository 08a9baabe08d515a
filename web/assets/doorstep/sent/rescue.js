// When nothing can be sent any more from this phone: what is unsent as a file that only the server can open.
// Elliptic curve of the server (P-256) and a new one for each file, HKDF, AES-GCM.
const CURVE = { name: "ECDH", namedCurve: "P-256" };
const ABOUT = new TextEncoder().encode("shouwang rescue 1");

export async function sealed(serverKey, content) {
  const theirs = await crypto.subtle.importKey("jwk", serverKey, CURVE, false, []);
  const ours = await crypto.subtle.generateKey(CURVE, true, ["deriveBits"]);
  const shared = await crypto.subtle.deriveBits({ name: "ECDH", public: theirs }, ours.privateKey, 256);
  const key = await derived(shared);
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const plain = new TextEncoder().encode(JSON.stringify(content));
  const body = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, plain);
  const point = await crypto.subtle.exportKey("raw", ours.publicKey);
  const parts = { key: text(point), iv: text(iv), body: text(body) };
  return JSON.stringify({ kind: "shouwang-rescue", version: 1, ...parts });
}

async function derived(shared) {
  const material = await crypto.subtle.importKey("raw", shared, "HKDF", false, ["deriveKey"]);
  const how = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info: ABOUT };
  return crypto.subtle.deriveKey(how, material, { name: "AES-GCM", length: 256 }, false, ["encrypt"]);
}

const PORTION = 0x8000; // a call takes no more arguments than this in every browser

export function text(found) {
  const bytes = new Uint8Array(found);
  let characters = "";
  for (let at = 0; at < bytes.length; at += PORTION)
    characters += String.fromCharCode(...bytes.subarray(at, at + PORTION));
  return btoa(characters);
}
