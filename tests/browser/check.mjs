// The checks; each prints a line, and the first that fails ends the run.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { PARTNER, aehctl, axe, inWork, launch, page } from "./browser.mjs";
import { NAMES, manifest, seed } from "./hostile.mjs";

const browser = await launch();
process.on("exit", () => browser.close());

/** Opens a page and keeps what it may not do: ask, complain, open a dialog. */
async function open(address, { width = 1280, colorScheme = "light", javaScriptEnabled = true } = {}) {
  const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme, javaScriptEnabled });
  const tab = await context.newPage();
  const deeds = [];
  tab.on("console", (message) => deeds.push(`console: ${message.text()}`));
  tab.on("pageerror", (error) => deeds.push(`error: ${error.message}`));
  tab.on("request", (request) => request.url() !== address && deeds.push(`request: ${request.url()}`));
  tab.on("dialog", (dialog) => (deeds.push(`dialog: ${dialog.message()}`), dialog.dismiss()));
  await tab.goto(address);
  return { tab, deeds, close: () => context.close() };
}

/** Presses Tab until the focus is where it should be. */
async function tabTo(tab, selector) {
  for (let presses = 0; presses < 60; presses += 1) {
    await tab.keyboard.press("Tab");
    if (await tab.evaluate((selector) => document.activeElement?.matches(selector), selector)) return;
  }
  assert.fail(`Tab never reaches ${selector}`);
}

const status = (tab, root) => tab.locator(`${root} [role=status]`).textContent();

/** The sign of a cell by the names of its row and its column. */
function cell(tab, version, group) {
  return tab.evaluate(([version, group]) => {
    const column = [...document.querySelectorAll("#matrix thead th")].findIndex((head) => head.querySelector(".name")?.textContent === group);
    const row = [...document.querySelectorAll("#matrix tbody tr")].find((row) => row.querySelector("th")?.textContent === version);
    return row?.children[column]?.querySelector("[aria-hidden]")?.textContent ?? "";
  }, [version, group]);
}

async function check(name, run) {
  const begin = Date.now();
  await run();
  console.log(`ok: ${name} (${((Date.now() - begin) / 1000).toFixed(1)} s)`);
}

/** What holds for every page, at each width and in both schemes. */
async function sound(address) {
  for (const width of [360, 1280]) {
    for (const colorScheme of ["light", "dark"]) {
      const { tab, deeds, close } = await open(address, { width, colorScheme });
      const where = `${width} px, ${colorScheme}`;
      const wide = await tab.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wide <= width, `${where}: the page is ${wide} px wide`);
      assert.deepEqual(deeds, [], where);
      // The policy lets no script in; a debugger is not asked.
      await tab.evaluate(axe);
      const { violations } = await tab.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
      const told = violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ html }) => html)}`);
      assert.deepEqual(told, [], where);
      await close();
    }
  }
}

function html(plan) {
  return aehctl("show", plan, "--format", "html");
}

inWork("partner.yaml", PARTNER);
aehctl("--emulator=demo.db", "plan", "-f", "partner.yaml", "--access", "all", "--out", "partner.json");
const partner = page("partner.html", html("partner.json"));

await check("a plan of the demo is sound", () => sound(partner));

await check("cells show what each group gains and loses", async () => {
  const { tab, close } = await open(partner);
  const cells = [
    ["Finance/invoice-api v1", "Gold Tier", "−●"],
    ["Finance/invoice-api v1", "system:administrators", "●"],
    ["Finance/invoice-api v1", "system:guests", ""],
    ["Finance/invoice-api v2", "system:members", "+●"],
    ["Finance/invoice-api v2", "API Developers", "+○"],
    ["Finance/invoice-api v2", "Partner Initech", "+●"],
    ["Finance/invoice-api v2", "Gold Tier", "●→○"],
    ["Finance/ledger-events", "Partner Acme", "+●"],
    ["Logistics/shipment-api v2", "system:guests", "+●"],
    ["Logistics/shipment-api v2", "system:members", "+○"],
    ["Logistics/shipment-api v2", "Gold Tier", "○"],
  ];
  for (const [version, group, sign] of cells) {
    assert.equal(await cell(tab, version, group), sign, `${group} and ${version}`);
  }
  await tab.selectOption("#matrix-side", "before");
  assert.equal(await cell(tab, "Finance/invoice-api v1", "Gold Tier"), "●");
  assert.equal(await cell(tab, "Finance/invoice-api v2", "system:members"), "");
  await tab.selectOption("#matrix-side", "after");
  assert.equal(await cell(tab, "Finance/invoice-api v1", "Gold Tier"), "");
  assert.equal(await cell(tab, "Finance/invoice-api v2", "system:members"), "●");
  await close();
});

await check("filters work from the keyboard alone", async () => {
  const { tab, close } = await open(partner);
  await tab.keyboard.press("Tab");
  assert.equal(await tab.evaluate(() => document.activeElement.className), "skip", "the first stop skips to the plan");
  await tab.keyboard.press("Enter");
  assert.equal(await tab.evaluate(() => document.activeElement.id), "content");
  await tabTo(tab, "#matrix-text");
  await tab.keyboard.type("SHIPMENT");
  assert.match(await status(tab, "#matrix"), /^1–2 of 2 versions, \d+ in all$/);
  await tab.keyboard.press("Control+a");
  await tab.keyboard.type("partner initech");
  assert.equal(await tab.locator("#matrix thead .name").count(), 1, "who looks for a group sees its column");
  await tab.keyboard.press("Control+a");
  await tab.keyboard.press("Delete");
  await tabTo(tab, "[name=sort]");
  const changed = await status(tab, "#matrix");
  await tab.keyboard.press("ArrowRight");
  await tab.keyboard.press("ArrowRight");
  assert.notEqual(await status(tab, "#matrix"), changed, "what is lost is less than what changes");
  assert.equal(await cell(tab, "Finance/invoice-api v1", "Gold Tier"), "−●");
  await tabTo(tab, ".how");
  await tab.keyboard.press("Space");
  assert.equal(await tab.evaluate(() => document.activeElement.getAttribute("aria-expanded")), "true");
  assert.match(await tab.locator("tr.detail:visible").first().textContent(), /via/);
  await tabTo(tab, "#list-text");
  await tab.keyboard.type("jane@");
  assert.match(await status(tab, "#list"), /^1–1 of 1 changes, \d+ in all$/);
  await tab.keyboard.press("Control+a");
  await tab.keyboard.press("Delete");
  await tabTo(tab, "#list-kind");
  await tab.keyboard.type("pend");
  assert.match(await status(tab, "#list"), /^1–1 of 1 /);
  await tabTo(tab, "[name=act]");
  await tab.keyboard.press("Space");
  assert.match(await status(tab, "#list"), /^None changes/);
  await close();
});

await check("nobody is named in what is said of visibility", async () => {
  const { tab, close } = await open(partner);
  const visibility = await tab.locator("section[aria-labelledby=visibility]").textContent();
  assert.ok(!visibility.includes("@example.com"), visibility);
  await close();
  const named = page("named.html", aehctl("show", "partner.json", "--format", "html", "--access-names", "3"));
  const { tab: other, close: closeOther } = await open(named);
  await other.locator("#matrix-text").fill("jane@example.com");
  assert.match(await status(other, "#matrix"), /^1–\d+ of \d+ versions/);
  await closeOther();
});

await check("without a script, what changes is read all the same", async () => {
  const { tab, deeds, close } = await open(partner, { javaScriptEnabled: false, width: 360 });
  assert.equal(await tab.locator("#matrix").isVisible(), false);
  assert.match(await tab.locator("#matrix-plain").innerText(), /Logistics\/shipment-api v2[^]*becomes public/);
  assert.match(await tab.locator("#list-plain").innerText(), /members\/jane@example\.com[^]*userGroups/);
  assert.deepEqual(deeds, []);
  await close();
});

inWork("hostile-seed.json", seed());
inWork("hostile.yaml", manifest());
aehctl("emulator", "seed", "--db", "hostile.db", "hostile-seed.json");
aehctl("--emulator=hostile.db", "plan", "-f", "hostile.yaml", "--access", "all", "--max-updates", "100%", "--max-access-loss", "100%", "--out", "hostile.json");
const hostile = page("hostile.html", aehctl("show", "hostile.json", "--format", "html", "--access-names", "9"));

await check("hostile names are shown, and do nothing", async () => {
  await sound(hostile);
  const { tab, deeds, close } = await open(hostile);
  await tab.locator("[name=sort]").first().check();
  for (const how of await tab.locator(".how").all()) await how.click();
  for (const name of NAMES.slice(0, 8)) await tab.locator("#matrix-text").fill(name);
  await tab.locator("#matrix-text").fill("");
  const found = await tab.evaluate(() => ({
    owned: window.owned,
    scripts: document.scripts.length,
    active: document.querySelectorAll("img, svg, iframe, object, embed, base, link, form, [onerror], [onload], [onfocus], [autofocus], [style]").length,
    links: [...document.querySelectorAll("a")].map((link) => link.getAttribute("href")),
    text: document.body.textContent,
  }));
  assert.deepEqual({ ...found, text: "" }, { owned: undefined, scripts: 2, active: 0, links: ["#content"], text: "" });
  for (const name of NAMES.slice(0, 9)) assert.ok(found.text.includes(name), `${name} is shown as it is`);
  assert.ok(!/[\u202a-\u202e\u2066-\u2069\u2028]/.test(found.text), "marks of direction are made visible");
  assert.deepEqual(deeds, []);
  await close();
});

execFileSync("python3", ["benches/portal.py", inWork("limits")]);
aehctl("emulator", "seed", "--db", "limits.db", "limits/seed.json");
aehctl("--emulator=limits.db", "plan", "-f", "limits/changed.yaml", "--access", "all", "--max-updates", "100%", "--max-deletes", "100%", "--max-approvals", "500", "--max-access-loss", "100%", "--out", "limits.json");
const limits = page("limits.html", html("limits.json"));

await check("a plan at the vendor's limits opens, and is filtered and paged", async () => {
  const { tab, deeds, close } = await open(limits);
  const size = await tab.evaluate(() => ({ elements: document.querySelectorAll("*").length, wide: document.documentElement.scrollWidth }));
  assert.ok(size.elements < 40_000, `${size.elements} elements stand in the page`);
  assert.ok(size.wide <= 1280);
  await tab.locator("[name=sort][value='0']").check();
  assert.match(await status(tab, "#matrix"), /of 35,000 versions$/);
  await tab.locator("#matrix-text").fill("service-0420-api");
  assert.match(await status(tab, "#matrix"), /^1–5 of 5 versions, 35,000 in all$/);
  await tab.locator("#matrix-text").fill("");
  await tab.locator("#matrix .pager button").last().press("Enter");
  assert.match(await status(tab, "#matrix"), /^51–100 of 35,000 versions$/);
  await tab.locator("#list-text").fill("prospect-496@");
  assert.match(await status(tab, "#list"), /^1–\d+ of \d+ changes/);
  assert.deepEqual(deeds, []);
  await close();
});

await browser.close();
