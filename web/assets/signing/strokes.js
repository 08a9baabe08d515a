// A signature as strokes: each a list of points [x, y], whole numbers in a box 1000 wide. Drawn anew from
// them at any size, and small enough to go with an entry over a poor network.
export const WIDTH = 1000;
const NEAR = 4; // a point nearer than this to the line through its neighbours says nothing
const MOST_POINTS = 160; // of a signature: more is scribbling, and two go with an entry of 4 KB
const SHORTEST = 120; // the length of all strokes together: less is a dot that a sleeve made

// A point of the screen in the box, whose height follows from the pad's shape.
export function placed({ x, y }, { left, top, width }) {
  const scale = WIDTH / width;
  return [Math.round((x - left) * scale), Math.round((y - top) * scale)];
}

const distance = ([x, y], [u, v]) => Math.hypot(u - x, v - y);

// How far a point is from the line through two others.
function apart(point, from, to) {
  const length = distance(from, to);
  if (!length) return distance(point, from);
  const [[x, y], [a, b], [c, d]] = [point, from, to];
  return Math.abs((d - b) * x - (c - a) * y + c * b - d * a) / length;
}

// The stroke without the points that lie on the way between others.
export function simplified(stroke, near = NEAR) {
  const kept = new Set([0, stroke.length - 1]);
  const open = [[0, stroke.length - 1]];
  while (open.length) {
    const [from, to] = open.pop();
    const far = farthest(stroke, from, to);
    if (far.distance <= near) continue;
    kept.add(far.at);
    open.push([from, far.at], [far.at, to]);
  }
  return stroke.filter((_, at) => kept.has(at));
}

function farthest(stroke, from, to) {
  let found = { at: from, distance: 0 };
  for (let at = from + 1; at < to; at += 1) {
    const here = apart(stroke[at], stroke[from], stroke[to]);
    if (here > found.distance) found = { at, distance: here };
  }
  return found;
}

// All strokes as they are kept: coarser until they are few enough.
export function kept(strokes) {
  let near = NEAR;
  let found = strokes.map((stroke) => simplified(stroke, near));
  while (points(found) > MOST_POINTS && near < WIDTH) {
    near *= 2;
    found = strokes.map((stroke) => simplified(stroke, near));
  }
  return found;
}

const points = (strokes) => strokes.reduce((count, stroke) => count + stroke.length, 0);

export const length = (strokes) => strokes.reduce(
  (sum, stroke) => stroke.slice(1).reduce((part, point, at) => part + distance(stroke[at], point), sum),
  0,
);

// Whether somebody signed: more than a dot.
export const signed = (strokes) => length(strokes) >= SHORTEST;

// The strokes as a path of SVG; a stroke of one point is a dot.
export const path = (strokes) => strokes.map((stroke) => {
  const [first, ...rest] = stroke.length > 1 ? stroke : [stroke[0], stroke[0]];
  return `M${first.join(" ")}${rest.map((point) => `L${point.join(" ")}`).join("")}`;
}).join("");

// What a form holds: nothing, or text that `read` takes.
export const written = (strokes) => (signed(strokes) ? JSON.stringify(kept(strokes)) : "");

export function read(text) {
  try {
    const strokes = JSON.parse(text);
    return sound(strokes) ? strokes : [];
  } catch {
    return [];
  }
}

const number = (value) => Number.isInteger(value) && Math.abs(value) <= 10 * WIDTH;
const point = (found) => Array.isArray(found) && found.length === 2 && found.every(number);
const sound = (strokes) => Array.isArray(strokes)
  && strokes.every((stroke) => Array.isArray(stroke) && stroke.length > 0 && stroke.every(point));
