// Photos and scans of a form. Where the form has an address for them, each file goes there as soon as it is
// chosen, one after the other; what the network did not take stands in the list until it went or somebody
// gives it up. Elsewhere the files go with the form, made small before.
import { headers } from "../drafts/drafts.js";
import { buttonOf, fill, send } from "../page/older.js";
import { outcome, progress, taken } from "./answers.js";
import { prepared } from "./photo.js";

const LOST = "网络不通，没有传上。网络好了会自动再传。";
const LONGEST = 600_000; // of one file, before it counts as lost: 10 MB take that long at 17 KB a second

export function uploads(form, changed) {
  const files = new Uploads(form, changed);
  form.addEventListener("change", (event) => event.target.type === "file" && files.chosen(event.target));
  form.addEventListener("click", (event) => files.pressed(event.target));
  form.addEventListener("submit", (event) => files.hold(event), true);
  addEventListener("online", () => files.again());
  addEventListener("beforeunload", (event) => files.warn(event));
  return (pairs) => files.restore(pairs);
}

class Uploads {
  constructor(form, changed) {
    Object.assign(this, { form, changed, going: false, scaling: null });
    this.waiting = new Map(); // by the line that stands for a file: its field, the file, whether it failed
  }

  // Lines that stand on the page: a row that was taken away takes its files along.
  get left() {
    return [...this.waiting.keys()].filter((line) => line.isConnected);
  }

  async chosen(input) {
    if (!this.form.dataset.upload) return this.scale(input);
    const box = input.closest("[data-type=files]");
    fill(box.querySelector(".upload-state"));
    if (!input.multiple) this.left.filter((line) => box.contains(line)).forEach((line) => this.giveUp(line));
    const present = box.querySelectorAll("li").length;
    const files = [...input.files];
    const field = { most: Number(input.dataset.most || 1), multiple: input.multiple, present };
    const { room, words } = taken(files.length, field);
    for (const file of files.slice(0, room)) {
      const line = lineOf(file);
      box.querySelector("ul").append(line);
      this.waiting.set(line, { input, file, failed: false });
    }
    if (words) say(box, words);
    input.value = ""; // else the form would send them once more
    return this.go();
  }

  // A form that is sent meanwhile goes as soon as its photos are small.
  scale(input) {
    const work = small(input).finally(() => {
      if (this.scaling === work) this.scaling = null;
    });
    this.scaling = work;
  }

  async go() {
    if (this.going) return;
    this.going = true;
    for (let line; (line = this.left.find((one) => !this.waiting.get(one).failed)); ) await this.send(line);
    this.going = false;
    if (!this.left.length) for (const line of this.form.querySelectorAll("[data-held]")) line.remove();
  }

  async send(line) {
    const { input, file } = this.waiting.get(line);
    const body = new FormData();
    body.append("file", await prepared(file));
    body.append("field", input.name.replace("file:", ""));
    if (!this.waiting.has(line)) return; // given up meanwhile
    const answer = await posted(this.form, body, line);
    if (!this.waiting.has(line)) return;
    if (answer.lost) return this.fail(line, answer.lost);
    this.waiting.delete(line);
    const box = line.closest("[data-type=files]");
    if (box && answer.file) take(box, input, answer.file, line);
    else if (box) say(box, `${file.name}：${answer.sentence}`);
    line.remove();
    if (box) this.changed();
  }

  fail(line, words) {
    this.waiting.get(line).failed = true;
    line.classList.add("failed");
    line.querySelector(".said").textContent = words;
  }

  again() {
    for (const line of this.left) this.retry(line);
  }

  retry(line) {
    this.waiting.get(line).failed = false;
    line.classList.remove("failed");
    line.querySelector(".said").textContent = "等待上传";
    this.go();
  }

  giveUp(line) {
    line.dispatchEvent(new Event("given-up"));
    this.waiting.delete(line);
    line.remove();
  }

  pressed(target) {
    const line = target.closest("li");
    if (target.matches("[data-retry]")) this.retry(line);
    else if (target.matches("[data-give-up]")) this.giveUp(line);
    else if (target.closest("[data-drop]")) {
      line.remove();
      this.changed();
    }
  }

  // A form does not leave without the files that somebody chose for it.
  hold(event) {
    const [first] = this.left;
    if (!first && !this.scaling) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const button = buttonOf(event);
    if (!first) return void this.scaling.then(() => send(this.form, button));
    const box = first.closest("[data-type=files]");
    fill(box.querySelector(".upload-state"));
    say(box, `还有 ${this.left.length} 个文件没有传完。传完再提交；不要了的，点“不传了”。`).dataset.held = "";
    box.scrollIntoView({ block: "center" });
  }

  warn(event) {
    if (!this.left.length) return;
    event.preventDefault();
    event.returnValue = "";
  }

  // Files that went up but whose draft was not saved any more.
  restore(pairs) {
    for (const input of this.form.querySelectorAll("input[type=file][data-address]")) {
      const box = input.closest("[data-type=files]");
      const present = [...box.querySelectorAll("input[type=hidden]")].map((one) => one.value);
      const typed = pairs.filter(([name, id]) => `file:${name}` === input.name && /^\d+$/.test(id));
      for (const [, id] of typed) if (!present.includes(id)) take(box, input, keptAs(input, id));
    }
  }
}

async function small(input) {
  const transfer = new DataTransfer();
  for (const file of input.files) transfer.items.add(await prepared(file));
  input.files = transfer.files;
}

const keptAs = (input, id) => {
  const url = input.dataset.address.replace("/0", `/${id}`);
  return { id, url, thumbnail: `${url}/thumbnail`, filename: `附件 ${id}` };
};

function say(box, words) {
  const line = Object.assign(document.createElement("div"), { className: "refused", textContent: words });
  box.querySelector(".upload-state").append(line);
  return line;
}

const button = (label, role) => {
  const found = Object.assign(document.createElement("button"), { type: "button", textContent: label });
  found.className = "btn btn-link btn-sm";
  found.dataset[role] = "";
  return found;
};

function lineOf(file) {
  const line = Object.assign(document.createElement("li"), { className: "sending" });
  const name = Object.assign(document.createElement("span"), { textContent: file.name });
  const said = Object.assign(document.createElement("span"), { className: "said", textContent: "等待上传" });
  line.append(name, said, button("重传", "retry"), button("不传了", "giveUp"));
  return line;
}

// A file that is kept, in its place of the list.
function take(box, input, file, line = null) {
  const list = box.querySelector("ul");
  if (!input.multiple) for (const former of list.querySelectorAll("li:not(.sending)")) former.remove();
  const item = document.createElement("li");
  const link = Object.assign(document.createElement("a"), {
    className: "attached",
    href: file.url,
    target: "_blank",
  });
  if (file.thumbnail) link.append(pictureOf(file));
  link.append(Object.assign(document.createElement("span"), { textContent: file.filename }));
  const hidden = Object.assign(document.createElement("input"), { type: "hidden", value: file.id });
  hidden.name = input.name.replace("file:", "");
  item.append(link, hidden, button("移除", "drop"));
  list.insertBefore(item, line);
}

function pictureOf(file) {
  const image = Object.assign(document.createElement("img"), { src: file.thumbnail, alt: file.filename });
  image.addEventListener("error", () => image.remove());
  return image;
}

// Sends one file: what it is kept as, or the sentence with which it was refused, or why it did not arrive.
function posted(form, body, line) {
  return new Promise((settle) => {
    const request = new XMLHttpRequest(); // tells how far it is, which fetch does not
    request.open("POST", form.dataset.upload);
    request.timeout = LONGEST;
    for (const [name, value] of Object.entries(headers(form))) request.setRequestHeader(name, value);
    request.upload.addEventListener("progress", (event) => {
      line.querySelector(".said").textContent = progress(event);
    });
    for (const fault of ["error", "timeout"]) request.addEventListener(fault, () => settle({ lost: LOST }));
    request.addEventListener("abort", () => settle({}));
    request.addEventListener("load", () => settle(answered(request, form)));
    line.addEventListener("given-up", () => request.abort());
    request.send(body);
  });
}

function answered(request, form) {
  return outcome({
    asked: new URL(form.dataset.upload, location.href).href,
    url: request.responseURL,
    status: request.status,
    text: request.responseText,
  });
}
