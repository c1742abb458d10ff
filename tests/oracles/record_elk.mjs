// Lay graphs out with elkjs: a line of JSON for each line of JSON, `{boxes: [[width, height], ...], edges: [[from, to], ...],
// frames: [[first, behind last], ...]}`, frames from outside in. Spacing is ELK's own but for the room between layers and within
// frames, which is ours; the answer is `[width, height]` of the whole.

import { createInterface } from "node:readline";
import { createRequire } from "node:module";
import { resolve } from "node:path";

const ELK = createRequire(resolve(process.argv[2], "package.json"))("elkjs");
const elk = new ELK();
for await (const line of createInterface({ input: process.stdin })) {
  const { boxes, edges, frames, between, label, inside } = JSON.parse(line);
  const spacing = { "elk.layered.spacing.nodeNodeBetweenLayers": String(between) };
  const root = { id: "root", children: [], edges: edges.map(([from, to], at) => ({ id: `e${at}`, sources: [`n${from}`], targets: [`n${to}`] })),
    layoutOptions: { "elk.algorithm": "layered", "elk.direction": "DOWN", "elk.edgeRouting": "ORTHOGONAL",
      "elk.hierarchyHandling": "INCLUDE_CHILDREN", "elk.padding": "[top=20,left=20,bottom=20,right=20]", ...spacing } };
  const homes = boxes.map(() => root);
  frames.forEach(([first, behind], at) => {
    const frame = { id: `f${at}`, children: [], layoutOptions: { ...spacing,
      "elk.padding": `[top=${label + inside},left=${inside},bottom=${inside},right=${inside}]` } };
    homes[first].children.push(frame);
    homes.fill(frame, first, behind);
  });
  boxes.forEach(([width, height], at) => homes[at].children.push({ id: `n${at}`, width, height }));
  const found = await elk.layout(root);
  console.log(JSON.stringify([Math.round(found.width), Math.round(found.height)]));
}
