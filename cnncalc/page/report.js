"use strict";
(() => {
  const nets = JSON.parse(document.getElementById("data").textContent);
  const root = document.documentElement;
  const make = (tag, attributes = {}, words = "") => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    node.textContent = words;
    return node;
  };
  const drawn = (tag, attributes) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    return node;
  };
  const button = (words, label, act) => {
    const node = make("button", { type: "button", ...(label ? { "aria-label": label, title: label } : {}) }, words);
    node.addEventListener("click", act);
    return node;
  };
  const grouped = (value) => (value === null ? "?" : value.toLocaleString("en-US"));

  document.getElementById("theme").append(
    button("light / dark", "", () => {
      const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
      root.dataset.theme = dark ? "light" : "dark";
    })
  );

  nets.forEach((net, number) => {
    const part = document.getElementById("n" + number);
    const view = document.getElementById("v" + number);
    const picture = view.querySelector("svg");
    const detail = document.getElementById("d" + number);
    const table = document.getElementById("l" + number);
    const body = table.tBodies[0];
    const rows = [...body.rows];
    const boxes = [...picture.querySelectorAll("[data-n]")];
    const boxOf = new Map();
    net.boxes.forEach((layers, box) => layers.forEach((layer) => boxOf.set(layer, boxes[box])));
    const marks = (layer) => part.querySelectorAll(`[data-l="${layer}"]`);
    let selected = -1;

    // What belongs together is marked together.
    const mark = (layer, name, on) => {
      marks(layer).forEach((node) => node.classList.toggle(name, on));
      const line = net.layers[layer].line;
      if (name === "sel" && line !== null) document.getElementById(`n${number}L${line}`)?.classList.toggle(name, on);
      boxOf.get(layer)?.classList.toggle(name, on);
    };
    const reveal = (node, frame) => {
      const inner = node.getBoundingClientRect(), outer = frame.getBoundingClientRect();
      if (inner.top < outer.top + 30 || inner.bottom > outer.bottom - 30) frame.scrollTop += inner.top - outer.top - outer.height / 3;
      if (inner.left < outer.left || inner.right > outer.right) frame.scrollLeft += inner.left - outer.left - 40;
    };
    const select = (layer, from) => {
      if (selected >= 0) mark(selected, "sel", false);
      selected = layer;
      mark(layer, "sel", true);
      const row = body.querySelector(`[data-l="${layer}"]`);
      if (row && from !== "table") {
        unfold(row);
        reveal(row, table.parentElement);
      }
      const box = boxOf.get(layer);
      if (box && from !== "drawing") reveal(box, view);
      show(layer);
    };

    // The selected layer: its numbers, its formulas, what a unit of it sees.
    const show = (layer) => {
      const it = net.layers[layer];
      const title = make("h4", {}, `${it.path}: ${it.text}`);
      title.append(button("close", "", () => {
        mark(selected, "sel", false);
        selected = -1;
        detail.hidden = true;
      }));
      const facts = [`output ${it.shape.join("x")}`, `${grouped(it.params)} parameters`, `${grouped(it.macs)} MACs`,
        `${grouped(it.flops)} FLOPs`, `${grouped(it.memory)} elements moved`, `${grouped(it.live)} alive`];
      const left = make("div");
      left.append(make("p", { class: "soft" }, facts.join(" · ")));
      if (it.line !== null && document.getElementById(`n${number}L${it.line}`))
        left.append(make("a", { href: `#n${number}L${it.line}` }, `line ${it.line} of the spec`));
      if (it.f) left.append(make("pre", { tabindex: "0" }, it.f.map((line) => net.lines[line]).join("\n")));
      detail.replaceChildren(title, left);
      const seen = field(it);
      if (seen) detail.append(seen);
      detail.hidden = false;
    };
    const field = (it) => {
      const size = net.input.slice(1), axes = size.length, out = it.shape.slice(1);
      if (axes < 1 || axes > 2 || it.global || it.rf.length !== axes || out.length !== axes || it.rf.includes(null) ||
          it.jump.includes(null) || it.start.includes(null)) return null;
      const [high, wide] = axes === 2 ? size : [Math.max(1, Math.round(size[0] / 12)), size[0]];
      const holder = make("div", { class: "field" });
      const words = make("p", { class: "soft", "aria-live": "polite" });
      const svg = drawn("svg", { viewBox: `0 0 ${wide} ${high}`, role: "application", tabindex: "0",
        "aria-label": "the input; arrow keys move the unit whose field is shown" });
      const see = drawn("rect", { class: "see", "vector-effect": "non-scaling-stroke" });
      const unit = drawn("circle", { class: "unit", r: Math.max(wide, high) / 70 });
      svg.append(drawn("rect", { class: "in", width: wide, height: high }), see, unit);
      const at = out.map((count) => Math.floor((count - 1) / 2));
      const span = (axis) => {
        const first = it.start[axis] + it.jump[axis] * at[axis], last = first + it.rf[axis];
        return [Math.max(0, first), Math.min(size[axis], last), (first + last) / 2];
      };
      const put = () => {
        const x = span(axes - 1), y = axes === 2 ? span(0) : [0, high, high / 2];
        for (const [name, value] of Object.entries({ x: x[0], y: y[0], width: Math.max(0, x[1] - x[0]), height: Math.max(0, y[1] - y[0]) }))
          see.setAttribute(name, value);
        unit.setAttribute("cx", Math.min(wide, Math.max(0, x[2])));
        unit.setAttribute("cy", Math.min(high, Math.max(0, y[2])));
        const range = (axis) => `${Math.ceil(span(axis)[0])}..${Math.floor(span(axis)[1]) - 1}`;
        words.textContent = `unit ${at.join(",")} of ${out.join("x")} sees at most ${it.rf.join("x")}: ` +
          (axes === 2 ? `rows ${range(0)}, columns ${range(1)}` : `${range(0)}`);
      };
      const move = (event) => {
        const frame = svg.getBoundingClientRect();
        const pixel = [(event.clientY - frame.top) / frame.height * high, (event.clientX - frame.left) / frame.width * wide];
        for (let axis = 0; axis < axes; axis++) {
          const where = axes === 2 ? pixel[axis] : pixel[1];
          const middle = it.start[axis] + it.rf[axis] / 2;
          at[axis] = Math.max(0, Math.min(out[axis] - 1, Math.round((where - middle) / it.jump[axis])));
        }
        put();
      };
      svg.addEventListener("pointerdown", (event) => { svg.setPointerCapture(event.pointerId); move(event); });
      svg.addEventListener("pointermove", (event) => event.buttons && move(event));
      svg.addEventListener("keydown", (event) => {
        const step = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [axes - 1, -1], ArrowRight: [axes - 1, 1] }[event.key];
        if (!step || step[0] >= axes) return;
        event.preventDefault();
        at[step[0]] = Math.max(0, Math.min(out[step[0]] - 1, at[step[0]] + step[1]));
        put();
      });
      put();
      holder.append(make("strong", {}, "What one unit sees"), svg, words);
      return holder;
    };

    // One listener for the drawing, one for all else.
    const layerOf = (target) => {
      const node = target.closest?.("[data-l]");
      if (node) return Number(node.dataset.l);
      const box = target.closest?.("[data-n]");
      const layers = box && picture.contains(box) ? net.boxes[Number(box.dataset.n)] : [];
      return layers.length ? layers[0] : -1;
    };
    const origin = (target) => (picture.contains(target) ? "drawing" : table.contains(target) ? "table" : "");
    part.addEventListener("click", (event) => {
      if (event.target.closest("button")) return;
      const layer = layerOf(event.target);
      if (layer >= 0) select(layer, origin(event.target));
    });
    let hot = -1;
    part.addEventListener("pointerover", (event) => {
      const layer = layerOf(event.target);
      if (layer === hot) return;
      if (hot >= 0) mark(hot, "hot", false);
      hot = layer;
      if (hot >= 0) mark(hot, "hot", true);
    });
    boxes.forEach((box, index) => {
      if (!net.boxes[index].length) return;
      box.setAttribute("tabindex", "0");
      box.setAttribute("role", "button");
    });
    picture.setAttribute("role", "group");
    part.addEventListener("keydown", (event) => {
      const layer = layerOf(event.target);
      if (layer >= 0 && (event.key === "Enter" || event.key === " ")) {
        event.preventDefault();
        select(layer, origin(event.target));
      } else if (event.target.matches("tr") && ["ArrowDown", "ArrowUp"].includes(event.key)) {
        event.preventDefault();
        let next = event.target;
        do next = event.key === "ArrowDown" ? next.nextElementSibling : next.previousElementSibling;
        while (next && (next.hidden || !next.dataset.l));
        next?.focus();
      }
    });

    // Blocks fold; a row is hidden while it is folded away or does not match.
    const level = (row) => Number(row.dataset.v);
    const places = new Map(rows.map((row, at) => [row, at]));
    const inside = (row) => {
      const found = [];
      for (let at = places.get(row) + 1; rows[at] && level(rows[at]) > level(row); at++) found.push(rows[at]);
      return found;
    };
    const folded = new Set();
    let wanted = "", order = null;
    const refresh = () => {
      let under = Infinity;
      rows.forEach((row) => {
        if (level(row) <= under) under = Infinity;
        const away = under !== Infinity;
        if (!away && folded.has(row)) under = level(row);
        const layer = row.dataset.l === undefined ? null : net.layers[row.dataset.l];
        const words = layer ? `${layer.path} ${layer.text}`.toLowerCase() : "";
        row.hidden = wanted || order ? !layer || !words.includes(wanted) : away;
      });
    };
    const toggle = (row, on) => {
      folded[on ? "add" : "delete"](row);
      const sign = row.querySelector("button.fold");
      sign.setAttribute("aria-expanded", String(!on));
    };
    const openers = rows.filter((row) => row.classList.contains("block") && inside(row).length);
    openers.forEach((row) => {
      const sign = button("", `fold ${row.cells[0].textContent}`, () => { toggle(row, !folded.has(row)); refresh(); });
      sign.className = "fold";
      row.cells[0].firstElementChild.prepend(sign);
      toggle(row, net.layers.length > 60);
    });
    const unfold = (row) => {
      let at = level(row);
      for (let index = places.get(row) - 1; index >= 0 && at > 0; index--)
        if (level(rows[index]) < at) {
          at = level(rows[index]);
          if (folded.has(rows[index])) toggle(rows[index], false);
        }
      refresh();
    };

    // Search and order.
    const tools = part.querySelector("[data-search]");
    const search = make("input", { type: "search", placeholder: "search layers", "aria-label": "search layers" });
    const count = make("span", { class: "soft", role: "status" });
    search.addEventListener("input", () => {
      wanted = search.value.trim().toLowerCase();
      refresh();
      count.textContent = wanted ? `${rows.filter((row) => !row.hidden).length} layers` : "";
    });
    const every = (on) => () => { openers.forEach((row) => toggle(row, on)); refresh(); };
    tools.append(search, button("fold all", "fold all blocks", every(true)), button("open all", "open all blocks", every(false)), count);
    const values = { receptive_field: (it) => (it.global ? Infinity : Math.max(0, ...it.rf)), memory_access: (it) => it.memory,
      share_macs: (it) => it.macs, share_params: (it) => it.params, output: (it) => it.shape.reduce((a, b) => a * b, 1),
      layer: (it) => it.path, operator: (it) => it.text };
    [...table.tHead.rows[0].cells].forEach((cell) => {
      const key = cell.dataset.key, value = values[key] || ((it) => it[key]);
      const sorter = button(cell.textContent, `sort by ${cell.textContent}`, () => {
        const before = order && order.key === key ? order.way : 0;
        const first = ["layer", "operator"].includes(key) ? 1 : -1;
        order = before === 0 ? { key, way: first } : before === first ? { key, way: -first } : null;
        [...table.tHead.rows[0].cells].forEach((other) => other.removeAttribute("aria-sort"));
        let sorted = rows;
        if (order) {
          cell.setAttribute("aria-sort", order.way > 0 ? "ascending" : "descending");
          const of = (row) => (row.dataset.l === undefined ? null : value(net.layers[row.dataset.l]));
          sorted = [...rows].sort((a, b) => {
            const x = of(a), y = of(b);
            if (x === null || y === null) return (x === null) - (y === null);
            return order.way * (x > y ? 1 : x < y ? -1 : 0);
          });
        }
        body.append(...sorted);
        refresh();
      });
      cell.replaceChildren(sorter);
    });
    refresh();

    // Zoom: buttons, and the wheel with Ctrl.
    const width = Number(picture.getAttribute("width")), height = Number(picture.getAttribute("height"));
    let scale = 1;
    const zoom = (to) => {
      scale = Math.max(0.05, Math.min(6, to));
      picture.setAttribute("width", width * scale);
      picture.setAttribute("height", height * scale);
    };
    view.addEventListener("wheel", (event) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      zoom(scale * (event.deltaY < 0 ? 1.15 : 1 / 1.15));
    }, { passive: false });
    view.addEventListener("keydown", (event) => {
      if (event.target === view && "+-0".includes(event.key)) zoom({ "+": scale * 1.25, "-": scale / 1.25, 0: 1 }[event.key]);
    });
    part.querySelector("[data-tools]").append(
      button("+", "+ larger", () => zoom(scale * 1.25)), button("−", "− smaller", () => zoom(scale / 1.25)),
      button("fit", "fit into the window", () => zoom(Math.min(view.clientWidth / width, view.clientHeight / height))),
      button("1:1", "1:1, as it was", () => zoom(1))
    );
  });
})();
