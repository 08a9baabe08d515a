// Choosing items of a list for one act. A choice outlives turning the page; without this script one page can
// be chosen, or all that match the filter.
const PREFIX = "list:";

// The inbox: rows ticked on any page, or every item that matches the filter without those that were unticked.
export function selectOnList(form) {
  const filter = JSON.parse(form.dataset.list);
  delete filter.page;
  const key = PREFIX + JSON.stringify(filter);
  const boxes = [...form.querySelectorAll("input[name=id]:not([disabled])")];
  const [page, every] = ["[data-select-all]", "[data-select-every]"].map((one) => form.querySelector(one));
  const stored = JSON.parse(sessionStorage.getItem(key) || "{}");
  const state = {
    every: Boolean(every && stored.every),
    ids: new Set(stored.ids),
    except: new Set(stored.except),
  };

  const chosen = (box) => (state.every ? !state.except.has(box.value) : state.ids.has(box.value));
  const show = () => {
    for (const box of boxes) box.checked = chosen(box);
    const here = boxes.filter((box) => box.checked).length;
    page.checked = here === boxes.length;
    page.indeterminate = here > 0 && here < boxes.length;
    if (every) every.checked = state.every;
    const count = state.every ? Number(form.dataset.total) - state.except.size : state.ids.size;
    form.querySelector("[data-selected]").textContent = String(count);
    for (const button of form.querySelectorAll("[data-bulk]")) button.disabled = count === 0;
    sessionStorage.setItem(
      key,
      JSON.stringify({ every: state.every, ids: [...state.ids], except: [...state.except] }),
    );
  };
  const set = (box, wanted) => {
    const [target, inside] = state.every ? [state.except, !wanted] : [state.ids, wanted];
    if (inside) target.add(box.value);
    else target.delete(box.value);
  };
  for (const box of boxes) box.addEventListener("change", () => (set(box, box.checked), show()));
  page.addEventListener("change", () => {
    for (const box of boxes) set(box, page.checked);
    show();
  });
  every?.addEventListener("change", () => {
    [state.every, state.ids, state.except] = [every.checked, new Set(), new Set()];
    show();
  });
  form.addEventListener("formdata", (event) => {
    event.formData.delete("id");
    const [name, values] = state.every ? ["except", state.except] : ["id", state.ids];
    if (values.size) event.formData.set(name, [...values].join(","));
  });
  show();
}

// The bulk page: who of those listed is really meant.
export function pick(form) {
  const boxes = [...form.querySelectorAll("input[name=id]")];
  const all = form.querySelector("[data-pick-all]");
  const show = () => {
    const count = boxes.filter((box) => box.checked).length;
    for (const node of document.querySelectorAll("[data-count]")) node.textContent = String(count);
    for (const button of form.querySelectorAll("button[data-confirm]")) button.disabled = count === 0;
    all.checked = count === boxes.length;
    all.indeterminate = count > 0 && count < boxes.length;
  };
  all.addEventListener("change", () => {
    for (const box of boxes) box.checked = all.checked;
    show();
  });
  for (const box of boxes) box.addEventListener("change", show);
  show();
}

// What was chosen has been acted upon.
export function forgetLists() {
  for (const key of Object.keys(sessionStorage)) if (key.startsWith(PREFIX)) sessionStorage.removeItem(key);
}
