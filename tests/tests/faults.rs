//! Fault drills of the server, on SQLite and on PostgreSQL: killed while batches are written, its disk full, quarantine
//! under concurrent writers. What was answered is there, whole; of what was not, all or nothing.

#![allow(clippy::indexing_slicing, reason = "a JSON value is asked by name; what is absent is null")]

use anyhow::{Context, Result, ensure};
use lockstep_tests::http::{self, Answer};
use lockstep_tests::provisioning::{Load, gone, send, user};
use lockstep_tests::{Lockstep, Postgres, Setup, SmallDisk, wait_for};
use rusqlite::Connection;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::thread;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(90);

/// A server on a PostgreSQL of its own, whose database is in `space` where one is named.
fn on_postgres(space: Option<&Path>) -> Result<(Lockstep, Postgres, tempfile::TempDir)> {
    let postgres = Postgres::start(true)?;
    match space {
        None => drop(postgres.database("lockstep", None)?),
        Some(folder) => {
            postgres.tablespace("small", folder)?;
            let role = Postgres::ROLE;
            postgres.sql("postgres", &format!("CREATE DATABASE lockstep OWNER {role} TABLESPACE small"))?;
        }
    }
    let secrets = tempfile::tempdir()?;
    let file = secrets.path().join("password");
    std::fs::write(&file, Postgres::PASSWORD)?;
    let more = format!(
        "[server.database]\nurl = \"postgresql://{}@127.0.0.1:{}/lockstep?sslmode=disable\"\npassword_file = \"{}\"\n",
        Postgres::ROLE,
        postgres.port(),
        file.display()
    );
    Ok((Lockstep::start(Setup { more, ..Setup::without_directory() })?, postgres, secrets))
}

/// Kills the server three times while four threads write, and looks each time.
fn killed_while_it_writes(lockstep: &mut Lockstep) -> Result<()> {
    let mut all = Vec::new();
    for round in ["a", "b", "c"] {
        let load = Load::start(lockstep, round, 4);
        wait_for("batches to be answered", LIMIT, || (load.answered() >= 12).then_some(()))?;
        lockstep.kill_server()?;
        all.push(load.end()?);
        lockstep.start_server()?;
        let mut known = lockstep_tests::provisioning::Answered::default();
        for answered in &all {
            ensure!(answered.refused.is_none(), "round {round}: {:?}", answered.refused);
            known.batches.extend(answered.batches.clone());
        }
        lockstep.holds(&known).with_context(|| format!("round {round}"))?;
    }
    Ok(())
}

#[test]
fn a_server_on_sqlite_is_killed_while_it_writes() -> Result<()> {
    let mut lockstep = Lockstep::start(Setup::without_directory())?;
    killed_while_it_writes(&mut lockstep)?;
    lockstep.kill_server()?;
    whole(&lockstep.server_folder().join("tenant.db"))
}

#[test]
fn a_server_on_postgresql_is_killed_while_it_writes() -> Result<()> {
    let (mut lockstep, _postgres, _secrets) = on_postgres(None)?;
    killed_while_it_writes(&mut lockstep)
}

/// Writes until the disk is full, looks, makes room, writes on.
fn full_and_well_again(lockstep: &Lockstep, disk: &SmallDisk, larger: u32) -> Result<()> {
    let load = Load::start(lockstep, "a", 2);
    let answered = load.end()?;
    let refused = answered.refused.clone().context("the disk is not full")?;
    is_told(&refused)?;
    // Reading goes on, and nothing else is written as if it were.
    let page = lockstep.get("/v1.0/users?$top=5&$select=displayName")?;
    ensure!(page["value"].as_array().is_some_and(|users| users.len() == 5), "{page}");
    lockstep.holds(&answered).context("while the disk is full")?;
    disk.grow(larger)?;
    wait_for("a write to be taken again", LIMIT, || {
        let answer = send(lockstep.address(), lockstep.client_token(), &[user("z-0-0", &[])]).ok()?;
        (answer.status == 200).then_some(())
    })?;
    send(lockstep.address(), lockstep.client_token(), &[gone("z-0-0")])?;
    let load = Load::start(lockstep, "b", 2);
    wait_for("batches to be answered again", LIMIT, || (load.answered() >= 6).then_some(()))?;
    load.stop();
    let mut all = load.end()?;
    ensure!(all.refused.is_none(), "{:?}", all.refused);
    all.batches.extend(answered.batches);
    lockstep.holds(&all).context("after there was room again")
}

/// 503 with a time to wait, and a text that says what is full.
fn is_told(answer: &Answer) -> Result<()> {
    let text = answer.text();
    ensure!(answer.status == 503, "HTTP {}: {text}", answer.status);
    ensure!(answer.header("retry-after").is_some(), "no Retry-After: {:?}", answer.headers);
    ensure!(text.contains("no space left on the disk"), "{text}");
    Ok(())
}

#[test]
fn the_disk_of_a_server_on_sqlite_is_full() -> Result<()> {
    let disk = SmallDisk::mount(12)?;
    let folder = disk.path().join("server");
    let variable = ("LOCKSTEP__SERVER__DATA_DIR".to_owned(), folder.display().to_string());
    let mut lockstep = Lockstep::start(Setup { environment: vec![variable], ..Setup::without_directory() })?;
    full_and_well_again(&lockstep, &disk, 200)?;
    lockstep.kill_server()?;
    whole(&folder.join("tenant.db"))
}

#[test]
fn the_disk_of_postgresql_is_full() -> Result<()> {
    let disk = SmallDisk::mount(16)?;
    let folder = disk.path().join("space");
    std::fs::create_dir(&folder)?;
    let (lockstep, postgres, _secrets) = on_postgres(Some(&folder))?;
    full_and_well_again(&lockstep, &disk, 400)?;
    ensure!(postgres.log().contains("No space left on device"), "{}", postgres.log());
    Ok(())
}

/// SQLite's own judgement of a file.
fn whole(path: &Path) -> Result<()> {
    let connection = Connection::open(path)?;
    let found: String = connection.query_row("PRAGMA quick_check", [], |row| row.get(0))?;
    ensure!(found == "ok", "{}: {found}", path.display());
    Ok(())
}

/// Addresses that several want.
const WANTED: usize = 12;
/// Writers, each of which wants every one of them.
const WRITERS: usize = 5;

fn wanting(writer: usize, address: usize) -> (String, Value) {
    let name = format!("w{writer}-{address}");
    let own = format!("{name}@contoso.com");
    let shared = format!("shared{address}@contoso.com");
    let value = user(&name, &[&own, &shared]);
    (name, value)
}

/// Many want the same addresses, all at once; whoever holds one is deleted again and again, and an administrator has the
/// quarantine looked at meanwhile.
fn quarantine_under_writers(lockstep: &Lockstep) -> Result<()> {
    let (to, token) = (lockstep.address(), lockstep.client_token().to_owned());
    let bearer = format!("Bearer {}", lockstep.admin_token());
    let done = thread::scope(|scope| -> Result<()> {
        let mut threads = Vec::new();
        for writer in 0..WRITERS {
            let token = &token;
            threads.push(scope.spawn(move || -> Result<()> {
                for round in 0..6 {
                    for address in 0..WANTED {
                        // Each begins elsewhere, so that each holds some.
                        let address = (address + writer * 3) % WANTED;
                        let (name, wants) = wanting(writer, address);
                        let leaves = round < 5 && (round + address + writer).is_multiple_of(3);
                        let mut operations = vec![wants];
                        if leaves {
                            operations.push(gone(&name));
                        }
                        let answer = send(to, token, &operations)?;
                        ensure!(answer.status == 200, "HTTP {}: {}", answer.status, answer.text());
                    }
                }
                Ok(())
            }));
        }
        let bearer = &bearer;
        threads.push(scope.spawn(move || {
            for _ in 0..40 {
                let headers = [("Authorization", bearer.as_str())];
                let answer = http::request(to, "POST", "/api/v1/errors/recheck", &headers, None)?;
                ensure!(answer.status == 200, "recheck: HTTP {}: {}", answer.status, answer.text());
            }
            Ok(())
        }));
        for thread in threads {
            thread.join().map_err(|_| anyhow::anyhow!("a writer panicked"))??;
        }
        Ok(())
    });
    done?;
    ensure!(lockstep.ask("POST", "/api/v1/errors/recheck", None)?.status == 200, "recheck");
    agrees(lockstep)?;
    // Those who hold are deleted, one after the other; what they held goes to one of those who wait.
    for round in 1..WRITERS {
        let mut leaving = Vec::new();
        for (address, (holder, _)) in holders(lockstep)? {
            ensure!(holder.starts_with('w'), "{address} is held by {holder}");
            leaving.push(gone(&holder));
        }
        let answer = send(to, &token, &leaving)?;
        ensure!(answer.status == 200, "HTTP {}: {}", answer.status, answer.text());
        ensure!(lockstep.ask("POST", "/api/v1/errors/recheck", None)?.status == 200, "recheck");
        agrees(lockstep).with_context(|| format!("round {round}"))?;
        let left = u64::try_from((WRITERS - round) * WANTED)?;
        ensure!(lockstep.counts()?.0 == left, "{:?}", lockstep.counts()?);
    }
    ensure!(lockstep.errors()?.is_empty(), "nobody waits any more: {:?}", lockstep.errors()?);
    Ok(())
}

/// Who holds each shared address, by its name, and how many there are who want it.
fn holders(lockstep: &Lockstep) -> Result<BTreeMap<String, (String, usize)>> {
    let tenant = lockstep.tenant(&["proxyAddresses"], false)?;
    let mut held: BTreeMap<String, (String, usize)> = BTreeMap::new();
    let mut wanted: BTreeMap<String, usize> = BTreeMap::new();
    for (anchor, object) in &tenant.objects {
        let address = anchor.split('-').nth(1).context("an anchor")?;
        let shared = format!("smtp:shared{address}@contoso.com");
        *wanted.entry(shared.clone()).or_default() += 1;
        let addresses = object.properties.get("proxyAddresses").and_then(Value::as_array);
        for one in addresses.into_iter().flatten().filter_map(Value::as_str) {
            if one.to_lowercase() == shared
                && let Some((other, _)) = held.insert(shared.clone(), (anchor.clone(), 0))
            {
                anyhow::bail!("{shared} is held by {anchor} and by {other}");
            }
        }
    }
    for (address, count) in wanted {
        let holder =
            held.get_mut(&address).with_context(|| format!("nobody holds {address}, and {count} want it"))?;
        holder.1 = count;
    }
    Ok(held)
}

/// Each address is held once; everybody else who wants it has one error of it, which names who holds it.
fn agrees(lockstep: &Lockstep) -> Result<()> {
    let holders = holders(lockstep)?;
    let waiting: usize = holders.values().map(|(_, wanted)| wanted - 1).sum();
    let errors = lockstep.errors()?;
    let mut seen = BTreeSet::new();
    for error in &errors {
        let text = error.to_string();
        let value = error["value"].as_str().unwrap_or_default().to_lowercase();
        let value = if value.starts_with("smtp:") { value } else { format!("smtp:{value}") };
        let (holder, _) = holders.get(&value).with_context(|| format!("an error of {value}: {text}"))?;
        ensure!(text.contains(holder.as_str()), "the error does not name {holder}: {text}");
        let object = error["object"].to_string();
        ensure!(seen.insert((object, value)), "told twice: {text}");
    }
    ensure!(errors.len() == waiting, "{} errors, and {waiting} wait: {errors:#?}", errors.len());
    Ok(())
}

#[test]
fn quarantine_is_released_under_writers_on_sqlite() -> Result<()> {
    quarantine_under_writers(&Lockstep::start(Setup::without_directory())?)
}

#[test]
fn quarantine_is_released_under_writers_on_postgresql() -> Result<()> {
    let (lockstep, _postgres, _secrets) = on_postgres(None)?;
    quarantine_under_writers(&lockstep)
}
