"""How the report looks: two sets of colours, by day and by night, and one sheet of rules.

Every ink stands on paper and card with a contrast of at least 7:1 [WCAG 2.2, 1.4.6]; a test
computes it.
"""

from __future__ import annotations

LIGHT = {
    "paper": "#ffffff",
    "card": "#f1f4f7",
    "ink": "#12181f",
    "dim": "#3a4652",
    "admit": "#0a5529",
    "refuse": "#8c1010",
    "undecided": "#653d00",
    "none": "#3d4853",
    "line": "#b4bec8",
    "unlit": "#d3dae1",
    "red-lit": "#d3271c",
    "green-lit": "#0c8439",
}
DARK = {
    "paper": "#0f1419",
    "card": "#1a222b",
    "ink": "#f4f6f8",
    "dim": "#c3ced8",
    "admit": "#4fdd85",
    "refuse": "#ff9f96",
    "undecided": "#ffc14d",
    "none": "#bcc7d1",
    "line": "#4a5866",
    "unlit": "#35414d",
    "red-lit": "#ff4438",
    "green-lit": "#2fe06a",
}
INKS = ("ink", "dim", "admit", "refuse", "undecided", "none")
PAPERS = ("paper", "card")


def css() -> str:
    """The whole style sheet; paper is printed as by day."""
    dark = f"@media screen and (prefers-color-scheme:dark){{{_root(DARK, 'dark')}}}"
    return _root(LIGHT, "light") + dark + _RULES


def _root(colours: dict[str, str], scheme: str) -> str:
    names = "".join(f"--{name}:{value};" for name, value in colours.items())
    return f":root{{color-scheme:{scheme};{names}}}"


_RULES = """
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);
 font:1rem/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}
header,main,footer{max-width:80rem;margin:0 auto;padding:0 1rem}
header{padding-top:1.5rem}
footer{padding-bottom:2rem;color:var(--dim)}
h1{font-size:clamp(1.5rem,4vw,2.25rem);line-height:1.15;margin:.4rem 0 .6rem}
h2{font-size:1.35rem;margin:2.2rem 0 .8rem;display:flex;flex-wrap:wrap;gap:.6rem;
 align-items:center}
h3{font-size:1rem;margin:0 0 .3rem;color:var(--dim)}
p{margin:.3rem 0;max-width:70ch}
a{color:inherit}
.simulated{font-size:.8rem;letter-spacing:.08em;color:var(--undecided);
 border:2px solid var(--undecided);border-radius:.3rem;padding:.05rem .45rem;white-space:nowrap}
.cards{display:grid;gap:.8rem;grid-template-columns:repeat(auto-fit,minmax(min(100%,15rem),1fr));
 padding:0;margin:0;list-style:none}
.cards li{background:var(--card);border:1px solid var(--line);border-radius:.6rem;padding:.9rem}
.figure{font-size:1.75rem;font-weight:700;line-height:1.2}
.wrong{border:4px double var(--refuse)!important}
.alarm{color:var(--refuse);font-weight:700}
.two{columns:2 22rem;column-gap:3rem}
.two table+table{margin-top:1.2rem}
table{border-collapse:collapse;width:100%}
caption{text-align:left;color:var(--dim);padding-bottom:.5rem}
th,td{text-align:left;vertical-align:top;padding:.3rem .5rem .3rem 0}
.bars th{font-weight:400;white-space:nowrap;width:1%}
.bars td:nth-child(2){width:1%;text-align:right;font-variant-numeric:tabular-nums}
.bar{display:block;width:100%;height:1.1rem}
.admit{color:var(--admit);fill:var(--admit)}
.refuse{color:var(--refuse);fill:var(--refuse)}
.undecided{color:var(--undecided);fill:var(--undecided)}
.by-hand,.none{color:var(--none);fill:var(--none)}
.shape{width:1.3rem;height:1.3rem;vertical-align:-.25rem;margin-right:.35rem}
.shape .cut{fill:none;stroke:var(--paper);stroke-width:3}
.word{font-weight:700;font-size:1.15rem}
.frames thead th{border-bottom:2px solid var(--line);color:var(--dim);font-size:.9rem;
 position:sticky;top:0;background:var(--paper)}
.frames tbody tr{border-bottom:1px solid var(--line)}
.frames tbody td,.frames tbody th{padding:.7rem 1rem .7rem 0;font-weight:400}
.frames img{display:block;width:14rem;height:auto;border-radius:.3rem;
 border:1px solid var(--line);margin-bottom:.3rem}
.frames tr.wrong{outline:4px double var(--refuse);outline-offset:-4px}
.frames tr.wrong td,.frames tr.wrong th{padding-left:.7rem}
.file{font-family:ui-monospace,Consolas,monospace;font-size:.9rem;overflow-wrap:anywhere}
.small{font-size:.9rem;color:var(--dim)}
.reason{font-weight:600;overflow-wrap:anywhere}
.number{white-space:nowrap;font-variant-numeric:tabular-nums}
.notice{display:inline-block;border:1px solid var(--line);border-radius:.3rem;padding:0 .4rem;
 margin:.15rem .3rem 0 0;font-size:.9rem}
.strip{display:block;width:100%;min-width:14rem;max-width:26rem;height:auto}
.strip text{fill:var(--dim);font-size:11px}
.unlit{fill:var(--unlit)}
.red{fill:var(--red-lit)}
.green{fill:var(--green-lit)}
.beep{fill:var(--ink)}
.label{display:none}
@media screen and (max-width:62rem){
 .frames,.frames caption,.frames tbody,.frames tr,.frames td,.frames th{display:block}
 .frames thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
 .frames tbody tr{border:1px solid var(--line);border-radius:.6rem;background:var(--card);
  padding:.9rem;margin-bottom:1rem}
 .frames tbody td,.frames tbody th{padding:.25rem 0}
 .frames tr.wrong td,.frames tr.wrong th{padding-left:0}
 .frames img{width:100%;max-width:24rem}
 .label{display:inline;color:var(--dim);font-size:.9rem}
 .shape .cut{stroke:var(--card)}
}
@media screen and (min-width:40rem) and (max-width:62rem){
 .frames tbody{display:grid;grid-template-columns:1fr 1fr;gap:1rem}
 .frames tbody tr{margin:0}
}
@media print{
 @page{margin:12mm}
 html{font-size:8.5pt}
 header,main,footer{max-width:none;padding:0}
 *{print-color-adjust:exact;-webkit-print-color-adjust:exact}
 section[aria-labelledby=frames]{break-before:page}
 .frames img{width:10rem}
 .frames tbody td,.frames tbody th{padding:.4rem .6rem .4rem 0}
 .strip{min-width:13rem}
 .frames thead th{position:static}
 tr,.cards li{break-inside:avoid}
 h2,caption,thead{break-after:avoid}
}
"""
