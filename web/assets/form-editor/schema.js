// A form's file: as the tool can take it, and as it is stored.
const DEEPEST = 12; // forms within forms

// A file as the tool can take it; what it cannot is told in words. `isKnown(type)`: whether pages show it.
export function readable(body, isKnown) {
  const schema = parsed(body);
  if (!Array.isArray(schema?.components)) throw new Error("不是表单文件：缺少 components。");
  inspect(schema.components, isKnown, 1);
  return schema;
}

function parsed(body) {
  try {
    return JSON.parse(body);
  } catch {
    throw new Error("不是完整的 JSON 文件。");
  }
}

function inspect(components, isKnown, depth) {
  if (depth > DEEPEST) throw new Error("表单嵌套过深。");
  for (const one of components) {
    if (typeof one?.type !== "string" || !isKnown(one.type)) {
      throw new Error(`类型“${String(one?.type).slice(0, 40)}”不能在办理页面显示。`);
    }
    if (Array.isArray(one.components)) inspect(one.components, isKnown, depth + 1);
  }
}

// What is stored: a date's name, which the tool writes as its own, is the name that everything else uses.
export function written(schema, version) {
  const stored = { ...schema, components: schema.components.map(named) };
  return JSON.stringify(version ? { ...stored, schemaVersion: version } : stored, null, 2);
}

function named(one) {
  const label = one.type === "datetime" && one.dateLabel !== undefined ? { label: one.dateLabel } : {};
  const inner = Array.isArray(one.components) ? { components: one.components.map(named) } : {};
  return { ...one, ...label, ...inner };
}
