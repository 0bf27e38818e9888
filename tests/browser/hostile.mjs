// A portal whose names want to be more than names, and a manifest that touches them.
import { portal } from "./browser.mjs";

export const NAMES = [
  "<script>window.owned = 1</script>",
  "</script><script>window.owned = 2</script>",
  "<!--<script>window.owned = 3//",
  "<img src=x onerror='window.owned = 4'>",
  "\"><svg onload=\"window.owned = 5\">",
  "' onfocus='window.owned = 6' autofocus='",
  "javascript:window.owned = 7",
  "</title></style></details></table></main>",
  "{{7*7}} ${window.owned = 8} %3Cscript%3E",
  "Right \u202etfel ot\u2066 \u2028line",
  "https://evil.example/x.png",
  "x".repeat(90),
  "__proto__",
];

const id = (kind, index) => `${kind}0000009-0000-4000-8000-${String(index).padStart(12, "0")}`;

export function seed() {
  const each = (make) => NAMES.map((name, index) => make(name, index));
  return JSON.stringify({
    organization: { id: id("0", 1), name: NAMES[0], businessGroups: [{ id: id("0", 2), name: NAMES[1] }] },
    identityProviders: [{ provider_id: "okta-id", name: NAMES[4], type: "openid" }],
    exchangeAssets: each((name, index) => ({
      groupId: id("0", 2), assetId: `asset-${index}`, name, type: "rest-api", description: name, versions: ["v1", "v2"],
    })),
    connections: [{
      id: "conn-001", targetOrganizationDomain: "evil.my.salesforce.com", environment: "PRODUCTION",
      portals: [{
        id: id("b", 1), name: NAMES[3],
        userGroups: [{
          id: id("a", 1), name: "Members", isDefault: true,
          children: each((name, index) => ({
            id: id("a", index + 10), name, description: name,
            groupMappings: [{ provider_id: "okta-id", external_group_name: name }],
          })),
        }],
        assets: each((name, index) => ({
          groupId: id("0", 2), assetId: `asset-${index}`, name, instanceVisibility: "Public",
          minorVersionProfilesVisibility: [{ minorVersion: "v1", profileVisibility: [id("a", index + 10)] }],
        })),
        users: each((name, index) => ({
          id: id("e", index), name, email: `user${index}@evil.example`, username: `${name} ${index}`,
          userGroupIds: [id("a", 1), id("a", index + 10)],
        })),
      }],
    }],
  });
}

export function manifest() {
  // In YAML a dollar begins a variable, and what may not stand in a file is escaped.
  const quoted = (text) => JSON.stringify(text).replaceAll("$", "$$$$").replace(/[^ -~]/gu, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`);
  const next = (index) => quoted(NAMES[(index + 1) % NAMES.length]);
  const assets = NAMES.map((name, index) =>
    `  - {asset: ${id("0", 2)}/asset-${index}, instances: All, versions: {v1: [${next(index)}], v2: [${quoted(name)}]}}`);
  const groups = NAMES.map((name) => `  - {name: ${quoted(name)}, description: ${quoted(`${name} again`)}}`);
  const members = NAMES.map((_, index) => `  - {user: ${id("e", index)}, userGroups: [${next(index)}]}`);
  return portal(["  userGroups:", ...groups, "  assets:", ...assets, "  members:", ...members].join("\n"));
}
