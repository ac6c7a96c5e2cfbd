//! Doubt never deletes: everything that makes a directory look empty, short or old ends with an error that names
//! the cause, and with **zero** deletions in the tenant. Each drill is against a real slapd.

#![allow(clippy::indexing_slicing, reason = "a JSON value is asked by name; what is absent is null")]

#[path = "support/drill.rs"]
mod drill;
#[path = "support/expectation.rs"]
mod expectation;

use anyhow::{Context, Result, ensure};
use drill::{Drill, HELD, LIMIT, STOPPED, SUFFIX, digest, dn, hide, hide_rule, names, person};
use lockstep_rules::MappingSettings;
use lockstep_tests::organization::{Organization, Size, renamed, replaced};
use lockstep_tests::{Lockstep, Setup, Slapd, SlapdOptions, wait_for};
use serde_json::{Value, json};
use std::thread;
use std::time::Duration;

#[test]
fn the_directory_server_is_down() -> Result<()> {
    let mut drill = Drill::synced(|_| {})?;
    drill.slapd.stop()?;
    drill.proxy.refuse();
    for full in [false, true] {
        drill.fails(full, STOPPED, &["ldap://127.0.0.1:"])?;
    }
    drill.proxy.heal();
    drill.slapd.run()?;
    drill.is_well()
}

#[test]
fn the_tenants_server_is_down() -> Result<()> {
    let mut drill = Drill::synced(|_| {})?;
    drill.slapd.ldapmodify(&replaced(&dn("north", 1), "title", &["Boss".into()]))?;
    drill.lockstep.kill_server()?;
    let done = drill.lockstep.sync_once(false)?;
    ensure!(!done.status.success(), "{}", done.said());
    names(&done.stderr, &["http://127.0.0.1:", "cannot be reached"])?;
    drill.lockstep.start_server()?;
    drill.nothing_lost()?;
    drill.is_well()
}

#[test]
fn the_search_base_is_missing() -> Result<()> {
    let base = format!("ou=staff,{SUFFIX}");
    let mut drill = Drill::prepared("", |setup| setup.base_dn.clone_from(&base))?;
    drill.lockstep.sync_once_well()?;
    drill.before = drill.lockstep.counts()?;
    ensure!(drill.before == (1_000, 0, 0), "{:?}", drill.before);
    // Renamed under the feet of the client.
    drill.slapd.ldapmodify(&renamed(&base, "ou=crew", false, None))?;
    for full in [false, true] {
        drill.fails(full, STOPPED, &[&base, "does not exist"])?;
    }
    drill.slapd.ldapmodify(&renamed(&format!("ou=crew,{SUFFIX}"), "ou=staff", true, None))?;
    drill.lockstep.sync_once_well()?;
    drill.nothing_lost()
}

#[test]
fn the_size_limit_ends_the_search_after_500_of_1000() -> Result<()> {
    let limit =
        |conf: String| conf.replace("size=unlimited time=unlimited size.prtotal=unlimited", "size=500");
    let mut drill = Drill::prepared("", |_| {})?;
    drill.slapd.reconfigure(limit)?;
    // A first read that is cut short brings nothing half.
    drill.fails(false, STOPPED, &["size limit", "500"])?;
    drill.slapd.reconfigure(|conf| {
        conf.replace("size=500", "size=unlimited time=unlimited size.prtotal=unlimited")
    })?;
    drill.is_well()?;
    drill.before = drill.lockstep.counts()?;
    drill.slapd.reconfigure(limit)?;
    drill.fails(true, STOPPED, &["size limit", "500"])?;
    // A client that lost its state reads whole as well.
    std::fs::remove_dir_all(drill.lockstep.state_folder())?;
    drill.fails(false, STOPPED, &["size limit", "500"])?;
    drill.slapd.reconfigure(|conf| {
        conf.replace("size=500", "size=unlimited time=unlimited size.prtotal=unlimited")
    })?;
    drill.is_well()
}

#[test]
fn the_time_limit_ends_the_search() -> Result<()> {
    // More than the buffers between the two can hold, so that the server must wait for the reader.
    let mut drill = Drill::prepared(&"long ".repeat(6_000), |_| {})?;
    drill.is_well()?;
    drill.before = drill.lockstep.counts()?;
    drill.slapd.reconfigure(|conf| conf.replace("time=unlimited", "time=1"))?;
    drill.proxy.hold_after(100_000);
    let Drill { proxy, lockstep, .. } = &mut drill;
    let done = thread::scope(|scope| {
        let release = scope.spawn(|| {
            wait_for("the read to stand still", LIMIT, || proxy.is_holding().then_some(()))?;
            // The server's limit is one second; its clock has whole seconds.
            thread::sleep(Duration::from_millis(2_500));
            proxy.heal();
            Ok::<(), anyhow::Error>(())
        });
        let done = lockstep.sync_once(true);
        release.join().map_err(|_| anyhow::anyhow!("the thread panicked"))??;
        done
    })?;
    ensure!(!done.status.success(), "{}", done.said());
    names(&done.stderr, &["time limit"])?;
    let run = drill.lockstep.runs()?.into_iter().next().context("no run")?;
    ensure!(run["result"] == STOPPED, "{run}");
    names(run["error"].as_str().unwrap_or_default(), &["time limit"])?;
    drill.nothing_lost()?;
    drill.slapd.reconfigure(|conf| conf.replace("time=1", "time=unlimited"))?;
    drill.is_well()
}

#[test]
fn the_connection_is_cut_mid_stream() -> Result<()> {
    let mut drill = Drill::synced(|_| {})?;
    for bytes in [2_000, 20_000, 150_000] {
        drill.proxy.cut_after(bytes);
        drill
            .fails(true, STOPPED, &["ldap://127.0.0.1:"])
            .with_context(|| format!("cut after {bytes} bytes"))?;
        drill.proxy.heal();
    }
    drill.is_well()
}

#[test]
fn an_access_rule_hides_a_unit_from_a_full_read() -> Result<()> {
    let mut drill = Drill::synced(|_| {})?;
    drill.slapd.reconfigure(hide("ou=north,ou=staff"))?;
    // 30 people of 1,000: far below the threshold.
    drill.fails(true, HELD, &["ou=north,ou=staff"])?;
    let plan = drill.held_plan()?;
    names(plan["verdict"]["reason"].as_str().unwrap_or_default(), &["ou=north,ou=staff", "30"])?;
    drill.fails(true, HELD, &["ou=north,ou=staff"]).context("a second time")?;
    drill.slapd.reconfigure(|conf| conf.replacen(&hide_rule("ou=north,ou=staff"), "", 1))?;
    let done = drill.lockstep.sync_once(true)?;
    ensure!(done.status.success(), "{}", done.said());
    ensure!(drill.lockstep.status()?["sync"]["heldPlan"].is_null(), "the held plan did not lapse");
    drill.nothing_lost()?;
    drill.agrees()
}

#[test]
fn an_access_rule_hides_everything() -> Result<()> {
    let mut drill = Drill::synced(|_| {})?;
    drill.slapd.reconfigure(hide("ou=staff"))?;
    drill.fails(true, HELD, &["ou=staff"])?;
    // Now even the base.
    drill.slapd.reconfigure(|conf| {
        let rule = format!("access to dn.subtree=\"{SUFFIX}\" by anonymous auth by * none\n");
        conf.replacen("access to attrs=userPassword", &format!("{rule}access to attrs=userPassword"), 1)
    })?;
    drill.fails(true, STOPPED, &[SUFFIX])?;
    Ok(())
}

#[test]
fn a_unit_is_emptied_while_the_client_is_away() -> Result<()> {
    let mut drill = Drill::synced(|_| {})?;
    drill.delete_people("south", 0..300)?;
    drill.slapd.ldapmodify(&replaced(&dn("east", 7), "title", &["Boss".into()]))?;
    for full in [false, true, false] {
        drill.fails(full, HELD, &["300"])?;
        // Nothing of the plan is written, not even what deletes nothing.
        let boss = drill.lockstep.get("/v1.0/users/east7@contoso.com?$select=jobTitle")?;
        ensure!(boss["jobTitle"] == "Engineer", "a part of the held plan was written: {boss}");
    }
    let plan = drill.held_plan()?;
    ensure!(plan["counts"]["user"]["delete"] == 300, "{plan}");
    let first = digest(&plan)?;

    // It was meant. The approval is for these 300 and no other: one more, and it counts for nothing.
    drill.delete_people("north", 0..1)?;
    let done = drill.lockstep.run(&["sync", "approve", &first])?;
    ensure!(done.status.success(), "{}", done.said());
    drill.fails(false, HELD, &["301"])?;
    let second = digest(&drill.held_plan()?)?;
    let done = drill.lockstep.run(&["sync", "approve", &second])?;
    ensure!(done.status.success(), "{}", done.said());
    drill.is_well()?;
    ensure!(drill.lockstep.counts()? == (699, 10, 301), "{:?}", drill.lockstep.counts()?);
    ensure!(drill.lockstep.status()?["sync"]["heldPlan"].is_null(), "the plan is still held");
    Ok(())
}

#[test]
fn the_directory_is_restored_from_an_older_backup() -> Result<()> {
    let mut drill = Drill::prepared("", |_| {})?;
    let backup = drill.slapd.snapshot()?;
    let later: String = (0..20).map(|n| format!("{}\n", person("west", 1_000 + n))).collect();
    drill.slapd.ldapadd(&later)?;
    drill.lockstep.sync_once_well()?;
    drill.before = drill.lockstep.counts()?;
    ensure!(drill.before == (1_020, 10, 0), "{:?}", drill.before);
    drill.slapd.restore(&backup)?;
    drill.fails(false, STOPPED, &["back in time"])?;
    // Even a full read, which sees 20 people less, deletes nobody by itself: 20 of 1,020 are below the threshold.
    let done = drill.lockstep.sync_once(true)?;
    ensure!(!done.status.success(), "{}", done.said());
    drill.nothing_lost()
}

#[test]
fn the_cookie_is_lost() -> Result<()> {
    let mut drill = Drill::synced(|_| {})?;
    let before = drill.lockstep.tenant(&[], false)?;
    forget_watermark(&drill.lockstep)?;
    drill.lockstep.sync_once_well()?;
    drill.nothing_lost()?;
    writes_nothing(&drill.lockstep, &before)?;
    let run = drill.lockstep.runs()?.into_iter().next().context("no run")?;
    ensure!(
        run["steps"].to_string().contains("Full Import"),
        "everything should have been read again: {run}"
    );
    // Lost again, and somebody is gone meanwhile: that is told from doubt.
    forget_watermark(&drill.lockstep)?;
    drill.delete_people("east", 0..3)?;
    drill.is_well()?;
    ensure!(drill.lockstep.counts()? == (997, 10, 3), "{:?}", drill.lockstep.counts()?);
    Ok(())
}

#[test]
fn the_clients_state_folder_is_lost() -> Result<()> {
    // With conflicts and dangling references: what is not in force is not a difference either.
    let mut organization = Organization::new(SUFFIX, 7, Size { people: 150, groups: 20 });
    let ldif = Some(organization.ldif());
    let slapd = Slapd::start(&SlapdOptions { suffix: SUFFIX.into(), ldif, ..SlapdOptions::default() })?;
    let mut lockstep = Lockstep::start(Setup { guard: (100_000, 100), ..Setup::of(&slapd) })?;
    let settings = MappingSettings::default();
    lockstep.sync_once_well()?;
    for _ in 0..150 {
        slapd.ldapmodify(&organization.step().records)?;
    }
    lockstep.sync_once_well()?;
    expectation::settles(&lockstep, &slapd, &settings, LIMIT)?;
    ensure!(!lockstep.errors()?.is_empty(), "no object has an error; the drill shows less than it should");
    let before = lockstep.tenant(&[], false)?;
    std::fs::remove_dir_all(lockstep.state_folder())?;
    lockstep.sync_once_well()?;
    writes_nothing(&lockstep, &before)?;
    expectation::settles(&lockstep, &slapd, &settings, Duration::ZERO)?;

    // And what changed while it was lost is found, deletions included.
    std::fs::remove_dir_all(lockstep.state_folder())?;
    for _ in 0..50 {
        slapd.ldapmodify(&organization.step().records)?;
    }
    lockstep.sync_once_well()?;
    expectation::settles(&lockstep, &slapd, &settings, LIMIT)
}

/// Takes the watermark out of a client's state, as if it had never been stored; the objects stay.
fn forget_watermark(lockstep: &Lockstep) -> Result<()> {
    let state = rusqlite::Connection::open(lockstep.state_folder().join("state.db"))?;
    let text: String = state.query_row("SELECT json FROM meta", [], |row| row.get(0))?;
    let mut meta: Value = serde_json::from_str(&text)?;
    ensure!(!meta["watermark"].is_null(), "there was no watermark to lose: {meta}");
    meta["watermark"] = Value::Null;
    state.execute("UPDATE meta SET json = ?1", [meta.to_string()])?;
    Ok(())
}

/// The newest run wrote nothing, by its own counts and by the tenant's times.
fn writes_nothing(lockstep: &Lockstep, before: &lockstep_tests::Tenant) -> Result<()> {
    let run = lockstep.runs()?.into_iter().next().context("no run in the history")?;
    for kind in ["user", "group"] {
        for (outcome, count) in run["counts"][kind].as_object().into_iter().flatten() {
            ensure!(outcome == "unchanged" || count == 0, "the run wrote: {run}");
        }
    }
    ensure!(run["membersAdded"] == 0 && run["membersRemoved"] == 0, "the run wrote links: {run}");
    let after = lockstep.tenant(&[], false)?;
    ensure!(
        after.objects.len() == before.objects.len(),
        "{} objects, before {}",
        after.objects.len(),
        before.objects.len()
    );
    for (anchor, object) in &after.objects {
        let old = before.objects.get(anchor).with_context(|| format!("{anchor} is new"))?;
        ensure!(old.id == object.id, "{anchor} has another id");
        ensure!(old.last_sync == object.last_sync, "{anchor} was written though nothing changed: {run}");
    }
    Ok(())
}

#[test]
fn a_preview_writes_nothing_and_moves_nothing() -> Result<()> {
    let mut drill = Drill::synced(|_| {})?;
    let before = drill.lockstep.tenant(&["jobTitle"], false)?;
    for number in 0..5 {
        drill.slapd.ldapmodify(&replaced(&dn("east", number), "title", &["Boss".into()]))?;
    }
    drill.delete_people("east", 10..12)?;
    let plan = |drill: &mut Drill| -> Result<Value> {
        let done = drill.lockstep.run(&["sync", "preview", "--output", "json"])?;
        ensure!(done.status.success(), "{}", done.said());
        let mut plan: Value = serde_json::from_str(&done.stdout).with_context(|| done.said())?;
        // Each preview is a plan of its own; what it would do is the same.
        for field in ["id", "madeAt"] {
            if let Some(summary) = plan["summary"].as_object_mut() {
                summary.remove(field);
            }
        }
        Ok(plan)
    };
    let first = plan(&mut drill)?;
    ensure!(first["summary"]["counts"]["user"]["update"] == 5, "{first}");
    ensure!(first["summary"]["counts"]["user"]["delete"] == 2, "{first}");
    ensure!(plan(&mut drill)? == first, "a second preview differs");
    drill.nothing_lost()?;
    let after = drill.lockstep.tenant(&["jobTitle"], false)?;
    for (anchor, object) in &after.objects {
        let old = before.objects.get(anchor).with_context(|| format!("{anchor} is new"))?;
        ensure!(
            old.last_sync == object.last_sync && old.properties == object.properties,
            "the preview wrote {anchor}"
        );
    }
    // The work is still to be done.
    drill.is_well()?;
    let run = drill.lockstep.runs()?.into_iter().next().context("no run")?;
    ensure!(run["counts"]["user"]["updated"] == 5 && run["counts"]["user"]["deleted"] == 2, "{run}");
    Ok(())
}

#[test]
fn leaving_the_scope_is_not_being_deleted() -> Result<()> {
    let former = format!("ou=former,{SUFFIX}");
    let mut drill = Drill::synced(|setup| setup.source = format!("exclude = [\"{former}\"]"))?;
    drill.slapd.ldapmodify(&renamed(&dn("east", 1), "uid=east1", false, Some(&former)))?;
    drill.delete_people("east", 2..3)?;
    let done = drill.lockstep.run(&["sync", "preview", "--output", "json"])?;
    let plan: Value = serde_json::from_str(&done.stdout).with_context(|| done.said())?;
    let reason = |name: &str| {
        let mut items = plan["items"].as_array().into_iter().flatten();
        items
            .find(|item| item["name"].as_str().is_some_and(|n| n.contains(name)))
            .map(|item| item["reason"].clone())
    };
    ensure!(reason("Person 1 of east") == Some(json!("leftScope")), "{plan}");
    ensure!(reason("Person 2 of east") == Some(json!("deletedInSource")), "{plan}");
    drill.lockstep.sync_once_well()?;
    ensure!(drill.lockstep.counts()? == (998, 10, 2), "{:?}", drill.lockstep.counts()?);
    // Back in the scope, the same object comes back.
    drill.slapd.ldapmodify(&renamed(
        &format!("uid=east1,{former}"),
        "uid=east1",
        false,
        Some(&format!("ou=east,ou=staff,{SUFFIX}")),
    ))?;
    drill.lockstep.sync_once_well()?;
    ensure!(drill.lockstep.counts()? == (999, 10, 1), "{:?}", drill.lockstep.counts()?);
    Ok(())
}
