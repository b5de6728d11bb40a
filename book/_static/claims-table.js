// Sorts and filters the table of all claims. Without this script the whole table is shown.
document.addEventListener("DOMContentLoaded", () => {
  const table = document.getElementById("claims-table");
  const form = document.getElementById("claims-filter");
  if (!table || !form) return;
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const headers = [...table.tHead.rows[0].cells];

  const key = (row, column) => {
    const cell = row.cells[column];
    return cell.dataset.key ?? cell.textContent.trim();
  };

  function compare(kind, column, direction) {
    return (a, b) => {
      const [left, right] = [key(a, column), key(b, column)];
      // Rows without a value stay last whatever the direction.
      if (left === "" || right === "") return (left === "") - (right === "");
      const order = kind === "text" ? left.localeCompare(right) : Number(left) - Number(right);
      return order * direction;
    };
  }

  function sortBy(header, column) {
    const ascending = header.getAttribute("aria-sort") !== "ascending";
    for (const other of headers) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", ascending ? "ascending" : "descending");
    body.append(...[...rows].sort(compare(header.dataset.sort, column, ascending ? 1 : -1)));
  }

  headers.forEach((header, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...header.childNodes);
    header.append(button);
    button.addEventListener("click", () => sortBy(header, column));
  });

  function filter() {
    const wanted = new FormData(form);
    const words = wanted.get("words").toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase() + " " + row.cells[2].title.toLowerCase();
      row.hidden =
        ["paper", "internal", "released", "replication", "generalisation"].some((name) => {
          const value = wanted.get(name);
          return value && row.dataset[name] !== value;
        }) || !words.every((word) => text.includes(word));
      if (!row.hidden) shown += 1;
    }
    form.elements.count.value = `${shown} of ${rows.length} claims`;
  }

  form.addEventListener("input", filter);
  form.addEventListener("reset", () => setTimeout(filter));
  form.addEventListener("submit", (event) => event.preventDefault());
  // A link such as claims.html?paper=dre opens with that choice.
  for (const [name, value] of new URLSearchParams(location.search)) {
    if (name !== "count" && form.elements[name]) form.elements[name].value = value;
  }
  form.hidden = false;
  filter();
});
