// What figures look like on a diagram: degrees of colour, widths of lines, shares.
export const DEGREES = 4;
const THINNEST = 1.5; // pixels
const THICKEST = 9;
const ALONG = { x: 22, y: 18 }; // pixels from a connection's beginning

// The degree of colour of a value among those of which `most` is the largest: none (0) to four.
export function degree(value, most) {
  return value > 0 ? Math.max(1, Math.ceil((value / most) * DEGREES)) : 0;
}

// How thick a line is that `count` went along, where the one most gone along has `most`; in pixels.
export const thickness = (count, most) => THINNEST + (THICKEST - THINNEST) * (count / most);

// The largest of the values; one where all are smaller, so that it can be divided by.
export const largest = (values) => Math.max(1, ...values);

export const shareInWords = (part) => (part > 0 && part < 0.01 ? "<1%" : `${Math.round(part * 100)}%`);

// Where the share of a connection stands: near its beginning, counted from the top left corner of what the
// connection covers, as overlays are placed.
export function beginning(waypoints) {
  const [from, to] = waypoints;
  const corner = { x: least(waypoints, "x"), y: least(waypoints, "y") };
  const step = (axis) => Math
    .sign(to[axis] - from[axis]) * Math
    .min(ALONG[axis], Math.abs(to[axis] - from[axis]) / 2);
  return { left: from.x + step("x") - corner.x, top: from.y + step("y") - corner.y };
}

const least = (points, axis) => Math.min(...points.map((point) => point[axis]));
