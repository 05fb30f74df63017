// Who held memory when a charge was refused.
import type { Denial, Holder } from "../api/contract";
import { element } from "../elements";
import { formatBytes } from "../format";
import { HOLDER_WORDS } from "../memory/holders";

export function denialTable(denial: Denial): HTMLElement {
  const holders = Object.entries(denial.holders).filter(([, bytes]) => bytes > 0).sort(([, a], [, b]) => b - a);
  return element("table", { class: "denial" },
    element("caption", {}, `${denial.holder || "The model"} asked for ${formatBytes(denial.requested_bytes)}; ` +
      `${formatBytes(denial.available_bytes)} were free of ${formatBytes(denial.limit_bytes)}.`),
    element("thead", {}, element("tr", {}, element("th", { scope: "col" }, "holder"), element("th", { scope: "col", class: "number" }, "holds"))),
    element("tbody", {}, ...holders.map(([holder, bytes]) => element("tr", {},
      element("th", { scope: "row" }, holder, " ", element("span", { class: "holder-words" }, HOLDER_WORDS[holder as Holder] ?? "")),
      element("td", { class: "number" }, formatBytes(bytes))))));
}
