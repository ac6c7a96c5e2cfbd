//! The whole system on PostgreSQL: a real directory, real clients, a real database that is restarted under load, and two
//! servers of one tenant, one of which is killed.

#![allow(clippy::indexing_slicing, reason = "a JSON value is asked by name; what is absent is null")]

#[path = "support/drill.rs"]
mod drill;
#[path = "support/expectation.rs"]
mod expectation;

use anyhow::{Context, Result, ensure};
use drill::{LIMIT, SUFFIX, content, dn};
use lockstep_rules::MappingSettings;
use lockstep_tests::organization::{deleted, replaced};
use lockstep_tests::{Lockstep, Postgres, Proxy, Setup, Slapd, SlapdOptions, http, wait_for};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;

/// A directory of 1,000 people, a database, and a server on it. Nothing is synced.
struct House {
    lockstep: Lockstep,
    slapd: Slapd,
    postgres: Postgres,
    replica: Option<Postgres>,
    _secrets: tempfile::TempDir,
}

impl House {
    fn start() -> Result<Self> {
        Self::start_with(false)
    }

    /// With a streaming replica that lists are read from, where wanted.
    fn start_with(replicated: bool) -> Result<Self> {
        let postgres = Postgres::start(true)?;
        postgres.database("lockstep", None)?;
        let replica = if replicated { Some(postgres.replica()?) } else { None };
        let secrets = tempfile::tempdir()?;
        let file = secrets.path().join("database.password");
        std::fs::write(&file, Postgres::PASSWORD)?;
        let slapd = Slapd::start(&SlapdOptions {
            suffix: SUFFIX.into(),
            ldif: Some(content("")),
            ..SlapdOptions::default()
        })?;
        let url = |port| format!("postgresql://{}@127.0.0.1:{port}/lockstep?sslmode=disable", Postgres::ROLE);
        let mut more = format!(
            "[server.database]\nurl = \"{}\"\npassword_file = \"{}\"\n",
            url(postgres.port()),
            file.display()
        );
        if let Some(replica) = &replica {
            more.push_str(&format!("read_urls = [\"{}\"]\n", url(replica.port())));
        }
        let lockstep = Lockstep::start(Setup { more, guard: (100_000, 100), ..Setup::of(&slapd) })?;
        Ok(Self { lockstep, slapd, postgres, replica, _secrets: secrets })
    }

    fn users(&self) -> u64 {
        self.lockstep.counts().map_or(0, |(users, ..)| users)
    }

    /// The tenant is what the directory means.
    fn settles(&self) -> Result<()> {
        expectation::settles(&self.lockstep, &self.slapd, &MappingSettings::default(), LIMIT).with_context(
            || format!("{}\n{}", self.lockstep.log("server.log"), self.lockstep.log("client.log")),
        )
    }
}

#[test]
fn a_directory_arrives_in_postgresql() -> Result<()> {
    let mut house = House::start()?;
    house.lockstep.start_client()?;
    house.lockstep.wait_live(LIMIT)?;
    house.settles()?;
    house.slapd.ldapmodify(&replaced(&dn("north", 1), "title", &["Director".into()]))?;
    house.slapd.ldapmodify(&deleted(&dn("north", 2)))?;
    house.settles()?;
    ensure!(house.lockstep.counts()? == (999, 10, 1), "{:?}", house.lockstep.counts()?);
    let path = "/v1.0/users?$count=true&$top=5&$orderby=displayName&$filter=startswith(displayName,%27person%201%27)";
    let page = house.lockstep.get(path)?;
    ensure!(page["value"].as_array().is_some_and(|users| users.len() == 5), "{page}");
    ensure!(page["@odata.count"].as_u64().is_some_and(|count| count > 200), "{page}");
    let found = house.lockstep.get("/v1.0/users?$filter=jobTitle%20eq%20%27director%27")?;
    ensure!(found["value"][0]["mail"] == "north1@contoso.com", "{found}");
    // It is all in PostgreSQL, and nothing in a file.
    let stored = house.postgres.sql("lockstep", "SELECT count(*) FROM object WHERE state = 0")?;
    ensure!(stored == "1009", "{stored} objects are stored");
    // The server's own doctor says so.
    let doctor = house.lockstep.get("/api/v1/doctor")?;
    let checks = doctor["checks"].as_array().context("no checks")?;
    let check =
        checks.iter().find(|check| check["name"] == "server.database").context("no check of the database")?;
    let detail = check["detail"].as_str().unwrap_or_default();
    ensure!(detail.starts_with("999 users") && detail.contains(" by postgresql://"), "{check}");
    ensure!(!doctor.to_string().contains(Postgres::PASSWORD), "the doctor tells the password");
    // A server that starts again finds it as it was.
    house.lockstep.kill_server()?;
    house.lockstep.start_server()?;
    house.lockstep.wait_live(LIMIT)?;
    house.settles()
}

#[test]
fn the_database_is_restarted_under_load() -> Result<()> {
    let mut house = House::start()?;
    house.lockstep.start_client()?;
    wait_for("a part of the directory to arrive", LIMIT, || (house.users() > 0).then_some(()))?;
    for round in 0..3 {
        house.postgres.crash()?;
        let answer = house.lockstep.ask("GET", "/v1.0/users?$top=1", None)?;
        ensure!(answer.status == 503, "round {round}: HTTP {}: {}", answer.status, answer.text());
        house.postgres.run()?;
        house.slapd.ldapmodify(&replaced(&dn("east", round), "title", &[format!("Title {round}")]))?;
        wait_for("the server to answer again", LIMIT, || {
            house.lockstep.ask("GET", "/v1.0/users?$top=1", None).is_ok_and(|a| a.status == 200).then_some(())
        })?;
    }
    house.settles()?;
    ensure!(house.lockstep.counts()? == (1_000, 10, 0), "{:?}", house.lockstep.counts()?);
    Ok(())
}

#[test]
fn one_of_two_servers_is_killed() -> Result<()> {
    let mut house = House::start()?;
    let second = house.lockstep.another_server()?;
    let between = Proxy::start(house.lockstep.address())?;
    let mut client = house.lockstep.another_client("roaming", Some(between.address()), None)?;
    client.start()?;
    wait_for("a part of the directory to arrive", LIMIT, || (house.users() > 0).then_some(()))?;
    house.lockstep.kill_server()?;
    between.redirect(second);
    between.cut();
    between.heal();
    let stored = |house: &House| -> Option<String> {
        let sql = "SELECT count(*) FROM object WHERE state = 0 AND sync_enabled = 1";
        house.postgres.sql("lockstep", sql).ok()
    };
    wait_for("the rest to arrive by the second server", Duration::from_secs(120), || {
        (stored(&house)? == "1010").then_some(())
    })
    .with_context(|| format!("{:?}\n{}", stored(&house), client.log()))?;
    // The first, started again, shows what the second wrote, and the other way round.
    house.lockstep.start_server()?;
    house.settles()?;
    house.slapd.ldapmodify(&replaced(&dn("west", 3), "title", &["Roamer".into()]))?;
    house.settles()?;
    ensure!(house.lockstep.counts()? == (1_000, 10, 0), "{:?}", house.lockstep.counts()?);
    Ok(())
}

/// The advisory lock of the server that leads.
const LEADS: &str =
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = 1280527361 AND granted";
/// What is done by the hour and was done.
const DONE: &str = "SELECT count(*) FROM job WHERE ended_at IS NOT NULL AND due_at IS NULL";

#[test]
fn the_leader_is_killed_and_what_is_overdue_is_done_once() -> Result<()> {
    let mut house = House::start()?;
    wait_for("the first server to lead, and to do what is due", LIMIT, || {
        let sql = |sql| house.postgres.sql("lockstep", sql).ok();
        (sql(LEADS)? == "1" && sql(DONE)? == "4").then_some(())
    })?;
    let second = house.lockstep.another_server()?;
    // Somebody wants an address that another has.
    house.lockstep.start_client()?;
    house.lockstep.wait_live(LIMIT)?;
    house.slapd.ldapmodify(&replaced(&dn("north", 1), "mail", &["north2@contoso.com".into()]))?;
    wait_for("the conflict", LIMIT, || {
        let errors = house.lockstep.get("/api/v1/errors").ok()?;
        errors["count"].as_u64().is_some_and(|count| count > 0).then_some(())
    })?;
    house.lockstep.stop_client()?;
    let leads = house.postgres.sql("lockstep", LEADS)?;
    ensure!(leads == "1", "{leads} servers lead");
    house.lockstep.kill_server()?;
    // The address is free without anybody having heard of it, and the sweep is overdue.
    let free = "DELETE FROM claim WHERE key IN ('smtp:north2@contoso.com', 'north2@contoso.com')";
    house.postgres.sql("lockstep", free)?;
    house.postgres.sql("lockstep", "UPDATE job SET ended_at = ended_at - 3700000000")?;
    let ended = "SELECT string_agg(kind || ' ' || coalesce(ended_at, 0)::text, ',' ORDER BY kind) FROM job";
    let before = house.postgres.sql("lockstep", ended)?;
    let errors = || ask(second, house.lockstep.admin_token(), "GET", "/api/v1/errors", None);
    wait_for("the second server to lead and to sweep", Duration::from_secs(30), || {
        let done = house.postgres.sql("lockstep", DONE).ok()? == "4";
        let swept = errors().ok()?["count"] == 0;
        (done && swept && house.postgres.sql("lockstep", ended).ok()? != before).then_some(())
    })
    .with_context(|| {
        format!("{:?}\n{}", errors(), house.postgres.sql("lockstep", "SELECT * FROM job").unwrap_or_default())
    })?;
    let history = ask(
        second,
        house.lockstep.admin_token(),
        "GET",
        "/api/v1/history?outcome=recalculated&property=proxyAddresses",
        None,
    )?;
    let rows = history["value"].as_array().map_or(0, Vec::len);
    ensure!(rows == 1, "it was put in force {rows} times: {history}");
    // The first comes back: it does not lead, and does nothing again.
    let after = house.postgres.sql("lockstep", ended)?;
    house.lockstep.start_server()?;
    ensure!(house.postgres.sql("lockstep", ended)? == after, "what was done was done again");
    ensure!(house.postgres.sql("lockstep", LEADS)? == "1", "not one leads");
    Ok(())
}

/// Asks a server; a status of success is expected.
fn ask(to: SocketAddr, token: &str, method: &str, path: &str, body: Option<&Value>) -> Result<Value> {
    let (bearer, body) = (format!("Bearer {token}"), body.map(Value::to_string));
    let mut headers = vec![("Authorization", bearer.as_str())];
    if body.is_some() {
        headers.push(("Content-Type", "application/json"));
    }
    let answer = http::request(to, method, path, &headers, body.as_deref().map(str::as_bytes))?;
    ensure!(
        (200..300).contains(&answer.status),
        "{method} {path}: HTTP {}: {}",
        answer.status,
        answer.text()
    );
    answer.json()
}

/// Makes groups at one server and lists them at another, as soon as each is answered.
fn read_what_was_written(token: &str, writes: SocketAddr, reads: SocketAddr, name: &str) -> Result<()> {
    for n in 0..40 {
        let name = format!("{name}{n}");
        let group = json!({
            "displayName": name, "mailEnabled": false, "mailNickname": name, "securityEnabled": true,
        });
        ask(writes, token, "POST", "/v1.0/groups", Some(&group))?;
        let path = format!("/v1.0/groups?$filter=displayName%20eq%20%27{name}%27");
        let listed = ask(reads, token, "GET", &path, None)?;
        ensure!(listed["value"][0]["displayName"] == name, "{name} was answered as made, and is not listed");
    }
    Ok(())
}

#[test]
fn a_replica_answers_lists_and_none_is_older_than_what_was_written() -> Result<()> {
    let mut house = House::start_with(true)?;
    let (first, second) = (house.lockstep.address(), house.lockstep.another_server()?);
    let count = |house: &House, metric: &str| -> u64 {
        let asked = house.lockstep.ask("GET", "/metrics", None);
        let text = asked.map(|answer| answer.text()).unwrap_or_default();
        let lines = text.lines().filter(|line| line.starts_with(metric));
        lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).map(|n| n as u64).sum()
    };
    wait_for("the replica to be usable", LIMIT, || {
        (count(&house, "lockstep_replica_usable") == 1).then_some(())
    })?;
    // While a whole directory arrives.
    house.lockstep.start_client()?;
    let token = house.lockstep.admin_token().to_owned();
    let rounds = |name: &str| -> Result<()> {
        let ways = [(first, second, "a"), (second, first, "b"), (first, first, "c")];
        std::thread::scope(|scope| {
            let threads: Vec<_> = ways
                .iter()
                .map(|(writes, reads, way)| {
                    let (token, name) = (token.as_str(), format!("{name}{way}"));
                    scope.spawn(move || read_what_was_written(token, *writes, *reads, &name))
                })
                .collect();
            threads.into_iter().try_for_each(|thread| match thread.join() {
                Ok(result) => result,
                Err(_) => anyhow::bail!("a thread panicked"),
            })
        })
    };
    rounds("with")?;
    let reads = count(&house, "lockstep_replica_reads_total");
    ensure!(reads > 0, "nothing was read from the replica");
    house.lockstep.wait_live(LIMIT)?;
    // The replica's own word for it.
    if let Some(replica) = &house.replica {
        let sql = "SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = 'lockstep' AND application_name = 'lockstep'";
        ensure!(replica.sql("postgres", sql)? == "t", "nobody is connected to the replica");
    }
    // Killed in the middle of it.
    let killed = house.replica.take();
    let killing = std::thread::spawn(move || -> Result<Postgres> {
        let mut replica = killed.context("no replica")?;
        replica.crash()?;
        Ok(replica)
    });
    rounds("without")?;
    let mut replica = killing.join().map_err(|_| anyhow::anyhow!("a thread panicked"))??;
    wait_for("the replica to be missed", LIMIT, || {
        (count(&house, "lockstep_replica_usable") == 0).then_some(())
    })?;
    let doctor = house.lockstep.get("/api/v1/doctor")?.to_string();
    ensure!(doctor.contains("is AWAY"), "{doctor}");
    replica.run()?;
    wait_for("the replica to be read from again", LIMIT, || {
        (count(&house, "lockstep_replica_usable") == 1).then_some(())
    })?;
    rounds("again")
}
