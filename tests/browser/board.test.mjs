// The board in Chromium: every page, as people look at it.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { findings, launch, layout, open } from "./browser.mjs";
import { names, pages, start } from "./world.mjs";

const WIDTHS = [400, 800, 1280, 3840];

let world;
let browser;

before(async () => {
  world = await start();
  // Every page is looked at with what reviews took down, in words that nobody would choose.
  const review = await fetch(world.at + pages.review, { redirect: "manual" });
  const path = review.headers.get("location");
  const taken = [
    { kind: "decision", scope: "acme", text: names.long },
    { kind: "action", scope: "acme/care", text: names.script, who: names.compound, due: "2099-06-30" },
    { kind: "action", scope: "acme/calls", text: names.rtl, who: "ada", due: "2099-06-30" },
    { kind: "success", scope: "acme/care/answer", text: names.emoji },
  ];
  for (const form of taken) {
    const answer = await fetch(world.at + path, { method: "POST", body: new URLSearchParams(form), redirect: "manual" });
    assert.equal(answer.status, 303, await answer.text());
  }
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await world?.close();
});

/** Does something with a page, in a window of its own. */
const look = async (options, doing) => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  try {
    return await doing(await open(context), context);
  } finally {
    await context.close();
  }
};

const visit = async (page, path) => {
  const answer = await page.goto(world.at + path);
  assert.equal(answer.status(), path === pages.error ? 404 : 200, path);
};

for (const [colorScheme, locale] of [["light", "en"], ["light", "de"], ["dark", "en"], ["dark", "de"]]) {
  test(`nothing serious keeps anybody from a page, ${colorScheme}, ${locale}`, () =>
    look({ colorScheme, locale }, async ({ page, troubles }) => {
      const found = {};
      for (const [name, path] of Object.entries(pages)) {
        await visit(page, path);
        assert.equal(await page.getAttribute("html", "lang"), locale, name);
        const serious = [...(await findings(page)), ...troubles.splice(0)];
        if (serious.length > 0) found[name] = serious;
      }
      assert.deepEqual(found, {});
    }));
}

for (const width of WIDTHS) {
  test(`nothing sticks out or lies on something else at ${width} px`, () =>
    look({ viewport: { width, height: 900 }, locale: "de" }, async ({ page }) => {
      const found = {};
      for (const [name, path] of Object.entries(pages)) {
        await visit(page, path);
        const { widerBy, overlaps, lines } = await layout(page);
        assert.ok(lines > 2, `${name} says nothing`);
        if (widerBy > 0 || overlaps.length > 0) found[name] = { widerBy, overlaps };
      }
      assert.deepEqual(found, {});
    }));
}

test("what people wrote is text, whatever it says", () =>
  look({}, async ({ page, troubles }) => {
    for (const path of Object.values(pages)) {
      await visit(page, path);
      assert.notEqual(await page.title(), "owned", path);
    }
    await visit(page, pages.perspective);
    const text = await page.textContent("body");
    for (const name of [names.emoji, names.long]) assert.ok(text.includes(name), name);
    assert.deepEqual(troubles, []);
  }));

/** Where the focus is, and whether somebody who looks can see it. */
const focus = (page) =>
  page.evaluate(() => {
    const at = document.activeElement;
    const style = getComputedStyle(at);
    const { width, height } = at.getBoundingClientRect();
    const isDrawn = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
    return {
      tag: at.tagName,
      href: at.getAttribute("href") ?? at.getAttributeNS("http://www.w3.org/1999/xlink", "href"),
      isSeen: at === document.body || at.id === "main" || (isDrawn && width > 0 && height > 0),
      what: at.outerHTML.slice(0, 120),
    };
  });

/** Goes on with the tabulator until the focus is on a link, and sees it all the way. */
const tabTo = async (page, href) => {
  for (let step = 0; step < 200; step += 1) {
    await page.keyboard.press("Tab");
    const at = await focus(page);
    assert.ok(at.isSeen, `nobody sees the focus on ${at.what}`);
    if (at.href === href) return;
  }
  assert.fail(`no tabulator leads to ${href}`);
};

test("a keyboard leads from home to a KPI, and the focus is seen all the way", () =>
  look({}, async ({ page }) => {
    await visit(page, pages.home);
    await page.keyboard.press("Tab");
    const first = await focus(page);
    assert.equal(first.href, "#main");
    assert.ok(first.isSeen, first.what);
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate(() => document.activeElement.id), "main");
    for (const path of [pages.perspective, pages.kpi]) {
      await tabTo(page, path);
      await page.keyboard.press("Enter");
      await page.waitForURL(world.at + path);
    }
  }));

test("without a script every link leads to a page, and every form of the address works", () =>
  look({ javaScriptEnabled: false, locale: "en" }, async ({ page }, context) => {
    const seen = new Set();
    const hrefs = async () => {
      const all = await page.locator("a[href]").all();
      return Promise.all(all.map((link) => link.getAttribute("href")));
    };
    for (const path of Object.values(pages)) {
      await visit(page, path);
      for (const href of await hrefs()) {
        const to = new URL(href, world.at + path);
        if (to.origin === world.at) seen.add(to.pathname + to.search);
      }
    }
    assert.ok(seen.size > 20, `only ${seen.size} links`);
    for (const path of seen) {
      const answer = await context.request.get(world.at + path);
      assert.equal(answer.status(), 200, path);
    }
    await visit(page, pages.home);
    await page.fill("input[name=q]", "Skills");
    await page.press("input[name=q]", "Enter");
    assert.equal(new URL(page.url()).searchParams.get("q"), "Skills");
    await visit(page, pages.scorecard);
    await page.fill("input[name=at]", "2026-05");
    await page.press("input[name=at]", "Enter");
    assert.equal(new URL(page.url()).searchParams.get("at"), "2026-05");
    assert.ok(await page.locator(".banner").first().isVisible(), "that it is the past is said");
  }));

test("a card of the map with the focus lights its chain, and calms when it has gone", () =>
  look({}, async ({ page }) => {
    await visit(page, pages.scorecard);
    const dim = page.locator(".map [data-card].dim");
    assert.equal(await page.locator(".map svg [data-card]").count(), 4);
    assert.equal(await dim.count(), 0);
    // The middle one of three that drive one another.
    await page.locator('.map [data-card="answer"] a, a:has([data-card="answer"]), a[data-card="answer"]').first().focus();
    assert.equal(await dim.count(), 1);
    assert.equal(await dim.getAttribute("data-card"), "apart");
    assert.equal(await page.locator(".map [data-from].dim").count(), 0, "both arrows are of its chain");
    await page.locator("input[name=q]").focus();
    assert.equal(await dim.count(), 0);
  }));

test("a page looks again by itself, but not under the hands of somebody", () =>
  look({}, async ({ page }) => {
    const looked = () => page.evaluate(() => window.isTheSame !== true);
    await page.clock.install();
    await visit(page, pages.home);
    await page.evaluate(() => { window.isTheSame = true; });
    await page.fill("input[name=q]", "half a word");
    await page.clock.runFor("05:00");
    assert.equal(await looked(), false);
    assert.equal(await page.inputValue("input[name=q]"), "half a word");
    await visit(page, pages.home);
    await page.evaluate(() => { window.isTheSame = true; });
    const again = page.waitForEvent("load");
    await page.clock.runFor("01:01");
    await again;
    assert.equal(await looked(), true);
  }));

for (const name of ["review", "scorecard"]) {
  test(`the ${name} is printed`, () =>
    look({}, async ({ page }) => {
      await visit(page, pages[name]);
      const path = process.env.KPID_PICTURES && `${process.env.KPID_PICTURES}/${name}.pdf`;
      const pdf = await page.pdf({ path: path || undefined, preferCSSPageSize: true });
      assert.equal(pdf.subarray(0, 4).toString(), "%PDF");
      await page.emulateMedia({ media: "print" });
      assert.equal(await page.locator(".bar").isVisible(), false, "no navigation on paper");
    }));
}

// Answers for the only alert, so it comes after those who look at an unanswered one.
test("without a script a person answers for an alert and writes a note, which are text", () =>
  look({ javaScriptEnabled: false, locale: "en" }, async ({ page }) => {
    await visit(page, pages.alert);
    assert.match(await page.textContent("main"), /Nobody has acknowledged it/);
    const acknowledge = page.locator('form[action$="/acknowledge"]');
    await acknowledge.locator("textarea").fill(`on it ${names.script}`);
    await acknowledge.locator("button").click();
    await visit(page, pages.alert);
    const answered = await page.textContent("main");
    assert.doesNotMatch(answered, /Nobody has acknowledged it/);
    assert.ok(answered.includes(`on it ${names.script}`), answered);
    await page.locator("details:has(form[action='/notes']) summary").click();
    const note = page.locator("form[action='/notes']");
    await note.locator("textarea").fill(`seen ${names.emoji} ${names.script}`);
    await note.locator("button").click();
    await visit(page, pages.alert);
    assert.ok((await page.textContent(".notes")).includes(`seen ${names.emoji} ${names.script}`));
  }));

test("without a script a meeting takes down an action, and whoever does it says that it is done", () =>
  look({ javaScriptEnabled: false, locale: "en" }, async ({ page }) => {
    await visit(page, pages.kpi);
    await page.locator('a[href*="about=acme/calls"]').click();
    const form = page.locator("details:has(input[value='action'])");
    await form.locator("summary").click();
    assert.equal(await form.locator("select").inputValue(), "acme/calls");
    await form.locator("textarea").fill("ask them why they call");
    await form.locator("input[name='who']").fill("nobodyknown");
    await form.locator("input[name='due']").fill("2099-07-31");
    await form.locator("button").click();
    assert.match(await page.textContent("[role=alert]"), /Nobody here goes by “nobodyknown”/);
    assert.equal(await form.locator("textarea").inputValue(), "ask them why they call", "nothing is lost");
    await form.locator("input[name='who']").fill("ada");
    await form.locator("button").click();
    assert.match(await page.textContent("main"), /ask them why they call/);
    await visit(page, pages.mine);
    const mine = page.locator("li:has-text('ask them why they call')");
    await mine.locator("button[value='done']").click();
    assert.equal(await mine.count(), 0, "it is done");
    await visit(page, pages.review);
    assert.match(await page.textContent("main"), /due 31 July 2099, done on/);
  }));

// Ends the daemon, so it is the last.
test("a screen on a wall says that it is old when the daemon is gone, and goes on showing what it has", () =>
  look({}, async ({ page }) => {
    await page.clock.install();
    await visit(page, pages.wall);
    assert.equal(await page.locator(".stale").isVisible(), false);
    await world.stop();
    await page.clock.fastForward("04:00");
    await page.locator(".stale").waitFor({ state: "visible" });
    assert.ok(await page.locator(".tile").first().isVisible());
  }));
