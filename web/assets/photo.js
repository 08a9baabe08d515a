// A photo before it is sent: as large as a screen and a sheet of paper can show, turned the way it was taken, without the
// place and the camera that the phone wrote into it. What cannot be read here goes as it is: the server judges it.
const MAX_SIDE = 2000;
const QUALITY = 0.88;

export async function prepared(file) {
  try {
    return (await reduced(file)) ?? file;
  } catch (error) {
    return file; // no photo, one that this browser cannot read, or a browser that cannot draw
  }
}

async function reduced(file) {
  if (!whole(new Uint8Array(await file.arrayBuffer()))) return null;
  const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  const scale = Math.min(1, MAX_SIDE / Math.max(picture.width, picture.height));
  if (scale === 1 && file.type === "image/png") return null; // a screenshot keeps its sharp letters
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(picture.width * scale);
  canvas.height = Math.round(picture.height * scale);
  draw(canvas, picture);
  picture.close();
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
  return blob && new File([blob], file.name, { type: blob.type });
}

function draw(canvas, picture) {
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#fff"; // a JPEG has no transparency
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.imageSmoothingQuality = "high";
  pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
}

// Browsers draw what there is of a photo that was cut off in sending, and grey below it: such a file goes as it is, and
// the server says so.
function whole(bytes) {
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return ends(bytes, scanOf(bytes), [0xff, 0xd9]);
  if (bytes[0] === 0x89 && bytes[1] === 0x50) return ends(bytes, bytes.length - 32, [0x49, 0x45, 0x4e, 0x44]);
  if (bytes[0] === 0x52 && bytes[1] === 0x49) return new DataView(bytes.buffer).getUint32(4, true) + 8 <= bytes.length;
  return true;
}

// Where the picture of a JPEG begins: behind its segments, one of which may hold a small picture with an end of its own.
function scanOf(bytes) {
  let at = 2;
  while (at + 4 < bytes.length && bytes[at + 1] !== 0xda) {
    at += bytes[at + 1] === 0xff ? 1 : 2 + bytes[at + 2] * 256 + bytes[at + 3];
  }
  return at;
}

function ends(bytes, from, mark) {
  for (let at = Math.max(0, from); at + mark.length <= bytes.length; at += 1) {
    if (mark.every((byte, index) => bytes[at + index] === byte)) return true;
  }
  return false;
}
