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

  const key = (row, column) => {
    const cell = row.cells[column];
    const text = cell.dataset.sort || cell.textContent.trim();
    const value = parseFloat(text.replace(/[,+<\s]/g, "").replace("−", "-"));
    return Number.isNaN(value) ? text : value;
  };
  for (const table of document.querySelectorAll("table.sortable")) {
    const heads = [...table.tHead.rows[table.tHead.rows.length - 1].cells];
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const down = head.ariaSort !== "descending";
        for (const other of heads) other.removeAttribute("aria-sort");
        head.ariaSort = down ? "descending" : "ascending";
        const rows = [...table.tBodies[0].rows].sort((a, b) => {
          const [x, y] = [key(a, column), key(b, column)];
          const order = typeof x === typeof y ? (x < y ? -1 : x > y ? 1 : 0) : typeof x === "number" ? 1 : -1;
          return down ? -order : order;
        });
        table.tBodies[0].append(...rows);
      });
    });
  }

  addEventListener("beforeprint", () => {
    for (const details of document.querySelectorAll("details.print")) details.open = true;
  });
})();
