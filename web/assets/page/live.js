// Refreshes the counts of [data-counts]: asks its address every half minute while the page is looked at, and
// changes only the texts of [data-count], so that nothing moves. Unchanged counts answer 304 without a body.
const EVERY = 30_000;

function refresh(box) {
  const names = [...box.querySelectorAll("[data-count]")];
  let known = "";
  const ask = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(box.dataset.counts, {
        credentials: "same-origin",
        headers: { "X-Requested-With": "fetch", ...(known ? { "If-None-Match": known } : {}) },
      });
      box.toggleAttribute("data-stale", !answer.ok && answer.status !== 304);
      if (!answer.ok) return;
      known = answer.headers.get("ETag") || "";
      show(await answer.json());
    } catch {
      box.setAttribute("data-stale", "");
    }
  };
  const show = ({ counts }) => {
    for (const place of names) {
      const text = (counts[place.dataset.count] ?? 0).toLocaleString("zh-CN");
      if (place.textContent !== text) place.textContent = text;
    }
  };
  setInterval(ask, Number(box.dataset.every || EVERY));
  document.addEventListener("visibilitychange", ask);
  ask();
}

for (const box of document.querySelectorAll("[data-counts]")) refresh(box);
