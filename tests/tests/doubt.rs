//! Doubt never deletes: everything that makes a directory look empty, short or old ends with an error that names
//! the cause, and with **zero** deletions in the tenant. Each drill is against a real slapd.

mod support;

use anyhow::{Context, Result, ensure};
use lockstep_rules::MappingSettings;
use lockstep_tests::lockstep::Done;
use lockstep_tests::organization::{Organization, Size, deleted, renamed, replaced};
use lockstep_tests::{Lockstep, Proxy, Setup, Slapd, SlapdOptions, wait_for};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::thread;
use std::time::Duration;

const SUFFIX: &str = "dc=contoso,dc=com";
const LIMIT: Duration = Duration::from_secs(60);

/// Organizational units and how many people are in each: 1,000 in all.
const UNITS: &[(&str, usize)] = &[("north", 30), ("south", 300), ("east", 600), ("west", 70)];

/// People without anything wrong, and ten groups.
fn content(note: &str) -> String {
    let mut text = format!(
        "dn: {SUFFIX}\nobjectClass: dcObject\nobjectClass: organization\no: Contoso\ndc: contoso\n\n\
         dn: ou=groups,{SUFFIX}\nobjectClass: organizationalUnit\nou: groups\n\n\
         dn: ou=former,{SUFFIX}\nobjectClass: organizationalUnit\nou: former\n\n\
         dn: ou=staff,{SUFFIX}\nobjectClass: organizationalUnit\nou: staff\n\n"
    );
    for (unit, count) in UNITS {
        let _ =
            writeln!(text, "dn: ou={unit},ou=staff,{SUFFIX}\nobjectClass: organizationalUnit\nou: {unit}\n");
        for number in 0..*count {
            text.push_str(&person(unit, number));
            if !note.is_empty() && number % 2 == 0 {
                let _ = writeln!(text, "description: {note}");
            }
            text.push('\n');
        }
    }
    for group in 0..10 {
        let _ = writeln!(
            text,
            "dn: cn=group{group},ou=groups,{SUFFIX}\nobjectClass: groupOfNames\ncn: group{group}"
        );
        for number in 0..20 {
            let _ = writeln!(text, "member: {}", dn("south", group * 20 + number));
        }
        text.push('\n');
    }
    text
}

fn dn(unit: &str, number: usize) -> String {
    format!("uid={unit}{number},ou={unit},ou=staff,{SUFFIX}")
}

fn person(unit: &str, number: usize) -> String {
    format!(
        "dn: {}\nobjectClass: inetOrgPerson\nuid: {unit}{number}\ncn: {unit} {number}\nsn: {number}\n\
         displayName: Person {number} of {unit}\nmail: {unit}{number}@contoso.com\ntitle: Engineer\n",
        dn(unit, number)
    )
}

struct Drill {
    slapd: Slapd,
    proxy: Proxy,
    lockstep: Lockstep,
    /// Users, groups and deleted objects that the tenant holds before the drill.
    before: (u64, u64, u64),
}

impl Drill {
    /// A directory with 1,000 people behind a proxy, and a server; nothing is synced.
    fn prepared(note: &str, change: impl FnOnce(&mut Setup)) -> Result<Self> {
        let ldif = Some(content(note));
        let slapd = Slapd::start(&SlapdOptions { suffix: SUFFIX.into(), ldif, ..SlapdOptions::default() })?;
        let proxy = Proxy::start(slapd.address())?;
        let mut setup = Setup { source_url: proxy.ldap_url(), ..Setup::of(&slapd) };
        change(&mut setup);
        Ok(Self { lockstep: Lockstep::start(setup)?, slapd, proxy, before: (0, 0, 0) })
    }

    /// [`Drill::prepared`], with everything in the tenant.
    fn synced(change: impl FnOnce(&mut Setup)) -> Result<Self> {
        let mut drill = Self::prepared("", change)?;
        drill.lockstep.sync_once_well()?;
        drill.before = drill.lockstep.counts()?;
        ensure!(drill.before == (1_000, 10, 0), "after the first sync: {:?}", drill.before);
        Ok(drill)
    }

    /// [`Drill::synced`], with a client that follows live.
    fn live(change: impl FnOnce(&mut Setup)) -> Result<Self> {
        let mut drill = Self::synced(change)?;
        drill.lockstep.start_client()?;
        drill.lockstep.wait_live(LIMIT)?;
        Ok(drill)
    }

    /// One cycle that must fail, with a text that names the cause, in what the program says and in the history;
    /// and nothing in the tenant may be other than before.
    fn fails(&mut self, full: bool, result: &str, words: &[&str]) -> Result<Done> {
        let done = self.lockstep.sync_once(full)?;
        ensure!(!done.status.success(), "the cycle should have failed: {}", done.said());
        ensure!(done.status.code().is_some(), "the client crashed: {}", done.said());
        names(&format!("{}{}", done.stdout, done.stderr), words)?;
        let run = self.lockstep.runs()?.into_iter().next().context("no run in the history")?;
        ensure!(run["result"] == result, "the history says {run}");
        if result == "stoppedImport" {
            names(run["error"].as_str().unwrap_or_default(), words).with_context(|| run.to_string())?;
        }
        self.nothing_lost()?;
        Ok(done)
    }

    /// The tenant is as it was.
    fn nothing_lost(&self) -> Result<()> {
        let now = self.lockstep.counts()?;
        ensure!(now == self.before, "users, groups, deleted: {now:?}, before the drill {:?}", self.before);
        let deleted = self.lockstep.pages("/v1.0/directory/deletedItems/microsoft.graph.user?$top=999")?;
        ensure!(deleted.is_empty(), "{} users were deleted", deleted.len());
        Ok(())
    }

    /// After the cure a cycle succeeds, and tenant and directory are the same.
    fn is_well(&mut self) -> Result<()> {
        self.lockstep.sync_once_well()?;
        self.agrees()
    }

    fn agrees(&self) -> Result<()> {
        support::settles(&self.lockstep, &self.slapd, &MappingSettings::default(), LIMIT)
    }

    fn delete_people(&self, unit: &str, numbers: impl Iterator<Item = usize>) -> Result<()> {
        let records: String = numbers.map(|number| deleted(&dn(unit, number))).collect();
        self.slapd.ldapmodify(&records)
    }

    fn held_plan(&self) -> Result<Value> {
        let plan = self.lockstep.status()?["sync"]["heldPlan"].clone();
        ensure!(plan["verdict"]["kind"] == "held", "no plan is held: {plan}");
        Ok(plan)
    }
}

/// That a text has each of the words, in any case.
fn names(text: &str, words: &[&str]) -> Result<()> {
    let lower = text.to_lowercase();
    for word in words {
        ensure!(lower.contains(&word.to_lowercase()), "the text does not say {word:?}: {text}");
    }
    Ok(())
}

fn digest(plan: &Value) -> Result<String> {
    Ok(plan["deletionsDigest"].as_str().with_context(|| format!("no digest in {plan}"))?.to_owned())
}

const STOPPED: &str = "stoppedImport";
const HELD: &str = "stoppedDeletionThresholdExceeded";

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
fn an_access_rule_hides_a_unit_from_the_live_stream() -> Result<()> {
    let mut drill = Drill::live(|_| {})?;
    // The restart loses the session log: what comes next is a present phase, without the hidden people in it.
    drill.slapd.reconfigure(hide("ou=north,ou=staff"))?;
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

fn hide_rule(below: &str) -> String {
    format!("access to dn.subtree=\"{below},{SUFFIX}\" by * none\n")
}

fn hide(below: &'static str) -> impl FnOnce(String) -> String {
    move |conf| {
        conf.replacen(
            "access to attrs=userPassword",
            &format!("{}access to attrs=userPassword", hide_rule(below)),
            1,
        )
    }
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
    let digest = digest(&plan)?;

    // It was meant. The approval is for these 300 and no other: one more, and it counts for nothing.
    drill.delete_people("north", 0..1)?;
    let done = drill.lockstep.run(&["sync", "approve", &digest])?;
    ensure!(done.status.success(), "{}", done.said());
    drill.fails(false, HELD, &["301"])?;
    let digest = self::digest(&drill.held_plan()?)?;
    let done = drill.lockstep.run(&["sync", "approve", &digest])?;
    ensure!(done.status.success(), "{}", done.said());
    drill.is_well()?;
    ensure!(drill.lockstep.counts()? == (699, 10, 301), "{:?}", drill.lockstep.counts()?);
    ensure!(drill.lockstep.status()?["sync"]["heldPlan"].is_null(), "the plan is still held");
    Ok(())
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
    support::settles(&lockstep, &slapd, &settings, LIMIT)?;
    ensure!(!lockstep.errors()?.is_empty(), "no object has an error; the drill shows less than it should");
    let before = lockstep.tenant(&[], false)?;
    std::fs::remove_dir_all(lockstep.state_folder())?;
    lockstep.sync_once_well()?;
    writes_nothing(&lockstep, &before)?;
    support::settles(&lockstep, &slapd, &settings, Duration::ZERO)?;

    // And what changed while it was lost is found, deletions included.
    std::fs::remove_dir_all(lockstep.state_folder())?;
    for _ in 0..50 {
        slapd.ldapmodify(&organization.step().records)?;
    }
    lockstep.sync_once_well()?;
    support::settles(&lockstep, &slapd, &settings, LIMIT)
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
