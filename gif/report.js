// Sorting and searching the tables of a report. Everything is readable without it.
"use strict";
(function () {
  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

  function words(fragment) {
    const found = {};
    for (const part of fragment.replace(/^#/, "").split("&")) {
      const at = part.indexOf("=");
      if (at > 0) {
        try {
          found[part.slice(0, at)] = decodeURIComponent(part.slice(at + 1));
        } catch {
          // Not ours: a fragment that is no URI encoding names nothing here.
        }
      }
    }
    return found;
  }

  function key(row, column) {
    return row.cells[column].textContent;
  }

  function sort(table, column, descending) {
    const body = table.tBodies[0];
    const numeric = table.tHead.rows[0].cells[column].classList.contains("n");
    const rows = Array.from(body.rows, (row) => [numeric ? Number(key(row, column)) : key(row, column), row]);
    rows.sort((a, b) => (numeric ? a[0] - b[0] : collator.compare(a[0], b[0])) * (descending ? -1 : 1));
    body.append(...rows.map((pair) => pair[1]));
    Array.from(table.tHead.rows[0].cells).forEach((cell, index) => {
      if (index === column) {
        cell.setAttribute("aria-sort", descending ? "descending" : "ascending");
      } else {
        cell.removeAttribute("aria-sort");
      }
    });
  }

  function makeSortable(table) {
    Array.from(table.tHead.rows[0].cells).forEach((cell, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...cell.childNodes);
      button.addEventListener("click", () => sort(table, column, cell.getAttribute("aria-sort") === "ascending"));
      cell.append(button);
    });
  }

  // "#sort=Object" or "#sort=-Count": what a column is called, a minus for the other direction.
  function sortByName(table, name) {
    const wanted = name.replace(/^-/, "").toLowerCase();
    const column = Array.from(table.tHead.rows[0].cells).findIndex((cell) => cell.textContent.toLowerCase() === wanted);
    if (column >= 0) {
      sort(table, column, name.startsWith("-"));
    }
  }

  function makeSearchable(section) {
    const form = section.querySelector("form.tools");
    const rows = Array.from(section.querySelector("tbody").rows);
    const texts = rows.map((row) => row.textContent.toLowerCase());
    const input = form.querySelector("input[type=search]");
    const boxes = Array.from(form.querySelectorAll("input[type=checkbox]"));
    const status = form.querySelector("output");

    function filter() {
      const wanted = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      const kinds = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
      let shown = 0;
      rows.forEach((row, index) => {
        const match = kinds.has(row.className) && wanted.every((word) => texts[index].includes(word));
        row.hidden = !match;
        shown += match ? 1 : 0;
      });
      status.value = shown.toLocaleString("en") + " of " + rows.length.toLocaleString("en") + " listed";
    }

    form.addEventListener("submit", (event) => event.preventDefault());
    input.addEventListener("input", filter);
    boxes.forEach((box) => box.addEventListener("change", filter));
    form.hidden = false;
    return (text) => {
      input.value = text;
      filter();
    };
  }

  document.querySelectorAll("table.sortable").forEach(makeSortable);
  const section = document.querySelector("#changes");
  const search = section.querySelector("form.tools") ? makeSearchable(section) : null;

  // A link into the report may bring a search and an order: report.html#search=ann&sort=-Count
  function follow() {
    const asked = words(location.hash);
    if (search) {
      search(asked.search || "");
      sortByName(section.querySelector("table"), asked.sort || "");
    }
  }
  window.addEventListener("hashchange", follow);
  follow();
  document.documentElement.classList.add("scripted");
})();
