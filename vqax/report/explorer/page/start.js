// Cards are added as they are scrolled to, so that thousands of questions cost what a screen of them does.
const CHUNK = 12;
const list = document.getElementById("questions");
const end = document.getElementById("end");
let selection = [];

const extend = () => {
  const from = list.childElementCount;
  const fragment = document.createDocumentFragment();
  for (const i of selection.slice(from, from + CHUNK)) fragment.append(card(i));
  list.append(fragment);
  end.hidden = list.childElementCount < selection.length;
  end.textContent = selection.length ? "That is all of them." : "No question fits; widen a filter or show all.";
};

const bottom = new IntersectionObserver(([entry]) => {
  if (!entry.isIntersecting || list.childElementCount >= selection.length) return;
  extend();
  bottom.unobserve(entry.target); // so that a tall window, in which the end stays in view, is filled as well
  bottom.observe(entry.target);
}, { rootMargin: "1200px" });

const show = () => {
  toForm();
  selection = chosen();
  describe(selection);
  list.replaceChildren();
  extend();
};

const changed = (input) => {
  fromForm(input);
  toAddress();
  if (input.name === "o") toForm();
  else show();
};

let later;
form.addEventListener("input", ({ target }) => {
  clearTimeout(later);
  if (target.type === "search") later = setTimeout(changed, 150, target);
  else changed(target);
});
form.addEventListener("submit", (event) => event.preventDefault());
document.getElementById("reset").addEventListener("click", (event) => {
  event.preventDefault();
  const { a, b, am, bm, o } = state;
  Object.assign(state, defaults(), { a, b, am, bm, o });
  toAddress();
  show();
});
document.getElementById("export").addEventListener("click", () => save(csv(selection), "questions.csv"));
const link = document.getElementById("link");
link.addEventListener("click", async () => {
  const before = link.textContent;
  try {
    await navigator.clipboard.writeText(location.href);
    link.textContent = "Copied";
  } catch {
    link.textContent = "Copy the address of this page";
  }
  setTimeout(() => { link.textContent = before; }, 2000);
});
addEventListener("hashchange", () => {
  if (location.hash && !location.hash.includes("=")) return toAddress(); // the link that skips to the questions
  fromAddress();
  show();
});

const theme = document.getElementById("theme");
const isDark = () => (document.documentElement.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
const nameTheme = () => { theme.textContent = isDark() ? "Light mode" : "Dark mode"; };
theme.addEventListener("click", () => { document.documentElement.dataset.theme = isDark() ? "light" : "dark"; nameTheme(); });
theme.hidden = false;
nameTheme();

build();
fromAddress();
form.hidden = false;
show();
bottom.observe(document.querySelector("footer"));
performance.mark("shown");
