// Which rules of a form are broken by what was typed.
import { evaluate } from "../feel/feel.js";

// The sentences of those that do not hold, each once. A rule of which something is not filled in yet says
// nothing, nor does one that is beyond the small evaluator: the server says it.
export function broken(rules, values) {
  const ready = rules.filter(({ needs }) => !needs.some((name) => missing(values[name])));
  const failing = ready.filter(({ test }) => fails(test, values));
  return [...new Set(failing.map((rule) => rule.sentence))];
}

const missing = (value) => value === null || value === undefined || value === "";

function fails(test, values) {
  try {
    return evaluate(test, values) === false;
  } catch {
    return false;
  }
}
