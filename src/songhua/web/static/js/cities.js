/** Pages of cities: links swap what changes and keep the rest; charts are drawn after each swap. */
import { onLook, showEdition } from "./songhua.js";
import { drawCalendar } from "./cities-calendar.js";
import { makeSortable } from "./cities-sort.js";

function draw() {
  showEdition(document.getElementById("cities")?.dataset.edition ?? "");
  makeSortable(document);
  const calendar = document.getElementById("calendar");
  if (calendar) drawCalendar(calendar);
  const course = document.getElementById("course");
  if (course) import("./cities-course.js").then((chart) => chart.drawCourse(course));
}

document.addEventListener("htmx:afterSettle", draw);
document.addEventListener("click", (event) => {
  const row = event.target instanceof Element ? event.target.closest("table.ranking tbody tr") : null;
  const inLink = event.target instanceof Element && event.target.closest("a, button");
  const link = row?.querySelector("a.pick");
  if (!inLink && link instanceof HTMLAnchorElement) link.click();
});
onLook(draw);
draw();
