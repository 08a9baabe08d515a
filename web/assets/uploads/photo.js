// A photo before it is sent: as large as a screen and a sheet of paper can show, turned the way it was taken,
// without the place and the camera that the phone wrote into it. What cannot be read here goes as it is: the
// server judges it.
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
  if (!drawable(new Uint8Array(await file.arrayBuffer()))) return null;
  const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  const scale = Math.min(1, MAX_SIDE / Math.max(picture.width, picture.height));
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

// A PNG or WebP goes as it is: browsers do not turn them. So does a JPEG that was cut off in sending, of
// which browsers draw what there is, and grey below it: the server says so.
function drawable(bytes) {
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return ends(bytes, scanOf(bytes));
  const [png, webp] = [0x89504e47, 0x52494646];
  return bytes.length > 4 && ![png, webp].includes(new DataView(bytes.buffer).getUint32(0));
}

// Where the picture of a JPEG begins: behind its segments, one of which may hold a small picture with an end
// of its own.
function scanOf(bytes) {
  let at = 2;
  while (at + 4 < bytes.length && bytes[at + 1] !== 0xda) {
    at += bytes[at + 1] === 0xff ? 1 : 2 + bytes[at + 2] * 256 + bytes[at + 3];
  }
  return at;
}

function ends(bytes, from) {
  for (let at = bytes.indexOf(0xff, from); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    if (bytes[at + 1] === 0xd9) return true;
  }
  return false;
}
