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
use lockstep_tests::{Lockstep, Postgres, Proxy, Setup, Slapd, SlapdOptions, wait_for};
use std::time::Duration;

/// A directory of 1,000 people, a database, and a server on it. Nothing is synced.
struct House {
    lockstep: Lockstep,
    slapd: Slapd,
    postgres: Postgres,
    _secrets: tempfile::TempDir,
}

impl House {
    fn start() -> Result<Self> {
        let postgres = Postgres::start(true)?;
        postgres.database("lockstep", None)?;
        let secrets = tempfile::tempdir()?;
        let file = secrets.path().join("database.password");
        std::fs::write(&file, Postgres::PASSWORD)?;
        let slapd = Slapd::start(&SlapdOptions {
            suffix: SUFFIX.into(),
            ldif: Some(content("")),
            ..SlapdOptions::default()
        })?;
        let more = format!(
            "[server.database]\nurl = \"postgresql://{}@127.0.0.1:{}/lockstep?sslmode=disable\"\npassword_file = \"{}\"\n",
            Postgres::ROLE,
            postgres.port(),
            file.display()
        );
        let lockstep = Lockstep::start(Setup { more, guard: (100_000, 100), ..Setup::of(&slapd) })?;
        Ok(Self { lockstep, slapd, postgres, _secrets: secrets })
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
