// Debian's Chromium, and what is asked of a page in it.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export const launch = () =>
  chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update"],
  });

/** A page that notes what goes wrong on it: errors of scripts, and what the policy of content forbids. */
export const open = async (context) => {
  const page = await context.newPage();
  const troubles = [];
  page.on("console", (said) => {
    // A page that is not there is an error to the console, and asked for on purpose.
    const isStatus = /status of 404/.test(said.text());
    if (["error", "warning"].includes(said.type()) && !isStatus) troubles.push(said.text());
  });
  page.on("pageerror", (problem) => troubles.push(String(problem)));
  return { page, troubles };
};

/** What axe finds serious or critical. It runs in the page's own world, beside its policy. */
export const findings = async (page) => {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ html, failureSummary }) => `${html.slice(0, 160)} ${failureSummary}`).join(" | ")}`);
};

/** How a page is laid out: how much wider than its window it is, and which lines of text lie on one another. */
export const layout = (page) =>
  page.evaluate(() => {
    const root = document.documentElement;
    const range = document.createRange();
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const isClipped = (element) => {
      for (let at = element; at; at = at.parentElement) {
        if (getComputedStyle(at).clipPath === "inset(50%)") return true;
      }
      return false;
    };
    const lines = [];
    while (texts.nextNode()) {
      const text = texts.currentNode;
      const element = text.parentElement;
      // What is clipped away or out of the window is for readers of screens, and lies on nothing.
      const isUnseen = !element.checkVisibility() || element.closest("title, desc, .skip") || isClipped(element);
      if (isUnseen || !text.data.trim()) continue;
      // What is scrolled out of a box of its own is not over what is beside that box.
      const box = element.closest(".wide")?.getBoundingClientRect();
      const clip = box ?? { left: -Infinity, right: Infinity };
      range.selectNodeContents(text);
      for (const { left, right, top, bottom } of range.getClientRects()) {
        const line = { words: text.data.trim(), left: Math.max(left, clip.left), right: Math.min(right, clip.right), top, bottom };
        if (line.right - line.left > 1) lines.push(line);
      }
    }
    lines.sort((a, b) => a.top - b.top);
    const overlaps = [];
    lines.forEach((a, at) => {
      for (const b of lines.slice(at + 1)) {
        if (b.top > a.bottom) break;
        const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        // Lines share what their letters leave free.
        const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        if (across > 1 && down > 4) overlaps.push(`${a.words.slice(0, 60)} | ${b.words.slice(0, 60)}`);
      }
    });
    return { widerBy: Math.max(0, root.scrollWidth - root.clientWidth), overlaps: overlaps.slice(0, 5), lines: lines.length };
  });
