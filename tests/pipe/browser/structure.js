// What assistive software stumbles over: headings that skip a level, ids that occur twice, nameless tables and controls.
(() => {
  const found = [];
  let level = 0;
  for (const heading of document.querySelectorAll("h1, h2, h3, h4, h5, h6")) {
    const own = Number(heading.localName[1]);
    if (own > level + 1) found.push(`${heading.localName} after h${level}: ${heading.textContent}`);
    level = own;
  }
  if (document.querySelectorAll("h1").length !== 1) found.push("not one h1");
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) found.push(`id twice: ${id}`);
  for (const link of document.querySelectorAll("a[href^='#']")) {
    if (!document.getElementById(link.hash.slice(1))) found.push(`dead link: ${link.hash}`);
  }
  for (const table of document.querySelectorAll("table")) {
    if (!table.caption?.textContent.trim()) found.push("table without caption");
    const columns = (row) => [...row.cells].reduce((sum, cell) => sum + cell.colSpan, 0);
    const width = columns(table.rows[0]);
    for (const section of [...table.tBodies, table.tFoot]) {
      for (const row of section?.rows ?? []) {
        if (columns(row) !== width) found.push(`${table.caption.textContent}: row of ${columns(row)} in ${width} columns`);
      }
    }
    for (const heading of table.querySelectorAll("th")) if (!heading.scope) found.push("th without scope");
  }
  for (const control of document.querySelectorAll("button, summary, a, label, [role='region']")) {
    if (!(control.textContent.trim() || control.getAttribute("aria-label"))) found.push(`nameless ${control.localName}`);
  }
  for (const drawing of document.querySelectorAll("svg")) {
    if (!drawing.getAttribute("aria-label") && drawing.getAttribute("aria-hidden") !== "true") found.push("nameless svg");
  }
  for (const text of document.querySelectorAll("svg.chart text")) {
    const { x, y, width, height } = text.getBBox();
    const box = text.ownerSVGElement.viewBox.baseVal;
    if (x < -1 || y < -1 || x + width > box.width + 1 || y + height > box.height + 1) {
      found.push(`text out of its drawing: ${text.textContent} in ${text.ownerSVGElement.getAttribute("aria-label")}`);
    }
  }
  for (const attribute of ["d", "x", "y", "width", "height", "cx", "cy", "r", "x1", "x2", "y1", "y2"]) {
    for (const element of document.querySelectorAll(`svg [${attribute}]`)) {
      if (/NaN|Infinity|undefined/.test(element.getAttribute(attribute))) found.push(`${element.localName} ${attribute}`);
    }
  }
  return found.slice(0, 20);
})()
