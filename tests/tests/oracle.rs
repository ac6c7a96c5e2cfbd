//! 500 random operations on a real directory, while one part after another is killed or cut: in the end the
//! tenant is what the mapping says of the directory, worked out apart from the sync client.
//!
//! `LOCKSTEP_SEED=n` repeats a run, `LOCKSTEP_OPERATIONS=n` makes it longer.

#![allow(clippy::indexing_slicing, reason = "a JSON value is asked by name; what is absent is null")]

#[path = "support/expectation.rs"]
mod expectation;

use anyhow::{Context, Result};
use lockstep_rules::MappingSettings;
use lockstep_tests::organization::{Dice, Organization, Size};
use lockstep_tests::{Lockstep, Proxy, Setup, Slapd, SlapdOptions};
use serde_json::json;
use std::time::{Duration, Instant};

const SUFFIX: &str = "dc=contoso,dc=com";
/// What the tenant refused is tried again after a minute, as nothing else may tell that its cause is gone.
const LIMIT: Duration = Duration::from_secs(120);

/// What goes wrong while the operations run.
#[derive(Clone, Copy, Debug, Default)]
struct Trouble {
    kills_client: bool,
    kills_server: bool,
    cuts_directory: bool,
    /// Changes that the directory's session log remembers; few make reads with a present phase.
    session_log: u32,
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

fn run(seed: u64, trouble: Trouble) -> Result<()> {
    let seed = number("LOCKSTEP_SEED", seed);
    let mut log = Vec::new();
    let told = |log: &[String]| {
        let last = log.iter().rev().take(40).rev().cloned().collect::<Vec<_>>().join("\n");
        format!("LOCKSTEP_SEED={seed} {trouble:?}; the last operations were:\n{last}")
    };
    play(seed, trouble, &mut log).with_context(|| told(&log))
}

fn play(seed: u64, trouble: Trouble, log: &mut Vec<String>) -> Result<()> {
    let mut organization = Organization::new(SUFFIX, seed, Size { people: 150, groups: 20 });
    let options = SlapdOptions {
        suffix: SUFFIX.into(),
        ldif: Some(organization.ldif()),
        sessionlog: Some(trouble.session_log),
        ..SlapdOptions::default()
    };
    let slapd = Slapd::start(&options)?;
    let proxy = Proxy::start(slapd.address())?;
    // Deletions are the point here, the guard is not.
    let setup = Setup { source_url: proxy.ldap_url(), guard: (100_000, 100), ..Setup::of(&slapd) };
    let mut lockstep = Lockstep::start(setup)?;
    lockstep.start_client()?;
    let settings = MappingSettings::default();
    expectation::settles(&lockstep, &slapd, &settings, LIMIT).context("before the first operation")?;

    let mut dice = Dice::new(seed ^ 0x5eed);
    let mut next_trouble = Instant::now();
    let (mut is_client_down, mut is_server_down, mut troubles) = (false, false, 0_u32);
    for at in 0..number("LOCKSTEP_OPERATIONS", 500) {
        let step = organization.step();
        log.push(format!("{at} {}: {}", step.name, step.records.replace('\n', " | ")));
        slapd.ldapmodify(&step.records)?;
        // The moments are random in time, not in operations: so they fall into any phase of what is killed.
        std::thread::sleep(Duration::from_millis(dice.below(25) as u64));
        if Instant::now() < next_trouble {
            continue;
        }
        next_trouble = Instant::now() + Duration::from_millis(dice.below(500) as u64);
        if is_server_down {
            lockstep.start_server()?;
            is_server_down = false;
            log.push("server started".into());
        } else if is_client_down {
            lockstep.start_client()?;
            is_client_down = false;
            log.push("client started".into());
        } else if trouble.cuts_directory && dice.chance(70) {
            let bytes = dice.below(60_000) as u64;
            proxy.heal();
            match dice.below(3) {
                0 => proxy.cut(),
                1 => proxy.cut_after(bytes),
                _ => {
                    proxy.cut_after(bytes);
                    proxy.cut();
                }
            }
            log.push(format!("directory cut, {bytes}"));
            troubles += 1;
        } else if trouble.kills_server && dice.chance(50) {
            lockstep.kill_server()?;
            is_server_down = true;
            log.push("server killed".into());
            troubles += 1;
        } else if trouble.kills_client {
            lockstep.kill_client()?;
            is_client_down = true;
            log.push("client killed".into());
            troubles += 1;
        }
    }
    anyhow::ensure!(troubles >= 5, "only {troubles} troubles happened; the test shows nothing");
    proxy.heal();
    if is_server_down {
        lockstep.start_server()?;
    }
    if is_client_down {
        lockstep.start_client()?;
    }
    expectation::settles_with(&lockstep, &slapd, &settings, LIMIT, approve_doubt)?;
    // In step means that the client says so as well, and that it has nothing left to do.
    lockstep.wait_live(LIMIT)?;
    let before = lockstep.tenant(&[], false)?;
    lockstep.kill_client()?;
    let done = lockstep.sync_once_well()?;
    let after = lockstep.tenant(&[], false)?;
    for (anchor, object) in &after.objects {
        let old = before.objects.get(anchor).and_then(|object| object.last_sync.clone());
        anyhow::ensure!(old == object.last_sync, "a cycle without a change wrote {anchor}: {}", done.said());
    }
    expectation::settles(&lockstep, &slapd, &settings, Duration::ZERO)
        .context("after a cycle without a change")
}

/// The connection of the very first sync goes on to follow the directory; nothing is cut or killed here.
/// Who moves a whole unit and then deletes its people, while nobody can see either, has a plan held: the unit is
/// not where it was and its people are nowhere, which looks the same as an access rule. The person who did it
/// approves. What the threshold alone would hold is not approved here: it is set so high that nothing is.
fn approve_doubt(lockstep: &Lockstep) -> Result<()> {
    let plan = lockstep.status()?["sync"]["heldPlan"].clone();
    let reason = plan["verdict"]["reason"].as_str().unwrap_or_default();
    if let Some(digest) = plan["deletionsDigest"].as_str().filter(|_| reason.contains("ou=")) {
        // Refused where the plan is another one by now: the next look sees that one.
        lockstep.ask("POST", "/api/v1/orders", Some(&json!({"order": "approve", "digest": digest})))?;
    }
    Ok(())
}

#[test]
fn references_follow_live_on_the_first_connection() -> Result<()> {
    let mut organization = Organization::new(SUFFIX, 9, Size { people: 30, groups: 6 });
    let ldif = Some(organization.ldif());
    let slapd = Slapd::start(&SlapdOptions { suffix: SUFFIX.into(), ldif, ..SlapdOptions::default() })?;
    let mut lockstep = Lockstep::start(Setup { guard: (100_000, 100), ..Setup::of(&slapd) })?;
    lockstep.start_client()?;
    lockstep.wait_live(LIMIT)?;
    let settings = MappingSettings::default();
    for _ in 0..4 {
        let mut log = Vec::new();
        for _ in 0..25 {
            let step = organization.step();
            slapd.ldapmodify(&step.records)?;
            log.push(format!("{}: {}", step.name, step.records.replace('\n', " | ")));
        }
        expectation::settles(&lockstep, &slapd, &settings, LIMIT).with_context(|| log.join("\n"))?;
    }
    Ok(())
}

#[test]
fn the_sync_client_is_killed_at_random_moments() -> Result<()> {
    run(101, Trouble { kills_client: true, session_log: 10_000, ..Trouble::default() })
}

#[test]
fn the_server_is_killed_as_well() -> Result<()> {
    run(202, Trouble { kills_client: true, kills_server: true, session_log: 10_000, ..Trouble::default() })
}

#[test]
fn the_connection_to_the_directory_is_cut_mid_stream() -> Result<()> {
    run(303, Trouble { cuts_directory: true, session_log: 10_000, ..Trouble::default() })
}

#[test]
fn everything_at_once_and_the_directory_remembers_little() -> Result<()> {
    run(404, Trouble { kills_client: true, kills_server: true, cuts_directory: true, session_log: 5 })
}
