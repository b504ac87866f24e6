// Elements that stick out of the page to the right and are not within a box that scrolls.
(() => {
  const width = document.documentElement.clientWidth;
  const found = [];
  if (document.documentElement.scrollWidth > width) found.push(`page: ${document.documentElement.scrollWidth} > ${width}`);
  const boxed = (element) => {
    for (let box = element.parentElement; box && box !== document.body; box = box.parentElement) {
      if (getComputedStyle(box).overflowX !== "visible") return true;
    }
    return false;
  };
  for (const element of document.body.querySelectorAll("*")) {
    if (element.ownerSVGElement || !element.checkVisibility()) continue;
    const { right, width: own } = element.getBoundingClientRect();
    if (own > 0 && right > width + 0.5 && !boxed(element)) {
      found.push(`${element.localName}.${element.className}: ${Math.round(right)} ${element.textContent.trim().slice(0, 40)}`);
    }
  }
  return found.slice(0, 20);
})()
