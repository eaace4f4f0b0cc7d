// What is shown is one flat object of texts, and the address behind # holds what differs from the default.
const named = (name) => runs.findIndex((run) => run.name === name);
const place = (name, otherwise) => (named(name) >= 0 ? named(name) : Math.min(otherwise, runs.length - 1));
const firstMethod = (run) => Object.keys(runs[run].methods)[0] ?? "";
const firstOf = (kind) => data.measures.find((measure) => measure.kind === kind)?.key ?? "";

const defaults = () => ({
  a: runs[place(data.pair[0], 0)].name, am: "", b: runs[place(data.pair[1], 1)].name, bm: "", o: "75",
  text: "", type: "", kind: "", differ: "", sort: "", id: "",
  u: firstOf("uncertainty"), ul: "0", uh: "100", g: firstOf("alignment"), gl: "0", gh: "100",
  ...Object.fromEntries(runs.map((run) => [`is.${run.name}`, ""])),
});

const state = defaults();

const fromAddress = () => {
  const asked = new URLSearchParams(location.hash.slice(1));
  Object.assign(state, defaults());
  for (const key of Object.keys(state)) if (asked.has(key)) state[key] = asked.get(key);
  if (named(state.a) < 0) state.a = defaults().a;
  if (named(state.b) < 0) state.b = defaults().b;
};

const address = (changes = {}) => {
  const standard = defaults();
  const different = Object.entries({ ...state, ...changes }).filter(([key, value]) => value !== standard[key]);
  return `#${new URLSearchParams(different)}`;
};
const toAddress = () => history.replaceState(null, "", address());

const runA = () => named(state.a);
const runB = () => named(state.b);
const methodOf = (run, chosen) => (runs[run].methods[chosen] ? chosen : firstMethod(run));
