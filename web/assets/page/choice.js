// Which items of a list are chosen: those that were ticked on any of its pages, or all that match the filter
// without those that were unticked.
export class Choice {
  constructor({ every = false, ids = [], except = [] } = {}) {
    Object.assign(this, { every, ids: new Set(ids), except: new Set(except) });
  }

  // Of `stored`, what a list can take that offers `every` or does not.
  static from(stored, offersEvery) {
    const kept = JSON.parse(stored || "{}");
    return new Choice({ ...kept, every: Boolean(offersEvery && kept.every) });
  }

  has(id) {
    return this.every ? !this.except.has(id) : this.ids.has(id);
  }

  set(id, wanted) {
    const [named, inside] = this.every ? [this.except, !wanted] : [this.ids, wanted];
    if (inside) named.add(id);
    else named.delete(id);
  }

  // All that match, or none.
  setEvery(wanted) {
    Object.assign(this, { every: wanted, ids: new Set(), except: new Set() });
  }

  // How many are chosen of `total` that match the filter.
  count(total) {
    return this.every ? total - this.except.size : this.ids.size;
  }

  // What is sent: the field, and the ids in it; null where nothing need be said.
  get field() {
    const [name, ids] = this.every ? ["except", this.except] : ["id", this.ids];
    return ids.size ? [name, [...ids].join(",")] : null;
  }

  toString() {
    return JSON.stringify({ every: this.every, ids: [...this.ids], except: [...this.except] });
  }
}

// Under which name a list's choice is kept: the same filter is the same list, on whichever page.
export function nameOf(filter) {
  const { page: _, ...rest } = filter;
  return JSON.stringify(rest);
}
