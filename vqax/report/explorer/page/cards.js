// One question as a card: what was asked, where A, B and people looked, what every run answered.
const element = (name, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
};
const shown = (value, digits = 2) => (value === null ? "–" : value.toFixed(digits).replace("-", "−"));

const look = (i, map, caption, alt) => {
  const frame = element("div", { className: "look" });
  frame.append(element("img", { src: images[data.image[i]], alt: map ? alt : `${alt}: no map`, loading: "lazy" }));
  if (map) {
    const canvas = element("canvas", { ariaHidden: "true" });
    frame.append(canvas);
    drawWhenSeen(canvas, map);
  }
  return element("figure", {}, frame, caption);
};

const mark = (accuracy) => {
  const kind = outcome(accuracy);
  return element("span", { className: kind, textContent: `${SYMBOL[kind]} ${kind === "partly" ? `${Math.round(100 * accuracy)} %` : kind}` });
};

const runLook = (letter, run, chosenMethod, i) => {
  const method = methodOf(run, chosenMethod);
  const name = runs[run].methods[method]?.name ?? "no map";
  const caption = element("figcaption", {}, element("b", { textContent: `${letter}: ${runs[run].label}` }),
    `${name} · ${answerOf(run, i)} `, mark(valueOf(run, ACCURACY, i)));
  return look(i, runMap(run, method, i), caption, `${name} of ${runs[run].label}`);
};

const humanLook = (i) => {
  const votes = data.human_answers[i];
  const said = votes.length ? votes.map(([text, times]) => `${text} ×${times}`).join(", ") : data.truth[i];
  const map = humanMap(i);
  const caption = element("figcaption", {}, element("b", { textContent: map ? "Human attention" : "The image" }), said);
  return look(i, map, caption, map ? "Human attention" : "The image");
};

const tableColumns = () => {
  const by = sorting();
  const wanted = [state.u, state.g, by && by.measure !== ACCURACY ? by.measure : ""];
  return [...new Set(wanted)].filter((measure) => measures.has(measure));
};

const answerTable = (i) => {
  const columns = tableColumns();
  const heads = ["Run", "answer", "probability", "", ...columns.map((key) => measures.get(key).name)];
  heads[3] = "VQA accuracy";
  const rows = runs.map((run, place) => {
    const letter = place === runA() ? "a" : place === runB() ? "b" : "";
    const numbers = columns.map((key) => element("td", { textContent: shown(valueOf(place, key, i)) }));
    return element("tr", { className: letter },
      element("th", { scope: "row", textContent: run.label }), element("td", { className: "said", textContent: answerOf(place, i) }),
      element("td", { textContent: shown(run.probability[i]) }), element("td", {}, mark(valueOf(place, ACCURACY, i))), ...numbers);
  });
  const head = element("tr", {}, ...heads.map((text) => element("th", { scope: "col", textContent: text })));
  const table = element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows));
  return element("div", { className: "answers", tabIndex: 0, role: "group", ariaLabel: "Answers of all runs" }, table);
};

const facts = (i) => {
  const by = sorting();
  const link = element("a", { href: address({ id: String(data.question_id[i]) }), textContent: `question ${data.question_id[i]}` });
  const parts = [`${textOf(data.answer_type, i)} · ${textOf(data.question_type, i)} · right answer: ${data.truth[i]} · `, link];
  if (by?.kind === "d") {
    const value = difference(by.measure, i);
    parts.push(` · A − B in ${measures.get(by.measure).name}: ${value > 0 ? "+" : ""}${shown(value)}`);
  }
  return element("p", { className: "facts" }, ...parts);
};

const card = (i) =>
  element("article", { className: "question", id: `q${data.question_id[i]}` },
    element("h2", { textContent: data.question[i] }), facts(i),
    element("div", { className: "looks" }, runLook("A", runA(), state.am, i), runLook("B", runB(), state.bm, i), humanLook(i)),
    answerTable(i));
