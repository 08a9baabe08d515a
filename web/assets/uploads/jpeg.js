// What a file is, by its first bytes; and how large it is drawn.
const MAX_SIDE = 2000; // pixels: as large as a screen and a sheet of paper can show
const PNG = 0x89504e47;
const WEBP = 0x52494646;
const MARKER = 0xff;
const SCAN = 0xda;
const END = 0xd9;

// A PNG or WebP goes as it is: browsers do not turn them. So does a JPEG that was cut off in sending, of
// which browsers draw what there is, and grey below it: the server says so.
export function drawable(bytes) {
  if (bytes[0] === MARKER && bytes[1] === 0xd8) return ends(bytes, scanOf(bytes));
  return bytes.length > 4 && ![PNG, WEBP].includes(new DataView(bytes.buffer).getUint32(0));
}

// Where the picture of a JPEG begins: behind its segments, one of which may hold a small picture with an end
// of its own.
function scanOf(bytes) {
  let at = 2;
  while (at + 4 < bytes.length && bytes[at + 1] !== SCAN) {
    at += bytes[at + 1] === MARKER ? 1 : 2 + bytes[at + 2] * 256 + bytes[at + 3];
  }
  return at;
}

function ends(bytes, from) {
  for (let at = bytes.indexOf(MARKER, from); at >= 0; at = bytes.indexOf(MARKER, at + 1)) {
    if (bytes[at + 1] === END) return true;
  }
  return false;
}

// The size at which a picture goes: its longer side no longer than `most` pixels, and never larger than it
// is.
export function reducedSize({ width, height }, most = MAX_SIDE) {
  const scale = Math.min(1, most / Math.max(width, height));
  return { width: Math.round(width * scale), height: Math.round(height * scale) };
}
