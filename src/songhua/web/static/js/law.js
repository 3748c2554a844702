/** The timeline of the law: a press on it chooses the day. */
import "./songhua.js";

const line = document.getElementById("timeline");
const field = document.querySelector('input[name="on"]');

line?.addEventListener("click", (event) => {
  const track = event.target instanceof Element ? event.target.closest(".track-line") : null;
  if (!track || !(field instanceof HTMLInputElement) || (event.target instanceof Element && event.target.closest("a"))) return;
  const box = track.getBoundingClientRect();
  const first = Date.parse(line.dataset.first ?? "");
  const last = Date.parse(line.dataset.last ?? "");
  const at = first + ((event.clientX - box.left) / box.width) * (last - first);
  field.value = new Date(at).toISOString().slice(0, 10);
  field.form?.requestSubmit();
});
