//! The doubt drills that concern a client which follows the directory live. See `doubt.rs`.

#![allow(clippy::indexing_slicing, reason = "a JSON value is asked by name; what is absent is null")]

#[path = "support/drill.rs"]
mod drill;
#[path = "support/expectation.rs"]
mod expectation;

use anyhow::{Result, ensure};
use drill::{Drill, LIMIT, digest, dn, hide, hide_rule, names, person};
use lockstep_tests::organization::replaced;
use lockstep_tests::{Lockstep, wait_for};
use serde_json::{Value, json};

#[test]
fn an_access_rule_hides_a_unit_from_the_live_stream() -> Result<()> {
    let mut drill = Drill::live(|_| {})?;
    // Without a session log, what comes next is a present phase, and the hidden people are not in it.
    drill
        .slapd
        .reconfigure(|conf| hide("ou=north,ou=staff")(conf.replace("syncprov-sessionlog 10000", "")))?;
    drill.slapd.ldapmodify(&replaced(&dn("south", 7), "title", &["Boss".into()]))?;
    drill
        .lockstep
        .wait_status("the plan to be held", LIMIT, |status| status["sync"]["clientState"] == "held")?;
    drill.nothing_lost()?;
    names(drill.held_plan()?["verdict"]["reason"].as_str().unwrap_or_default(), &["ou=north,ou=staff"])?;
    drill.slapd.reconfigure(|conf| conf.replacen(&hide_rule("ou=north,ou=staff"), "", 1))?;
    drill.lockstep.order(&json!({"order": "syncNow", "full": true}))?;
    drill.lockstep.wait_live(LIMIT)?;
    drill.nothing_lost()?;
    drill.agrees()
}

#[test]
fn a_unit_is_emptied_live_and_exactly_that_plan_is_approved() -> Result<()> {
    let mut drill = Drill::live(|setup| setup.settle = "1s".into())?;
    drill.delete_people("south", 0..300)?;
    let held = |status: &Value, count: u64| {
        status["sync"]["clientState"] == "held"
            && status["sync"]["heldPlan"]["counts"]["user"]["delete"] == count
    };
    drill.lockstep.wait_status("300 deletions to be held", LIMIT, |status| held(status, 300))?;
    drill.nothing_lost()?;
    let first = digest(&drill.held_plan()?)?;

    // The directory goes on: what was to be approved is not what would be written.
    drill.delete_people("north", 0..1)?;
    drill.lockstep.wait_status("301 deletions to be held", LIMIT, |status| held(status, 301))?;
    let second = digest(&drill.held_plan()?)?;
    ensure!(first != second, "two plans have one digest");
    let stale = drill.lockstep.order(&json!({"order": "approve", "digest": first}))?;
    ensure!(stale["answer"] == "refused", "a plan that is not held was approved: {stale}");
    drill.nothing_lost()?;

    let answer = drill.lockstep.order(&json!({"order": "approve", "digest": second}))?;
    ensure!(answer["answer"] == "accepted", "{answer}");
    drill.lockstep.wait_live(LIMIT)?;
    drill.agrees()?;
    let now = drill.lockstep.counts()?;
    ensure!(now == (699, 10, 301), "users, groups, deleted: {now:?}");

    // The approval is used up: the next mass deletion is held again.
    drill.before = now;
    drill.delete_people("east", 0..200)?;
    drill.lockstep.wait_status("200 deletions to be held", LIMIT, |status| held(status, 200))?;
    ensure!(drill.lockstep.counts()? == now, "{:?}", drill.lockstep.counts()?);
    Ok(())
}

#[test]
fn a_slow_trickle_of_deletions_meets_the_guard_as_well() -> Result<()> {
    // Each deletion is a plan of its own.
    let mut drill = Drill::live(|setup| setup.settle = "1ms".into())?;
    for number in 0..300 {
        drill.delete_people("south", number..number + 1)?;
    }
    drill
        .lockstep
        .wait_status("a plan to be held", LIMIT, |status| status["sync"]["clientState"] == "held")?;
    let (users, _, deleted) = drill.lockstep.counts()?;
    ensure!(deleted <= 100 && users + deleted == 1_000, "{deleted} of 1,000 people went without approval");
    Ok(())
}

#[test]
fn the_directory_is_restored_from_an_older_backup_under_a_live_client() -> Result<()> {
    let mut drill = Drill::prepared("", |_| {})?;
    let backup = drill.slapd.snapshot()?;
    let later: String = (0..20).map(|n| format!("{}\n", person("west", 1_000 + n))).collect();
    drill.slapd.ldapadd(&later)?;
    drill.lockstep.sync_once_well()?;
    drill.before = drill.lockstep.counts()?;
    drill.lockstep.start_client()?;
    drill.lockstep.wait_live(LIMIT)?;
    drill.slapd.restore(&backup)?;
    drill.lockstep.wait_status("the error", LIMIT, |status| {
        status["sync"]["clientDetail"].as_str().is_some_and(|text| text.contains("back in time"))
    })?;
    // Life goes on there, and makes a change newer than all that was read.
    drill.slapd.ldapmodify(&replaced(&dn("south", 7), "title", &["Boss".into()]))?;
    drill.lockstep.order(&json!({"order": "syncNow", "full": false}))?;
    drill.lockstep.wait_status("an error or a held plan", LIMIT, |status| {
        ["failed", "held"].iter().any(|state| status["sync"]["clientState"] == *state)
    })?;
    drill.nothing_lost()
}

#[test]
fn a_conflict_names_both_objects_and_vanishes_with_its_cause() -> Result<()> {
    let drill = Drill::live(|_| {})?;
    drill.slapd.ldapmodify(&replaced(&dn("west", 1), "mail", &["west2@contoso.com".into()]))?;
    let conflicts = |lockstep: &Lockstep| -> Result<Vec<Value>> {
        Ok(lockstep.errors()?.into_iter().filter(|error| error["code"] == "PropertyConflict").collect())
    };
    let rows =
        wait_for("the conflict", LIMIT, || conflicts(&drill.lockstep).ok().filter(|rows| !rows.is_empty()))?;
    for row in &rows {
        ensure!(row["object"]["name"] == "Person 1 of west", "{row}");
        ensure!(row["other"]["name"] == "Person 2 of west", "{row}");
        names(row["message"].as_str().unwrap_or_default(), &["Person 1 of west", "Person 2 of west"])?;
        ensure!(!row["remedy"].as_str().unwrap_or_default().is_empty(), "no remedy: {row}");
    }
    ensure!(rows.iter().any(|row| row["property"] == "proxyAddresses"), "{rows:?}");
    drill.agrees()?;
    // The other one gives the address up: it goes to who waits for it, without anybody touching that one.
    drill.slapd.ldapmodify(&replaced(&dn("west", 2), "mail", &["somebody@contoso.com".into()]))?;
    wait_for("the conflict to vanish", LIMIT, || conflicts(&drill.lockstep).ok().filter(Vec::is_empty))?;
    let user = drill.lockstep.get("/v1.0/users/west2@contoso.com?$select=displayName,mail")?;
    ensure!(user["displayName"] == "Person 1 of west", "{user}");
    drill.agrees()
}
