//! Microsoft's own JavaScript client of Graph, and Microsoft's own types, against the real program over TLS.
//!
//! What runs is in tests/clients; `./test rust` installs what it needs there (`npm ci`).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use lockstep_tests::provisioning::{DIRECTORY, send, user};
use lockstep_tests::{Certificates, Dns, Lockstep, Postgres, Setup, wait_for};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs::File;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(120);

/// Synced users; one of them wants an address that another has.
const PEOPLE: usize = 250;

struct House {
    lockstep: Lockstep,
    certificates: Certificates,
    folder: tempfile::TempDir,
}

impl House {
    fn start(more: String) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let certificates = Certificates::make(folder.path()).unwrap();
        let server = format!(
            "public_url = \"https://127.0.0.1:{{port}}\"\ntls_cert_file = \"{}\"\ntls_key_file = \"{}\"",
            certificates.certificate.display(),
            certificates.key.display()
        );
        let lockstep = Lockstep::start(Setup { server, more, ..Setup::without_directory() }).unwrap();
        Self { lockstep, certificates, folder }
    }

    /// What a sync client would have brought.
    fn provision(&self) {
        let name = |n: usize| format!("w0-{n}");
        let mail = |n: usize| format!("{}@contoso.com", name(n));
        let mut sent: Vec<Value> = (0..PEOPLE)
            .map(|n| match n {
                249 => user(&name(n), &[&mail(n), &mail(5)]),
                _ => user(&name(n), &[&mail(n)]),
            })
            .collect();
        let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        sent.push(json!({"method": "POST", "path": "/Contacts", "data": {
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", enterprise, DIRECTORY],
            "externalId": "pia", "displayName": "Pia Partner", "name": {"givenName": "Pia", "familyName": "Partner"},
            enterprise: {"manager": {"value": "w0-0"}, "department": "Partners"},
            DIRECTORY: {"mail": "pia@partner.example", "proxyAddresses": ["SMTP:pia@partner.example"],
                "businessPhones": ["+41 44 1"], "mobilePhone": "+41 79 1", "city": "Zug"},
        }}));
        sent.push(json!({"method": "POST", "path": "/Devices", "data": {
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group", DIRECTORY],
            "externalId": "laptop", "displayName": "Laptop",
            DIRECTORY: {"deviceId": "8d4c1f4e-0000-4000-8000-000000000001", "operatingSystem": "Windows",
                "trustType": "ServerAd", "accountEnabled": true},
        }}));
        sent.push(json!({"method": "POST", "path": "/Groups", "data": {
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group", DIRECTORY],
            "externalId": "all", "displayName": "All staff", DIRECTORY: {"securityEnabled": true},
        }}));
        let members: Vec<Value> = ["w0-0", "w0-1", "pia", "laptop"].map(|id| json!({"value": id})).into();
        sent.push(json!({"method": "PATCH", "path": "/Groups/all", "data": {
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{"op": "add", "path": "members", "value": members}],
        }}));
        let answer = send(self.lockstep.address(), self.lockstep.client_token(), &sent).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        let results = answer.json().unwrap()["Operations"].as_array().unwrap().clone();
        assert!(results.iter().all(|result| result["outcome"] != "refused"), "{results:#?}");
        assert_eq!(self.lockstep.counts().unwrap().0, PEOPLE as u64);
    }

    /// A program of tests/clients, with what it needs to know.
    fn node(&self, arguments: &[&str]) -> Command {
        let clients = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("clients");
        assert!(
            clients.join("node_modules/@microsoft").exists(),
            "{} has no packages; `./test rust` installs them, or `npm ci` there",
            clients.display()
        );
        let mut command = Command::new("node");
        command
            .args(arguments)
            .current_dir(clients)
            .env("GRAPH_URL", format!("https://{}", self.lockstep.listens()))
            .env("GRAPH_TOKEN", self.lockstep.admin_token())
            .env("NODE_EXTRA_CA_CERTS", &self.certificates.authority)
            .stdin(Stdio::null());
        command
    }

    /// Runs one to its end, and answers what it said.
    fn runs(&self, command: &mut Command) -> String {
        let done = command.output().unwrap();
        let said =
            format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
        assert!(done.status.success(), "{said}\n{}", self.lockstep.log("server.log"));
        said
    }
}

#[test]
fn microsofts_javascript_client_works_unchanged() {
    let house = House::start(String::new());
    house.provision();
    let said = house.runs(&mut house.node(&["--test", "--test-reporter=tap", "graph.test.mjs"]));
    let passed = said.lines().filter(|line| line.trim_start().starts_with("ok ")).count();
    assert!(passed >= 13, "{passed} tests only:\n{said}");
}

/// 503 with `Retry-After`, in earnest: the database is away when the client asks, and back when it asks again.
#[test]
fn the_client_asks_again_while_the_database_is_away() {
    let mut postgres = Postgres::start(false).unwrap();
    postgres.database("lockstep", None).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    std::fs::write(&file, Postgres::PASSWORD).unwrap();
    let house = House::start(format!(
        "[server.database]\nurl = \"postgresql://{}@127.0.0.1:{}/lockstep?sslmode=disable\"\npassword_file = \"{}\"\n",
        Postgres::ROLE,
        postgres.port(),
        file.display()
    ));
    postgres.stop().unwrap();
    let out = house.folder.path().join("retry.out");
    let mut child = house
        .node(&["retry.mjs"])
        .stdout(File::create(&out).unwrap())
        .stderr(File::create(house.folder.path().join("retry.err")).unwrap())
        .spawn()
        .unwrap();
    let said = || {
        let text = |name: &str| std::fs::read_to_string(house.folder.path().join(name)).unwrap_or_default();
        text("retry.out") + &text("retry.err")
    };
    let asked =
        wait_for("the client to be told to wait", LIMIT, || said().contains("asked: 503").then_some(()));
    let back = postgres.run();
    let ended = wait_for("the client to end", LIMIT, || child.try_wait().unwrap());
    if ended.is_err() {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    asked.and(back).unwrap_or_else(|error| panic!("{error}: {}", said()));
    assert!(ended.unwrap().success(), "{}", said());
    let told: Value =
        serde_json::from_str(said().lines().rfind(|line| line.starts_with('{')).unwrap()).unwrap();
    assert_eq!(told["name"], "Contoso");
    let statuses = told["statuses"].as_array().unwrap();
    assert_eq!(statuses.last().unwrap()[0], 200, "{told}");
    for told in statuses.iter().rev().skip(1) {
        assert_eq!(told, &json!([503, "5"]));
    }
    // It waited as long as it was told to.
    assert!(told["millis"].as_u64().unwrap() >= 5_000, "{told}");
}

/// The routes that the source names. That none was forgotten is counted by the server itself.
fn routes() -> BTreeSet<String> {
    let source = include_str!("../../crates/api/src/graph/mod.rs");
    source
        .split('"')
        .filter(|text| text.starts_with("graph/") && !text.contains(char::is_whitespace))
        .map(str::to_owned)
        .collect()
}

/// Every answer of every route is what Microsoft's types say it is.
#[test]
fn every_answer_is_of_microsofts_types() {
    let mut dns = Dns::start(&[]).unwrap();
    let house =
        House::start(format!("[server.dns]\nresolvers = [\"{}\"]\ntimeout = \"1s\"\n", dns.address()));
    house.provision();
    // What a sync client says of itself is shown on beta.
    let lockstep = &house.lockstep;
    let report = json!({"version": "0.1.0", "machine": "sync1", "source": "ldap://dc1", "state": "live",
        "cycleSeconds": 1800, "connectorSpaceObjects": 253, "pending": {"additions": 1, "updates": 2, "deletions": 3}});
    let bearer = format!("Bearer {}", lockstep.client_token());
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    let body = report.to_string();
    let answer = lockstep_tests::http::request(
        lockstep.address(),
        "POST",
        "/provisioning/v1/report",
        &headers,
        Some(body.as_bytes()),
    );
    assert_eq!(answer.unwrap().status, 200);
    // A domain is proven between two questions of the client: its answers are asked for here.
    let mut extra = Vec::new();
    for version in ["v1.0", "beta"] {
        let name = format!("{}.test", version.replace('.', ""));
        let path = format!("/{version}/domains");
        assert_eq!(lockstep.ask("POST", &path, Some(&json!({"id": name}))).unwrap().status, 201);
        let records = lockstep.get(&format!("{path}/{name}/verificationDnsRecords")).unwrap();
        dns.publish(&[format!("--txt-record={name},{}", records["value"][0]["text"].as_str().unwrap())])
            .unwrap();
        let verified = lockstep.ask("POST", &format!("{path}/{name}/verify"), None).unwrap();
        assert_eq!(verified.status, 200, "{}", verified.text());
        let version = if version == "beta" { "beta" } else { "v1" };
        extra.push(json!({"what": "POST verify", "version": version, "type": "Domain", "body": verified.json().unwrap()}));
    }
    let file = house.folder.path().join("extra.json");
    std::fs::write(&file, Value::from(extra).to_string()).unwrap();
    let said = house.runs(house.node(&["shapes.mjs"]).env("SHAPES_EXTRA", &file));
    let answers: usize = said.split_whitespace().next().unwrap().parse().unwrap();
    assert!(answers > 500, "{said}");
    // What was answered well, by route, as the server counts it.
    let metrics = lockstep.ask("GET", "/metrics", None).unwrap().text();
    let answered: BTreeSet<String> = metrics
        .lines()
        .filter(|line| line.starts_with("lockstep_http_requests_total{") && line.contains("status=\"2"))
        .filter_map(|line| Some(line.split("route=\"").nth(1)?.split('"').next()?.to_owned()))
        .collect();
    let routes = routes();
    assert!(routes.len() > 50, "the routes were not found: {routes:?}");
    let forgotten: Vec<&String> = routes.difference(&answered).collect();
    assert!(forgotten.is_empty(), "routes without a sample in tests/clients/shapes.mjs: {forgotten:#?}");
}
