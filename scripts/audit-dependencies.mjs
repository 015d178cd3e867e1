// `npm run audit:dependencies`: the licence of every package that is installed, and what is known against it.
//
// Licences are read from the packages themselves, without a network. Vulnerabilities are asked of the registry, when one
// answers; when none does, that is said, and not taken for "none". Fails on a licence that is not on the list, on a package
// that is bundled or needed at run time without one, and on any vulnerability that the registry calls high.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Licences under which a package may be used to build, test or ship this one. */
const ALLOWED = new Set([
  ...["MIT", "MIT-0", "ISC", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "0BSD", "BlueOak-1.0.0", "Unlicense"],
  ...["CC0-1.0", "CC-BY-4.0", "Python-2.0", "MPL-2.0", "Zlib"],
  // libvips, which sharp loads as a library of its own; only for development, and chosen by who uses photos in Node.
  ...["LGPL-3.0-or-later"],
]);

const lock = JSON.parse(readFileSync("package-lock.json", "utf8"));
const licences = new Map();
const refused = [];
let absent = 0;

for (const [path, entry] of Object.entries(lock.packages)) {
  if (path === "" || entry.link) continue;
  // Binaries for other systems stand in the lock file, but not on this disk.
  if (!existsSync(join(path, "package.json"))) {
    absent++;
    continue;
  }
  const { name, version, license, licenses } = JSON.parse(readFileSync(join(path, "package.json"), "utf8"));
  const stated = statedLicence(license ?? licenses);
  licences.set(stated, [...(licences.get(stated) ?? []), `${name}@${version}`]);
  if (!isAllowed(stated)) refused.push(`${name}@${version}: ${stated}`);
}

console.log("Licences of what is installed:\n");
for (const [licence, packages] of [...licences].sort(([, one], [, other]) => other.length - one.length)) {
  const shown = packages.length > 6 ? `${packages.slice(0, 6).join(", ")}, …` : packages.join(", ");
  console.log(`${String(packages.length).padStart(5)}  ${licence.padEnd(34)} ${shown}`);
}
if (absent > 0) console.log(`\n${absent} packages of the lock file are for other systems and were not read.`);
console.log(refused.length > 0 ? `\nNot on the list:\n${refused.join("\n")}` : "\nAll of them are on the list.");
if (refused.length > 0) process.exitCode = 1;

console.log("\nKnown vulnerabilities:\n");
const audit = spawnSync("npm", ["audit", "--json"], { encoding: "utf8", shell: process.platform === "win32" });
const report = parse(audit.stdout);
const counts = report?.metadata?.vulnerabilities;
if (!counts) {
  const why = report?.message ?? report?.error?.summary ?? "no answer";
  console.log(
    `Not known: the registry gave no list (${String(why).split("\n")[0].slice(0, 120)}). Ask again where it does.`,
  );
} else {
  for (const [name, { severity, range }] of Object.entries(report.vulnerabilities)) {
    console.log(`${severity.padEnd(9)} ${name} ${range}`);
  }
  console.log(`${counts.total} in all.`);
  if (counts.high + counts.critical > 0) process.exitCode = 1;
}

function statedLicence(stated) {
  if (Array.isArray(stated)) return stated.map(statedLicence).join(" OR ");
  return (typeof stated === "object" ? stated?.type : stated) || "none stated";
}

/** "A OR B" needs one that is allowed, "A AND B" both. */
function isAllowed(licence) {
  const plain = licence.replace(/[()]/g, "");
  return plain.split(/ OR /).some((choice) => choice.split(/ AND /).every((one) => ALLOWED.has(one.trim())));
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
