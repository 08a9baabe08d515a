// What stands in a box, as it is printed. Dates are written as people here write them, whatever the browser
// speaks.
const LONG = 40; // letters that stand on one line of half a sheet

export const dayInWords = (value) => value.replace(/^(\d+)-0?(\d+)-0?(\d+)$/, "$1年$2月$3日");

export const isLong = (words) => words.length > LONG || words.includes("\n");
