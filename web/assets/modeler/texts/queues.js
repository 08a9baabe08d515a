// Whose inbox a lane means, by its name or id, as the engine reads it (queue_of in engine/flow/diagram):
// `queues` are those that the server knows, each with the sign that stands for it in a name.
export function queueOf(queues, name, id = "") {
  const signs = [...name].map((letter) => queues.find(({ sign }) => sign === letter));
  const lowered = `${name} ${id}`.toLowerCase();
  return signs.find(Boolean) ?? queues.find(({ key }) => lowered.includes(key));
}
