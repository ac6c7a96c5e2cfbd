//! Hostile input, from both sides: odd requests to every endpoint of the server, and a directory that answers
//! nonsense to the real sync client. Always a clear answer; the process lives; its memory stays bounded.

#![allow(clippy::indexing_slicing, reason = "a JSON value is asked by name; what is absent is null")]

#[path = "support/expectation.rs"]
mod expectation;

use anyhow::{Context, Result, ensure};
use lockstep_rules::MappingSettings;
use lockstep_tests::http::{self, Answer};
use lockstep_tests::lockstep::peak_memory_kib;
use lockstep_tests::organization::{Organization, Size, deleted};
use lockstep_tests::{FakeDirectory, Lockstep, Nonsense, Proxy, Setup, Slapd, SlapdOptions};
use serde_json::json;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

const SUFFIX: &str = "dc=contoso,dc=com";
const LIMIT: Duration = Duration::from_secs(60);
const MIB: usize = 1024 * 1024;
/// Most memory a sync client may hold whatever a directory sends, in KiB.
const CLIENT_KIB: u64 = 300 * 1024;
/// Most memory a server may hold whatever is sent to it, in KiB: a body of 32 MiB that is one value stands in it
/// many times over on the way to the disk, as JSON, as a property, as a row, in the log of the database.
const SERVER_KIB: u64 = 768 * 1024;

const METHODS: &[&str] = &["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "BREW"];

/// What stands below `/v1.0`; the page lists the names in prose.
const GRAPH: &[&str] = &[
    "organization",
    "organization/x",
    "domains",
    "domains/contoso.com",
    "users",
    "users/nobody@contoso.com",
    "users/01890a5d-ac96-774b-bcce-b302099a8057",
    "users/$count",
    "users/x/manager",
    "users/x/memberOf",
    "users/x/directReports",
    "groups",
    "groups/01890a5d-ac96-774b-bcce-b302099a8057",
    "groups/$count",
    "groups/x/members",
    "directory/onPremisesSynchronization",
    "directory/deletedItems/microsoft.graph.user",
    "directory/deletedItems/microsoft.graph.group",
    "devices",
    "me/messages",
    "$batch",
];

/// Every path that the page of the API names, with `{...}` filled in, and Graph's.
fn paths() -> Result<Vec<String>> {
    let page = include_str!("../../docs/src/reference/api.md");
    let mut paths = BTreeSet::new();
    for code in page.split('`').skip(1).step_by(2) {
        let Some((method, path)) = code.split_once(' ') else { continue };
        if METHODS.contains(&method) && path.starts_with('/') {
            let path = path.split('?').next().unwrap_or_default();
            paths.insert(path.replace("{externalId}", "x").replace("{id}", "x"));
        }
    }
    ensure!(paths.len() > 20, "the page of the API was not understood: {paths:?}");
    paths.extend(["/healthz", "/readyz", "/metrics", "/", "/signin", "/nothing"].map(String::from));
    paths.extend(GRAPH.iter().map(|name| format!("/v1.0/{name}")));
    paths.insert("/beta/users".into());
    Ok(paths.into_iter().collect())
}

/// Whether anybody may ask it.
fn is_public(path: &str) -> bool {
    // The description of the endpoints stands in the book, which is open too.
    let pages = ["/", "/signin", "/nothing", "/healthz", "/readyz", "/api/v1/openapi.json"];
    pages.contains(&path)
        || path.starts_with("/docs/")
        || path.starts_with("/downloads/")
        || path.starts_with("/api/v1/session")
}

fn deep(open: &str, close: &str) -> Vec<u8> {
    format!("{}{}", open.repeat(100_000), close.repeat(100_000)).into_bytes()
}

fn bodies() -> Vec<Vec<u8>> {
    vec![
        Vec::new(),
        b"{}".to_vec(),
        b"[".to_vec(),
        b"null".to_vec(),
        b"{\"order\":5,\"user\":[],\"token\":{},\"Operations\":7,\"objects\":\"x\"}".to_vec(),
        b"{\"user\":\"\\ud800\",\"password\":\"\\u0000\",\"order\":\"\\ud800\"}".to_vec(),
        b"{\"user\":\"\xff\xfe\",\"password\":\"\xc3\x28\"}".to_vec(),
        b"{\"order\":\"preview\",\"limit\":1e999}".to_vec(),
        deep("[", "]"),
        deep("{\"a\":", "}"),
        format!("{{\"user\":\"{}\",\"password\":\"x\"}}", "u".repeat(MIB)).into_bytes(),
    ]
}

/// What is wrong with an answer, if something is.
fn judge(path: &str, method: &str, who: &str, answer: &Answer) -> Option<String> {
    let status = answer.status;
    let is_graph = path.starts_with("/v1.0") || path.starts_with("/beta");
    let allowed = status < 500
        || (status == 501 && is_graph)
        || (status == 503 && (path == "/api/v1/orders" || path == "/api/v1/doctor"));
    if !allowed {
        return Some(format!("HTTP {status}: {}", answer.text()));
    }
    if who == "nobody" && status < 400 && !is_public(path) && method != "OPTIONS" {
        return Some(format!("HTTP {status} without a sign-in"));
    }
    if answer.header("request-id").is_none() {
        return Some(format!("HTTP {status} without request-id"));
    }
    let has_error_form = is_graph || path.starts_with("/api/");
    if status >= 400 && has_error_form && method != "HEAD" {
        let error = answer.json().ok().map(|body| body["error"].clone());
        if error.is_none_or(|e| {
            e["code"].as_str().is_none_or(str::is_empty) || e["message"].as_str().is_none_or(str::is_empty)
        }) {
            return Some(format!("HTTP {status} without an error's form: {}", answer.text()));
        }
    }
    None
}

fn server_only() -> Result<Lockstep> {
    // No client is started; the directory is never asked.
    Lockstep::start(Setup {
        source_url: "ldap://127.0.0.1:9".into(),
        base_dn: SUFFIX.into(),
        bind_dn: format!("cn=sync,{SUFFIX}"),
        password: "x".into(),
        settle: "1s".into(),
        ..Setup::without_directory()
    })
}

/// The server is the same process as before, answers, and never held more than it may.
fn is_unharmed(lockstep: &Lockstep) -> Result<()> {
    let ready = http::request(lockstep.address(), "GET", "/readyz", &[], None)?;
    ensure!(ready.status == 200, "HTTP {}", ready.status);
    lockstep.status()?;
    let peak = peak_memory_kib(lockstep.server_pid().context("no server")?).context("the server is gone")?;
    ensure!(peak < SERVER_KIB, "the server held {peak} KiB");
    Ok(())
}

#[test]
fn odd_bodies_and_methods_to_every_endpoint() -> Result<()> {
    let lockstep = server_only()?;
    let bearers = [
        ("nobody", String::new()),
        ("a stranger", "Bearer nonsense".to_owned()),
        ("no text", "Bearer \u{1}\u{7f}".to_owned()),
        ("the sync client", format!("Bearer {}", lockstep.client_token())),
        ("an administrator", format!("Bearer {}", lockstep.admin_token())),
    ];
    let mut wrong = Vec::new();
    for path in paths()? {
        for method in METHODS {
            for body in bodies() {
                // The program itself is large, and the same to everybody.
                if path.starts_with("/downloads/lockstep") && (*method == "GET" || body.len() > 10) {
                    continue;
                }
                for (who, bearer) in &bearers {
                    let mut headers = vec![("Content-Type", "application/json"), ("X-Lockstep-Request", "1")];
                    if !bearer.is_empty() {
                        headers.push(("Authorization", bearer));
                    }
                    let answer = http::request(lockstep.address(), method, &path, &headers, Some(&body));
                    let shown = String::from_utf8_lossy(body.get(..body.len().min(40)).unwrap_or_default());
                    let found = match answer {
                        // A control character in a header is refused before there is a request to answer.
                        Ok(answer) if *who == "no text" && answer.status == 400 => None,
                        Ok(answer) => judge(&path, method, who, &answer),
                        Err(error) => Some(format!("{error:#}")),
                    };
                    wrong.extend(
                        found.map(|found| format!("{method} {path} by {who} with {shown:?}: {found}")),
                    );
                }
            }
        }
        is_unharmed(&lockstep).with_context(|| format!("after {path}; {wrong:?}"))?;
    }
    ensure!(wrong.is_empty(), "{} odd answers:\n{}", wrong.len(), shorten(&wrong));
    Ok(())
}

fn shorten(lines: &[String]) -> String {
    let mut text = String::new();
    for line in lines.iter().take(25) {
        let _ = writeln!(text, "{}", line.chars().take(400).collect::<String>());
    }
    text
}

#[test]
fn odd_queries_and_paths() -> Result<()> {
    let lockstep = server_only()?;
    let parentheses = format!("$filter={}accountEnabled{}", "(".repeat(20_000), ")".repeat(20_000));
    let negations = format!("$filter={}accountEnabled", "not%20".repeat(9_000));
    let conditions = format!("$filter=city%20eq%20'x'{}", "%20or%20city%20eq%20'x'".repeat(2_000));
    let fields = format!("$select={}", "displayName,".repeat(4_000));
    let values = format!("$filter=city%20in%20('x'{})", ",'x'".repeat(15_000));
    let queries = [
        "$filter=",
        "$filter='",
        "$filter=displayName%20eq%20'",
        "$filter=displayName%20eq",
        "$filter=eq%20eq%20eq",
        "$filter=startswith(displayName",
        "$filter=startswith(displayName,'x')%20and",
        "$filter=proxyAddresses/any(p:p%20eq%20",
        "$filter=proxyAddresses/any(p:q%20eq%20'x')",
        "$filter=%00",
        "$filter=%ff%fe",
        "$filter=nothing%20eq%20'x'",
        "$filter=accountEnabled%20eq%2099999999999999999999",
        "$filter=displayName%20eq%20'x'%3b%20drop%20table%20objects",
        "$orderby=%3bdrop",
        "$orderby=displayName%20sideways",
        "$orderby=displayName,displayName",
        "$search=%22",
        "$search=%22displayName:%22",
        "$search=%22nothing:x%22",
        "$search=%22displayName:*%25_%27%22",
        "$search=%ff",
        "$top=-1",
        "$top=0",
        "$top=1e3",
        "$top=99999999999999999999999",
        "$top=%00",
        "$skip=5",
        "$skiptoken=garbage",
        "$skiptoken=%ff%00",
        "$count=perhaps",
        "$select=nothing",
        "$select=,,,",
        "$expand=members",
        "$apply=groupby",
        "$format=xml",
        "$top=1&$top=2",
        "%ff=%ff",
        "a",
        "=&=&&&",
        "top=abc",
        "top=-5",
        "top=99999999999",
        "after=garbage",
        "after=%ff%00",
        "category=Nothing",
        "kind=nothing",
        "object=not-an-id",
        "q=%25%27%22%ff",
        "format=exe",
        &parentheses,
        &negations,
        &conditions,
        &fields,
        &values,
    ];
    let mut wrong = Vec::new();
    let bearers =
        [("nobody", String::new()), ("an administrator", format!("Bearer {}", lockstep.admin_token()))];
    let mut ask = |target: &str, path: &str| {
        for (who, bearer) in &bearers {
            let mut headers = vec![("ConsistencyLevel", "eventual")];
            if !bearer.is_empty() {
                headers.push(("Authorization", bearer));
            }
            let found = match http::request(lockstep.address(), "GET", target, &headers, None) {
                // The address is refused before there is a request to answer.
                Ok(answer)
                    if [400, 414, 431].contains(&answer.status) && answer.header("request-id").is_none() =>
                {
                    None
                }
                Ok(answer) => judge(path, "GET", who, &answer),
                Err(error) => Some(format!("{error:#}")),
            };
            let shown: String = target.chars().take(120).collect();
            wrong.extend(found.map(|found| format!("GET {shown} by {who}: {found}")));
        }
    };
    for path in paths()? {
        if path.starts_with("/downloads/") {
            continue;
        }
        for query in queries {
            ask(&format!("{path}?{query}"), &path);
        }
    }
    let long = "x".repeat(60_000);
    for name in
        ["%ff", "%00", "..%2f..", "'", "x'%20or%20'1'='1", "%2e%2e/%2e%2e/etc/passwd", "\u{1f600}", &long]
    {
        for parent in [
            "/v1.0/users/",
            "/v1.0/groups/",
            "/v1.0/domains/",
            "/docs/",
            "/",
            "/assets/",
            "/downloads/",
            "/api/v1/",
        ] {
            let target = format!("{parent}{name}");
            // Pages of the portal are for everybody: its own page answers for names that it does not know.
            let path =
                if ["/docs/", "/", "/assets/", "/downloads/"].contains(&parent) { "/" } else { parent };
            ask(&target, path);
        }
    }
    is_unharmed(&lockstep).with_context(|| shorten(&wrong))?;
    ensure!(wrong.is_empty(), "{} odd answers:\n{}", wrong.len(), shorten(&wrong));
    Ok(())
}

#[test]
fn bodies_that_are_too_large() -> Result<()> {
    let lockstep = server_only()?;
    let client = format!("Bearer {}", lockstep.client_token());
    let admin = format!("Bearer {}", lockstep.admin_token());
    let user = |id: usize, name: &str| {
        format!(
            r#"{{"method":"POST","path":"/Users","bulkId":"{id}","data":{{"schemas":[],"externalId":"a{id}","displayName":"{name}"}}}}"#
        )
    };
    let bulk = |operations: &str| {
        let schema = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
        format!(r#"{{"schemas":["{schema}"],"Operations":[{operations}]}}"#).into_bytes()
    };
    let too_many: Vec<String> = (0..100_000).map(|id| user(id, "x")).collect();
    let large = [
        ("one name of 31 MiB", bulk(&user(1, &"x".repeat(31 * MIB)))),
        ("33 MiB", bulk(&user(1, &"x".repeat(33 * MIB)))),
        ("too many operations", bulk(&too_many.join(","))),
        ("spaces", b" ".repeat(31 * MIB)),
        ("brackets", b"[".repeat(31 * MIB)),
        ("a list of nothing", bulk(&"{},".repeat(9 * MIB))),
        ("100 MiB", b"1".repeat(100 * MIB)),
    ];
    let (mut wrong, mut peaks) = (Vec::new(), Vec::new());
    for (what, body) in &large {
        for (path, bearer) in [
            ("/provisioning/v1/bulk", client.as_str()),
            ("/provisioning/v1/errors", &client),
            ("/provisioning/v1/report", &client),
            ("/api/v1/session", ""),
            ("/api/v1/orders", &admin),
            ("/provisioning/v1/bulk", ""),
        ] {
            let mut headers = vec![("Content-Type", "application/json")];
            if !bearer.is_empty() {
                headers.push(("Authorization", bearer));
            }
            peaks.push((*what, peak_memory_kib(lockstep.server_pid().context("no server")?)?));
            // A server may close the connection on a body it does not want; the answer is then lost on the way.
            let Ok(answer) = http::request(lockstep.address(), "POST", path, &headers, Some(body)) else {
                continue;
            };
            wrong.extend(
                judge(path, "POST", "the sync client", &answer)
                    .map(|found| format!("{what} to {path}: {found}")),
            );
            let is_refused = (400..500).contains(&answer.status);
            let may_pass = *what == "one name of 31 MiB" && path == "/provisioning/v1/bulk";
            if !is_refused && !may_pass {
                wrong.push(format!("{what} to {path} was taken: HTTP {}", answer.status));
            }
        }
    }
    peaks.push(("one by one", peak_memory_kib(lockstep.server_pid().context("no server")?)?));
    // Many at once, from strangers.
    let body = b"[".repeat(30 * MIB);
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                http::request(lockstep.address(), "POST", "/provisioning/v1/bulk", &[], Some(&body))
            });
        }
    });
    is_unharmed(&lockstep).with_context(|| format!("{} {peaks:?}", shorten(&wrong)))?;
    let (users, groups, _) = lockstep.counts()?;
    ensure!(users + groups <= 1, "{users} users and {groups} groups were made of nonsense");
    ensure!(wrong.is_empty(), "{}", shorten(&wrong));
    Ok(())
}

#[test]
fn what_is_no_http() -> Result<()> {
    let lockstep = server_only()?;
    let long = format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "y".repeat(2 * MIB));
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(10_000));
    let inputs: [&[u8]; 11] = [
        b"\x00\x01\x02\x03\xff\xfe\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nnonsense, nonsense, nonsense",
        b"POST /api/v1/session HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        b"POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        b"POST /api/v1/session HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffffff\r\n",
        b"POST /api/v1/session HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        long.as_bytes(),
        many.as_bytes(),
    ];
    for input in inputs {
        // Whether and what it answers is its own affair.
        let mut stream = TcpStream::connect(lockstep.address())?;
        stream.set_write_timeout(Some(Duration::from_secs(10)))?;
        let _ = stream.write_all(input);
        drop(stream);
    }
    // Requests that never end, left open.
    let mut open = Vec::new();
    for _ in 0..200 {
        let mut stream = TcpStream::connect(lockstep.address())?;
        stream.write_all(
            b"POST /provisioning/v1/bulk HTTP/1.1\r\nHost: x\r\nContent-Length: 30000000\r\n\r\n[",
        )?;
        open.push(stream);
    }
    is_unharmed(&lockstep)
}

/// A directory with people in the tenant, and a proxy that can lead to another.
fn synced() -> Result<(Slapd, Proxy, Lockstep)> {
    let mut organization = Organization::new(SUFFIX, 3, Size { people: 60, groups: 6 });
    let ldif = Some(organization.ldif());
    let slapd = Slapd::start(&SlapdOptions { suffix: SUFFIX.into(), ldif, ..SlapdOptions::default() })?;
    let proxy = Proxy::start(slapd.address())?;
    let mut lockstep = Lockstep::start(Setup { source_url: proxy.ldap_url(), ..Setup::of(&slapd) })?;
    lockstep.sync_once_well()?;
    Ok((slapd, proxy, lockstep))
}

#[test]
fn a_directory_that_answers_nonsense() -> Result<()> {
    let (slapd, proxy, mut lockstep) = synced()?;
    let before = lockstep.counts()?;
    for nonsense in Nonsense::ALL {
        let fake = FakeDirectory::start(*nonsense, SUFFIX)?;
        proxy.redirect(fake.address());
        for full in [false, true] {
            let done = lockstep.sync_once(full).with_context(|| format!("{nonsense:?}"))?;
            let said = || format!("{nonsense:?}, full: {full}: {}", done.said());
            ensure!(done.status.code().is_some_and(|code| code != 0), "{}", said());
            ensure!(!done.stderr.contains("panicked"), "{}", said());
            ensure!(
                done.stderr.contains("ldap://127.0.0.1:"),
                "the error does not name the directory: {}",
                said()
            );
            ensure!(done.peak_kib < CLIENT_KIB, "{} KiB: {}", done.peak_kib, said());
            ensure!(lockstep.counts()? == before, "{:?}, before {before:?}: {}", lockstep.counts()?, said());
        }
        ensure!(fake.answered() > 0, "{nonsense:?} was never answered; the drill shows nothing");
    }
    proxy.redirect(slapd.address());
    lockstep.sync_once_well()?;
    expectation::settles(&lockstep, &slapd, &MappingSettings::default(), LIMIT)
}

#[test]
fn a_live_client_survives_nonsense_and_says_so() -> Result<()> {
    let (slapd, proxy, mut lockstep) = synced()?;
    let before = lockstep.counts()?;
    lockstep.start_client()?;
    lockstep.wait_live(LIMIT)?;
    for nonsense in
        [Nonsense::Http, Nonsense::Deep, Nonsense::EndlessMessage, Nonsense::EmptySuccess, Nonsense::BadState]
    {
        let fake = FakeDirectory::start(nonsense, SUFFIX)?;
        proxy.redirect(fake.address());
        proxy.cut();
        lockstep
            .wait_status("the error in the status", LIMIT, |status| {
                status["sync"]["clientDetail"].as_str().is_some_and(|text| text.contains("ldap://127.0.0.1:"))
                    && status["sync"]["clientState"] != "live"
                    && fake.answered() > 0
            })
            .with_context(|| format!("{nonsense:?}"))?;
        ensure!(lockstep.counts()? == before, "{nonsense:?}: {:?}, before {before:?}", lockstep.counts()?);
        proxy.redirect(slapd.address());
        proxy.cut();
        // What is no LDAP does not become LDAP by trying at once: the client takes its time, unless told.
        lockstep.order(&json!({"order": "syncNow", "full": false}))?;
        lockstep.wait_live(LIMIT).with_context(|| format!("after {nonsense:?}"))?;
    }
    let peak = peak_memory_kib(lockstep.client_pid().context("no client")?)?;
    ensure!(peak < CLIENT_KIB, "the client held {peak} KiB");
    expectation::settles(&lockstep, &slapd, &MappingSettings::default(), LIMIT)
}

#[test]
fn a_value_of_100_mb_in_a_real_directory() -> Result<()> {
    let mut organization = Organization::new(SUFFIX, 3, Size { people: 60, groups: 6 });
    let mut ldif = organization.ldif();
    let name = format!("uid=huge,ou=people,{SUFFIX}");
    let _ = writeln!(
        ldif,
        "dn: {name}\nobjectClass: inetOrgPerson\nuid: huge\ncn: Huge\nsn: Huge\nmail: huge@contoso.com"
    );
    let _ = writeln!(ldif, "description: {}\n", "x".repeat(100 * 1024 * 1024));
    let slapd =
        Slapd::start(&SlapdOptions { suffix: SUFFIX.into(), ldif: Some(ldif), ..SlapdOptions::default() })?;
    let mut lockstep = Lockstep::start(Setup::of(&slapd))?;
    for full in [false, true] {
        let done = lockstep.sync_once(full)?;
        ensure!(done.status.code().is_some_and(|code| code != 0), "{}", done.said());
        ensure!(done.peak_kib < CLIENT_KIB, "{} KiB: {}", done.peak_kib, done.said());
        ensure!(
            done.stderr.contains("ldap://127.0.0.1:"),
            "the error does not name the directory: {}",
            done.said()
        );
        let lower = done.stderr.to_lowercase();
        ensure!(
            ["large", "limit", "long", "mib", "bytes"].iter().any(|word| lower.contains(word)),
            "{}",
            done.said()
        );
    }
    // A client that runs says so and lives on; the cure is enough.
    lockstep.start_client()?;
    lockstep.wait_status("the error in the status", LIMIT, |status| {
        status["sync"]["clientDetail"].as_str().is_some_and(|text| text.contains("ldap://127.0.0.1:"))
    })?;
    slapd.ldapmodify(&deleted(&name))?;
    let mut last = None;
    // The client tries again by itself, with a growing pause; an order spares the test the wait.
    lockstep_tests::wait_for("the client to take the order", LIMIT, || {
        last = Some(lockstep.order(&json!({"order": "syncNow", "full": false})));
        last.as_ref().is_some_and(Result::is_ok).then_some(())
    })
    .with_context(|| format!("{last:?}"))?;
    lockstep.wait_live(LIMIT)?;
    let peak = peak_memory_kib(lockstep.client_pid().context("no client")?)?;
    ensure!(peak < CLIENT_KIB, "the client held {peak} KiB");
    expectation::settles(&lockstep, &slapd, &MappingSettings::default(), LIMIT)
}
