// Pictures of the demo's board for the documentation: `scripts/screenshots`.
// Arguments: where the demo shows itself, and the folder for the pictures.

import { launch, open } from "./browser.mjs";

const [at, folder] = process.argv.slice(2);

const SCREEN = { width: 1280, height: 900 };
const PHONE = { width: 390, height: 844 };

/** Picture by name: the page, and how it is looked at. */
const pictures = {
  home: { path: "/" },
  scorecard: { path: "/c/calder" },
  perspective: { path: "/c/calder/customer" },
  kpi: { path: "/c/calder/kpi/on-time-delivery" },
  alert: { path: "/alerts/calder/customer/1" },
  dark: { path: "/c/calder", colorScheme: "dark" },
  phone: { path: "/", viewport: PHONE, deviceScaleFactor: 2 },
  german: { path: "/c/calder/customer", locale: "de" },
};

const browser = await launch();
try {
  for (const [name, { path, ...shown }] of Object.entries(pictures)) {
    const context = await browser.newContext({ viewport: SCREEN, locale: "en", colorScheme: "light", ...shown });
    const { page, troubles } = await open(context);
    const answer = await page.goto(at + path);
    if (answer.status() !== 200) throw new Error(`${path} answers ${answer.status()}`);
    if (troubles.length > 0) throw new Error(`${path}: ${troubles.join("; ")}`);
    await page.screenshot({ path: `${folder}/board-${name}.png` });
    await context.close();
  }
} finally {
  await browser.close();
}
