// What checks and pictures share: the browser, the binary, and the plans.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const { AEHCTL, CHROMIUM, TOOLS, WORK } = process.env;
const require = createRequire(join(TOOLS, "/"));
const { chromium } = require("playwright-core");

export const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

/** What makes HTML of Markdown; only the pictures need it. */
export const marked = async () => (await import(require.resolve("marked"))).marked;

/** A browser without a window that calls nobody. */
export function launch() {
  const quiet = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
  const args = process.getuid() === 0 ? ["--no-sandbox", ...quiet] : quiet;
  return chromium.launch({ executablePath: CHROMIUM, args });
}

/** Runs the binary in the working folder and gives what it prints. */
export function aehctl(...words) {
  return execFileSync(AEHCTL, words, { cwd: WORK, encoding: "utf8", maxBuffer: 1 << 30, stdio: "pipe" });
}

export function inWork(name, text) {
  const path = join(WORK, name);
  if (text !== undefined) writeFileSync(path, text);
  return path;
}

/** The address of a page that stands in the working folder. */
export function page(name, html) {
  return `file://${inWork(name, html)}`;
}

/** A portal's manifest; lines of the specification are indented by two. */
export function portal(spec) {
  return `apiVersion: aehctl.io/v1alpha1\nkind: Portal\nmetadata: {name: developer-portal}\nspec:\n${spec}\n`;
}

/** The change that the pictures show and the checks know: a partner comes in, and one version becomes public. */
export const PARTNER = portal(`  target: {portal: Developer Portal}
  audiences: {partners: []}
  userGroups:
  - {name: Partner Acme, joins: [partners]}
  - {name: Partner Initech, description: "Initech, new this year", joins: [partners]}
  assets:
  - {asset: Finance/invoice-api, versions: {v1: [], v2: [system:members, "audience:partners"]}}
  - {asset: Finance/ledger-events, versions: {"*": ["audience:partners"]}}
  - {asset: Logistics/shipment-api, versions: {v2: [system:guests]}}
  members:
  - {user: jane@example.com, userGroups: [Partner Acme]}
  prospects:
  - {emailDomain: partner.example, approve: {userGroups: [Partner Initech]}}`);
