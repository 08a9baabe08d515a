// What is asked of the server while a village's name is typed.
const SHORTEST = 2; // letters: one fits half the villages
const CODE = /^\d{12}$/; // a division's code is no name

export const isAsked = (typed) => typed.length >= SHORTEST && !CODE.test(typed);

// The address that answers; `address` may have a query of its own.
export const search = (address, typed) =>
  `${address}${address.includes("?") ? "&" : "?"}q=${encodeURIComponent(typed)}`;
