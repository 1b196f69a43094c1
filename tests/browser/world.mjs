// A company whose names are longer and more hostile than anybody planned for, with two years of
// figures and one alert that nobody has answered; and the daemon that shows it.

import { spawn, execFile } from "node:child_process";
import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { openSync, closeSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** The program under test, as cargo builds it. */
export const program = process.env.KPID_PROGRAM ?? join(root, "target/debug/kpid");

const run = promisify(execFile);

/** However busy the machine is, a daemon shows itself within this. */
const STARTED_WITHIN_MS = 60_000;

const COMPOUND = "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz";
const LONG = "Answer whatever anybody asks us within the time that we promised them. ".repeat(5).slice(0, 299).trim();

/** Names by what is wrong with them. */
export const names = {
  script: "<script>document.title = 'owned'</script>",
  rtl: "رضا العملاء \u202Eevil",
  emoji: "Riders 🚲 are happy 👩‍👩‍👧‍👦",
  compound: COMPOUND,
  long: LONG,
};

const config = (web) => `
store: kpid.db
calendar: { timezone: Europe/Amsterdam }
channels: { mail: { email: { folder: mail, from: kpid@acme.example } } }
people: { ada: { name: "Ada <b>Lovelace</b>", email: ada@acme.example }, ines: { email: ines@acme.example } }
web: ${web}
`;

const quoted = (text) => JSON.stringify(text);

const kpi = (id, name, more = "") =>
  `          ${id}: { name: ${quoted(name)}, nature: level, unit: points, period: month, target: 100, tolerance: 10, owner: ada${more} }\n`;

const SCORECARD = `scorecard: acme
name: "Gesellschaft für ${COMPOUND} mbH & Co. KG"
owner: ada
perspectives:
  money:
    name: Financial
    owner: ada
    objectives:
      grow:
        name: ${quoted(names.long)}
        kpis:
${kpi("revenue", names.script)}${kpi("margin", names.compound)}
      apart:
        name: Of no chain
        kpis:
${kpi("alone", "Alone")}
  care:
    name: "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
    owner: ada
    alert: { to: [ada] }
    objectives:
      answer:
        name: ${quoted(names.rtl)}
        drives: [grow]
        kpis:
${kpi("calls", names.emoji)}${kpi("mails", names.long)}
  people:
    name: ${quoted(names.script)}
    owner: ada
    objectives:
      learn:
        name: ${quoted(names.compound)}
        drives: [answer]
        kpis:
${kpi("skills", "Skills of those who answer")}${kpi("silent", "Never measured")}`;

/** The last two years of months, the newest one not over. */
const months = () => {
  const now = new Date();
  return Array.from({ length: 25 }, (_, back) => {
    const month = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - back, 1));
    return month.toISOString().slice(0, 7);
  }).reverse();
};

const figures = () => {
  const rows = ["kpi,period,value"];
  months().forEach((month, at) => {
    rows.push(`acme/revenue,${month},${95 + (at % 7)}`, `acme/margin,${month},${88 + (at % 9)}`);
    rows.push(`acme/alone,${month},${97 + (at % 3)}`);
    rows.push(`acme/calls,${month},${at < 20 ? 104 - (at % 4) : 60 - at}`);
    rows.push(`acme/mails,${month},${at < 20 ? 101 + (at % 3) : 55}`, `acme/skills,${month},${80 + at}`);
  });
  return `${rows.join("\n")}\n`;
};

/** Looks until there is something to see. */
export const until = async (what, look) => {
  const end = Date.now() + STARTED_WITHIN_MS;
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise((wake) => setTimeout(wake, 50));
  }
};

/** Waits until a daemon has said where it shows itself. */
const address = async (child, log) => {
  const said = () => readFileSync(log, "utf8");
  const found = await until("kpid to show itself", () => {
    if (child.exitCode !== null) throw new Error(`kpid does not show itself:\n${said()}`);
    return said().match(/shows itself at (http:\/\/[\d.:]+)\//);
  });
  return found[1];
};

/** A folder of the company and its running daemon. `close` ends both. */
export const start = async (web = '{ listen: "127.0.0.1:0", local_user: ada }') => {
  const folder = await mkdtemp(join(tmpdir(), "kpid-browser-"));
  const named = ["--config", join(folder, "kpid.yaml")];
  await mkdir(join(folder, "scorecards"));
  await writeFile(join(folder, "kpid.yaml"), config(web));
  await writeFile(join(folder, "scorecards/acme.yaml"), SCORECARD);
  await writeFile(join(folder, "figures.csv"), figures());
  try {
    await run(program, [...named, "import", join(folder, "figures.csv")]);
  } catch (problem) {
    await rm(folder, { recursive: true });
    throw problem;
  }
  const log = join(folder, "log");
  const file = openSync(log, "w");
  const child = spawn(program, [...named, "run"], { stdio: ["ignore", file, file] });
  closeSync(file);
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((wake) => child.once("exit", wake));
      child.kill("SIGKILL");
      await ended;
    }
    process.removeListener("exit", kill);
  };
  const close = async () => {
    await stop();
    await rm(folder, { recursive: true });
  };
  try {
    return { at: await address(child, log), folder, stop, close };
  } catch (problem) {
    await close();
    throw problem;
  }
};

/** The pages by name. */
export const pages = {
  home: "/",
  mine: "/mine",
  scorecard: "/c/acme",
  perspective: "/c/acme/care",
  objective: "/c/acme/care/answer",
  kpi: "/c/acme/kpi/calls",
  alerts: "/alerts",
  alert: "/alerts/acme/care/1",
  data: "/data",
  review: "/review/acme",
  wall: "/wall/acme",
  error: "/c/nothing",
};
