"use strict";
// The page is complete without this script. It adds: light and dark, sorting, saving figures, and what the maps answer.
(() => {
  const root = document.documentElement;
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const make = (name, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(name), properties);
    element.append(...children);
    return element;
  };
  root.classList.add("js");

  // Light and dark. Storage may be forbidden for files; then the choice lasts as long as the page.
  const theme = document.querySelector(".theme");
  const stored = () => { try { return localStorage.getItem("pipe-theme"); } catch { return null; } };
  const apply = (value) => {
    if (value === "light" || value === "dark") root.dataset.theme = value;
    else delete root.dataset.theme;
  };
  theme.hidden = false;
  apply(stored());
  for (const input of all("input", theme)) {
    input.checked = input.value === (root.dataset.theme ?? "auto");
    input.addEventListener("change", () => {
      apply(input.value);
      try { localStorage.setItem("pipe-theme", input.value); } catch { /* only for this page then */ }
    });
  }

  // On a narrow page the contents are closed at first, and a link may point into something closed.
  const contents = document.querySelector("nav details");
  if (contents && innerWidth < 1100) contents.open = false;
  const links = new Map(all("nav a").map((link) => [link.hash.slice(1), link]));
  const seen = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      for (const [id, link] of links) {
        if (id === target.id) link.setAttribute("aria-current", "true");
        else link.removeAttribute("aria-current");
      }
    }
  }, { rootMargin: "0px 0px -80% 0px" });
  for (const section of all("main > section")) seen.observe(section);

  // Sorting. A cell sorts by its data-v, else by the number its text begins with, else by its text.
  const numberOf = (cell) => {
    if (cell.dataset.v !== undefined) return Number(cell.dataset.v);
    return parseFloat(cell.textContent.trim().replace(/−/g, "-").replace(/,/g, "").replace(/^[+<]/, ""));
  };
  const sort = (table, header) => {
    const column = Number(header.dataset.column);
    const numeric = header.classList.contains("n");
    const before = header.getAttribute("aria-sort");
    // Numbers start with the highest, names with the first.
    const first = numeric ? "descending" : "ascending";
    const second = numeric ? "ascending" : "descending";
    const direction = before === first ? second : first;
    for (const other of all("th[aria-sort]", table)) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", direction);
    const sign = direction === "ascending" ? 1 : -1;
    const body = table.tBodies[0];
    const names = new Intl.Collator("en", { numeric: true });
    const rows = [...body.rows].map((row) => {
      const cell = row.cells[column];
      const keyed = numeric || cell.dataset.v !== undefined;
      return { row, number: keyed ? numberOf(cell) : NaN, text: cell.textContent.trim() };
    });
    rows.sort((a, b) => {
      if (numeric || (!Number.isNaN(a.number) && !Number.isNaN(b.number))) {
        // What has no number is last in both directions.
        if (Number.isNaN(a.number) || Number.isNaN(b.number)) return Number.isNaN(a.number) - Number.isNaN(b.number);
        return sign * (a.number - b.number);
      }
      return sign * names.compare(a.text, b.text);
    });
    body.append(...rows.map(({ row }) => row));
    table.dataset.sorted = "";
  };
  for (const table of all("table.sortable")) {
    if (table.tBodies[0].rows.length < 2) continue;
    for (const header of all("th[data-column]", table)) {
      const button = make("button", { type: "button" });
      button.append(...header.childNodes);
      header.append(button);
      button.addEventListener("click", () => sort(table, header));
    }
  }

  // Saving. All drawings of a figure become one, where they stand on the page, with the colours they have now.
  const copied = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray",
    "stroke-linecap", "stroke-linejoin", "font-family", "font-size", "font-weight", "text-anchor"];
  const namespace = "http://www.w3.org/2000/svg";
  const inline = (original, copy) => {
    const style = getComputedStyle(original);
    copy.removeAttribute("class");
    if (original.localName !== "svg" && original.localName !== "g" && original.localName !== "title") {
      const text = original.localName === "text";
      for (const name of copied) {
        if (!text && /^(font|text)/.test(name)) continue;
        if (text && /^stroke/.test(name)) continue;
        copy.setAttribute(name, style.getPropertyValue(name));
      }
    }
    for (let index = 0; index < original.children.length; index += 1) inline(original.children[index], copy.children[index]);
  };
  const drawing = (figure) => {
    const margin = 12;
    const panels = all("svg", figure).filter((svg) => svg.getClientRects().length > 0);
    const labels = all("[data-text]", figure).filter((label) => label.getClientRects().length > 0);
    const rectangles = [...panels, ...labels].map((element) => element.getBoundingClientRect());
    const left = Math.min(...rectangles.map((r) => r.left)) - margin;
    const top = Math.min(...rectangles.map((r) => r.top)) - margin;
    const width = Math.ceil(Math.max(...rectangles.map((r) => r.right)) + margin - left);
    const height = Math.ceil(Math.max(...rectangles.map((r) => r.bottom)) + margin - top);
    const whole = document.createElementNS(namespace, "svg");
    const set = (element, attributes) => {
      for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
      return element;
    };
    set(whole, { width, height, viewBox: `0 0 ${width} ${height}` });
    whole.append(set(document.createElementNS(namespace, "rect"), {
      width, height, fill: getComputedStyle(document.body).backgroundColor,
    }));
    for (const svg of panels) {
      const place = svg.getBoundingClientRect();
      const copy = svg.cloneNode(true);
      inline(svg, copy);
      for (const name of ["role", "aria-label", "aria-hidden", "tabindex"]) copy.removeAttribute(name);
      set(copy, { x: place.left - left, y: place.top - top, width: place.width, height: place.height });
      whole.append(copy);
    }
    for (const label of labels) {
      const place = label.getBoundingClientRect();
      const style = getComputedStyle(label);
      const text = document.createElementNS(namespace, "text");
      set(text, {
        x: place.left - left, y: place.top - top + place.height * 0.74,
        fill: style.color, "font-size": style.fontSize, "font-family": style.fontFamily,
      });
      text.textContent = label.textContent;
      whole.append(text);
    }
    return `<?xml version="1.0" encoding="UTF-8"?>\n${new XMLSerializer().serializeToString(whole)}\n`;
  };
  for (const figure of all("figure")) {
    if (!figure.querySelector("svg.chart")) continue;
    const button = make("button", { type: "button", className: "save", textContent: "Save as SVG" });
    button.addEventListener("click", () => {
      const address = URL.createObjectURL(new Blob([drawing(figure)], { type: "image/svg+xml" }));
      make("a", { href: address, download: `${figure.dataset.name}.svg` }).click();
      setTimeout(() => URL.revokeObjectURL(address), 10000);
    });
    figure.append(button);
  }

  // Maps.
  const source = document.getElementById("map-data");
  if (!source) return;
  const { attributes, values, maps } = JSON.parse(source.textContent);
  const figure = source.previousElementSibling;
  const choice = figure.querySelector(".colour");
  const legend = figure.querySelector(".legend");
  const label = figure.querySelector(".point");
  const [X, Y, NAME, FIRST] = [0, 1, 2, 3];
  const colours = 8;
  const panels = maps.map((points, index) => {
    const group = figure.querySelector(`.points[data-map="${index}"]`);
    const svg = group.ownerSVGElement;
    const places = new Map(points.map((point, place) => [point[NAME], place]));
    return { points, group, svg, ring: svg.querySelector(".ring"), places };
  });
  let attribute = 0;
  let alone = null;

  const classOf = (index) => `dots c${index % colours} f${Math.floor(index / colours) % 2}`;
  const draw = () => {
    for (const { points, group } of panels) {
      const data = values[attribute].map(() => []);
      for (const point of points) data[point[FIRST + attribute]].push(`M${point[X] / 10} ${point[Y] / 10}h0`);
      const paths = data.map((parts, index) => {
        const path = document.createElementNS(namespace, "path");
        path.setAttribute("class", classOf(index) + (alone === null || alone === index ? "" : " dim"));
        path.setAttribute("d", parts.join(""));
        return path;
      });
      // The chosen one lies above the others.
      if (alone !== null) paths.push(...paths.splice(alone, 1));
      group.replaceChildren(...paths);
    }
  };
  const relist = () => {
    legend.replaceChildren(...values[attribute].map((value, index) => {
      const swatch = document.createElementNS(namespace, "svg");
      swatch.setAttribute("width", 12);
      swatch.setAttribute("height", 12);
      swatch.setAttribute("aria-hidden", "true");
      const dot = document.createElementNS(namespace, "path");
      dot.setAttribute("class", classOf(index));
      dot.setAttribute("d", "M6 6h0");
      swatch.append(dot);
      const name = make("span", { textContent: value });
      name.dataset.text = "";
      const button = make("button", { type: "button" }, swatch, name);
      button.setAttribute("aria-pressed", "false");
      button.addEventListener("click", () => {
        alone = alone === index ? null : index;
        for (const [place, other] of all("button", legend).entries()) other.setAttribute("aria-pressed", String(place === alone));
        draw();
      });
      return make("li", {}, button);
    }));
  };
  choice.hidden = false;
  for (const input of all("input", choice)) {
    input.checked = input.value === "0";
    input.addEventListener("change", () => {
      attribute = Number(input.value);
      alone = null;
      draw();
      relist();
    });
  }
  relist();

  const hide = () => {
    label.hidden = true;
    for (const { ring } of panels) ring.setAttribute("cx", -99);
  };
  const show = (panel, place) => {
    const point = panel.points[place];
    panel.current = place;
    for (const other of panels) {
      const twin = other === panel ? place : other.places.get(point[NAME]);
      const found = other.points[twin];
      other.ring.setAttribute("cx", found ? found[X] / 10 : -99);
      other.ring.setAttribute("cy", found ? found[Y] / 10 : -99);
    }
    const facts = attributes.map((name, index) => `${name}: ${values[index][point[FIRST + index]]}`);
    label.replaceChildren(make("strong", { textContent: point[NAME] }), facts.join(" · "));
    label.hidden = false;
    const outer = figure.getBoundingClientRect();
    const inner = panel.svg.getBoundingClientRect();
    const scale = inner.width / panel.svg.viewBox.baseVal.width;
    const x = inner.left - outer.left + (point[X] / 10) * scale;
    const y = inner.top - outer.top + (point[Y] / 10) * scale;
    const right = Math.max(0, outer.width - label.offsetWidth);
    label.style.left = `${Math.min(Math.max(0, x + 12), right)}px`;
    label.style.top = `${y + 14}px`;
  };
  for (const panel of panels) {
    const { svg, points } = panel;
    svg.tabIndex = 0;
    const nearest = (event) => {
      const box = svg.getBoundingClientRect();
      const scale = svg.viewBox.baseVal.width / box.width;
      const x = (event.clientX - box.left) * scale * 10;
      const y = (event.clientY - box.top) * scale * 10;
      let best = -1;
      let least = 120 ** 2;
      points.forEach((point, place) => {
        if (alone !== null && point[FIRST + attribute] !== alone) return;
        const distance = (point[X] - x) ** 2 + (point[Y] - y) ** 2;
        if (distance < least) [best, least] = [place, distance];
      });
      if (best < 0) hide();
      else show(panel, best);
    };
    svg.addEventListener("pointermove", nearest);
    svg.addEventListener("pointerdown", nearest);
    svg.addEventListener("pointerleave", hide);
    svg.addEventListener("blur", hide);
    svg.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      if (event.key === "Escape") hide();
      if (!step) return;
      event.preventDefault();
      if (panel.current === undefined) { show(panel, 0); return; }
      const here = points[panel.current];
      let best = panel.current;
      let least = Infinity;
      points.forEach((point, place) => {
        const [dx, dy] = [point[X] - here[X], point[Y] - here[Y]];
        const ahead = dx * step[0] + dy * step[1];
        const aside = Math.abs(dx * step[1]) + Math.abs(dy * step[0]);
        // Within the quarter that the key points to, near ones first.
        if (ahead <= 0 || aside > ahead) return;
        if (ahead + aside < least) [best, least] = [place, ahead + aside];
      });
      show(panel, best);
    });
  }
})();
