// A place to sign on: with a finger, a pen or the mouse. Without this script the place is a field for a photo
// of the signature on paper, which stays beside it.
import { WIDTH, placed, path, read, signed, written } from "./strokes.js";

const SVG = "http://www.w3.org/2000/svg";
const HEIGHT = 360; // of the box that is WIDTH wide
const EMPTY = "请在框内签名";

// Every `[data-signature]` inside `root`: a box with a hidden field that gets the strokes as text.
export function signatures(root) {
  return [...root.querySelectorAll("[data-signature]")].map((box) => new Pad(box));
}

export class Pad {
  constructor(box) {
    this.field = box.querySelector("input[type=hidden]");
    Object.assign(this, { box, strokes: read(this.field.value), drawing: null });
    this.sheet = sheetOf(box.dataset.signature);
    this.line = this.sheet.querySelector("path");
    this.undo = button("撤一笔", () => this.keep(this.strokes.slice(0, -1)));
    this.clear = button("重签", () => this.keep([]));
    const tools = Object.assign(document.createElement("div"), { className: "signature-tools" });
    tools.append(this.undo, this.clear);
    box.prepend(this.sheet, tools);
    this.listen();
    this.show();
  }

  listen() {
    this.sheet.addEventListener("pointerdown", (event) => this.begin(event));
    this.sheet.addEventListener("pointermove", (event) => this.go(event));
    for (const end of ["pointerup", "pointercancel"]) this.sheet.addEventListener(end, () => this.end());
  }

  begin(event) {
    if (!event.isPrimary || event.button > 0) return;
    event.preventDefault();
    this.sheet.setPointerCapture(event.pointerId);
    this.drawing = [this.pointOf(event)];
    this.show();
  }

  go(event) {
    if (!this.drawing) return;
    const all = event.getCoalescedEvents?.() ?? [];
    for (const one of all.length ? all : [event]) this.drawing.push(this.pointOf(one));
    this.show();
  }

  end() {
    if (!this.drawing) return;
    const stroke = this.drawing;
    this.drawing = null;
    this.keep([...this.strokes, stroke]);
  }

  pointOf({ clientX, clientY }) {
    return placed({ x: clientX, y: clientY }, this.sheet.getBoundingClientRect());
  }

  keep(strokes) {
    this.strokes = strokes;
    this.field.value = written(strokes);
    this.field.dispatchEvent(new Event("input", { bubbles: true })); // drafts keep it as what is typed
    this.show();
  }

  show() {
    const strokes = this.drawing ? [...this.strokes, this.drawing] : this.strokes;
    this.line.setAttribute("d", path(strokes));
    this.sheet.classList.toggle("signed", signed(strokes));
    this.undo.disabled = this.clear.disabled = !this.strokes.length;
  }
}

function sheetOf(name) {
  const sheet = document.createElementNS(SVG, "svg");
  sheet.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  sheet.setAttribute("class", "signature-sheet");
  sheet.setAttribute("role", "img");
  sheet.setAttribute("aria-label", `${name}：${EMPTY}`);
  const words = document.createElementNS(SVG, "text");
  words.setAttribute("x", WIDTH / 2);
  words.setAttribute("y", HEIGHT / 2);
  words.textContent = EMPTY;
  sheet.append(words, document.createElementNS(SVG, "path"));
  return sheet;
}

function button(words, act) {
  const made = document.createElement("button");
  Object.assign(made, { type: "button", className: "btn btn-sm btn-outline-secondary", textContent: words });
  made.addEventListener("click", act);
  return made;
}
