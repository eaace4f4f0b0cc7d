(() => {
  "use strict";
  const columns = (table) => [...table.tHead.rows[table.tHead.rows.length - 1].cells];

  const key = (row, column) => {
    const text = row.cells[column].textContent.trim();
    const value = parseFloat(text.replace(/[,+<\s]/g, "").replace("−", "-"));
    return Number.isNaN(value) ? text : value;
  };
  const sortBy = (table, column, down) => {
    const rows = [...table.tBodies[0].rows].sort((a, b) => {
      const [x, y] = [key(a, column), key(b, column)];
      const order = typeof x === typeof y ? (x < y ? -1 : x > y ? 1 : 0) : typeof x === "number" ? 1 : -1;
      return down ? -order : order;
    });
    table.tBodies[0].append(...rows);
  };
  const sortable = (table) => {
    const heads = columns(table);
    heads.forEach((head, column) => {
      if (head.tagName !== "TH" || head.classList.contains("interval")) return;
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const down = head.ariaSort !== "descending";
        for (const other of heads) other.removeAttribute("aria-sort");
        head.ariaSort = down ? "descending" : "ascending";
        sortBy(table, column, down);
      });
    });
  };

  // A cell as text, what is small behind it in brackets; drawings and gaps have no column.
  const written = (cell) => {
    const copy = cell.cloneNode(true);
    for (const svg of copy.querySelectorAll("svg")) svg.remove();
    const small = [...copy.querySelectorAll("small")].map((part) => (part.remove(), part.textContent.trim())).filter(Boolean);
    const text = copy.textContent.replace(/\s+/g, " ").trim();
    const behind = small.join("; ").replace(" to ", ", ");
    return behind && cell.tagName === "TD" ? `${text} [${behind}]` : text || behind;
  };
  const grid = (table) => {
    const heads = columns(table);
    const kept = heads.map((_, i) => i).filter((i) => heads[i].tagName === "TH" && !(heads[i].classList.contains("interval")));
    const rows = [...table.tBodies[0].rows].map((row) => kept.map((i) => row.cells[i]));
    return { heads: kept.map((i) => heads[i].dataset.head || written(heads[i])), rows };
  };

  const quoted = (text) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const csv = (table) => {
    const { heads, rows } = grid(table);
    return [heads, ...rows.map((row) => row.map(written))].map((line) => line.map(quoted).join(",")).join("\n") + "\n";
  };

  const TEX = { "\\": "\\textbackslash{}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}", "↑": "$\\uparrow$", "↓": "$\\downarrow$",
    "−": "$-$", "–": "--", "Δ": "$\\Delta$", "λ": "$\\lambda$", "γ": "$\\gamma$", "σ": "$\\sigma$", "<": "$<$", ">": "$>$" };
  const tex = (text) => text.replace(/[\\~^↑↓−–Δλγσ<>]|[&%$#_{}]/g, (letter) => TEX[letter] ?? `\\${letter}`);
  const texCell = (cell) => {
    const text = tex(written(cell));
    if (cell.classList.contains("best")) return `\\textbf{${text}}`;
    return cell.classList.contains("differs") ? `${text}$^{*}$` : text;
  };
  const latex = (table) => {
    const { heads, rows } = grid(table);
    const marked = table.querySelector(".best") ? " Bold: the best; *: differs from it (95\\,\\% interval)." : "";
    const lines = [heads.map(tex), ...rows.map((row) => row.map(texCell))].map((line) => `${line.join(" & ")} \\\\`);
    return ["\\begin{table}", "\\centering", `\\caption{${tex(written(table.caption))}.${marked}}`, `\\label{tab:${table.dataset.name.replace(/[^\w-]+/g, "-")}}`,
      `\\begin{tabular}{l${"r".repeat(heads.length - 1)}}`, "\\toprule", lines[0], "\\midrule", ...lines.slice(1), "\\bottomrule",
      "\\end{tabular}", "\\end{table}"].join("\n") + "\n";
  };

  const copy = async (text, button) => {
    const before = button.textContent;
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      button.textContent = "The browser refused";
    }
    setTimeout(() => { button.textContent = before; }, 2000);
  };
  const copiers = (table) => {
    const bar = document.createElement("div");
    bar.className = "copiers";
    for (const [name, write] of [["CSV", csv], ["LaTeX", latex]]) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = `Copy ${name}`;
      button.dataset.format = name;
      button.addEventListener("click", () => copy(write(table), button));
      bar.append(button);
    }
    table.closest(".scroll").after(bar);
  };

  for (const table of document.querySelectorAll("table[data-name]")) {
    if (table.classList.contains("sortable")) sortable(table);
    copiers(table);
  }
})();
