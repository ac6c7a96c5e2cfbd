// Microsoft's JavaScript client (@microsoft/microsoft-graph-client) against a server with 250 synced users: pages, counts,
// search and advanced filters, delta, batches, errors, writes and references. Nothing of it is written for Lockstep.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { BatchRequestContent, BatchResponseContent, GraphError, PageIterator, ResponseType, connect, url } from "./connect.mjs";

const client = connect();
const PEOPLE = 250;
const eventual = (request) => request.header("ConsistencyLevel", "eventual").count(true);
const unique = () => Math.random().toString(36).slice(2, 10);

/** Every item behind a first page, by the client's own iterator. */
const all = async (first, headers) => {
  const items = [];
  const take = (item) => items.push(item) > 0;
  const pages = new PageIterator(client, first, take, headers ? { headers } : undefined);
  await pages.iterate();
  assert.ok(pages.isComplete(), "the iterator is not at the end");
  return { items, pages };
};

const person = (name) => ({
  "@odata.type": "#microsoft.graph.user",
  accountEnabled: true,
  displayName: `Person ${name}`,
  mailNickname: name,
  userPrincipalName: `${name}@contoso.com`,
  passwordProfile: { "@odata.type": "microsoft.graph.passwordProfile", password: "xWwvJ]6NMw+bWH-d", forceChangePasswordNextSignIn: true },
});
const team = (name) => ({ displayName: name, mailEnabled: false, mailNickname: name, securityEnabled: true });

/** An error that a call must end with. */
const refused = async (promise, status, code) => {
  const error = await promise.then(
    (value) => assert.fail(`answered ${JSON.stringify(value)}`),
    (reason) => reason,
  );
  assert.ok(error instanceof GraphError, `${error}`);
  assert.equal(error.statusCode, status, error.message);
  assert.equal(error.code, code, error.message);
  assert.ok(error.message.length > 10, error.message);
  assert.match(error.requestId, /^[0-9a-f-]{36}$/);
  assert.ok(Math.abs(Date.now() - error.date.getTime()) < 26 * 3600 * 1000, `${error.date}`);
  return error;
};

let ann;
let bob;
let group;
before(async () => {
  ann = await client.api("/users").post(person(`ann${unique()}`));
  bob = await client.api("/users").post(person(`bob${unique()}`));
  group = await client.api("/groups").post(team(`team${unique()}`));
});
after(async () => {
  for (const [set, one] of [["users", ann], ["users", bob], ["groups", group]]) if (one) await client.api(`/${set}/${one.id}`).delete();
});

test("pages are followed to the end, and none is told twice", async () => {
  const first = await client.api("/users").top(40).select(["id", "displayName"]).filter("onPremisesSyncEnabled eq true").get();
  assert.equal(first.value.length, 40);
  assert.ok(first["@odata.nextLink"].startsWith(`${url}/v1.0/users?`), first["@odata.nextLink"]);
  const { items } = await all(first);
  assert.equal(items.length, PEOPLE);
  assert.equal(new Set(items.map((user) => user.id)).size, PEOPLE);
});

test("an iterator that was stopped goes on where it was", async () => {
  const first = await client.api("/users").top(30).select("id").filter("onPremisesSyncEnabled eq true").get();
  const seen = [];
  const pages = new PageIterator(client, first, (user) => seen.push(user.id) !== 45);
  await pages.iterate();
  assert.equal(seen.length, 45);
  assert.ok(!pages.isComplete());
  await pages.resume();
  assert.equal(new Set(seen).size, PEOPLE);
});

test("counts come with a list and alone", async () => {
  const synced = "onPremisesSyncEnabled eq true";
  const list = await eventual(client.api("/users")).filter(synced).top(1).get();
  assert.equal(list["@odata.count"], PEOPLE);
  const count = await client.api("/users/$count").header("ConsistencyLevel", "eventual").filter(synced).get();
  assert.equal(Number(count), PEOPLE);
});

test("searches and advanced filters find what they say", async () => {
  const names = async (request) => (await request.select("displayName").get()).value.map((user) => user.displayName);
  assert.deepEqual(await names(eventual(client.api("/users")).search('"displayName:w0-247"')), ["w0-247 of Contoso"]);
  assert.deepEqual(await names(eventual(client.api("/users")).search('"displayName:w0-247" OR "mail:w0-8@"').orderby("displayName")), ["w0-247 of Contoso", "w0-8 of Contoso"]);
  assert.equal((await names(eventual(client.api("/users")).filter("startsWith(displayName,'w0-1') and not(endsWith(mail,'w0-1@contoso.com'))").top(999))).length, 110);
  assert.deepEqual(await names(eventual(client.api("/users")).filter("mail in ('w0-3@contoso.com','w0-4@contoso.com')").orderby("displayName desc")), ["w0-4 of Contoso", "w0-3 of Contoso"]);
  assert.deepEqual(await names(eventual(client.api("/users")).filter("proxyAddresses/any(p:p eq 'SMTP:w0-5@contoso.com')")), ["w0-5 of Contoso"]);
  assert.deepEqual(await names(client.api("/users").filter("onPremisesProvisioningErrors/any(o:o/category ne null)")), ["w0-249 of Contoso"]);
  assert.equal((await eventual(client.api("/users")).filter("department ne null").get())["@odata.count"], 0);
});

test("options arrive in any spelling", async () => {
  const one = await client.api("/users?%24select=id,displayName&$Top=1").get();
  assert.equal(one.value.length, 1);
  const upper = await client.api(`/Users/${ann.userPrincipalName.toUpperCase()}`).select("DISPLAYNAME").get();
  assert.equal(upper.displayName, ann.displayName);
  // A property that is not known to v1.0 is passed over.
  const unknown = await client.api(`/users/${ann.id}`).select("id,refreshTokensValidFromDateTime").get();
  assert.equal(unknown.id, ann.id);
});

test("delta queries tell what changed, and nothing else", async () => {
  const { items, pages } = await all(await client.api("/users/delta").select("displayName,jobTitle").get());
  assert.ok(items.length >= PEOPLE);
  const link = pages.getDeltaLink();
  assert.ok(link?.includes("$deltatoken="), link);
  const made = await client.api("/users").post(person(`delta${unique()}`));
  await client.api(`/users/${ann.id}`).patch({ jobTitle: "Director" });
  await client.api(`/users/${bob.id}`).patch({ city: "Zug" });
  const next = await all(await client.api(link).get());
  const told = new Map(next.items.map((user) => [user.id, user]));
  assert.equal(told.get(ann.id)?.jobTitle, "Director");
  assert.ok(told.has(made.id), "the new one is not told");
  assert.ok(!told.has(bob.id), "what was not selected is told");
  await client.api(`/users/${made.id}`).delete();
  const last = await all(await client.api(next.pages.getDeltaLink()).get());
  assert.deepEqual(last.items.map((user) => [user.id, user["@removed"]]), [[made.id, { reason: "changed" }]]);
  const quiet = await client.api(last.pages.getDeltaLink()).get();
  assert.deepEqual(quiet.value, []);
  const latest = await client.api("/groups/delta?$deltatoken=latest").get();
  assert.deepEqual([latest.value.length, typeof latest["@odata.deltaLink"]], [0, "string"]);
});

test("members of groups are told by delta", async () => {
  const start = await client.api("/groups/delta?$deltatoken=latest").get();
  await client.api(`/groups/${group.id}/members/$ref`).post({ "@odata.id": `${url}/v1.0/directoryObjects/${bob.id}` });
  const told = await client.api(start["@odata.deltaLink"]).get();
  const one = told.value.find((item) => item.id === group.id);
  assert.deepEqual(one?.["members@delta"], [{ "@odata.type": "#microsoft.graph.user", id: bob.id }]);
  await client.api(`/groups/${group.id}/members/${bob.id}/$ref`).delete();
});

test("a batch is answered one by one, in the order that it asks for", async () => {
  const name = `batch${unique()}`;
  const json = { "Content-Type": "application/json" };
  const send = async (steps) => new BatchResponseContent(await client.api("/$batch").post(await new BatchRequestContent(steps).getContent()));
  const of = (path, more) => new Request(`${url}/v1.0/${path}`, more);
  // One after the other: made, looked at, changed, deleted.
  const serial = await send([
    { id: "1", request: of("users", { method: "POST", headers: json, body: JSON.stringify(person(name)) }) },
    { id: "2", request: of(`users/${name}@contoso.com?$select=displayName`), dependsOn: ["1"] },
    { id: "3", request: of(`users/${name}@contoso.com`, { method: "PATCH", headers: json, body: JSON.stringify({ city: "Zug" }) }), dependsOn: ["2"] },
    { id: "4", request: of(`users/${name}@contoso.com`, { method: "DELETE" }), dependsOn: ["3"] },
  ]);
  const statuses = (answer, ids) => ids.map((id) => answer.getResponseById(id).status);
  assert.deepEqual(statuses(serial, ["1", "2", "3", "4"]), [201, 200, 204, 204]);
  assert.equal((await serial.getResponseById("2").json()).displayName, `Person ${name}`);
  // Each for itself: one that fails is nobody else's matter.
  const parallel = await send([
    { id: "1", request: of("users/nobody@contoso.com") },
    { id: "2", request: of("users?$top=1&$count=true", { headers: { ConsistencyLevel: "eventual" } }) },
  ]);
  assert.deepEqual(statuses(parallel, ["1", "2"]), [404, 200]);
  assert.equal((await parallel.getResponseById("1").json()).error.code, "Request_ResourceNotFound");
  assert.ok((await parallel.getResponseById("2").json())["@odata.count"] >= PEOPLE);
  const failing = await send([
    { id: "a", request: of("users/nobody@contoso.com") },
    { id: "b", request: of("organization"), dependsOn: ["a"] },
  ]);
  assert.deepEqual(statuses(failing, ["a", "b"]), [404, 424]);
});

test("errors are what the client makes errors of", async () => {
  await refused(client.api("/users/nobody@contoso.com").get(), 404, "Request_ResourceNotFound");
  await refused(client.api("/users").filter("displayName eq").get(), 400, "Request_BadRequest");
  await refused(client.api("/users").post({ displayName: "Incomplete" }), 400, "Request_BadRequest");
  const twice = await refused(client.api("/users").post(person(ann.userPrincipalName.split("@")[0])), 400, "Request_MultipleObjectsWithSameKeyValue");
  assert.match(twice.body, /userPrincipalName/);
  await refused(client.api("/planner/tasks").get(), 501, "NotImplemented");
  await refused(connect("v1.0", "no token of ours").api("/users").get(), 401, "InvalidAuthenticationToken");
  const raw = await client.api("/users?$top=1").header("client-request-id", "6f9619ff-8b86-d011-b42d-00c04fc964ff").responseType(ResponseType.RAW).get();
  assert.equal(raw.headers.get("client-request-id"), "6f9619ff-8b86-d011-b42d-00c04fc964ff");
  assert.equal(raw.headers.get("odata-version"), "4.0");
  assert.match(raw.headers.get("content-type"), /^application\/json;\s*odata\.metadata=minimal/);
  assert.match(raw.headers.get("request-id"), /^[0-9a-f-]{36}$/);
});

test("what is synced is the directory's", async () => {
  const synced = (await client.api("/users").filter("onPremisesSyncEnabled eq true").top(1).get()).value[0];
  await refused(client.api(`/users/${synced.id}`).patch({ jobTitle: "Other" }), 400, "Request_BadRequest");
  await client.api(`/users/${synced.id}`).patch({ usageLocation: "CH" });
  assert.equal((await client.api(`/users/${synced.id}`).select("usageLocation").get()).usageLocation, "CH");
});

test("a user is changed, deleted, restored and purged", async () => {
  const made = await client.api("/users").post(person(`life${unique()}`));
  assert.equal(await client.api(`/users/${made.id}`).update({ jobTitle: "Baker", businessPhones: ["+41 44 1"] }), undefined);
  const shown = await client.api(`/users/${made.id}`).get();
  assert.deepEqual([shown.jobTitle, shown.businessPhones], ["Baker", ["+41 44 1"]]);
  await client.api(`/users/${made.id}`).delete();
  await refused(client.api(`/users/${made.id}`).get(), 404, "Request_ResourceNotFound");
  const deleted = await client.api("/directory/deletedItems/microsoft.graph.user").select("id").get();
  assert.ok(deleted.value.some((user) => user.id === made.id));
  const restored = await client.api(`/directory/deletedItems/${made.id}/restore`).post({});
  assert.equal(restored.id, made.id);
  await client.api(`/users/${made.id}`).delete();
  await client.api(`/directory/deletedItems/${made.id}`).delete();
  await refused(client.api(`/directory/deletedItems/${made.id}`).get(), 404, "Request_ResourceNotFound");
});

test("references of members, owners and managers", async () => {
  const ref = (id, kind = "directoryObjects") => ({ "@odata.id": `${url}/v1.0/${kind}/${id}` });
  await client.api(`/groups/${group.id}/members/$ref`).post(ref(ann.id));
  await refused(client.api(`/groups/${group.id}/members/$ref`).post(ref(ann.id)), 400, "Request_BadRequest");
  await client.api(`/groups/${group.id}/owners/$ref`).post(ref(bob.id, "users"));
  const inner = await client.api("/groups").post({ ...team(`inner${unique()}`), "members@odata.bind": [`${url}/v1.0/users/${bob.id}`] });
  await client.api(`/groups/${group.id}/members/$ref`).post(ref(inner.id, "groups"));
  const ids = async (path) => (await client.api(path).get()).value.map((one) => one.id).sort();
  assert.deepEqual(await ids(`/groups/${group.id}/members`), [ann.id, inner.id].sort());
  assert.deepEqual(await ids(`/groups/${group.id}/transitiveMembers`), [ann.id, bob.id, inner.id].sort());
  assert.deepEqual(await ids(`/groups/${group.id}/members/microsoft.graph.user`), [ann.id]);
  assert.deepEqual(await ids(`/users/${bob.id}/memberOf`), [inner.id]);
  assert.deepEqual(await ids(`/users/${bob.id}/transitiveMemberOf`), [group.id, inner.id].sort());
  assert.deepEqual(await ids(`/users/${bob.id}/ownedObjects`), [group.id]);
  await client.api(`/users/${ann.id}/manager/$ref`).put(ref(bob.id, "users"));
  assert.equal((await client.api(`/users/${ann.id}/manager`).get()).id, bob.id);
  assert.deepEqual(await ids(`/users/${bob.id}/directReports`), [ann.id]);
  const expanded = await client.api(`/users/${ann.id}`).expand("manager($select=id,displayName)").select("id").get();
  assert.deepEqual([expanded.manager.id, expanded.manager.displayName], [bob.id, bob.displayName]);
  await client.api(`/users/${ann.id}/manager/$ref`).delete();
  await refused(client.api(`/users/${ann.id}/manager`).get(), 404, "Request_ResourceNotFound");
  const some = await client.api("/directoryObjects/getByIds").post({ ids: [ann.id, group.id, "00000000-0000-0000-0000-000000000000"], types: ["user", "group"] });
  assert.deepEqual(some.value.map((one) => one["@odata.type"]).sort(), ["#microsoft.graph.group", "#microsoft.graph.user"]);
  await client.api(`/groups/${group.id}/members/${ann.id}/$ref`).delete();
  await client.api(`/groups/${inner.id}`).delete();
});

test("the organization and its synchronization, on both versions", async () => {
  const organization = (await client.api("/organization").get()).value[0];
  assert.equal(organization.displayName, "Contoso");
  const beta = connect("beta");
  const sync = (await beta.api("/directory/onPremisesSynchronization").get()).value[0];
  assert.equal(sync.id, organization.id);
  assert.ok("currentExportData" in sync.configuration);
  const guard = { synchronizationPreventionType: "enabledForCount", alertThreshold: 77 };
  // Scripts send back the whole of it.
  await beta.api(`/directory/onPremisesSynchronization/${sync.id}`).patch({ ...sync, configuration: { accidentalDeletionPrevention: guard } });
  const now = (await client.api("/directory/onPremisesSynchronization").get()).value[0];
  assert.deepEqual(now.configuration.accidentalDeletionPrevention, guard);
});
