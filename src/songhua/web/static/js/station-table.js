/** A table of any length: only the rows in sight exist. Sorts by a column; rows can be picked. */

const ROW = 28;
const SPARE = 8;

/**
 * @typedef {{title: string, note?: string, width?: string, left?: boolean,
 *   value: (k: number) => number | string | null, cell: (k: number) => Node | string}} Column
 */

/**
 * Draw a table.
 * @param {HTMLElement} box @param {number} count @param {Column[]} columns
 * @param {{label: string, empty: string, onPick?: (k: number) => void, sortBy?: number}} words
 */
export function drawTable(box, count, columns, words) {
  if (!count) {
    const none = document.createElement("p");
    none.className = "empty";
    none.textContent = words.empty;
    box.replaceChildren(none);
    return;
  }
  let order = Array.from({ length: count }, (_, k) => k);
  let sorted = { column: -1, up: true };
  const widths = columns.map((column) => column.width ?? "minmax(72px, 1fr)").join(" ");
  const head = row("table-head", widths);
  const view = document.createElement("div");
  const body = document.createElement("div");
  view.className = "table-view";
  view.tabIndex = 0;
  body.className = "table-body";
  body.style.height = `${count * ROW}px`;
  box.setAttribute("role", "table");
  box.setAttribute("aria-label", words.label);
  box.setAttribute("aria-rowcount", String(count + 1));
  view.append(body);
  box.replaceChildren(head, view);

  const sort = (/** @type {number} */ at) => {
    sorted = { column: at, up: sorted.column === at ? !sorted.up : Boolean(columns[at].left) };
    const value = columns[at].value;
    order = order.toSorted((a, b) => compare(value(a), value(b), sorted.up));
    [...head.children].forEach((cell, k) =>
      cell.setAttribute("aria-sort", k === at ? (sorted.up ? "ascending" : "descending") : "none"),
    );
    draw();
  };
  columns.forEach((column, at) => {
    const cell = document.createElement("div");
    const press = document.createElement("button");
    press.type = "button";
    press.textContent = column.title;
    if (column.note) press.title = column.note;
    press.addEventListener("click", () => sort(at));
    cell.className = column.left ? "left" : "";
    cell.setAttribute("role", "columnheader");
    cell.append(press);
    head.append(cell);
  });

  function draw() {
    const first = Math.max(0, Math.floor(view.scrollTop / ROW) - SPARE);
    const last = Math.min(count, Math.ceil((view.scrollTop + view.clientHeight) / ROW) + SPARE);
    const rows = [];
    for (let at = first; at < last; at += 1) rows.push(line(order[at], at));
    body.replaceChildren(...rows);
    head.style.paddingRight = `${view.offsetWidth - view.clientWidth}px`;
  }

  /** @param {number} k @param {number} at */
  function line(k, at) {
    const made = row("table-row", widths);
    made.style.top = `${at * ROW}px`;
    made.setAttribute("aria-rowindex", String(at + 2));
    if (words.onPick) made.addEventListener("click", () => words.onPick?.(k));
    for (const column of columns) {
      const cell = document.createElement("div");
      cell.setAttribute("role", "cell");
      cell.className = column.left ? "left" : "";
      cell.append(column.cell(k));
      made.append(cell);
    }
    return made;
  }

  view.addEventListener("scroll", () => requestAnimationFrame(draw));
  new ResizeObserver(draw).observe(view);
  if (words.sortBy === undefined) draw();
  else sort(words.sortBy);
}

/** @param {string} name @param {string} widths */
function row(name, widths) {
  const made = document.createElement("div");
  made.className = name;
  made.setAttribute("role", "row");
  made.style.gridTemplateColumns = widths;
  return made;
}

/** Put what is missing last, whichever way. @param {any} a @param {any} b @param {boolean} up */
function compare(a, b, up) {
  if (a === null || a === "") return b === null || b === "" ? 0 : 1;
  if (b === null || b === "") return -1;
  const order = typeof a === "string" ? a.localeCompare(b, "zh-CN") : a - b;
  return up ? order : -order;
}
