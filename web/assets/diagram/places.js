// Where things stand on a drawing.
const SIGN = 20; // pixels, of a sign, as compare.css has it
const TASK = 60; // pixels: what is wider is no event or gateway

// Where an element's sign stands: on a task's corner; beside an event or gateway, away from its name; amid a
// connection.
export function besides(element) {
  if (element.waypoints) return amid(element.waypoints);
  if (element.width > TASK) return { top: -SIGN / 2, left: element.width - SIGN };
  const name = element.labels?.[0];
  const isNameAbove = name && name.y < element.y;
  return { left: element.width - 2, top: isNameAbove ? element.height - 4 : 4 - SIGN };
}

function amid(waypoints) {
  const middle = halfway(waypoints);
  const left = Math.min(...waypoints.map((point) => point.x));
  const top = Math.min(...waypoints.map((point) => point.y));
  return { left: middle.x - left - SIGN / 2, top: middle.y - top - SIGN / 2 };
}

// The point in the middle of a connection's longest stretch.
export function halfway(points) {
  const stretches = points.slice(1).map((to, place) => stretch(points[place], to));
  const longest = stretches.reduce((best, one) => (one.length > best.length ? one : best));
  return { x: longest.x, y: longest.y };
}

const stretch = (from, to) => ({
  length: Math.hypot(to.x - from.x, to.y - from.y),
  x: (from.x + to.x) / 2,
  y: (from.y + to.y) / 2,
});

export function middleOf(element) {
  if (element.waypoints) return halfway(element.waypoints);
  return { x: element.x + element.width / 2, y: element.y + element.height / 2 };
}

// What is seen when the window of that size looks at the point.
export const around = (point, view) => ({
  ...view,
  x: point.x - view.width / 2,
  y: point.y - view.height / 2,
});
