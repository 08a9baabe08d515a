// What a page does by itself never moves what a person is about to press: between the pointer's going down
// and its coming up again (and the click that follows) the page holds still; what it had to do is done right
// after.
const waiting = new Map();
let held = false;

function release() {
  held = false;
  const works = [...waiting.values()];
  waiting.clear();
  for (const work of works) work();
}

addEventListener("pointerdown", () => (held = true), true);
addEventListener("click", release, true); // by now it is decided what was pressed
for (const name of ["pointerup", "pointercancel", "blur", "pagehide"]) {
  addEventListener(name, () => held && setTimeout(release), true); // a press that became no click
}

// Do `work` now, or as soon as nothing is pressed; of several works of one `name` only the last is done.
export function quietly(name, work) {
  if (held) waiting.set(name, work);
  else work();
}
