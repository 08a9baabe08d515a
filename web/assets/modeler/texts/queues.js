// Whose inbox a lane means, by its name or id, as the engine reads it (queue_of in engine/flow/diagram).
const QUEUES = [
  ["村", "village", "村级"],
  ["乡", "township", "乡级"],
  ["县", "county", "县级"],
  ["市", "city", "市级"],
  ["省", "province", "省级"],
];

export function queueOf(name, id = "") {
  for (const letter of name) {
    const found = QUEUES.find(([one]) => one === letter);
    if (found) return { key: found[1], name: found[2] };
  }
  const lowered = `${name} ${id}`.toLowerCase();
  const found = QUEUES.find(([, key]) => lowered.includes(key));
  return found && { key: found[1], name: found[2] };
}
