// Logging in and out in Chromium, at a provider on this machine: what only a browser can show. It applies the
// policy of content to where a form leads, and decides which cookies go where.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { findings, launch, layout, open } from "./browser.mjs";
import { start, until } from "./world.mjs";

const providers = fileURLToPath(new URL("../login/", import.meta.url));

let browser, world, provider, issuer;

/** A port that nobody listens on just now. */
const freePort = async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
};

before(async () => {
  const [kpid, port] = [await freePort(), await freePort()];
  issuer = `http://127.0.0.1:${port}`;
  browser = await launch();
  const web = `{ listen: "127.0.0.1:${kpid}", public_url: "http://127.0.0.1:${kpid}",
    oidc: { issuer: "${issuer}", client_id: kpid, client_secret: "a secret: with % and +", scopes: [openid, email, groups] },
    roles: [{ role: operator, groups: [controlling] }] }`;
  world = await start(web);
  const file = join(world.folder, "port");
  const env = { ...process.env, KPID: world.at };
  provider = spawn("node", ["provider.mjs", String(port), file], { cwd: providers, stdio: "ignore", env });
  process.once("exit", () => provider.kill("SIGKILL"));
  await until("the login provider", () => readFile(file).catch(() => undefined));
});

after(async () => {
  await browser?.close();
  provider?.kill("SIGKILL");
  await world?.close();
});

test("somebody logs in, sends a form, and logs out here and at the provider", async () => {
  const context = await browser.newContext({ locale: "en-GB", viewport: { width: 390, height: 800 } });
  const { page, troubles } = await open(context);
  await page.goto(`${world.at}/alerts/acme/care/1?lang=en`);
  assert.equal(await page.textContent("body"), "Who are you?");
  await page.goto(`${page.url()}?login=ines`);
  assert.equal(page.url(), `${world.at}/alerts/acme/care/1?lang=en`);
  const [cookie] = (await context.cookies(world.at)).filter(({ name }) => name === "kpid");
  assert.deepEqual([cookie.httpOnly, cookie.sameSite, cookie.path, cookie.secure], [true, "Lax", "/", false]);
  assert.deepEqual(await findings(page), []);
  const { widerBy, overlaps } = await layout(page);
  assert.deepEqual([widerBy, overlaps], [0, []]);
  await page.fill("form[action$=acknowledge] [name=comment]", "The carrier is late");
  await page.click("form[action$=acknowledge] button");
  assert.match(await page.textContent("main"), /The carrier is late/);
  await page.click("text=Log out");
  // It goes on to the provider by itself.
  await page.click("text=Log out here, too");
  await page.waitForURL(`${world.at}/logged-out`);
  assert.deepEqual((await context.cookies(world.at)).filter(({ name }) => name.startsWith("kpid")), []);
  assert.match(await page.textContent("h1"), /You are logged out/);
  assert.deepEqual(await findings(page), []);
  await page.click("main a");
  assert.equal(await page.textContent("body"), "Who are you?", "the provider has forgotten them, too");
  await page.goto(`${world.at}/login/callback?code=x&state=y`);
  assert.match(await page.textContent("h1"), /You are not logged in/);
  assert.deepEqual(await findings(page), []);
  assert.deepEqual(troubles.filter((said) => !/status of 400/.test(said)), []);
  await context.close();
});

test("a page of a neighbour makes nobody act", async () => {
  const context = await browser.newContext();
  const { page } = await open(context);
  await page.goto(`${world.at}/`);
  await page.goto(`${page.url()}?login=ines`);
  // The provider is another origin, and the same site: cookies go along with what it posts.
  await page.goto(`${issuer}/interaction/neighbour`);
  await page.setContent(`<form method="post" action="${world.at}/logout"><button>Win</button></form>`);
  await page.click("button");
  await page.waitForURL(`${world.at}/logout`);
  assert.match(await page.textContent("main"), /somebody else/);
  await page.goto(`${world.at}/`);
  assert.equal(page.url(), `${world.at}/`);
  await context.close();
});
