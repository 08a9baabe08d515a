// Limits the form tool to what the pages render and check: component types, groups and entries of the panel;
// adds the properties that are our own.
import { Choice, Line } from "./entries.js";
import { isOffered, offeredGroups } from "./offered.js";
import { ownProperties } from "./own.js";
import { rules } from "./rules.js";
import { WORDS } from "./words.js";

const AFTER_ALL = 400; // a priority: after the tool's own providers

class Limits {
  constructor(formFields, propertiesPanel) {
    const fields = formFields._formFields;
    for (const type of Object.keys(fields)) {
      if (!isOffered(type)) delete fields[type];
      else fields[type].config.create = named(fields[type].config);
    }
    propertiesPanel.registerProvider(this, AFTER_ALL);
  }

  getGroups(field, editField) {
    const edit = (path, value) => editField(field, path, value);
    return (groups) => {
      const own = field ? ownProperties(field, edit).map(entry) : [];
      return offeredGroups(groups, field?.type, own, () => rules(field, edit));
    };
  }
}
Limits.$inject = ["formFields", "propertiesPanel"];

export const limits = { __init__: ["shouwangLimits"], shouwangLimits: ["type", Limits] };

const entry = (one) => ({ ...one, id: `own-${one.name}`, component: one.options ? Choice : Line });

// What is dropped into a form begins with a Chinese name; what a file says stays as it is.
function named({ create }) {
  return (options, isNew) => {
    const made = create(options, isNew);
    if (!isNew) return made;
    if (made.label) made.label = WORDS[made.label] ?? made.label;
    if (made.dateLabel === "Date") made.dateLabel = "日期";
    if (made.type === "text" && made.text === "# Text") made.text = "说明文字";
    for (const one of made.values ?? []) one.label = one.label.replace(/^Value/, "选项");
    return made;
  };
}
