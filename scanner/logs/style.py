"""How the report looks: colours by day and by night, one sheet of rules, paper as by day.

Every ink stands on paper and card with a contrast of at least 7:1 [WCAG 2.2, 1.4.6]; a test
computes it. Outcomes are told by words and order as well: many read reports in black and white.
"""

from __future__ import annotations

LIGHT = {
    "paper": "#ffffff",
    "card": "#f3f5f8",
    "ink": "#12181f",
    "dim": "#3a4652",
    "line": "#c3ccd5",
    "faint": "#e4e9ee",
    "admit": "#0a5529",
    "refuse": "#8c1010",
    "undecided": "#653d00",
    "by-hand": "#1f3f7a",
    "other": "#3d4853",
    "admit-fill": "#2f8f57",
    "refuse-fill": "#c8372d",
    "undecided-fill": "#e0a030",
    "by-hand-fill": "#4a73c4",
    "other-fill": "#98a4b0",
    "heat": "#1b5fa8",
}
DARK = {
    "paper": "#0f1419",
    "card": "#1a222b",
    "ink": "#f4f6f8",
    "dim": "#c3ced8",
    "line": "#4a5866",
    "faint": "#28333e",
    "admit": "#4fdd85",
    "refuse": "#ff9f96",
    "undecided": "#ffc14d",
    "by-hand": "#a9c4ff",
    "other": "#bcc7d1",
    "admit-fill": "#3aa567",
    "refuse-fill": "#e0574c",
    "undecided-fill": "#e0a030",
    "by-hand-fill": "#6f95e0",
    "other-fill": "#75828f",
    "heat": "#5aa2f0",
}
INKS = ("ink", "dim", "admit", "refuse", "undecided", "by-hand", "other")
PAPERS = ("paper", "card")


def css() -> str:
    """The whole style sheet."""
    dark = f"@media screen and (prefers-color-scheme:dark){{{_root(DARK, 'dark')}}}"
    return _root(LIGHT, "light") + dark + _RULES


def _root(colours: dict[str, str], scheme: str) -> str:
    names = "".join(f"--{name}:{value};" for name, value in colours.items())
    return f":root{{color-scheme:{scheme};{names}}}"


_RULES = """
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);
 font:1rem/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}
header,main,footer{max-width:68rem;margin:0 auto;padding:0 1rem}
header{padding-top:1.6rem}
footer{padding:1rem 1rem 2.5rem;color:var(--dim);font-size:.9rem}
h1{font-size:clamp(1.6rem,4vw,2.3rem);line-height:1.12;margin:0 0 .3rem}
h2{font-size:1.3rem;margin:2.4rem 0 .2rem}
h3{font-size:.95rem;font-weight:600;margin:0;color:var(--dim)}
p{margin:.3rem 0 .7rem;max-width:72ch}
.range{font-size:1.1rem;color:var(--dim)}
.small{font-size:.9rem;color:var(--dim)}
.seal{display:flex;gap:.8rem;align-items:center;border:1px solid var(--line);
 border-left:.5rem solid var(--admit-fill);border-radius:.5rem;padding:.7rem 1rem;margin:1.1rem 0;
 background:var(--card)}
.seal p{margin:0;max-width:none}
.seal b{font-size:1.1rem}
.seal svg{flex:none;width:2.2rem;height:2.2rem}
.seal.wrong{border-left-color:var(--refuse-fill)}
.warn{border:2px solid var(--undecided);border-radius:.4rem;padding:.5rem .8rem;
 color:var(--undecided);font-weight:600}
.cards{display:grid;gap:.7rem;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));
 padding:0;margin:1rem 0;list-style:none}
.cards li{background:var(--card);border:1px solid var(--line);border-radius:.6rem;
 padding:.75rem .9rem}
.figure{font-size:1.85rem;font-weight:700;line-height:1.2;font-variant-numeric:tabular-nums}
.cards p{margin:0;font-size:.88rem;color:var(--dim)}
.wide{overflow-x:auto;margin:.4rem 0}
.chart{display:block;width:100%;height:auto}
.chart text{fill:var(--dim);font-size:12.5px;font-family:inherit}
.chart .strong{fill:var(--ink);font-weight:600}
.chart .grid{stroke:var(--faint);stroke-width:1}
.chart .base{stroke:var(--line);stroke-width:1.5}
.chart .heat{fill:var(--heat)}
.chart .none{fill:var(--faint)}
.legend{display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;list-style:none;padding:0;margin:.3rem 0 .2rem;
 font-size:.9rem}
.legend li::before{content:"";display:inline-block;width:.85rem;height:.85rem;margin-right:.4rem;
 vertical-align:-.08rem;border-radius:.15rem;background:var(--swatch)}
table{border-collapse:collapse;width:100%;margin:.3rem 0 .6rem}
caption{text-align:left;color:var(--dim);padding:.2rem 0 .4rem;font-size:.92rem}
th,td{text-align:left;vertical-align:top;padding:.32rem .7rem .32rem 0;
 border-bottom:1px solid var(--faint)}
thead th{border-bottom:2px solid var(--line);color:var(--dim);font-size:.86rem;font-weight:600;
 vertical-align:bottom}
tbody th{font-weight:500}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
td.n+td,th.n+th:not(.n){padding-left:.8rem}
.two{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,25rem),1fr));gap:0 2.5rem}
.bars th{white-space:nowrap;width:1%}
.bars td.n{width:1%}
.bar{display:block;width:100%;min-width:3.5rem;height:1rem}
.code{font-family:ui-monospace,Consolas,"DejaVu Sans Mono",monospace;font-size:.86em;
 overflow-wrap:anywhere}
.admit{color:var(--admit)}.refuse{color:var(--refuse)}.undecided{color:var(--undecided)}
.by-hand{color:var(--by-hand)}.other{color:var(--other)}
.f-admit{fill:var(--admit-fill)}.f-refuse{fill:var(--refuse-fill)}
.f-undecided{fill:var(--undecided-fill)}.f-by-hand{fill:var(--by-hand-fill)}
.f-other{fill:var(--other-fill)}
.s-admit{--swatch:var(--admit-fill)}.s-refuse{--swatch:var(--refuse-fill)}
.s-undecided{--swatch:var(--undecided-fill)}.s-by-hand{--swatch:var(--by-hand-fill)}
.s-other{--swatch:var(--other-fill)}
.alarm{color:var(--refuse);font-weight:700}
.good{color:var(--admit);font-weight:600}
.nothing{color:var(--dim)}
@media screen and (max-width:40rem){
 .chart text{font-size:19px}
 .low text{font-size:14px}
 .cards{grid-template-columns:1fr 1fr}
 .figure{font-size:1.5rem}
 .stack thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
 .stack,.stack tbody,.stack tr,.stack td,.stack th{display:block}
 .stack tr{border:1px solid var(--line);border-radius:.6rem;background:var(--card);
  padding:.6rem .8rem;margin-bottom:.7rem}
 .stack caption{display:block}
 .stack td,.stack th,.stack td.n+td{border:0;padding:.1rem 0}
 .stack td[data-label]{display:flex;justify-content:space-between;text-align:right}
 .stack td[data-label]::before{content:attr(data-label);color:var(--dim);font-size:.9rem;
  margin-right:1rem}
 .bars th{white-space:normal;min-width:9rem}
}
@media print{
 @page{size:A4;margin:14mm 13mm}
 html{font-size:9.2pt}
 header,main,footer{max-width:none;padding:0}
 header{padding-top:0}
 *{print-color-adjust:exact;-webkit-print-color-adjust:exact}
 h2{margin-top:1.5rem}
 .cards{grid-template-columns:repeat(6,1fr)}
 .figure{font-size:1.45rem}
 .two{grid-template-columns:1fr}
 .pair{grid-template-columns:1fr 1fr}
 .code{overflow-wrap:normal}
 h2,h3,caption,.legend{break-after:avoid}
 .wide{overflow:visible}
 .chart{min-width:0!important}
 .whole,tr,.cards li,.seal,svg{break-inside:avoid}
 thead{display:table-header-group}
}
"""
