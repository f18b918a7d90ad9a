(() => {
  "use strict";
  const root = document.documentElement;

  const folds = document.querySelectorAll("details[data-fold]");
  for (const fold of folds) fold.open = false;

  const button = document.getElementById("theme");
  const prefers = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : prefers.matches);
  const show = () => button.setAttribute("aria-pressed", String(isDark()));
  button.hidden = false;
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    show();
  });
  prefers.addEventListener("change", show);
  show();

  const specs = JSON.parse(document.getElementById("specs").textContent);
  const nothing = () => Promise.reject(new Error("this page loads nothing"));
  const loader = { load: nothing, sanitize: nothing, http: nothing, file: nothing };
  const options = { mode: "vega-lite", renderer: "svg", ast: true, actions: false, defaultStyle: false, tooltip: false, hover: false, loader };
  const waiting = new Set(document.querySelectorAll("[data-spec]"));
  const draw = async (place) => {
    if (!waiting.delete(place)) return;
    const inside = place.appendChild(document.createElement("div"));
    await window.vegaEmbed(inside, specs[place.dataset.spec], options);
  };
  const near = new IntersectionObserver((seen) => {
    for (const { isIntersecting, target } of seen) if (isIntersecting && !isFolded(target)) { near.unobserve(target); draw(target); }
  }, { rootMargin: "400px" });
  for (const place of waiting) near.observe(place);
  const idle = window.requestIdleCallback ?? ((then) => setTimeout(then, 30));
  const isFolded = (place) => place.closest("details:not([open])") !== null;
  const next = async () => {
    const place = [...waiting].find((one) => !isFolded(one));
    if (place) { await draw(place); idle(next); } else root.dataset.drawn = "yes";
  };
  // What is folded has no width yet: it is drawn when it is opened.
  addEventListener("toggle", ({ target }) => {
    if (target.open) for (const place of target.querySelectorAll("[data-spec]")) if (!isFolded(place)) draw(place);
  }, true);
  idle(next);

  // Paper cannot be unfolded: how each number was made, and what to keep in mind, is printed with it.
  let unfolded = [];
  addEventListener("beforeprint", () => {
    unfolded = [...document.querySelectorAll(".claim details:not([open]), .method > details:not([open]), section > details:not([open]), section > .foot > details:not([open])")];
    for (const fold of unfolded) fold.open = true;
    for (const place of [...waiting]) draw(place);
  });
  addEventListener("afterprint", () => {
    for (const fold of unfolded) fold.open = false;
  });
})();
