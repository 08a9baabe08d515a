// A diagram's file as text. Desktop modelers also write UTF-16 and GBK; what the file declares of it is no
// longer true of the text.
const DECLARED = /^<\?xml[^>]*?encoding=["']([^"'>]+)/;
const DECLARATION = /^(\s*<\?xml[^>]*?)\s+encoding=["'][^"'>]*["']/;
const HEAD = 200; // bytes in which a declaration stands

export function decoded(bytes) {
  const text = new TextDecoder(encodingOf(new Uint8Array(bytes))).decode(bytes);
  return text.replace(DECLARATION, "$1");
}

function encodingOf(bytes) {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return "utf-16le";
  if (first === 0xfe && second === 0xff) return "utf-16be";
  const head = new TextDecoder("latin1").decode(bytes.slice(0, HEAD));
  return DECLARED.exec(head)?.[1] ?? "utf-8";
}
