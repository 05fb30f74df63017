#include "prove/html_style.h"

namespace plimsoll::prove {

std::string_view html_style() {
  return R"css(
:root {
  color-scheme: light dark;
  --paper: #fbfbf9; --card: #ffffff; --ink: #1c2126; --soft: #5a646e; --line: #dfe2e0; --grid: #ebedeb;
  --pass: #1a7f45; --pass-tint: #e3f4ea; --fail: #b3261e; --fail-tint: #fbe6e4; --open: #8a6100; --open-tint: #fbf0d5;
  --c0: #2f6fb3; --c1: #e0892e; --c2: #3f9a5c; --c3: #b8484d; --c4: #7d62b2; --c5: #8c6c56; --c6: #c86aa8;
  --c7: #6f7a83; --c8: #a5a52f; --c9: #14181c;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14181c; --card: #1b2127; --ink: #e8ebed; --soft: #a3adb6; --line: #323b43; --grid: #283038;
    --pass: #6fd597; --pass-tint: #16372a; --fail: #ff9a90; --fail-tint: #46201f; --open: #f0c35b; --open-tint: #3d3010;
    --c0: #68a5e6; --c1: #f0a95a; --c2: #6cc78a; --c3: #e67a7e; --c4: #aa92e0; --c5: #c09a80; --c6: #e596c9;
    --c7: #9aa6b0; --c8: #d0d060; --c9: #f4f6f7;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans", sans-serif;
}
main { max-width: 60rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .4rem; letter-spacing: -.01em; }
h2 { font-size: 1.25rem; margin: 2.6rem 0 .8rem; }
h3 { font-size: 1.02rem; margin: 1.8rem 0 .5rem; }
p { margin: .4rem 0; max-width: 46rem; }
.soft, .quiet { color: var(--soft); }
.verdict {
  display: flex; gap: 1rem; align-items: baseline; flex-wrap: wrap; margin: 1.4rem 0; padding: .9rem 1.2rem;
  border-radius: .6rem; border: 1px solid var(--line); border-left: .5rem solid var(--open); background: var(--open-tint);
}
.verdict strong { font-size: 1.3rem; color: var(--open); }
.verdict.pass { border-left-color: var(--pass); background: var(--pass-tint); }
.verdict.pass strong { color: var(--pass); }
.verdict.fail { border-left-color: var(--fail); background: var(--fail-tint); }
.verdict.fail strong { color: var(--fail); }
dl.facts { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.2rem; margin: 1rem 0; }
dl.facts dt { color: var(--soft); }
dl.facts dd { margin: 0; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; background: var(--card); font-size: .95rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: .55rem .7rem; border-bottom: 1px solid var(--line); }
thead th { font-weight: 600; color: var(--soft); font-size: .88em; border-bottom: 2px solid var(--line); }
td.figure, th.figure { text-align: right; white-space: nowrap; }
th.figure { white-space: normal; }
table.compared td:first-child { min-width: 12rem; }
td.number { color: var(--soft); width: 2rem; }
td .note { display: block; color: var(--soft); font-size: .88em; line-height: 1.4; }
tr.ours td:first-child { color: var(--soft); }
td.strong { font-weight: 650; }
.gain { color: var(--pass); font-weight: 600; }
.loss { color: var(--soft); }
.pill {
  display: inline-block; min-width: 4.3rem; text-align: center; padding: .1rem .6rem; border-radius: 1rem; white-space: nowrap;
  font-weight: 700; font-size: .88em; letter-spacing: .04em; border: 1.5px solid currentColor;
}
.pill.pass { color: var(--pass); background: var(--pass-tint); }
.pill.fail { color: var(--fail); background: var(--fail-tint); }
ol.whys { padding-left: 1.9em; color: var(--soft); font-size: .92em; max-width: 52rem; }
ol.whys li { margin: .3rem 0; }
sup { color: var(--soft); line-height: 0; }
figure { margin: 1rem 0 1.6rem; padding: .9rem 1rem .8rem; background: var(--card); border: 1px solid var(--line); border-radius: .6rem; }
figcaption { font-weight: 600; font-size: .98rem; margin-bottom: .3rem; }
svg { display: block; width: 100%; height: auto; font: 11.5px system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
svg .grid { stroke: var(--grid); } svg .axis { stroke: var(--soft); } svg .section { stroke: var(--line); stroke-dasharray: 2 3; }
svg text { fill: var(--soft); } svg .end { text-anchor: end; } svg .middle { text-anchor: middle; }
svg .label { font-size: 12px; }
svg .line { fill: none; stroke: currentColor; stroke-width: 1.8; stroke-linejoin: round; }
svg .dot { fill: currentColor; }
svg .area { fill: currentColor; fill-opacity: .72; }
svg .bound { stroke: var(--fail); stroke-width: 1.2; stroke-dasharray: 6 4; } svg .boundname { fill: var(--fail); }
svg .moment { fill: var(--fail); }
.c0 { color: var(--c0); } .c1 { color: var(--c1); } .c2 { color: var(--c2); } .c3 { color: var(--c3); } .c4 { color: var(--c4); }
.c5 { color: var(--c5); } .c6 { color: var(--c6); } .c7 { color: var(--c7); } .c8 { color: var(--c8); } .c9 { color: var(--c9); }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; margin: .5rem 0 0; padding: 0; font-size: .86em; color: var(--soft); }
.legend i { display: inline-block; margin-right: .4rem; background: currentColor; vertical-align: baseline; }
.legend .box { width: .75rem; height: .75rem; opacity: .72; } .legend .disc { width: .6rem; height: .6rem; border-radius: 50%; }
.legend .rule { width: 1.1rem; height: .15rem; vertical-align: middle; }
footer { margin-top: 3rem; padding-top: 1rem; border-top: 1px solid var(--line); color: var(--soft); font-size: .86rem; }
@media (max-width: 40rem) { dl.facts { grid-template-columns: 1fr; } dl.facts dd { margin-bottom: .4rem; } }
@media print {
  @page { size: A4; margin: 15mm 14mm; }
  :root {
    color-scheme: light;
    --paper: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #bbb; --grid: #e4e4e4;
    --pass: #0d6632; --pass-tint: #fff; --fail: #a31810; --fail-tint: #fff; --open: #6d4c00; --open-tint: #fff;
    --c0: #2f6fb3; --c1: #e0892e; --c2: #3f9a5c; --c3: #b8484d; --c4: #7d62b2; --c5: #8c6c56; --c6: #c86aa8;
    --c7: #6f7a83; --c8: #a5a52f; --c9: #000;
  }
  * { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  body { font-size: 9.5pt; }
  h1 { font-size: 17pt; }
  h2 { margin: 1.4rem 0 .5rem; }
  main { max-width: none; padding: 0; }
  h2, h3, figcaption { break-after: avoid; }
  figure, tr, .verdict { break-inside: avoid; }
  thead { display: table-header-group; }
  .scroll { overflow: visible; }
  table { font-size: 8.6pt; line-height: 1.35; }
  th, td { padding: .3rem .45rem; }
}
)css";
}

}  // namespace plimsoll::prove
