// What of a drawing is seen, and how large. In pixels of the drawing (`inner`) and of the window (`outer`).
const READABLE = 0.55;
const PALETTE = 125;
const EDGE = 30;
const SMALLEST = 0.2;
const LARGEST = 3;
export const NEAR = 0.75;

// The whole drawing beside the palette; or, where that would be too small to read and is not asked for
// (`whole`), its beginning.
export function seen({ inner, outer }, whole) {
  const across = (outer.width - PALETTE - EDGE) / inner.width;
  const down = (outer.height - 2 * EDGE) / inner.height;
  const fitting = Math.min(across, down, 1);
  const scale = whole || fitting >= READABLE ? fitting : NEAR;
  return {
    x: inner.x - PALETTE / scale,
    y: inner.y - EDGE / scale,
    width: outer.width / scale,
    height: outer.height / scale,
  };
}

// All of a drawing with an edge around it.
export const framed = (inner) => ({
  x: inner.x - EDGE / 2,
  y: inner.y - EDGE / 2,
  width: inner.width + EDGE,
  height: inner.height + EDGE,
});

export const zoomed = (scale, factor) => Math.min(LARGEST, Math.max(SMALLEST, scale * factor));
