// A map is a canvas of one pixel a cell that the browser enlarges smoothly; it is drawn when it comes into view.
const palette = bytes(document.getElementById("palette").textContent);

const paint = (canvas, map) => {
  canvas.width = map.columns;
  canvas.height = map.rows;
  const image = new ImageData(map.columns, map.rows);
  map.values.forEach((value, cell) => image.data.set(palette.subarray(4 * value, 4 * value + 4), 4 * cell));
  canvas.getContext("2d").putImageData(image, 0, 0);
  canvas.dataset.drawn = "yes";
};

const waiting = new WeakMap();
const watcher = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    watcher.unobserve(target);
    paint(target, waiting.get(target));
  }
}, { rootMargin: "300px" });

const drawWhenSeen = (canvas, map) => {
  waiting.set(canvas, map);
  watcher.observe(canvas);
};
