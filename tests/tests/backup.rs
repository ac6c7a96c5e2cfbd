//! Backup and restore, with a real directory and a real client: a copy made while a directory arrives is put in the place
//! of the tenant, and the client makes of it what the directory means.

#![allow(clippy::indexing_slicing, reason = "a JSON value is asked by name; what is absent is null")]

#[path = "support/drill.rs"]
mod drill;
#[path = "support/expectation.rs"]
mod expectation;

use anyhow::{Context, Result, ensure};
use drill::{Drill, LIMIT, SUFFIX, content, dn, names, person};
use lockstep_rules::MappingSettings;
use lockstep_tests::lockstep::Done;
use lockstep_tests::organization::{deleted, replaced};
use lockstep_tests::{Lockstep, Postgres, Setup, Slapd, SlapdOptions, wait_for};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Runs a command that must succeed, and answers what it printed.
fn done(lockstep: &mut Lockstep, arguments: &[&str]) -> Result<Value> {
    let mut arguments = arguments.to_vec();
    arguments.extend(["--output", "json"]);
    let done = lockstep.run(&arguments)?;
    ensure!(done.status.success(), "{arguments:?}: {}", done.said());
    serde_json::from_str(&done.stdout).with_context(|| done.said())
}

/// Runs a command that must fail, with words that say why.
fn refused(lockstep: &mut Lockstep, arguments: &[&str], words: &[&str]) -> Result<Done> {
    let done = lockstep.run(arguments)?;
    ensure!(done.status.code() == Some(1), "{arguments:?} should have failed: {}", done.said());
    names(&done.stderr, words)?;
    Ok(done)
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap_or_default()
}

/// The whole tenant's file and what stands beside it, by name.
fn files(folder: &Path) -> Result<Vec<String>> {
    let mut names: Vec<String> = fs::read_dir(folder)?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.starts_with("tenant.db"))
        .collect();
    names.sort();
    Ok(names)
}

#[test]
fn a_backup_of_a_first_load_is_restored_and_converges() -> Result<()> {
    let mut drill = Drill::prepared("", |_| {})?;
    let backups = drill.lockstep.folder().join("backups");
    fs::create_dir(&backups)?;
    drill.lockstep.start_client()?;
    let users = |drill: &Drill| drill.lockstep.counts().map_or(0, |(users, ..)| users);
    wait_for("a part of the directory to arrive", LIMIT, || (users(&drill) > 0).then_some(()))?;
    // While it is written.
    let made = done(&mut drill.lockstep, &["backup", text(&backups)])?;
    let file = backups.join(made["file"].as_str().context("no file")?);
    ensure!(made["users"].as_u64().is_some_and(|users| users > 0), "{made}");
    for path in [&file, &PathBuf::from(format!("{}.json", file.display()))] {
        ensure!(
            fs::metadata(path)?.permissions().mode() & 0o777 == 0o600,
            "others can read {}",
            path.display()
        );
    }
    drill.lockstep.wait_live(LIMIT)?;
    drill.slapd.ldapmodify(&replaced(&dn("east", 1), "title", &["Director".into()]))?;
    drill.slapd.ldapadd(&person("north", 900))?;
    drill.agrees()?;
    let before = drill.lockstep.counts()?;

    // It says what it is, and touches nothing that it should not.
    let checked = done(&mut drill.lockstep, &["restore", text(&file), "--check"])?;
    ensure!(checked["checksum"] == true && checked["contents"]["users"] == made["users"], "{checked}");
    refused(&mut drill.lockstep, &["restore", text(&file)], &["holds a tenant", "--replace"])?;
    refused(&mut drill.lockstep, &["restore", text(&file), "--replace"], &["another server uses"])?;
    ensure!(drill.lockstep.counts()? == before, "{:?}", drill.lockstep.counts()?);

    // The client lives on while the server is away and comes back as it was.
    drill.lockstep.kill_server()?;
    let restored = done(&mut drill.lockstep, &["restore", text(&file), "--replace"])?;
    let kept = PathBuf::from(restored["kept"].as_str().context("nothing was kept")?);
    ensure!(kept.exists(), "{} is not there", kept.display());
    ensure!(
        files(&drill.lockstep.server_folder())?.len() == 2,
        "{:?}",
        files(&drill.lockstep.server_folder())?
    );
    drill.lockstep.start_server()?;
    drill.agrees()?;
    ensure!(drill.lockstep.counts()? == before, "{:?}, before {before:?}", drill.lockstep.counts()?);
    let gone = drill.lockstep.pages("/v1.0/directory/deletedItems/microsoft.graph.user?$top=999")?;
    ensure!(gone.is_empty(), "{} users were deleted", gone.len());
    // What follows arrives as ever.
    drill.slapd.ldapmodify(&replaced(&dn("west", 2), "title", &["Roamer".into()]))?;
    drill.agrees()?;

    // What was kept is a tenant as it was, and can be had back by the same command.
    drill.lockstep.stop_client()?;
    drill.lockstep.kill_server()?;
    let again = done(&mut drill.lockstep, &["restore", text(&kept), "--replace"])?;
    ensure!(again["contents"]["users"] == before.0, "{again}, before {before:?}");
    drill.lockstep.start_server()?;
    drill.is_well()
}

/// What went from the directory since the backup was made goes from the tenant once more, and what came comes.
#[test]
fn what_changed_since_the_backup_is_made_so_again() -> Result<()> {
    let mut drill = Drill::live(|_| {})?;
    let file = drill.lockstep.folder().join("one.db");
    done(&mut drill.lockstep, &["backup", text(&file)])?;
    let delta = drill.lockstep.get("/v1.0/users/delta?$deltatoken=latest&$select=displayName")?;
    drill.delete_people("east", 0..3)?;
    drill.slapd.ldapadd(&person("north", 901))?;
    drill.agrees()?;
    ensure!(drill.lockstep.counts()? == (998, 10, 3), "{:?}", drill.lockstep.counts()?);
    drill.lockstep.stop_client()?;
    drill.lockstep.kill_server()?;
    done(&mut drill.lockstep, &["restore", text(&file), "--replace"])?;
    drill.lockstep.start_server()?;
    ensure!(drill.lockstep.counts()? == (1_000, 10, 0), "{:?}", drill.lockstep.counts()?);
    // Whoever follows by delta is not left with what is no longer so.
    let link =
        delta["@odata.deltaLink"].as_str().and_then(|link| link.split_once("/v1.0")).context("no link")?;
    let answer = drill.lockstep.ask("GET", &format!("/v1.0{}", link.1), None)?;
    ensure!(answer.status == 410, "HTTP {}: {}", answer.status, answer.text());
    drill.is_well()?;
    ensure!(drill.lockstep.counts()? == (998, 10, 3), "{:?}", drill.lockstep.counts()?);
    Ok(())
}

#[test]
fn a_damaged_backup_is_refused_and_nothing_is_touched() -> Result<()> {
    let mut lockstep = Lockstep::start(Setup::without_directory())?;
    let file = lockstep.folder().join("one.db");
    done(&mut lockstep, &["backup", text(&file)])?;
    refused(&mut lockstep, &["backup", text(&file)], &["is there already"])?;
    refused(&mut lockstep, &["backup", "/nowhere/at/all.db"], &["cannot be written"])?;
    lockstep.kill_server()?;
    let tenant = lockstep.server_folder().join("tenant.db");
    let before = files(&lockstep.server_folder())?;
    let sum = fs::read(&tenant)?;
    let mut bytes = fs::read(&file)?;
    let middle = bytes.len() / 2;
    for byte in bytes.get_mut(middle..middle + 4_096).context("a small file")? {
        *byte = !*byte;
    }
    let bad = lockstep.folder().join("bad.db");
    fs::write(&bad, &bytes)?;
    // By its sum; and by SQLite's own checks, where the sum is not there.
    fs::copy(lockstep.folder().join("one.db.json"), lockstep.folder().join("bad.db.json"))?;
    refused(&mut lockstep, &["restore", text(&bad), "--replace"], &["SHA-256", "take another backup"])?;
    fs::remove_file(lockstep.folder().join("bad.db.json"))?;
    refused(&mut lockstep, &["restore", text(&bad), "--replace"], &["damaged"])?;
    fs::write(&bad, "no database at all, but long enough to look like a file of one")?;
    refused(&mut lockstep, &["restore", text(&bad), "--replace"], &["bad.db"])?;
    fs::copy(&file, &bad)?;
    let newer = rusqlite::Connection::open(&bad)?;
    newer.execute("UPDATE refinery_schema_history SET version = 4000 WHERE version = (SELECT max(version) FROM refinery_schema_history)", [])?;
    newer.close().map_err(|(_, error)| error)?;
    refused(&mut lockstep, &["restore", text(&bad), "--replace"], &["newer version of Lockstep"])?;
    ensure!(files(&lockstep.server_folder())? == before, "{:?}", files(&lockstep.server_folder())?);
    ensure!(fs::read(&tenant)? == sum, "the tenant was touched");
    // A machine that has none yet takes it without more words; the harness's tokens work as before.
    for name in before {
        fs::remove_file(lockstep.server_folder().join(name))?;
    }
    done(&mut lockstep, &["restore", text(&file)])?;
    lockstep.start_server()?;
    ensure!(lockstep.counts()? == (0, 0, 0), "{:?}", lockstep.counts()?);
    Ok(())
}

/// PostgreSQL is restored by its own means; the mark has the client compare.
#[test]
fn postgresql_is_restored_by_its_own_means() -> Result<()> {
    let postgres = Postgres::start(true)?;
    postgres.database("lockstep", None)?;
    let slapd = Slapd::start(&SlapdOptions {
        suffix: SUFFIX.into(),
        ldif: Some(content("")),
        ..SlapdOptions::default()
    })?;
    let secrets = tempfile::tempdir()?;
    let file = secrets.path().join("password");
    fs::write(&file, Postgres::PASSWORD)?;
    let more = format!(
        "[server.database]\nurl = \"postgresql://{}@127.0.0.1:{}/lockstep?sslmode=disable\"\npassword_file = \"{}\"\n",
        Postgres::ROLE,
        postgres.port(),
        file.display()
    );
    let mut lockstep = Lockstep::start(Setup { more, ..Setup::of(&slapd) })?;
    refused(&mut lockstep, &["backup", "here.db"], &["pg_dump", "Patroni", "restore --mark"])?;
    refused(&mut lockstep, &["restore", "here.db"], &["pg_restore", "restore --mark"])?;
    lockstep.start_client()?;
    wait_for("a part of the directory to arrive", LIMIT, || {
        lockstep.counts().is_ok_and(|(users, ..)| users > 0).then_some(())
    })?;
    let dump = secrets.path().join("dump");
    postgres.dump("lockstep", &dump)?;
    lockstep.wait_live(LIMIT)?;
    let agrees =
        |lockstep: &Lockstep| expectation::settles(lockstep, &slapd, &MappingSettings::default(), LIMIT);
    agrees(&lockstep)?;
    lockstep.kill_server()?;
    postgres.load("lockstep", &dump)?;
    done(&mut lockstep, &["restore", "--mark"])?;
    lockstep.start_server()?;
    agrees(&lockstep)?;
    ensure!(lockstep.counts()? == (1_000, 10, 0), "{:?}", lockstep.counts()?);
    // Without a change of a row's own, so that nothing else brings it up.
    slapd.ldapmodify(&deleted(&dn("north", 5)))?;
    agrees(&lockstep)
}
