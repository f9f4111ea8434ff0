import { html, type Html } from './html.ts';

/** The style sheet of the page: no fonts and no pictures from elsewhere, light and dark, and fit to be printed. */
export function style(): Html {
  return html`<style>
    :root {
      color-scheme: light dark;
      --paper: #ffffff;
      --ink: #1f2328;
      --soft: #59636e;
      --line: #d1d9e0;
      --shade: #f2f5f8;
      --link: #0550ae;
      --ok: #59636e;
      --changed: #0969da;
      --failed: #c6202a;
      --refused: #7a3fd1;
      --skipped: #59636e;
      --unfinished: #8a5a00;
      --added: #116329;
      --removed: #a40e26;
    }
    @media screen and (prefers-color-scheme: dark) {
      :root {
        --paper: #0d1117;
        --ink: #e6edf3;
        --soft: #9aa4ae;
        --line: #3d444d;
        --shade: #161b22;
        --link: #79b8ff;
        --ok: #8b949e;
        --changed: #4493f8;
        --failed: #ff6a61;
        --refused: #b48cff;
        --skipped: #9aa4ae;
        --unfinished: #e0a83a;
        --added: #56d364;
        --removed: #ff8f87;
      }
    }
    @media print {
      :root {
        color-scheme: light;
        --ink: #000000;
        --soft: #444444;
        --line: #999999;
        --shade: #f2f2f2;
        --link: #000000;
        --skipped: #444444;
      }
      nav {
        display: none;
      }
      /* Where the browser can: everything that is folded is printed. */
      details::details-content {
        content-visibility: visible;
        display: block;
      }
      tr,
      h2,
      h3,
      h4,
      .trouble {
        break-inside: avoid;
      }
      h2,
      h3,
      h4,
      summary {
        break-after: avoid;
      }
      body {
        max-width: none !important;
        font-size: 10pt !important;
      }
    }
    * {
      box-sizing: border-box;
    }
    body {
      margin: 0 auto;
      padding: 1.5rem;
      max-width: 80rem;
      background: var(--paper);
      color: var(--ink);
      font:
        15px/1.5 system-ui,
        'DejaVu Sans',
        sans-serif;
      overflow-wrap: anywhere;
      print-color-adjust: exact;
    }
    h1 {
      margin: 0 0 0.5rem;
      font-size: 1.5rem;
      line-height: 1.3;
    }
    h2 {
      margin: 2.5rem 0 0.75rem;
      padding-bottom: 0.25rem;
      border-bottom: 1px solid var(--line);
      font-size: 1.25rem;
    }
    h3 {
      margin: 0 0 0.5rem;
      font-size: 1.05rem;
    }
    h4 {
      margin: 1rem 0 0.25rem;
      font-size: 1rem;
    }
    p {
      margin: 0.25rem 0;
    }
    a {
      color: var(--link);
    }
    nav ul,
    .legend {
      display: flex;
      flex-wrap: wrap;
      gap: 0.25rem 1.25rem;
      margin: 0.5rem 0;
      padding: 0;
      list-style: none;
    }
    .soft,
    .legend,
    caption {
      color: var(--soft);
    }
    .said {
      white-space: pre-wrap;
    }
    .badge {
      display: inline-block;
      padding: 0 0.5em;
      border: 2px solid currentColor;
      border-radius: 0.4em;
      font-size: 0.85em;
      font-weight: 600;
    }
    .badge.ok {
      color: var(--added);
    }
    .badge.changed {
      color: var(--changed);
    }
    .badge.failed {
      color: var(--failed);
    }
    .badge.refused {
      color: var(--refused);
    }
    .badge.skipped {
      color: var(--skipped);
    }
    .badge.unfinished {
      color: var(--unfinished);
    }
    dl {
      display: grid;
      grid-template-columns: max-content 1fr;
      gap: 0.15rem 1rem;
      margin: 1rem 0;
    }
    dt {
      color: var(--soft);
    }
    dd {
      margin: 0;
    }
    code,
    pre {
      font:
        13px/1.45 ui-monospace,
        'DejaVu Sans Mono',
        monospace;
    }
    h1 code {
      font-size: 1.25rem;
    }
    pre {
      margin: 0.4rem 0;
      padding: 0.5rem 0.75rem;
      border: 1px solid var(--line);
      border-radius: 0.4em;
      background: var(--shade);
      white-space: pre-wrap;
    }
    .diff span {
      display: block;
    }
    .diff .header {
      font-weight: 700;
    }
    .diff .added {
      color: var(--added);
    }
    .diff .removed {
      color: var(--removed);
    }
    .diff .range,
    .diff .note {
      color: var(--soft);
    }
    .trouble {
      margin: 0 0 1rem;
      padding: 0.5rem 1rem;
      border: 1px solid var(--line);
      border-left: 6px solid var(--failed);
      border-radius: 0.4em;
    }
    .trouble.refused {
      border-left-color: var(--refused);
    }
    .trouble.unfinished {
      border-left-color: var(--unfinished);
    }
    .scroll {
      overflow-x: auto;
    }
    table {
      border-collapse: collapse;
      margin: 0.5rem 0;
    }
    th,
    td {
      padding: 0.2rem 0.75rem 0.2rem 0;
      border-bottom: 1px solid var(--line);
      text-align: left;
      vertical-align: top;
    }
    thead th {
      color: var(--soft);
      font-weight: 600;
    }
    tbody th {
      font-weight: 400;
    }
    caption {
      padding-bottom: 0.25rem;
      text-align: left;
    }
    .chart {
      width: 100%;
      min-width: 40rem;
      table-layout: fixed;
    }
    .chart th,
    .chart td {
      padding: 0 0.5rem 0 0;
      border-bottom: 0;
      font-size: 13px;
      line-height: 1.25;
      vertical-align: middle;
    }
    .chart th:first-child,
    .chart td:first-child {
      width: 11rem;
    }
    .chart .note,
    .chart td:last-child {
      width: 12rem;
      color: var(--soft);
    }
    .chart .part {
      padding-top: 0.75rem;
      color: var(--soft);
      font-weight: 600;
    }
    .chart tbody tr:hover {
      background: var(--shade);
    }
    .chart svg {
      display: block;
    }
    .lane {
      border-left: 1px solid var(--line);
      border-right: 1px solid var(--line);
    }
    .defs {
      position: absolute;
    }
    .axis text {
      fill: var(--soft);
      font-size: 11px;
    }
    .band {
      fill: var(--soft);
      opacity: 0.13;
    }
    .bar {
      stroke-width: 1;
    }
    .bar.ok,
    .ink.ok {
      fill: var(--ok);
      stroke: var(--ok);
    }
    .bar.changed {
      fill: var(--changed);
      stroke: var(--changed);
    }
    .bar.wide.ok,
    .bar.wide.changed {
      stroke: var(--paper);
    }
    .bar.failed {
      fill: url(#failed);
      stroke: var(--failed);
    }
    .bar.refused {
      fill: url(#refused);
      stroke: var(--refused);
    }
    .bar.unfinished {
      fill: url(#unfinished);
      stroke: var(--unfinished);
    }
    .bar.skipped {
      fill: none;
      stroke: var(--skipped);
    }
    .ink.failed {
      fill: var(--failed);
    }
    .ink.refused {
      fill: var(--refused);
    }
    .ink.unfinished {
      fill: var(--unfinished);
    }
    .gap {
      fill: var(--paper);
    }
    details {
      margin: 0.25rem 0;
    }
    .phase {
      padding: 0.4rem 0.75rem;
      border: 1px solid var(--line);
      border-radius: 0.4em;
    }
    summary {
      cursor: pointer;
    }
    summary:focus-visible,
    a:focus-visible {
      outline: 2px solid var(--link);
      outline-offset: 2px;
    }
  </style>`;
}
