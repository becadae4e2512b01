// The text of a model's card as nodes of the page; a card may come from a stranger, so it is never markup.

import { element } from "./parts.js";

/** Headings, paragraphs, lists, tables and code of a Markdown text as nodes; everything else stays text. */
export function markdown(text) {
  const nodes = [],
    lines = text.replace(/\r/g, "").split("\n");
  const take = (test) => {
    const taken = [];
    while (lines.length && test(lines[0])) taken.push(lines.shift());
    return taken;
  };
  while (lines.length) {
    const line = lines[0],
      heading = /^(#{1,6})\s+(.*)/.exec(line);
    if (!line.trim() || line.startsWith("<!--")) lines.shift();
    else if (heading) {
      nodes.push(element(heading[1].length < 3 ? "h3" : "h4", {}, ...inline(heading[2])));
      lines.shift();
    } else if (line.startsWith("```")) {
      lines.shift();
      nodes.push(element("pre", {}, take((each) => !each.startsWith("```")).join("\n")));
      lines.shift();
    } else if (line.startsWith("|")) {
      const [head, , ...rows] = take((each) => each.startsWith("|")).map(cells);
      nodes.push(
        element(
          "div",
          { className: "scroll", tabIndex: 0, aria: { role: "region", label: `Table ${nodes.length}` } },
          element(
            "table",
            {},
            element(
              "thead",
              {},
              element(
                "tr",
                {},
                ...head.map((cell) => element(cell ? "th" : "td", cell ? { scope: "col" } : {}, ...inline(cell))),
              ),
            ),
            element(
              "tbody",
              {},
              ...rows.map((row) => element("tr", {}, ...row.map((cell) => element("td", {}, ...inline(cell))))),
            ),
          ),
        ),
      );
    } else if (/^\s*[-*]\s/.test(line)) {
      const items = take((each) => /^\s*[-*]\s|^\s+\S/.test(each))
        .join("\n")
        .split(/^\s*[-*]\s+/m)
        .slice(1);
      nodes.push(element("ul", {}, ...items.map((item) => element("li", {}, ...inline(item.replace(/\s+/g, " "))))));
    } else {
      const paragraph = take((each) => each.trim() && !/^(#|\||```|\s*[-*]\s)/.test(each));
      nodes.push(element("p", {}, ...inline((paragraph.length ? paragraph : [lines.shift()]).join(" "))));
    }
  }
  return nodes;
}

const cells = (row) =>
  row
    .trim()
    .replace(/^\||\|$/g, "")
    .split("|")
    .map((cell) => cell.trim());

/** Bold text, code, links and pictures; a link or a picture keeps its text alone, since its target is relative to another place. */
function inline(text) {
  return text
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1")
    .split(/(\*\*[^*]+\*\*|`[^`]+`)/)
    .map((part) => {
      if (part.startsWith("**")) return element("strong", {}, part.slice(2, -2).replaceAll("`", ""));
      return part.startsWith("`") && part.length > 1 ? element("code", {}, part.slice(1, -1)) : part;
    });
}

/** The section of a text that is titled "Model card", else the whole text. */
export function cardOf(text) {
  const found = /^(#{1,6})\s+model card\s*$/im.exec(text);
  if (!found) return text;
  const rest = text.slice(found.index + found[0].length);
  const end = new RegExp(`^#{1,${found[1].length}}\\s`, "m").exec(rest);
  return rest.slice(0, end?.index);
}
