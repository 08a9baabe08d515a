// Keeps the wall screen fresh: fetches the same page every half minute and puts its content in place of the
// old one.
const EVERY = 30_000;
let known = "";

async function refresh() {
  try {
    const answer = await fetch(location.href, {
      headers: known ? { "If-None-Match": known } : {},
      cache: "no-store",
    });
    document.body.toggleAttribute("data-lost", !answer.ok && answer.status !== 304);
    if (!answer.ok) return;
    known = answer.headers.get("ETag") || "";
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("wall");
    if (fresh) document.getElementById("wall").replaceWith(fresh);
  } catch {
    document.body.setAttribute("data-lost", "");
  }
}

setInterval(refresh, EVERY);
