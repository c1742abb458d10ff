// Elements from words: nothing that a spec says becomes markup.

export const make = (tag, attributes = {}, ...inside) => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes))
    if (value !== null && value !== false) node.setAttribute(name, value === true ? "" : value);
  node.append(...inside);
  return node;
};

// The Markdown that the engine writes: fences, two-column tables, `code`, **bold**, paragraphs.
export const prose = (markdown) => {
  const made = make("div", { class: "prose" });
  const lines = markdown.split("\n");
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at];
    if (line.startsWith("```")) {
      const end = lines.indexOf("```", at + 1);
      const stop = end < 0 ? lines.length : end;
      made.append(make("pre", {}, lines.slice(at + 1, stop).join("\n")));
      at = stop;
    } else if (line.startsWith("|")) {
      const table = make("table");
      for (; at < lines.length && lines[at].startsWith("|"); at++) {
        const cells = lines[at].split("|").slice(1, -1).map((cell) => cell.trim());
        if (cells.some((cell) => cell && !/^:?-+:?$/.test(cell))) table.append(make("tr", {}, ...cells.map((cell) => make("td", {}, ...spans(cell)))));
      }
      at--;
      made.append(table);
    } else if (line.trim()) made.append(make("p", {}, ...spans(line)));
  }
  return made;
};

const spans = (line) =>
  line.split(/(`[^`]+`|\*\*[^*]+\*\*)/).filter(Boolean).map((part) =>
    part.startsWith("`") && part.length > 1 ? make("code", {}, part.slice(1, -1)) : part.startsWith("**") && part.length > 4 ? make("b", {}, part.slice(2, -2)) : part
  );
