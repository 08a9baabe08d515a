// What becomes of a condition that is chosen part by part.
import { signs } from "./literals.js";

// A part of a result of which only the whole is known: “异议核查”的结果：left.
export function inside(all, key) {
  const [root, ...rest] = key.split(".");
  const whole = rest.length > 0 && all.find((one) => one.key === root);
  return whole ? { key, name: `${whole.name}：${rest.join(".")}` } : undefined;
}

// Another field: its value is to be chosen anew, unless the field takes the very same.
export function renamed(all, half, key) {
  const [before, after] = [half.key, key].map((name) => all.find((one) => one.key === name));
  const possible = signs(after?.type);
  const sign = possible.some(([name]) => name === half.sign) ? half.sign : possible[0][0];
  return { key, sign, value: takesTheSame(before, after) ? half.value : "" };
}

function takesTheSame(before, after) {
  return Boolean(before && after) && before.type === after.type && !after.options?.length;
}
