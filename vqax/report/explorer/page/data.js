// The data of the page: columns of all questions, images, and maps that are decoded when needed.
const read = (id) => JSON.parse(document.getElementById(id).textContent);
const data = read("data");
const images = read("images");
const count = data.question_id.length;
const runs = data.runs;
const measures = new Map(data.measures.map((measure) => [measure.key, measure]));
const ACCURACY = "accuracy_official";

const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
const blocks = new Map();
for (const script of document.querySelectorAll("script[data-maps]")) blocks.set(script.dataset.maps, script);
const decoded = new Map();

const cells = (key) => {
  if (!decoded.has(key)) decoded.set(key, bytes(blocks.get(key).textContent));
  return decoded.get(key);
};

// One map of a question: its rows, columns and bytes; null where there is none.
const mapOf = (key, places, [rows, columns], question) => {
  const place = places ? places[question] : question;
  if (place < 0 || !rows || !columns) return null;
  const size = rows * columns;
  return { rows, columns, values: cells(key).subarray(place * size, (place + 1) * size) };
};

const runMap = (run, method, question) => {
  const own = runs[run].methods[method];
  return own ? mapOf(`${run}/${method}`, own.places, own.shape, question) : null;
};
const humanMap = (question) => mapOf("human", data.human, data.human_shape, question);

const textOf = (coded, question) => coded.texts[coded.codes[question]];
const answerOf = (run, question) => textOf(runs[run].answer, question);
const valueOf = (run, measure, question) => runs[run].values[measure]?.[question] ?? null;

const outcome = (accuracy) => (accuracy >= 1 ? "right" : accuracy > 0 ? "partly" : "wrong");
const SYMBOL = { right: "✓", partly: "◐", wrong: "✗" };

// In per cent of the run's questions with a value: 0 the lowest, 100 the highest; ties share a place.
const quantiles = new Map();
const quantileOf = (run, measure, question) => {
  const key = `${run}/${measure}`;
  if (!quantiles.has(key)) quantiles.set(key, ranked(runs[run].values[measure] ?? []));
  return quantiles.get(key)[question] ?? null;
};
const ranked = (values) => {
  const sorted = values.filter((value) => value !== null).sort((x, y) => x - y);
  const first = new Map();
  sorted.forEach((value, place) => { if (!first.has(value)) first.set(value, place); });
  const last = new Map(sorted.map((value, place) => [value, place]));
  const top = Math.max(1, sorted.length - 1);
  return values.map((value) => (value === null ? null : (50 * (first.get(value) + last.get(value))) / top));
};
