// The one order in which a form is evaluated: by dependency, as engine/flow/forms/evaluation.py does it with
// the same plan. What is hidden counts for nothing; what the register gives and what is computed counts
// wherever it stands; a row sees its own names, then those of what it stands in; a row in which nothing was
// typed does not exist for the rest.
import { evaluate } from "../feel/feel.js";
import { blank, read, rounded } from "./values.js";

const MAX_ROWS = 50;
const PAGE = new Set(["known_household"]);
const isInput = (node) => node.key && node.kind !== "expression";

/**
 * The values of one level: those of the form, or of one row. `kept` is what the page shows of what only the
 * server can tell.
 */
export class Level {
  constructor(plan, typed, outer = null, kept = {}) {
    Object.assign(this, { plan, typed, outer, kept });
    this.byKey = new Map(plan.filter((node) => node.key).map((node) => [node.key, node]));
    this.rows = new Map();
    for (const node of plan.filter((one) => one.rows)) {
      const rows = Array.isArray(typed[node.key]) ? typed[node.key].slice(0, MAX_ROWS + 1) : [];
      const inner = kept.rows?.[node.key] ?? [];
      this.rows.set(
        node,
        rows.map((row, index) => new Level(node.rows, isRow(row) ? row : {}, this, inner[index])),
      );
    }
    this.known = new Map(); // hidden or not
    this.computed = new Map();
    this.busy = new Set();
  }

  /**
   * Whether nobody typed anything: defaults that nobody touched are not typed where there is more to fill.
   */
  get blank() {
    const blanks = this.plan.filter((node) => isInput(node) && !node.given);
    if (blanks.every((node) => none(node.default) === false)) return blank(this.typed);
    const defaults = new Map(blanks.map((node) => [node.key, node.default]));
    return Object.entries(this.typed).every(([key, value]) => blank(value) || same(value, defaults.get(key)));
  }

  filledRows(node) {
    return this.rows.get(node).filter((row) => node.given || !row.blank);
  }

  hidden(node) {
    if (this.known.has(node)) return this.known.get(node);
    if (this.busy.has(node)) return false; // what asks for itself is shown
    this.busy.add(node);
    const own = node.hide !== null && this.holds(node);
    const found = own || (node.frame !== null && this.hidden(this.plan[node.frame]));
    this.busy.delete(node);
    this.known.set(node, found);
    return found;
  }

  holds(node) {
    const kept = this.kept.hidden?.[this.plan.indexOf(node)] ?? false;
    return this.evaluate(node.hide, kept) === true;
  }

  /** What others see of the component; of a list its rows with the columns `wanted` (null: all). */
  value(node, wanted = null) {
    if (node.kind === "expression") return this.compute(node);
    if (!node.given && this.hidden(node)) return node.rows ? [] : read(node, null);
    if (!node.rows) return read(node, this.typed[node.key]);
    return this.filledRows(node).map((row) => row.seen(wanted));
  }

  seen(wanted) {
    const nodes = [...this.byKey.values()].filter((node) => wanted === null || node.key in wanted);
    return Object.fromEntries(nodes.map(
      (node) => [node.key, this.value(node, wanted === null ? null : wanted[node.key])],
    ));
  }

  compute(node) {
    if (this.computed.has(node)) return this.computed.get(node);
    const asked = `value ${node.key}`;
    if (this.busy.has(asked) || node.computes === null) return null;
    this.busy.add(asked);
    const found = rounded(this.evaluate(node.computes, this.kept.computed?.[node.key] ?? null));
    this.busy.delete(asked);
    this.computed.set(node, found);
    return found;
  }

  evaluate({ tree, needs }, kept) {
    if (tree === null) return kept; // beyond the small evaluator: the server's value stays
    const names = {};
    for (const [name, wanted] of Object.entries(needs)) names[name] = this.look(name, wanted);
    try {
      return evaluate(tree, names);
    } catch {
      return kept;
    }
  }

  look(name, wanted) {
    for (let level = this; level; level = level.outer) {
      const node = level.byKey.get(name);
      if (node) return level.value(node, wanted);
      if (!level.outer && PAGE.has(name)) return level.typed[name] ?? null;
    }
    return null;
  }

  /** Work everything out, in the order of the drawing. */
  settle() {
    for (const node of this.plan) {
      this.hidden(node);
      if (node.kind === "expression") this.compute(node);
      for (const row of this.rows.get(node) ?? []) row.settle();
    }
    return this;
  }
}

const isRow = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
const none = (value) => value === null || value === undefined;
const same = (value, preset) => !none(preset) && String(value) === String(preset);
