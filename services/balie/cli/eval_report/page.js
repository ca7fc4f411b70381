"use strict";
for (const table of document.querySelectorAll("table.sortable")) {
  const headings = [...table.tHead.rows[0].cells];
  const body = table.tBodies[0];
  headings.forEach((heading, place) => {
    const sort = () => {
      const before = heading.getAttribute("aria-sort");
      const isNumber = heading.classList.contains("n");
      const falling = before ? before === "ascending" : isNumber;
      const key = (row) => {
        const text = row.cells[place].textContent.trim();
        return isNumber ? (Number.isNaN(parseFloat(text)) ? -Infinity : parseFloat(text)) : text.toLowerCase();
      };
      const rows = [...body.rows].map((row) => [key(row), row]);
      rows.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0) * (falling ? -1 : 1));
      headings.forEach((other) => other.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", falling ? "descending" : "ascending");
      body.append(...rows.map(([, row]) => row));
    };
    heading.tabIndex = 0;
    heading.addEventListener("click", sort);
    heading.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        sort();
      }
    });
  });
}
const boxes = [...document.querySelectorAll(".filters input[data-kind]")];
const search = document.querySelector(".filters input[type=search]");
const filter = () => {
  const kinds = new Set(boxes.filter((box) => box.checked).map((box) => box.dataset.kind));
  const wanted = search ? search.value.trim().toLowerCase() : "";
  for (const row of document.querySelectorAll(".errors tr[data-kind]")) {
    row.hidden = !kinds.has(row.dataset.kind) || !row.textContent.toLowerCase().includes(wanted);
  }
};
for (const box of [...boxes, search]) {
  box?.addEventListener("input", filter);
}
