// What stands right: the head with its totals, and one of table, drawing and report.

import { make } from "./make.js";

export const head = (place, answer) => {
  if (!answer.head) {
    place.replaceChildren();
    return;
  }
  const { name, rest, cards, facts } = answer.head;
  const rows = facts.flatMap(([label, value]) => [make("dt", {}, label), make("dd", {}, value)]);
  place.replaceChildren(
    make("h2", {}, name), make("p", { class: "soft" }, rest),
    ...(answer.whole ? [] : [make("p", { class: "part", role: "status" }, "The spec has an error: what is shown is the network before it.")]),
    make("div", { class: "cards" }, ...cards.map(([amount, label, exact]) =>
      make("div", {}, make("b", {}, amount), make("span", {}, label), make("small", {}, exact)))),
    make("details", {}, make("summary", {}, "Depth, field, sizes, counting rule"), make("dl", {}, ...rows))
  );
};

const opened = new Set();

export const table = (place, { columns, rows, totals }, reach) => {
  const kind = (name) => (name === "layer" || name === "operator" ? "a" : "n");
  const body = make("tbody");
  const nodes = [];
  const hidden = () => {
    const shut = [];
    rows.forEach(([level, opens, , , , path], at) => {
      while (shut.length && rows[shut.at(-1)][0] >= level) shut.pop();
      nodes[at].hidden = shut.length > 0;
      if (opens && !opened.has(path) && !few) shut.push(at);
      else if (opens && few && opened.has(`shut ${path}`)) shut.push(at);
    });
  };
  const few = rows.length <= 60;
  rows.forEach(([level, opens, cells, line, part, path]) => {
    const row = make("tr", { class: opens ? "block" : null, "data-line": line, tabindex: "0" });
    cells.forEach((words, column) => {
      const name = columns[column][0];
      if (name === "layer") {
        const cell = make("th", { scope: "row", class: "a", title: path });
        const inner = make("span", { style: `padding-left:${level * 12}px` });
        if (opens) {
          const key = few ? `shut ${path}` : path;
          const isOpen = () => (few ? !opened.has(key) : opened.has(key));
          const button = make("button", { type: "button", class: "fold", "aria-label": `fold ${path}`, "aria-expanded": String(isOpen()) });
          button.addEventListener("click", (event) => {
            event.stopPropagation();
            if (!opened.delete(key)) opened.add(key);
            button.setAttribute("aria-expanded", String(isOpen()));
            hidden();
          });
          inner.append(button);
        }
        inner.append(words);
        cell.append(inner);
        row.append(cell);
      } else if (name === "share_macs")
        row.append(make("td", { class: "n fill", "data-c": name }, make("i", { style: `width:${100 * part}%` }), make("span", {}, words)));
      else
        row.append(make("td", { class: `${kind(name)}${words === "0" || name === "operator" ? " soft" : ""}`, "data-c": name,
          title: name === "operator" ? words : null }, words));
    });
    row.addEventListener("click", () => line && reach(line));
    row.addEventListener("keydown", (event) => event.key === "Enter" && event.target === row && line && reach(line));
    nodes.push(row);
    body.append(row);
  });
  hidden();
  const heads = columns.map(([name, heading]) => make("th", { scope: "col", class: kind(name), "data-c": name }, heading));
  const feet = totals.map((words, at) => make("td", { class: kind(columns[at][0]), "data-c": columns[at][0] }, at ? words : "Total"));
  const scroll = [place.scrollTop, place.scrollLeft];
  place.replaceChildren(make("table", {}, make("thead", {}, make("tr", {}, ...heads)), body, make("tfoot", {}, make("tr", {}, ...feet))));
  [place.scrollTop, place.scrollLeft] = scroll;
};

let zoom = 0; // as wide as fits

export const drawing = (place, { svg, lines }, reach) => {
  const scroll = [place.scrollTop, place.scrollLeft];
  const frame = make("div", { class: "picture" });
  frame.innerHTML = svg; // the library's drawing: it escapes names, and holds no script
  const picture = frame.querySelector("svg");
  const [width, height] = ["width", "height"].map((name) => Number(picture.getAttribute(name)));
  const factor = () => zoom || Math.min(1, Math.max(0.3, (place.clientWidth - 4) / width));
  const scale = () => {
    picture.style.width = `${width * factor()}px`;
    picture.style.height = `${height * factor()}px`;
  };
  frame.querySelectorAll("[data-n]").forEach((box) => {
    const line = lines[Number(box.dataset.n)];
    if (!line) return;
    box.dataset.line = line;
    box.addEventListener("click", () => reach(line));
  });
  const tools = make("div", { class: "tools" });
  for (const [words, label, next] of [["+", "larger", () => factor() * 1.25], ["−", "smaller", () => factor() * 0.8], ["fit", "as wide as fits", () => 0],
    ["1:1", "as drawn", () => 1]]) {
    const button = make("button", { type: "button", "aria-label": label, title: label }, words);
    button.addEventListener("click", () => {
      zoom = Math.min(4, next());
      scale();
    });
    tools.append(button);
  }
  scale();
  place.replaceChildren(tools, frame);
  [place.scrollTop, place.scrollLeft] = scroll;
};

let shown = "";

export const report = (place, { page, whole }, name) => {
  if (!whole) {
    place.replaceChildren(make("p", { class: "soft" }, "A report is made of a spec without errors."));
    return;
  }
  URL.revokeObjectURL(shown);
  shown = URL.createObjectURL(new Blob([page], { type: "text/html" }));
  const saved = make("a", { href: shown, download: `${name}.html` }, `save ${name}.html`);
  place.replaceChildren(make("div", { class: "tools" }, saved), make("iframe", { src: shown, title: `report of ${name}`, sandbox: "allow-scripts" }));
};

export const mark = (place, line) => {
  place.querySelectorAll(".sel").forEach((node) => node.classList.remove("sel"));
  place.querySelectorAll(`[data-line="${line}"]`).forEach((node) => node.classList.add("sel"));
};
