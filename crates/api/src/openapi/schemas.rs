//! The forms of bodies and answers.

use crate::own::errors::{CATEGORIES, category_name};
use lockstep_model::{ErrorCode, ObjectKind};
use lockstep_tenant::HistoryOutcome;
use serde_json::{Map, Value, json};

pub(super) fn outcomes() -> Value {
    let names: Vec<&str> = HistoryOutcome::ALL.iter().map(|(_, name)| *name).collect();
    json!({"type": "string", "enum": names})
}

pub(super) fn categories() -> Value {
    let names: Vec<&str> = CATEGORIES.iter().map(|category| category_name(*category)).collect();
    json!({"type": "string", "enum": names})
}

pub(super) fn kinds() -> Value {
    let names: Vec<&str> = ObjectKind::ALL.iter().map(|kind| kind.as_str()).collect();
    json!({"type": "string", "enum": names})
}

/// An object of exactly these members; those whose name ends in `?` may be absent.
fn object(members: &[(&str, Value)]) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for (name, schema) in members {
        match name.strip_suffix('?') {
            Some(name) => {
                properties.insert(name.to_owned(), schema.clone());
            }
            None => {
                properties.insert((*name).to_owned(), schema.clone());
                required.push(*name);
            }
        }
    }
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

fn text() -> Value {
    json!({"type": "string"})
}

fn time() -> Value {
    json!({"type": "string", "format": "date-time"})
}

fn uuid() -> Value {
    json!({"type": "string", "format": "uuid"})
}

fn flag() -> Value {
    json!({"type": "boolean"})
}

fn number() -> Value {
    json!({"type": "integer", "minimum": 0})
}

fn choice(names: &[&str]) -> Value {
    json!({"type": "string", "enum": names})
}

fn list(of: Value) -> Value {
    json!({"type": "array", "items": of})
}

fn named(schema: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{schema}")})
}

/// The same or null.
fn or_null(schema: Value) -> Value {
    json!({"anyOf": [schema, {"type": "null"}]})
}

/// An object whose members are named by what they are of.
fn by_name(of: Value) -> Value {
    json!({"type": "object", "additionalProperties": of})
}

/// What the book describes and no schema here does.
fn any_object(about: &str) -> Value {
    json!({"type": "object", "description": about})
}

const STATES: &[&str] =
    &["starting", "importing", "exporting", "live", "idle", "paused", "held", "failed", "standby"];

/// All of them, by name.
pub(super) fn all() -> Map<String, Value> {
    let mut all = Map::new();
    let mut add = |name: &str, schema: Value| {
        all.insert(name.to_owned(), schema);
    };
    requests(&mut add);
    status(&mut add);
    rows(&mut add);
    access(&mut add);
    add("Document", any_object("OpenAPI 3.1."));
    add("Health", object(&[("status", choice(&["ok"])), ("version", text()), ("now", time())]));
    add("Ready", object(&[("status", choice(&["ready"]))]));
    add("Released", object(&[("released", number())]));
    let inner = object(&[("date", text()), ("request-id", text()), ("client-request-id", text())]);
    let error = object(&[("code", text()), ("message", text()), ("innerError", inner)]);
    add("Error", object(&[("error", error)]));
    all
}

type Add<'a> = dyn FnMut(&str, Value) + 'a;

fn requests(add: &mut Add<'_>) {
    let short = || json!({"type": "string", "maxLength": 256});
    add(
        "SignIn",
        object(&[("user", short()), ("password", json!({"type": "string", "format": "password"}))]),
    );
    add("Link", object(&[("token", short())]));
    add("Place", object(&[("organization", text())]));
    add(
        "Session",
        object(&[
            ("user", text()),
            ("role", choice(&["admin", "reader", "syncClient", "scim"])),
            ("expiresAt?", or_null(time())),
        ]),
    );
    let order = |name: &str, more: &[(&str, Value)]| {
        let mut members = vec![("order", json!({"const": name}))];
        members.extend_from_slice(more);
        let mut schema = object(&members);
        if let Value::Object(fields) = &mut schema {
            // What is not known is passed over.
            fields.remove("additionalProperties");
        }
        schema
    };
    let limit = json!({"type": ["integer", "null"], "minimum": 0, "maximum": 4_294_967_295_u32});
    let rules = json!({"type": ["string", "null"], "description": "A draft of a rule set, TOML."});
    let source = json!({
        "type": "object",
        "description": "The directory that a newly enrolled client is to read.",
        "properties": {
            "url": {"type": "string", "minLength": 1, "maxLength": 16_384},
            "baseDn": {"type": "string", "minLength": 1, "maxLength": 16_384},
            "bindDn": {"type": ["string", "null"], "maxLength": 16_384},
            "password": {"type": ["string", "null"], "maxLength": 16_384},
            "startTls": flag(),
            "allowPlaintextBind": flag(),
            "include": {"type": "array", "items": text(), "maxItems": 500},
            "exclude": {"type": "array", "items": text(), "maxItems": 500},
        },
        "required": ["url", "baseDn"],
    });
    add(
        "EnrollmentRequest",
        json!({"type": "object", "properties": {"name": {"type": "string", "minLength": 1, "maxLength": 100}}, "required": ["name"]}),
    );
    add(
        "Enrollment",
        object(&[
            ("name", text()),
            ("code", text()),
            ("expiresAt", or_null(time())),
            ("client", or_null(uuid())),
        ]),
    );
    add(
        "Order",
        json!({"oneOf": [
            order("syncNow", &[("full?", flag())]),
            order("pause", &[]),
            order("resume", &[]),
            order("preview", &[("limit?", limit), ("rules?", rules.clone())]),
            order("approve", &[("digest", short())]),
            order("syncObject", &[("object", text()), ("ignoreScope?", flag())]),
            order("explain", &[("object", text()), ("rules?", rules.clone())]),
            order("rules", &[("rules?", rules.clone())]),
            order("evaluate", &[
                ("object", text()),
                ("expression", text()),
                ("side?", choice(&["source", "metaverse"])),
                ("rules?", rules),
            ]),
            order("doctor", &[]),
            order("precheck", &[("start?", flag())]),
            order("containers", &[]),
            order("configure", &[("source", source), ("begin?", flag())]),
            order("handOver", &[]),
        ]}),
    );
    let answer = |name: &str, more: &[(&str, Value)]| {
        let mut members = vec![("answer", json!({"const": name}))];
        members.extend_from_slice(more);
        object(&members)
    };
    add(
        "OrderAnswer",
        json!({"oneOf": [
            answer("accepted", &[]),
            answer("refused", &[("reason", text())]),
            answer("plan", &[("plan", any_object("A plan: summary, items, properties, errors."))]),
            answer("explanation", &[("explanation", any_object("One object: scope, values with their rules, what comes next."))]),
            answer("object", &[("report", any_object("One object, step by step."))]),
            answer("doctor", &[("checks", list(named("Check")))]),
            answer("precheck", &[("state", any_object("Where the pre-check stands: running, read, failed, report."))]),
            answer("containers", &[
                ("containers", list(object(&[("dn", text()), ("users", number()), ("groups", number()), ("others", number())]))),
                ("truncated", flag()),
            ]),
            answer("rules", &[("rules", any_object("The rules: file, builtIn, text, rules with scope, joins and flows, problems, findings."))]),
            answer("evaluated", &[("report", any_object("What an expression gives for one object: name, dn, gives, reads, result."))]),
        ]}),
    );
    add(
        "Check",
        object(&[
            ("name", text()),
            ("title", text()),
            ("result", choice(&["pass", "warn", "fail", "skipped"])),
            ("detail", text()),
            ("remedy?", text()),
            ("millis", number()),
        ]),
    );
    add("DoctorAnswer", object(&[("checks", list(named("Check"))), ("clientConnected", flag())]));
}

/// Who gets in, and what is set.
fn access(add: &mut Add<'_>) {
    let person_role = || choice(&["admin", "reader"]);
    let role = || choice(&["admin", "reader", "syncClient", "scim"]);
    let page = |of: &str| object(&[("value", list(named(of))), ("next?", text())]);
    let password = || json!({"type": ["string", "null"], "format": "password", "maxLength": 1024});
    let name = || json!({"type": "string", "minLength": 1, "maxLength": 100});
    add("Person", object(&[("name", text()), ("role", role()), ("you", flag())]));
    add("PersonList", page("Person"));
    add("NewPerson", object(&[("name", name()), ("role", person_role()), ("password?", password())]));
    add("ChangedPerson", object(&[("role?", or_null(person_role())), ("password?", password())]));
    add("SignInLink", object(&[("name", text()), ("path", text()), ("expiresAt", time())]));
    add("PersonMade", object(&[("name", text()), ("role", role()), ("link", or_null(named("SignInLink")))]));
    add(
        "Token",
        object(&[
            ("name", text()),
            ("role", role()),
            ("client?", uuid()),
            ("createdAt", time()),
            ("expiresAt", or_null(time())),
            ("lastUsedAt", or_null(time())),
            ("connected", flag()),
            ("you", flag()),
            ("token?", text()),
        ]),
    );
    add("TokenList", page("Token"));
    let days = json!({"type": ["integer", "null"], "minimum": 1, "maximum": 3650});
    add("NewToken", object(&[("name", name()), ("role", role()), ("days?", days)]));
    let line = [
        ("id", number()),
        ("at", time()),
        ("actor", text()),
        ("event", text()),
        ("subject", text()),
        ("detail?", text()),
    ];
    add("AccessLine", object(&line));
    add("AccessLog", page("AccessLine"));
    let setting =
        object(&[("key", text()), ("value", number()), ("unit", choice(&["seconds", "megabytes"]))]);
    let client =
        object(&[("serviceAccount", text()), ("machine", text()), ("configuration", by_name(text()))]);
    add(
        "Settings",
        object(&[
            ("deletionThreshold", or_null(object(&[("count", number()), ("percent", number())]))),
            ("settings", list(setting)),
            ("clients", list(client)),
        ]),
    );
}

fn status(add: &mut Add<'_>) {
    let pending = object(&[("additions", number()), ("updates", number()), ("deletions", number())]);
    let drift = object(&[("added", number()), ("changed", number()), ("removed", number())]);
    add("Pending", pending);
    add("Drift", object(&[("users", drift.clone()), ("groups", drift.clone()), ("others?", drift)]));
    add(
        "Timetable",
        object(&[
            ("lastFullRead?", time()),
            ("nextFullRead?", time()),
            ("drift?", named("Drift")),
            ("maintenanceUntil?", time()),
            ("nextMaintenance?", time()),
        ]),
    );
    let states = ["never", "inStep", "working", "attention", "held", "stopped", "stale", "paused", "off"];
    let sync = object(&[
        ("enabled", or_null(flag())),
        ("lastSync", or_null(time())),
        ("lastImport", or_null(time())),
        ("lastExport", or_null(time())),
        ("lastContact", or_null(time())),
        ("staleAfterSeconds", number()),
        ("stale", flag()),
        ("passwordSyncEnabled", flag()),
        ("lastPasswordSync", or_null(time())),
        ("passwordStale", flag()),
        ("clientVersion", or_null(text())),
        ("latestVersion", text()),
        ("updateAvailable", flag()),
        ("downloadUrl", or_null(text())),
        ("serviceAccount", or_null(text())),
        ("machine", or_null(text())),
        ("source", or_null(text())),
        ("clientState", or_null(choice(STATES))),
        ("clientDetail", or_null(text())),
        ("clientConnected", flag()),
        ("cycleSeconds", or_null(number())),
        ("nextCycle", or_null(time())),
        ("timetable", named("Timetable")),
        ("connectorSpaceObjects", or_null(number())),
        ("pending", named("Pending")),
        ("heldPlan", or_null(any_object("The summary of the plan that waits for approval."))),
    ]);
    let lease = object(&[
        ("name", text()),
        ("epoch", number()),
        ("takenAt", time()),
        ("renewedAt", time()),
        ("ageSeconds", json!({"type": "integer"})),
        ("endedAt", or_null(time())),
    ]);
    let client = object(&[
        ("id", uuid()),
        ("serviceAccount", text()),
        ("machine", or_null(text())),
        ("version", or_null(text())),
        ("state", or_null(choice(STATES))),
        ("lastContact", or_null(time())),
        ("connected", flag()),
        ("source", or_null(text())),
        ("detail", or_null(text())),
        ("pending", or_null(named("Pending"))),
        ("role", or_null(choice(&["active", "standby"]))),
        ("lease", or_null(lease)),
    ]);
    let value = object(&[
        ("client", uuid()),
        ("serviceAccount", text()),
        ("machine", text()),
        ("value", or_null(text())),
    ]);
    add(
        "Status",
        object(&[
            ("now", time()),
            (
                "tenant",
                object(&[("id", uuid()), ("displayName", text()), ("initialDomain", or_null(text()))]),
            ),
            ("summary", object(&[("state", choice(&states)), ("sentence", text())])),
            ("sync", sync),
            ("domains", object(&[("verified", number()), ("notVerified", number())])),
            (
                "objects",
                object(&[
                    ("users", number()),
                    ("syncedUsers", number()),
                    ("groups", number()),
                    ("syncedGroups", number()),
                    ("memberships", number()),
                    ("deleted", number()),
                ]),
            ),
            (
                "errors",
                object(&[
                    ("total", number()),
                    ("usersWithErrors", number()),
                    ("byCategory", by_name(number())),
                    ("ignored", number()),
                ]),
            ),
            ("clients", list(client)),
            (
                "configurationDifferences",
                list(object(&[("lease", text()), ("setting", text()), ("values", list(value))])),
            ),
        ]),
    );
}

fn rows(add: &mut Add<'_>) {
    let codes: Vec<&str> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
    add(
        "Object",
        object(&[
            ("kind?", or_null(kinds())),
            ("id?", or_null(uuid())),
            ("anchor?", or_null(text())),
            ("name", text()),
            ("dn?", or_null(text())),
        ]),
    );
    add(
        "ErrorRow",
        object(&[
            ("id", number()),
            ("code", choice(&codes)),
            ("category", categories()),
            ("severity", choice(&["blocked", "degraded", "notice"])),
            ("object", named("Object")),
            ("other?", or_null(named("Object"))),
            ("property?", or_null(text())),
            ("value?", or_null(text())),
            ("valueInForce?", or_null(text())),
            ("message", text()),
            ("remedy", text()),
            ("firstSeen", time()),
            ("lastSeen", time()),
            ("attempts", number()),
            ("ignored?", object(&[("by", text()), ("at", time())])),
            ("docs", text()),
        ]),
    );
    let page = |of: &str, more: &[(&str, Value)]| {
        let mut members = vec![("value", list(named(of))), ("next?", text())];
        members.extend_from_slice(more);
        object(&members)
    };
    add("ErrorList", page("ErrorRow", &[("count", number())]));
    let value = json!({"type": ["string", "boolean", "array", "null"], "items": {"type": "string"}});
    let change =
        object(&[("property", text()), ("before?", value.clone()), ("after?", value), ("rule?", text())]);
    let member = || object(&[("anchor?", text()), ("id?", uuid()), ("name?", text())]);
    add(
        "HistoryRow",
        object(&[
            ("id", number()),
            ("at", time()),
            ("run?", uuid()),
            ("client?", uuid()),
            ("actor?", text()),
            ("object", named("Object")),
            ("outcome", outcomes()),
            ("changes?", list(change)),
            ("errors?", list(choice(&codes))),
            ("membersAdded?", number()),
            ("membersRemoved?", number()),
            ("added?", list(member())),
            ("removed?", list(member())),
        ]),
    );
    add("HistoryList", page("HistoryRow", &[]));
    let fix = || choice(&["moveAnchor", "dropValue"]);
    let outcome = [
        ("fix", fix()),
        ("changes", list(named("HistoryRow"))),
        // As in the list, without the address of its page.
        ("errors", list(any_object("An error that the object has afterwards."))),
        ("cured", flag()),
        ("privileged", list(text())),
    ];
    add("FixOutcome", object(&outcome));
    let retry = ("retry", choice(&["notNeeded", "done", "later"]));
    add("FixApplied", object(&[outcome.as_slice(), &[retry]].concat()));
    add(
        "FixRequest",
        object(&[
            ("fix", fix()),
            ("etag", json!({"type": "string", "maxLength": 256, "description": "That of the preview."})),
            ("confirmed?", flag()),
        ]),
    );
    let entry = object(&[
        ("object", named("Object")),
        ("dn", text()),
        ("holds", flag()),
        ("attribute", text()),
        ("certain", flag()),
        ("ldif", text()),
    ]);
    add(
        "Fixes",
        object(&[
            ("error", named("ErrorRow")),
            ("etag", text()),
            ("fixes", list(named("FixOutcome"))),
            ("entries", list(entry)),
        ]),
    );
    let step = object(&[("name", text()), ("millis", number()), ("objects", number())]);
    let results = [
        "success",
        "completedWithErrors",
        "stoppedDeletionThresholdExceeded",
        "stoppedImport",
        "stoppedExport",
        "staged",
    ];
    add(
        "Run",
        object(&[
            ("client", uuid()),
            ("id", uuid()),
            ("trigger", choice(&["cycle", "order", "live", "start", "takeOver"])),
            ("startedAt", time()),
            ("endedAt", time()),
            ("result", choice(&results)),
            ("error?", or_null(text())),
            ("steps", list(step)),
            ("counts", by_name(by_name(number()))),
            ("membersAdded", number()),
            ("membersRemoved", number()),
            ("objectErrors", number()),
            ("drift?", named("Drift")),
        ]),
    );
    add("RunList", page("Run", &[]));
    let part = object(&[
        ("at", time()),
        ("runs", number()),
        ("failed", number()),
        ("created", number()),
        ("updated", number()),
        ("deleted", number()),
        ("members", number()),
        ("workMillis", number()),
        ("longestMillis", number()),
    ]);
    let activity = [("from", time()), ("to", time()), ("stepSeconds", number()), ("value", list(part))];
    add("Activity", object(&activity));
    add(
        "Lease",
        object(&[
            ("name", text()),
            ("epoch", number()),
            ("client", uuid()),
            ("machine", text()),
            ("takenAt", time()),
            ("renewedAt", time()),
            ("termMillis", number()),
            ("paused", flag()),
            ("endedAt", or_null(time())),
            ("requests", number()),
            ("operations", number()),
            ("lastWrite", or_null(time())),
        ]),
    );
    add("LeaseList", object(&[("value", list(named("Lease")))]));
}
