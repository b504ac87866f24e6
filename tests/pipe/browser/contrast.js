// Text whose contrast with what lies behind it is below WCAG 2 AA: 4.5, or 3 where it is large.
(() => {
  const parse = (colour) => {
    const [r, g, b, a = 1] = colour.match(/[\d.]+/g)?.map(Number) ?? [0, 0, 0, 0];
    return { r, g, b, a };
  };
  const over = (top, below) => ({
    r: top.r * top.a + below.r * (1 - top.a),
    g: top.g * top.a + below.g * (1 - top.a),
    b: top.b * top.a + below.b * (1 - top.a),
    a: 1,
  });
  const luminance = ({ r, g, b }) => {
    const [x, y, z] = [r, g, b].map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const ratio = (a, b) => {
    const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x);
    return (high + 0.05) / (low + 0.05);
  };
  const grounds = new Map();
  const ground = (element) => {
    if (!element) return { r: 255, g: 255, b: 255, a: 1 };
    if (!grounds.has(element)) {
      const own = parse(getComputedStyle(element).backgroundColor);
      grounds.set(element, own.a >= 1 ? own : over(own, ground(element.parentElement)));
    }
    return grounds.get(element);
  };
  const rectangles = new Map();
  // The filled rectangles of a drawing that hold the middle of a text, the last one on top.
  const painted = (text) => {
    const svg = text.ownerSVGElement;
    if (!rectangles.has(svg)) {
      rectangles.set(svg, [...svg.querySelectorAll("rect")].map((rect) => {
        const style = getComputedStyle(rect);
        const colour = style.fill === "none" ? { r: 0, g: 0, b: 0, a: 0 } : parse(style.fill);
        return { box: rect.getBoundingClientRect(), colour: { ...colour, a: colour.a * Number(style.fillOpacity) } };
      }));
    }
    const { x, y, width, height } = text.getBoundingClientRect();
    let colour = ground(svg);
    for (const { box, colour: fill } of rectangles.get(svg)) {
      const inside = x + width / 2 >= box.left && x + width / 2 <= box.right && y + height / 2 >= box.top && y + height / 2 <= box.bottom;
      if (inside && fill.a > 0) colour = over(fill, colour);
    }
    return colour;
  };
  const weak = new Map();
  let checked = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.data.trim() || ["SCRIPT", "STYLE", "title"].includes(element.nodeName)) continue;
    if (!element.checkVisibility({ visibilityProperty: true })) continue;
    const style = getComputedStyle(element);
    const drawn = element.ownerSVGElement;
    const behind = drawn ? painted(element) : ground(element);
    const colour = over(parse(drawn ? style.fill : style.color), behind);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const found = ratio(colour, behind);
    checked += 1;
    if (found < (large ? 3 : 4.5)) {
      const what = `${element.localName}.${element.getAttribute("class")} ${found.toFixed(2)}`;
      if (!weak.has(what)) weak.set(what, `${what}: ${node.data.trim().slice(0, 30)}`);
    }
  }
  return { checked, weak: [...weak.values()].slice(0, 30) };
})()
