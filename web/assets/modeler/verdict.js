// What was found in a drawing, and how it is told.

const isError = (one) => one.severity === "error";

// What hinders first.
export function ranked(found) {
  return [...found.filter(isError), ...found.filter((one) => !isError(one))];
}

// By the shape that `shapeOf` knows for each; what has no place in the drawing is left out.
export function grouped(found, shapeOf) {
  const groups = new Map();
  for (const one of found) {
    const shape = shapeOf(one);
    if (shape?.parent) groups.set(shape, [...(groups.get(shape) ?? []), one]);
  }
  return groups;
}

export function counted(found) {
  const errors = found.filter(isError).length;
  if (errors) return { errors, words: `${errors} 处问题` };
  return { errors, words: found.length ? `没有问题，${found.length} 处提醒` : "没有问题" };
}
