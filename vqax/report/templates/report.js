(() => {
  "use strict";
  const root = document.documentElement;
  root.classList.add("js");

  const theme = document.getElementById("theme");
  const dark = () =>
    (root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const name = () => { theme.textContent = dark() ? "Light mode" : "Dark mode"; };
  theme.addEventListener("click", () => { root.dataset.theme = dark() ? "light" : "dark"; name(); });
  theme.hidden = false;
  name();

  const cards = [...document.querySelectorAll(".card")];
  const filters = document.getElementById("filters");
  if (filters) {
    const shown = document.getElementById("shown");
    const selects = [...filters.querySelectorAll("select")];
    const apply = () => {
      let count = 0;
      for (const card of cards) {
        card.hidden = selects.some((s) => s.value && card.dataset[s.name] !== s.value);
        count += card.hidden ? 0 : 1;
      }
      shown.textContent = `${count} of ${cards.length} questions`;
    };
    for (const select of selects) {
      const values = [...new Set(cards.map((card) => card.dataset[select.name]))].sort();
      for (const value of values) select.add(new Option(value, value));
      select.addEventListener("change", apply);
    }
    filters.hidden = false;
    apply();
  }

  // What an address names may be folded away: open all that hides it, and the section itself.
  const reveal = () => {
    const named = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!named) return;
    for (let fold = named.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
    const own = named.querySelector(":scope > details.fold");
    if (own) own.open = true;
    named.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  reveal();

  addEventListener("beforeprint", () => {
    for (const details of document.querySelectorAll("details.print")) details.open = true;
  });
})();
