// What of the form tool is offered: kinds of fields, groups and entries of its panel.
const TYPES = [
  "default",
  "textfield",
  "textarea",
  "number",
  "datetime",
  "checkbox",
  "checklist",
  "radio",
  "select",
  "taglist",
  "filepicker",
  "dynamiclist",
  "text",
  "expression",
  "group",
  "separator",
  "spacer",
];
// Those that nobody fills in, and so have no rules.
const SILENT = ["default", "text", "expression", "group", "separator", "spacer"];
const GROUPS = ["general", "staticOptions", "condition", "layout", "appearance", "validation"];
const WITHHELD = [
  "validationType",
  "patternErrorMessage",
  "versionTag",
  "disabled",
  "prefix-adorner",
  "verticalAlignment",
  "searchable",
  "subtype",
  "use24h",
  "time-label",
  "increment",
  "disableCollapse",
  "nonCollapsedItems",
  "showOutline",
  "allowAddRemove",
  "defaultRepetitions",
  "source",
];
const WITHHELD_ENDS = /-(step|computeOn)$/;

export const isOffered = (type) => TYPES.includes(type);

function isEntryOffered({ id }, type) {
  if (WITHHELD.includes(id) || WITHHELD_ENDS.test(id)) return false;
  return type !== "group" || !(id === "path" || /repeat/i.test(id));
}

// The groups of the panel for a field of that type (undefined: for the form): with the entries that are
// offered, behind the first of them our `own`, at the end what `rules` makes.
export function offeredGroups(groups, type, own, rules) {
  const kept = groups.filter((group) => GROUPS.includes(group.id));
  for (const group of kept.filter((one) => one.entries)) {
    group.entries = group.entries.filter((entry) => isEntryOffered(entry, type));
  }
  const at = kept.findIndex((group) => group.id === "general") + 1;
  if (own.length) kept.splice(at, 0, { id: "own", label: "来源和格式", entries: own });
  if (isOffered(type) && !SILENT.includes(type)) kept.push(rules());
  return kept.filter((group) => group.component || group.items || group.entries?.length);
}
