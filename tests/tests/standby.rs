//! Stand-by, with two real clients of one real directory: the one that writes is killed, frozen, cut off from the
//! server and from the directory, under a load of changes. In the end the tenant is what the directory means, and
//! its own counts say that each change was carried out once; the time of the hand-over is printed
//! (`cargo nextest run -p lockstep-tests --test standby --no-capture`).

#![allow(clippy::indexing_slicing, reason = "a JSON value is asked by name; what is absent is null")]
#![allow(clippy::print_stdout, reason = "the times of the hand-overs are what an admin asks for")]

#[path = "support/drill.rs"]
mod drill;
#[path = "support/expectation.rs"]
mod expectation;

use anyhow::{Context, Result, ensure};
use drill::{SUFFIX, content, dn, person};
use lockstep_rules::MappingSettings;
use lockstep_tests::http;
use lockstep_tests::organization::{Dice, Organization, Size, deleted, replaced};
use lockstep_tests::{Lockstep, Proxy, Setup, Slapd, SlapdOptions, SyncClient, wait_for};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// The requirement: from the silence of the first to the first write of the second.
const HAND_OVER: Duration = Duration::from_secs(30);
const LIMIT: Duration = Duration::from_secs(90);
/// Users and groups at the beginning.
const USERS: u64 = 1_000;
const GROUPS: u64 = 10;

/// A directory of 1,000 people, a server, and two clients: `one` writes, `two` stands by. Each reaches server and
/// directory through proxies of its own.
struct Pair {
    one: SyncClient,
    two: SyncClient,
    to_server: Proxy,
    to_directory: Proxy,
    lockstep: Lockstep,
    slapd: Arc<Slapd>,
    /// What the tenant had updated before the first change.
    updated_before: u64,
    changes: Changes,
}

/// What was done to the directory. Every object is changed once at most, so that the tenant's counts say how often
/// each change was carried out.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Changes {
    created: u64,
    updated: u64,
    deleted: u64,
}

impl Pair {
    fn start() -> Result<Self> {
        let options =
            SlapdOptions { suffix: SUFFIX.into(), ldif: Some(content("")), ..SlapdOptions::default() };
        let slapd = Slapd::start(&options)?;
        let mut lockstep = Lockstep::start(Setup { guard: (100_000, 100), ..Setup::of(&slapd) })?;
        let to_server = Proxy::start(lockstep.address())?;
        let to_directory = Proxy::start(slapd.address())?;
        let mut one =
            lockstep.another_client("one", Some(to_server.address()), Some(to_directory.ldap_url()))?;
        let mut two = lockstep.another_client("two", None, None)?;
        one.start()?;
        two.start()?;
        let (slapd, changes) = (Arc::new(slapd), Changes::default());
        let mut pair =
            Self { one, two, to_server, to_directory, lockstep, slapd, updated_before: 0, changes };
        // Whichever was first: the drills want `one` to write.
        pair.wait("one of them to write, and the other to stand by", |pair| {
            let roles = (pair.client("one").ok()?, pair.client("two").ok()?);
            if roles.0["role"] == "standby" && roles.1["role"] == "active" && roles.0["state"] == "standby" {
                let _ = pair.lockstep.order(&json!({ "order": "handOver" }));
            }
            let in_step = roles.0["role"] == "active" && roles.0["state"] == "live";
            (in_step && roles.1["role"] == "standby" && roles.1["state"] == "standby").then_some(())
        })?;
        let counts = pair.lockstep.counts()?;
        ensure!(counts == (USERS, GROUPS, 0), "{counts:?}");
        pair.updated_before = pair.metric("lockstep_provisioning_operations_total{outcome=\"updated\"}")?;
        Ok(pair)
    }

    fn wait<T>(&self, what: &str, want: impl Fn(&Self) -> Option<T>) -> Result<T> {
        wait_for(what, LIMIT, || want(self)).with_context(|| {
            let status = self.lockstep.status().map(|status| status["clients"].to_string());
            format!("{status:?}\n{}\n{}", self.one.log(), self.two.log())
        })
    }

    /// What the status says of a client.
    fn client(&self, name: &str) -> Result<Value> {
        let status = self.lockstep.status()?;
        let found = status["clients"].as_array().into_iter().flatten().find(|c| c["serviceAccount"] == name);
        found.cloned().with_context(|| format!("{name} is not in {status}"))
    }

    /// The newest lease of a client.
    fn lease(&self, name: &str) -> Result<Value> {
        let id = self.client(name)?["id"].clone();
        let leases = self.lockstep.get("/api/v1/leases?top=50")?;
        let found = leases["value"].as_array().into_iter().flatten().find(|lease| lease["client"] == id);
        found.cloned().with_context(|| format!("{name} never held a lease: {leases}"))
    }

    /// Waits until a client stands by and could take over.
    fn stands_by(&self, name: &str) -> Result<()> {
        self.wait(&format!("{name} to stand by"), |pair| {
            let client = pair.client(name).ok()?;
            (client["role"] == "standby" && client["state"] == "standby").then_some(())
        })
    }

    /// Waits until a client wrote by a lease higher than `before`, and answers how long after `began` that was
    /// seen. Says so.
    fn hand_over(&self, what: &str, to: &str, before: u64, began: Instant) -> Result<Duration> {
        self.wait(&format!("{to} to write after {what}"), |pair| {
            let lease = pair.lease(to).ok()?;
            (lease["epoch"].as_u64()? > before && lease["lastWrite"].is_string()).then_some(())
        })?;
        let took = began.elapsed();
        println!("hand-over after {what}: {:.1} s", took.as_secs_f64());
        ensure!(took < HAND_OVER, "{to} wrote only {took:?} after {what}");
        Ok(took)
    }

    fn epoch(&self, name: &str) -> Result<u64> {
        self.lease(name)?["epoch"].as_u64().context("no epoch")
    }

    /// Changes the directory while `during` runs. `from` keeps drills of one pair apart.
    fn under_load(&mut self, from: usize, during: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        let stop = Arc::new(AtomicBool::new(false));
        let (slapd, ended) = (Arc::clone(&self.slapd), Arc::clone(&stop));
        let load = thread::spawn(move || load(&slapd, from, &ended));
        let result = during(self);
        stop.store(true, Ordering::SeqCst);
        let changes = load.join().map_err(|_| anyhow::anyhow!("the load panicked"))??;
        self.changes.created += changes.created;
        self.changes.updated += changes.updated;
        self.changes.deleted += changes.deleted;
        result
    }

    /// The tenant is what the directory means, every change was carried out once, and nothing was read whole but
    /// at each client's very first start.
    fn is_well(&self) -> Result<()> {
        expectation::settles(&self.lockstep, &self.slapd, &MappingSettings::default(), LIMIT)
            .with_context(|| format!("{}\n{}", self.one.log(), self.two.log()))?;
        let Changes { created, updated, deleted } = self.changes;
        let counts = (
            self.metric("lockstep_provisioning_operations_total{outcome=\"created\"}")?,
            self.metric("lockstep_provisioning_operations_total{outcome=\"deleted\"}")?,
        );
        ensure!(
            counts == (USERS + GROUPS + created, deleted),
            "created, deleted: {counts:?}, done: {:?}",
            self.changes
        );
        let changed = self.metric("lockstep_provisioning_operations_total{outcome=\"updated\"}")?;
        let changed = changed - self.updated_before;
        ensure!(changed == updated, "{changed} updates were carried out, {updated} were made");
        println!("carried out: {created} additions, {updated} changes, {deleted} deletions; each once");
        let runs = self.lockstep.get("/api/v1/runs?top=500")?;
        let steps = |name: &str| {
            let all = runs["value"].as_array().into_iter().flatten();
            all.filter(|run| run["steps"].as_array().into_iter().flatten().any(|step| step["name"] == name))
                .count()
        };
        ensure!(steps("Full Import") == 2, "{} full reads: {runs}", steps("Full Import"));
        let takeovers =
            runs["value"].as_array().into_iter().flatten().filter(|run| run["trigger"] == "takeOver");
        for run in takeovers {
            let imports = run["steps"].as_array().into_iter().flatten();
            ensure!(
                imports.clone().all(|step| !step["name"].as_str().unwrap_or_default().contains("Import")),
                "a take-over read the directory: {run}"
            );
        }
        Ok(())
    }

    fn metric(&self, name: &str) -> Result<u64> {
        let answer = http::request(
            self.lockstep.address(),
            "GET",
            "/metrics",
            &[("Authorization", &format!("Bearer {}", self.lockstep.admin_token()))],
            None,
        )?;
        let text = answer.text();
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        Ok(line.and_then(|rest| rest.trim().parse().ok()).unwrap_or(0))
    }

    fn refused(&self) -> Result<u64> {
        self.metric("lockstep_provisioning_fenced_total")
    }
}

/// Changes people of the largest unit, from number `from` on, until `stop`: titles, sometimes a person more or less.
/// Nobody is touched twice.
fn load(slapd: &Slapd, from: usize, stop: &AtomicBool) -> Result<Changes> {
    let mut changes = Changes::default();
    for number in from..from + 290 {
        if stop.load(Ordering::SeqCst) {
            break;
        }
        match number % 10 {
            7 => {
                slapd.ldapadd(&person("east", 10_000 + number))?;
                changes.created += 1;
            }
            9 => {
                slapd.ldapmodify(&deleted(&dn("east", number)))?;
                changes.deleted += 1;
            }
            _ => {
                slapd.ldapmodify(&replaced(&dn("east", number), "title", &[format!("Title {number}")]))?;
                changes.updated += 1;
            }
        }
        // The load of a real directory has pauses; the moments of the drills fall between any two changes.
        thread::sleep(Duration::from_millis(100));
    }
    Ok(changes)
}

#[test]
fn the_client_that_writes_is_killed() -> Result<()> {
    let mut pair = Pair::start()?;
    let before = pair.epoch("one")?;
    pair.under_load(0, |pair| {
        thread::sleep(Duration::from_millis(1_500));
        let began = Instant::now();
        pair.one.kill()?;
        pair.hand_over("SIGKILL", "two", before, began).map(drop)
    })?;
    // Back again it finds the lease taken, follows, and reads no more than what changed.
    pair.one.start()?;
    pair.stands_by("one")?;
    pair.is_well()?;
    ensure!(pair.client("two")?["role"] == "active");

    // A clean end hands over at once; and so does an order.
    let before = pair.epoch("two")?;
    pair.under_load(300, |pair| {
        let began = Instant::now();
        pair.two.stop()?;
        let took = pair.hand_over("SIGTERM", "one", before, began)?;
        ensure!(took < Duration::from_secs(10), "a lease that was given back was taken only after {took:?}");
        pair.two.start()?;
        pair.stands_by("two")?;
        // The active one hears of its stand-by with its next renewal.
        let (before, began) = (pair.epoch("one")?, Instant::now());
        pair.wait("the order to be taken", |pair| {
            (pair.lockstep.order(&json!({ "order": "handOver" })).ok()?["answer"] == "accepted").then_some(())
        })?;
        pair.hand_over("an order", "two", before, began).map(drop)
    })?;
    pair.stands_by("one")?;
    pair.is_well()
}

#[test]
fn the_client_that_writes_is_frozen_mid_export_and_wakes_up() -> Result<()> {
    let mut pair = Pair::start()?;
    let before = pair.epoch("one")?;
    let wave: String = (0..3_000).map(|number| person("west", 20_000 + number) + "\n").collect();
    let first = pair.lockstep.counts()?.0;
    let slapd = Arc::clone(&pair.slapd);
    let adding = thread::spawn(move || slapd.ldapadd(&wave));
    pair.wait("the export to begin", |pair| (pair.lockstep.counts().ok()?.0 > first).then_some(()))?;
    pair.one.freeze()?;
    let began = Instant::now();
    adding.join().map_err(|_| anyhow::anyhow!("adding panicked"))??;
    pair.changes.created += 3_000;
    let written = pair.lockstep.counts()?.0;
    ensure!(written < USERS + 3_000, "the export was over before the client was frozen");
    pair.hand_over("SIGSTOP mid-export", "two", before, began)?;
    pair.wait("the rest to be written", |pair| {
        (pair.lockstep.counts().ok()?.0 == USERS + 3_000).then_some(())
    })?;
    let of_one = pair.lease("one")?;
    pair.under_load(0, |pair| {
        pair.one.thaw()?;
        pair.stands_by("one")?;
        thread::sleep(Duration::from_secs(1));
        Ok(())
    })?;
    let now = pair.lease("one")?;
    ensure!(now == of_one, "a fenced client wrote: {of_one} became {now}");
    ensure!(pair.client("two")?["role"] == "active");
    pair.is_well()
}

#[test]
fn writes_that_arrive_late_are_refused_by_the_tenant() -> Result<()> {
    let mut pair = Pair::start()?;
    let before = pair.epoch("one")?;
    ensure!(pair.refused()? == 0);
    // What the client sends from now on is on its way until the network is well: renewals and writes.
    pair.to_server.hold_requests();
    let began = Instant::now();
    pair.under_load(0, |pair| {
        pair.hand_over("a network that holds everything back", "two", before, began)?;
        Ok(())
    })?;
    let of_one = pair.lease("one")?;
    pair.to_server.heal();
    pair.stands_by("one")?;
    pair.is_well()?;
    ensure!(pair.lease("one")? == of_one, "a write of the old leader was taken");
    let refused = pair.refused()?;
    println!("late writes refused by the tenant: {refused}");
    ensure!(refused > 0, "no write of the old leader came to the tenant; the drill shows nothing");
    ensure!(pair.client("two")?["role"] == "active");
    Ok(())
}

#[test]
fn the_network_to_the_server_is_cut() -> Result<()> {
    let mut pair = Pair::start()?;
    for (from, to, what) in [(0, "two", "a cut network"), (300, "one", "SIGSTOP")] {
        let other = if to == "two" { "one" } else { "two" };
        let before = pair.epoch(other)?;
        pair.under_load(from, |pair| {
            thread::sleep(Duration::from_millis(500));
            let began = Instant::now();
            if to == "two" {
                pair.to_server.refuse();
                pair.to_server.cut();
            } else {
                pair.two.freeze()?;
            }
            pair.hand_over(what, to, before, began).map(drop)
        })?;
        pair.to_server.heal();
        if to == "one" {
            pair.two.thaw()?;
        }
        pair.stands_by(other)?;
        pair.is_well()?;
    }
    Ok(())
}

#[test]
fn a_client_that_cannot_read_the_directory_gives_way() -> Result<()> {
    let mut pair = Pair::start()?;
    let before = pair.epoch("one")?;
    pair.under_load(0, |pair| {
        let began = Instant::now();
        pair.to_directory.refuse();
        pair.to_directory.cut();
        pair.hand_over("a cut from the directory", "two", before, began).map(drop)
    })?;
    pair.to_directory.heal();
    pair.stands_by("one")?;
    pair.is_well()
}

/// Random operations on the directory while either client is killed or frozen at random moments: in the end the
/// tenant is what the directory means, errors included. `LOCKSTEP_SEED=n` repeats a run.
#[test]
fn both_fail_at_random_moments() -> Result<()> {
    let seed = std::env::var("LOCKSTEP_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(505);
    random(seed).with_context(|| format!("LOCKSTEP_SEED={seed}"))
}

fn random(seed: u64) -> Result<()> {
    let mut organization = Organization::new(SUFFIX, seed, Size { people: 120, groups: 15 });
    let ldif = Some(organization.ldif());
    let slapd = Slapd::start(&SlapdOptions { suffix: SUFFIX.into(), ldif, ..SlapdOptions::default() })?;
    let more = "[sync.standby]\nterm = \"3s\"\n".to_owned();
    let mut lockstep = Lockstep::start(Setup { guard: (100_000, 100), more, ..Setup::of(&slapd) })?;
    let mut clients =
        [lockstep.another_client("one", None, None)?, lockstep.another_client("two", None, None)?];
    for client in &mut clients {
        client.start()?;
    }
    let settings = MappingSettings::default();
    expectation::settles(&lockstep, &slapd, &settings, LIMIT).context("before the first operation")?;
    let mut dice = Dice::new(seed ^ 0x57a9);
    #[derive(Clone, Copy, PartialEq)]
    enum Trouble {
        Killed,
        Frozen,
    }
    let mut down: [Option<Trouble>; 2] = [None; 2];
    let mut next = Instant::now() + Duration::from_secs(1);
    let mut log = Vec::new();
    for at in 0..700 {
        let step = organization.step();
        log.push(format!("{at} {}: {}", step.name, step.records.replace('\n', " | ")));
        slapd.ldapmodify(&step.records)?;
        // The moments are random in time, not in operations.
        thread::sleep(Duration::from_millis(dice.below(120) as u64));
        if Instant::now() < next {
            continue;
        }
        next = Instant::now() + Duration::from_millis(500 + dice.below(5_000) as u64);
        // One of them is well at any time; who is not comes back before the other is looked for.
        let writes = lockstep.status()?["clients"]
            .as_array()
            .and_then(|all| all.iter().find(|client| client["role"] == "active"))
            .map_or(0, |client| usize::from(client["serviceAccount"] == "two"));
        let other = usize::from(dice.chance(25));
        let which = down.iter().position(Option::is_some).unwrap_or(writes ^ other);
        let (client, state) = (&mut clients[which], &mut down[which]);
        match *state {
            None if dice.chance(50) => {
                client.kill()?;
                *state = Some(Trouble::Killed);
            }
            None => {
                client.freeze()?;
                *state = Some(Trouble::Frozen);
            }
            Some(Trouble::Killed) => {
                client.start()?;
                *state = None;
            }
            Some(Trouble::Frozen) => {
                client.thaw()?;
                *state = None;
            }
        }
        log.push(format!(
            "client {which} is {}",
            state.map_or("well", |t| if t == Trouble::Killed { "killed" } else { "frozen" })
        ));
    }
    for (client, state) in clients.iter_mut().zip(down) {
        match state {
            Some(Trouble::Killed) => client.start()?,
            Some(Trouble::Frozen) => client.thaw()?,
            None => {}
        }
    }
    let leases = lockstep.get("/api/v1/leases?top=500")?;
    let told = || {
        let last = log.iter().rev().take(40).rev().cloned().collect::<Vec<_>>().join("\n");
        format!("{}\n{}\n{last}\n{leases}", clients[0].log(), clients[1].log())
    };
    let given = leases["value"].as_array().map_or(0, Vec::len);
    println!("{given} leases were given");
    ensure!(given >= 4, "only {given} leases were given; the test shows nothing");
    expectation::settles_with(&lockstep, &slapd, &settings, LIMIT, approve_doubt).with_context(told)
}

/// Who moves a whole unit and then deletes its people, while nobody can see either, has a plan held; the person who
/// did it approves (see the oracle).
fn approve_doubt(lockstep: &Lockstep) -> Result<()> {
    let plan = lockstep.status()?["sync"]["heldPlan"].clone();
    let reason = plan["verdict"]["reason"].as_str().unwrap_or_default();
    if let Some(digest) = plan["deletionsDigest"].as_str().filter(|_| reason.contains("ou=")) {
        lockstep.ask("POST", "/api/v1/orders", Some(&json!({"order": "approve", "digest": digest})))?;
    }
    Ok(())
}
