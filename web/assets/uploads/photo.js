// A photo before it is sent: as large as a screen and a sheet of paper can show, turned the way it was taken,
// without the place and the camera that the phone wrote into it. What cannot be read here goes as it is: the
// server judges it.
import { drawable, reducedSize } from "./jpeg.js";

const GOOD = { side: undefined, quality: 0.88 };

export async function prepared(file, { side, quality } = GOOD) {
  try {
    return (await reduced(file, side, quality)) ?? file;
  } catch {
    return file; // no photo, one that this browser cannot read, or a browser that cannot draw
  }
}

async function reduced(file, side, quality) {
  if (!drawable(new Uint8Array(await file.arrayBuffer()))) return null;
  const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  const canvas = Object.assign(document.createElement("canvas"), reducedSize(picture, side));
  draw(canvas, picture);
  picture.close();
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", quality));
  return blob && new File([blob], file.name, { type: blob.type });
}

function draw(canvas, picture) {
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#fff"; // a JPEG has no transparency
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.imageSmoothingQuality = "high";
  pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
}
