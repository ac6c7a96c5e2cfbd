// Every answer of the Graph routes, held against Microsoft's own types (@microsoft/microsoft-graph-types, of v1.0 and of
// beta) by the TypeScript compiler: each answer becomes a literal of the type that Graph gives it, so that a member that
// Graph does not have, one of another type, or a word that is none of an enumeration's is an error.
//
// What each answer must be is said here, call by call; that no route is left out is the test's business, by what the
// server itself counted. `SHAPES_EXTRA` names a file with answers that were asked for elsewhere: [{what, version, type, body}].
import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { token, url } from "./connect.mjs";

// Members that are shown on purpose and that the types do not have.
const ALSO = {
  // Of the directory, for those who ask by $select: Graph's types are open.
  User: ["homePhones"],
  Group: ["onPremisesImmutableId", "onPremisesDistinguishedName"],
  OrgContact: ["onPremisesImmutableId", "createdDateTime"],
  Device: ["onPremisesImmutableId", "createdDateTime"],
  // In Graph's metadata, and younger than the types.
  OnPremisesDirectorySynchronization: ["features.allowOnPremUpdateOfOnPremisesObjectIdentifierEnabled"],
};
const ALSO_ON = {
  v1: {
    // Graph answers these on v1.0 too.
    Group: ["resourceBehaviorOptions", "resourceProvisioningOptions"],
    Device: ["extensionAttributes"],
    // Admins ask for it everywhere.
    Organization: ["onPremisesLastPasswordSyncDateTime"],
  },
  beta: { Domain: ["manufacturer", "model"] },
};

// A JPEG of 648 by 648, as small as one can be: a frame, a scan, an end.
const PHOTO = Buffer.from("ffd8ffc0000b0802880288010111 00ffda00080101 00003f002affd9".replaceAll(" ", ""), "hex");

const samples = [];
const failures = [];

const ask = async (method, target, body, expect = 200, headers = {}) => {
  const answer = await fetch(target.startsWith("http") ? target : url + target, {
    method,
    headers: { Authorization: `Bearer ${token}`, ConsistencyLevel: "eventual", ...(body ? { "Content-Type": "application/json" } : {}), ...headers },
    body: body && JSON.stringify(body),
  });
  const text = await answer.text();
  if (answer.status !== expect) throw new Error(`${method} ${target}: HTTP ${answer.status}: ${text}`);
  return /json/.test(answer.headers.get("content-type") ?? "") ? JSON.parse(text) : text;
};

const versionOf = (target) => (target.startsWith("/beta") ? "beta" : "v1");
const known = { user: "User", group: "Group", orgContact: "OrgContact", device: "Device" };

/** The type that an item says it is, where a list may be mixed. */
const typeOf = (item, type) => {
  if (type !== "DirectoryObject") return type;
  const said = known[item["@odata.type"]?.replace("#microsoft.graph.", "")];
  if (!said) failures.push(`an item of a mixed list does not say what it is: ${JSON.stringify(item).slice(0, 200)}`);
  return said ?? type;
};

const take = (what, version, type, item) => samples.push({ what, version, type: typeOf(item, type), item });

/** One object. */
const one = async (target, type, { method = "GET", body, expect } = {}) => {
  const item = await ask(method, target, body, expect);
  if (!item["@odata.context"]?.includes("/$metadata#")) failures.push(`${method} ${target}: no @odata.context`);
  take(`${method} ${target}`, versionOf(target), type, item);
  return item;
};

/** A list; it must hold something, or nothing is shown of its items. */
const list = async (target, type, { empty = false, method = "GET", body } = {}) => {
  const answer = await ask(method, target, body);
  if (!Array.isArray(answer.value)) throw new Error(`${target}: no list`);
  if (!empty && answer.value.length === 0) failures.push(`${target}: the list is empty, so that nothing is shown`);
  for (const key of Object.keys(answer)) if (key !== "value" && !key.startsWith("@odata.")) failures.push(`${target}: a list with '${key}'`);
  for (const item of answer.value) take(`${method} ${target}`, versionOf(target), type, item);
  return answer;
};

const count = async (target) => {
  const text = String(await ask("GET", target));
  if (!/^\d+$/.test(text)) failures.push(`${target}: '${text}' is no number`);
};

/** All pages of a delta query; items that are gone have no more than an id. */
const delta = async (target, type) => {
  let next = target;
  while (next) {
    const page = await ask("GET", next);
    for (const item of page.value) {
      for (const member of item["members@delta"] ?? []) take(`${target}: a member`, versionOf(target), "DirectoryObject", member);
      take(`GET ${target}`, versionOf(target), type, item);
    }
    next = page["@odata.nextLink"];
    if (!next && !page["@odata.deltaLink"]) failures.push(`${target}: neither a next nor a delta link`);
  }
};

const ref = (id) => ({ "@odata.id": `${url}/v1.0/directoryObjects/${id}` });

async function walk(v) {
  const tag = v.replace(/\W/g, "");
  const user = (name) => ({
    accountEnabled: true, displayName: `Shape ${name}`, mailNickname: name, userPrincipalName: `${name}@contoso.com`,
    passwordProfile: { password: "xWwvJ]6NMw+bWH-d" },
  });
  const ann = await one(`/${v}/users`, "User", { method: "POST", expect: 201, body: {
    ...user(`shape${tag}`), businessPhones: ["+41 44 1"], otherMails: ["a@example.com"], ageGroup: "Adult", employeeHireDate: "2026-01-02T00:00:00Z",
    employeeOrgData: { division: "x", costCenter: "1" }, usageLocation: "CH", showInAddressList: true, mail: `shape${tag}@contoso.com`,
  } });
  const bob = await one(`/${v}/users`, "User", { method: "POST", expect: 201, body: user(`other${tag}`) });
  const team = (name) => ({ displayName: name, mailEnabled: false, mailNickname: name, securityEnabled: true, description: "Shapes" });
  const group = await one(`/${v}/groups`, "Group", { method: "POST", expect: 201, body: team(`shapes${tag}`) });
  const inner = await one(`/${v}/groups`, "Group", { method: "POST", expect: 201, body: team(`inner${tag}`) });
  const unified = await one(`/${v}/groups`, "Group", { method: "POST", expect: 201, body: { ...team(`unified${tag}`), mailEnabled: true, groupTypes: ["Unified"], visibility: "Private" } });
  const device = await one(`/${v}/devices`, "Device", { method: "POST", expect: 201, body: {
    accountEnabled: true, displayName: `Laptop ${tag}`, deviceId: crypto.randomUUID(), operatingSystem: "Debian", operatingSystemVersion: "12",
    alternativeSecurityIds: [{ type: 2, key: "base64Y3YxN2E51aGw==" }],
  } });
  for (const [path, body] of [[`users/${ann.id}`, { jobTitle: "Baker", city: "Zug" }], [`groups/${group.id}`, { description: "Other" }], [`devices/${device.id}`, { displayName: "Desk" }]]) {
    await ask("PATCH", `/${v}/${path}`, body, 204);
  }
  await ask("POST", `/${v}/groups/${group.id}/members/$ref`, ref(ann.id), 204);
  await ask("POST", `/${v}/groups/${group.id}/members/$ref`, ref(device.id), 204);
  await ask("POST", `/${v}/groups/${inner.id}/members/$ref`, ref(group.id), 204);
  await ask("POST", `/${v}/groups/${group.id}/owners/$ref`, ref(bob.id), 204);
  await ask("PUT", `/${v}/users/${ann.id}/manager/$ref`, ref(bob.id), 204);

  const every = { users: "User", groups: "Group", contacts: "OrgContact", devices: "Device" };
  for (const [set, type] of Object.entries(every)) {
    const first = await list(`/${v}/${set}?$top=20&$count=true`, type);
    await list(`/${v}/${set}?$select=*&$top=100`, type);
    await count(`/${v}/${set}/$count`);
    await one(`/${v}/${set}/${first.value[0].id}`, type);
    await one(`/${v}/${set}/${first.value[0].id}?$select=*`, type);
    await delta(`/${v}/${set}/delta`, type);
  }
  await delta(`/${v}/directoryObjects/delta`, "DirectoryObject");
  // Whom the quarantine holds back: the shape of the error.
  await list(`/${v}/users?$filter=onPremisesProvisioningErrors/any(o:o/category ne null)&$select=id,onPremisesProvisioningErrors,onPremisesSyncEnabled,proxyAddresses`, "User");
  await one(`/${v}/users/${ann.id}?$expand=manager`, "User");
  await one(`/${v}/users/${ann.id}?$expand=memberOf`, "User");
  await one(`/${v}/groups/${group.id}?$expand=members`, "Group");
  await one(`/${v}/groups/${group.id}?$expand=owners`, "Group");
  await one(`/${v}/users/${ann.id}/manager`, "DirectoryObject");
  const contact = (await ask("GET", `/${v}/contacts?$top=1`)).value[0];
  for (const [path, empty] of [
    [`users/${bob.id}/directReports`], [`users/${ann.id}/memberOf`], [`users/${ann.id}/transitiveMemberOf`], [`users/${bob.id}/ownedObjects`],
    [`groups/${group.id}/members`], [`groups/${inner.id}/transitiveMembers`], [`groups/${group.id}/owners`], [`groups/${group.id}/memberOf`],
    [`groups/${group.id}/transitiveMemberOf`], [`devices/${device.id}/memberOf`], [`devices/${device.id}/transitiveMemberOf`],
    [`contacts/${contact.id}/memberOf`], [`contacts/${contact.id}/transitiveMemberOf`], [`contacts/${contact.id}/directReports`, true],
  ]) await list(`/${v}/${path}`, "DirectoryObject", { empty });
  await one(`/${v}/contacts/${contact.id}/manager`, "DirectoryObject");
  await list(`/${v}/groups/${group.id}/members/microsoft.graph.user`, "User");
  await count(`/${v}/groups/${group.id}/members/$count`);
  await one(`/${v}/directoryObjects/${ann.id}`, "DirectoryObject");
  await list(`/${v}/directoryObjects/getByIds`, "DirectoryObject", { method: "POST", body: { ids: [ann.id, group.id, device.id, contact.id] } });
  for (const path of [`users/${ann.id}`, `groups/${group.id}`, `contacts/${contact.id}`]) {
    await ask("POST", `/${v}/${path}/retryServiceProvisioning`, undefined, 204);
  }

  // A photo, which is bytes; what it is like is told apart.
  for (const path of [`users/${ann.id}`, `groups/${group.id}`]) {
    const put = await fetch(`${url}/${v}/${path}/photo/$value`, {
      method: "PUT", headers: { Authorization: `Bearer ${token}`, "Content-Type": "image/jpeg" }, body: PHOTO,
    });
    if (put.status !== 200) throw new Error(`a photo of ${path}: HTTP ${put.status}: ${await put.text()}`);
    const about = await one(`/${v}/${path}/photo`, "ProfilePhoto");
    await list(`/${v}/${path}/photos`, "ProfilePhoto");
    await one(`/${v}/${path}/photos/${about.id}`, "ProfilePhoto");
    await ask("DELETE", `/${v}/${path}/photo/$value`, undefined, 204);
  }

  // What is deleted, and comes back.
  await ask("DELETE", `/${v}/groups/${group.id}/members/${ann.id}/$ref`, undefined, 204);
  await ask("DELETE", `/${v}/groups/${group.id}/owners/${bob.id}/$ref`, undefined, 204);
  await ask("DELETE", `/${v}/users/${ann.id}/manager/$ref`, undefined, 204);
  await ask("DELETE", `/${v}/users/${ann.id}`, undefined, 204);
  await ask("DELETE", `/${v}/groups/${unified.id}`, undefined, 204);
  await ask("DELETE", `/${v}/devices/${device.id}`, undefined, 204);
  for (const [kind, type] of [["user", "User"], ["group", "Group"], ["device", "Device"]]) {
    await list(`/${v}/directory/deletedItems/microsoft.graph.${kind}`, type);
    await count(`/${v}/directory/deletedItems/microsoft.graph.${kind}/$count`);
  }
  await one(`/${v}/directory/deletedItems/${ann.id}`, "DirectoryObject");
  await one(`/${v}/directory/deletedItems/${ann.id}/restore`, "DirectoryObject", { method: "POST", body: {} });
  await ask("DELETE", `/${v}/directoryObjects/${ann.id}`, undefined, 204);
  await ask("DELETE", `/${v}/directory/deletedItems/${ann.id}`, undefined, 204);

  const organization = (await list(`/${v}/organization`, "Organization")).value[0];
  await one(`/${v}/organization/${organization.id}`, "Organization");
  await ask("PATCH", `/${v}/organization/${organization.id}`, { onPremisesSyncEnabled: true }, 204);
  await list(`/${v}/directory/onPremisesSynchronization`, "OnPremisesDirectorySynchronization");
  await one(`/${v}/directory/onPremisesSynchronization/${organization.id}`, "OnPremisesDirectorySynchronization");
  const guard = { synchronizationPreventionType: "enabledForPercentage", alertThreshold: 20 };
  await ask("PATCH", `/${v}/directory/onPremisesSynchronization/${organization.id}`, { configuration: { accidentalDeletionPrevention: guard } }, 204);
  await one(`/${v}/directory/onPremisesSynchronization/${organization.id}`, "OnPremisesDirectorySynchronization");
  await domains(v, tag);

  const batch = await ask("POST", `/${v}/$batch`, { requests: [
    { id: "1", method: "GET", url: `/users/${bob.id}` }, { id: "2", method: "GET", url: "/organization" }, { id: "3", method: "GET", url: "/users/nobody@contoso.com" },
  ] });
  for (const answer of batch.responses) {
    const { id, status, body } = answer;
    if (Object.keys(answer).some((key) => !["id", "status", "headers", "body"].includes(key))) failures.push(`$batch: ${Object.keys(answer)}`);
    if (id === "1" && status === 200) take(`POST /${v}/$batch`, versionOf(`/${v}`), "User", body);
    else if (id === "2" && status === 200) take(`POST /${v}/$batch`, versionOf(`/${v}`), "Organization", body.value[0]);
    else if (id === "3" && status === 404) takeError(`POST /${v}/$batch`, body);
    else failures.push(`$batch: ${JSON.stringify(answer)}`);
  }
  for (const [target, status] of [["users/nobody@contoso.com", 404], ["users?$filter=x%20eq", 400], ["planner", 501]]) {
    takeError(`GET /${v}/${target}`, await ask("GET", `/${v}/${target}`, undefined, status));
  }
}

async function domains(v, tag) {
  const name = `${tag}.contoso.com`;
  await one(`/${v}/domains`, "Domain", { method: "POST", expect: 201, body: { id: `${tag}.example` } });
  await list(`/${v}/domains/${tag}.example/verificationDnsRecords`, "DomainDnsRecord");
  await ask("DELETE", `/${v}/domains/${tag}.example`, undefined, 204);
  await one(`/${v}/domains`, "Domain", { method: "POST", expect: 201, body: { id: name } });
  await ask("PATCH", `/${v}/domains/${name}`, { supportedServices: ["Email", "OfficeCommunicationsOnline"], passwordValidityPeriodInDays: 90 }, 204);
  await list(`/${v}/domains`, "Domain");
  await one(`/${v}/domains/${name}`, "Domain");
  await list(`/${v}/domains/${name}/serviceConfigurationRecords`, "DomainDnsRecord");
  await one(`/${v}/domains/${name}/rootDomain`, "Domain");
  await list("/" + v + "/domains/contoso.com/domainNameReferences?$top=5", "DirectoryObject");
  const promoted = await ask("POST", `/${v}/domains/${name}/promote`);
  if (promoted.value !== true) failures.push(`promote: ${JSON.stringify(promoted)}`);
  const federation = await one(`/${v}/domains/${name}/federationConfiguration`, "InternalDomainFederation", { method: "POST", expect: 201, body: {
    displayName: "AD FS", issuerUri: `urn:adfs:${tag}`, passiveSignInUri: "https://sts.contoso.com/adfs/ls", preferredAuthenticationProtocol: "wsFed",
    federatedIdpMfaBehavior: "acceptIfMfaDoneByFederatedIdp", promptLoginBehavior: "nativeSupport", isSignedAuthenticationRequestRequired: false,
  } });
  await list(`/${v}/domains/${name}/federationConfiguration`, "InternalDomainFederation");
  await one(`/${v}/domains/${name}/federationConfiguration/${federation.id}`, "InternalDomainFederation");
  await one(`/${v}/domains/${name}/federationConfiguration/${federation.id}`, "InternalDomainFederation", { method: "PATCH", body: { signOutUri: "https://sts.contoso.com/out" } });
  await ask("DELETE", `/${v}/domains/${name}/federationConfiguration/${federation.id}`, undefined, 204);
  await ask("POST", `/${v}/domains/${name}/forceDelete`, { disableUserAccounts: false }, 204);
}

/** Graph's error, which has no type there: the form is that of its documentation. */
function takeError(what, body) {
  const error = body.error ?? {};
  const inner = error.innerError ?? {};
  const texts = [error.code, error.message, inner.date, inner["request-id"], inner["client-request-id"]];
  if (Object.keys(body).join() !== "error" || texts.some((text) => typeof text !== "string" || !text)) failures.push(`${what}: ${JSON.stringify(body)}`);
}

/** What Graph's types know nothing of: annotations, and what is shown on purpose. Times are looked at here. */
function bare(value, also, what) {
  const inside = (key) => also.filter((name) => name.startsWith(`${key}.`)).map((name) => name.slice(key.length + 1));
  if (Array.isArray(value)) return value.map((item) => bare(item, [], what));
  if (value === null || typeof value !== "object") return value;
  const out = {};
  for (const [key, held] of Object.entries(value)) {
    if (key.includes("@") || also.includes(key)) continue;
    if (/DateTime$|^employeeHireDate$/.test(key) && held !== null && !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(held)) failures.push(`${what}: ${key} is '${held}'`);
    // Of expanded objects each says what it is; what is inside them is looked at where they are asked for.
    if (["manager", "memberOf", "members", "owners"].includes(key)) continue;
    out[key] = bare(held, inside(key), what);
  }
  return out;
}

function check() {
  const records = { Txt: "DomainDnsTxtRecord", Mx: "DomainDnsMxRecord", CName: "DomainDnsCnameRecord", Srv: "DomainDnsSrvRecord" };
  const lines = ['import type * as v1 from "@microsoft/microsoft-graph-types";', 'import type * as beta from "@microsoft/microsoft-graph-types-beta";'];
  const of = [];
  for (const sample of samples) {
    let { type } = sample;
    const { what, version, item } = sample;
    if (type === "DomainDnsRecord") {
      type = records[item.recordType];
      if (item["@odata.type"] !== `#microsoft.graph.${type[0].toLowerCase()}${type.slice(1)}`) failures.push(`${what}: ${item["@odata.type"]} is a ${type}`);
    }
    lines.push(`export const s${of.length}: ${version}.${type} = ${JSON.stringify(bare(item, [...(ALSO[type] ?? []), ...(ALSO_ON[version][type] ?? [])], what))};`);
    of.push(`${what}: ${type} of ${version}`);
  }
  const folder = path.dirname(fileURLToPath(import.meta.url));
  const file = path.join(folder, "answers.ts");
  const options = { strict: true, noEmit: true, skipLibCheck: true, target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler, types: [] };
  const host = ts.createCompilerHost(options);
  const read = host.getSourceFile.bind(host);
  host.getSourceFile = (name, ...rest) => (name === file ? ts.createSourceFile(name, lines.join("\n"), options.target) : read(name, ...rest));
  const exists = host.fileExists.bind(host);
  host.fileExists = (name) => name === file || exists(name);
  const program = ts.createProgram([file], options, host);
  const seen = new Set();
  for (const found of ts.getPreEmitDiagnostics(program)) {
    const text = ts.flattenDiagnosticMessageText(found.messageText, " ");
    const line = found.file?.getLineAndCharacterOfPosition(found.start).line ?? 0;
    // One of a kind is enough: every page of a list says the same.
    const said = `${of[line - 2] ?? found.file?.fileName}: ${text}`;
    const short = said.replace(/[0-9a-f-]{36}/g, "{id}");
    if (!seen.has(short)) failures.push(said);
    seen.add(short);
  }
}

await walk("v1.0");
await walk("beta");
if (process.env.SHAPES_EXTRA) for (const { what, version, type, body } of JSON.parse(readFileSync(process.env.SHAPES_EXTRA, "utf8"))) take(what, version, type, body);
check();
if (failures.length > 0) {
  console.error(failures.slice(0, 60).join("\n"));
  console.error(`${failures.length} faults in ${samples.length} answers`);
  process.exit(1);
}
console.log(`${samples.length} answers are what Graph's types say`);
