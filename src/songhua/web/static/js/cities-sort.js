/** Tables that sort by a press on a heading; what is missing stays last either way. */

/** Make every `table.sortable` under an element sortable. @param {ParentNode} root */
export function makeSortable(root) {
  for (const table of root.querySelectorAll("table.sortable:not([data-ready])")) {
    if (!(table instanceof HTMLTableElement) || !table.tHead) continue;
    table.dataset.ready = "";
    for (const head of table.tHead.rows[0].cells) {
      if (!head.textContent?.trim()) continue;
      const press = document.createElement("button");
      press.type = "button";
      press.append(...head.childNodes);
      head.append(press);
      press.addEventListener("click", () => sort(table, head.cellIndex));
    }
  }
}

/** @param {HTMLTableElement} table @param {number} column */
function sort(table, column) {
  const heads = [.../** @type {HTMLTableSectionElement} */ (table.tHead).rows[0].cells];
  const up = heads[column].getAttribute("aria-sort") !== "ascending";
  heads.forEach((head, at) => head.setAttribute("aria-sort", at === column ? (up ? "ascending" : "descending") : "none"));
  const body = table.tBodies[0];
  const keyed = [...body.rows].map((row) => ({ row, key: keyOf(row.cells[column]) }));
  keyed.sort((a, b) => compare(a.key, b.key, up));
  body.append(...keyed.map(({ row }) => row));
}

/** @param {HTMLTableCellElement | undefined} cell @returns {number | string | null} */
function keyOf(cell) {
  const text = cell?.dataset.key ?? cell?.textContent?.trim() ?? "";
  if (text === "" || text.startsWith("—")) return null;
  const number = Number.parseFloat(text.replace("−", "-").replaceAll(",", ""));
  return Number.isNaN(number) ? text : number;
}

/** @param {number | string | null} a @param {number | string | null} b @param {boolean} up */
function compare(a, b, up) {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  const order = typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "zh-CN");
  return up ? order : -order;
}
