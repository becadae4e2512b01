// What the model is worth, from its card: metrics with their intervals, and the card's text.

import { element } from "./parts.js";

const SHOWN = {
  accuracy: "Accuracy", balanced_accuracy: "Balanced accuracy", f1: "Macro F1", precision: "Precision", recall: "Recall",
  roc_auc: "ROC AUC", average_precision: "Average precision", cohen_kappa: "Cohen's kappa", log_loss: "Log loss",
  brier_score: "Brier score", expected_calibration_error: "Expected calibration error",
};

/** Fill the dialog for one model of /v1/models. */
export function showModel({ name, labels, metrics = [], card = "" }) {
  const $ = (id) => document.getElementById(id);
  $("model-name").textContent = name;
  $("model-labels").textContent = labels.join(", ");
  const shown = metrics.filter((each) => each.value != null);
  const accuracy = shown.find((each) => each.name === "accuracy");
  $("headline").hidden = !accuracy;
  if (accuracy) {
    const { value, low, high } = accuracy;
    $("headline").replaceChildren(
      element("strong", {}, share(value)),
      element("span", {}, ` of ${evidence(accuracy)} get the right emotion` +
        (low != null ? `, with a 95% confidence interval from ${share(low)} to ${share(high)}.` : ".") +
        ` Of ten faces, about ${words(10 - Math.round(10 * value))} wrong. On pictures of another kind, it may be more.`));
  }
  $("metrics").hidden = !shown.length;
  $("no-metrics").hidden = shown.length > 0;
  $("metrics").tBodies[0].replaceChildren(...shown.map((metric) => element("tr", {},
    element("th", { scope: "row" }, SHOWN[metric.name] ?? metric.name.replaceAll("_", " ")),
    element("td", { className: "numeric" }, metric.value.toFixed(3)),
    element("td", { className: "numeric" }, metric.low == null ? "–" : `${metric.low.toFixed(3)} to ${metric.high.toFixed(3)}`),
    element("td", { className: "interval" }, interval(metric)),
    element("td", {}, evidence(metric)))));
  $("card").hidden = !card;
  $("card-text").replaceChildren(...markdown(card));
}

const share = (value) => `${Math.round(100 * value)}%`;
const words = (n) => n === 1 ? "one is" : `${["none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"][n]} are`;
const evidence = ({ n, split, dataset }) =>
  `${n.toLocaleString("en")} ${split ? `${split} ` : ""}images${dataset ? ` of ${dataset}` : ""}`;

/** A small drawing of a value in [0, 1] and its interval. */
function interval({ value, low, high }) {
  const [least, most] = [Math.min(value, low ?? value), Math.max(value, high ?? value)];
  if (least < 0 || most > 1) return "";
  const svg = (name, attributes) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, each] of Object.entries(attributes)) node.setAttribute(key, each);
    return node;
  };
  const picture = svg("svg", { viewBox: "0 0 100 8", preserveAspectRatio: "none", "aria-hidden": "true" });
  picture.append(svg("rect", { class: "all", width: 100, height: 2, y: 3 }),
    svg("rect", { class: "band", x: 100 * least, width: Math.max(0.5, 100 * (most - least)), height: 8 }),
    svg("rect", { class: "dot", x: 100 * value - 0.5, width: 1, height: 8 }));
  return picture;
}

/** Headings, paragraphs, lists, tables and code of a Markdown text as nodes; everything else stays text. */
function markdown(text) {
  const nodes = [], lines = text.replace(/\r/g, "").split("\n");
  const take = (test) => {
    const taken = [];
    while (lines.length && test(lines[0])) taken.push(lines.shift());
    return taken;
  };
  while (lines.length) {
    const line = lines[0], heading = /^(#{1,6})\s+(.*)/.exec(line);
    if (!line.trim()) lines.shift();
    else if (heading) {
      nodes.push(element(heading[1].length < 3 ? "h3" : "h4", {}, ...inline(heading[2])));
      lines.shift();
    } else if (line.startsWith("```")) {
      lines.shift();
      nodes.push(element("pre", {}, take((each) => !each.startsWith("```")).join("\n")));
      lines.shift();
    } else if (line.startsWith("|")) {
      const [head, , ...rows] = take((each) => each.startsWith("|")).map(cells);
      nodes.push(element("div", { className: "scroll", tabIndex: 0, aria: { role: "region", label: "Table" } }, element("table", {},
        element("thead", {}, element("tr", {}, ...head.map((cell) => element(cell ? "th" : "td", cell ? { scope: "col" } : {}, ...inline(cell))))),
        element("tbody", {}, ...rows.map((row) => element("tr", {}, ...row.map((cell) => element("td", {}, ...inline(cell)))))))));
    } else if (/^\s*[-*]\s/.test(line)) {
      const items = take((each) => /^\s*[-*]\s|^\s+\S/.test(each)).join("\n").split(/^\s*[-*]\s+/m).slice(1);
      nodes.push(element("ul", {}, ...items.map((item) => element("li", {}, ...inline(item.replace(/\s+/g, " "))))));
    } else {
      const paragraph = take((each) => each.trim() && !/^(#|\||```|\s*[-*]\s)/.test(each));
      nodes.push(element("p", {}, ...inline((paragraph.length ? paragraph : [lines.shift()]).join(" "))));
    }
  }
  return nodes;
}

const cells = (row) => row.trim().replace(/^\||\|$/g, "").split("|").map((cell) => cell.trim());

/** Bold text, code and links; a link keeps its text alone, since its target is relative to another place. */
function inline(text) {
  return text.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").split(/(\*\*[^*]+\*\*|`[^`]+`)/).map((part) => {
    if (part.startsWith("**")) return element("strong", {}, part.slice(2, -2).replaceAll("`", ""));
    return part.startsWith("`") && part.length > 1 ? element("code", {}, part.slice(1, -1)) : part;
  });
}
