//! How fast a tenant takes a first load: users, groups and memberships in batches, each durable when answered.
//!
//! `cargo run --release -p lockstep-storage --example provision_speed -- [people] [batch] [folder or postgresql://...]`
//! Prints seconds by phase, the file's size and the process's peak memory. A PostgreSQL database must be empty.

#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::indexing_slicing, clippy::expect_used)]

use lockstep_model::provisioning::{BulkOperation, PostOperation};
use lockstep_model::scim::{ScimGroup, ScimPatch, ScimUser, path_of};
use lockstep_model::{ClientId, ObjectKind, Properties, Property, RunId, SourceAnchor, Timestamp};
use lockstep_storage::postgres::Options;
use lockstep_storage::{PostgresTenantStore, SqliteTenantStore};
use lockstep_tenant::{Comparison, Field, Filter, ListQuery, Literal, SortKey, TenantSetup, TenantStore};
use std::time::{Duration, Instant};

/// A well-mixed number: anchors of a directory come in no order.
fn mix(n: u64) -> u64 {
    let mut x = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

fn anchor(kind: &str, n: u64) -> SourceAnchor {
    let (a, b) = (mix(n * 2 + u64::from(kind == "g") * 1_000_000_007), mix(n * 2 + 1));
    let uuid = uuid::Uuid::from_u64_pair(a, b);
    SourceAnchor::from_uuid(uuid)
}

const FIRST: [&str; 8] = ["Ann", "Bob", "Chloé", "Dmitri", "Elif", "Fatima", "Günther", "Łucja"];
const LAST: [&str; 8] = ["Ærø", "Baker", "Çelik", "Diaz", "Eriksson", "Kowalski", "Lee", "Müller"];

fn user(n: u64, people: u64) -> BulkOperation {
    let (first, last) = (FIRST[(mix(n) % 8) as usize], LAST[(mix(n) / 16 % 8) as usize]);
    let mut p = Properties::new();
    let uid = format!("user{n:07}");
    let mail = format!("{uid}@contoso.com");
    p.set_flag(Property::AccountEnabled, true);
    p.set_text(Property::DisplayName, format!("{first} {last} {n}"));
    p.set_text(Property::GivenName, first);
    p.set_text(Property::Surname, last);
    p.set_text(Property::Mail, &*mail);
    p.set_list(
        Property::ProxyAddresses,
        vec![format!("SMTP:{mail}"), format!("smtp:{uid}.alias@contoso.com")],
    );
    p.set_text(Property::UserPrincipalName, &*mail);
    p.set_text(Property::OnPremisesUserPrincipalName, &*mail);
    p.set_text(Property::MailNickname, &*uid);
    p.set_text(Property::OnPremisesSamAccountName, &*uid);
    p.set_text(Property::OnPremisesDistinguishedName, format!("uid={uid},ou=people,dc=contoso,dc=com"));
    p.set_text(Property::Department, format!("Department {}", n % 40));
    p.set_text(Property::JobTitle, "Engineer");
    p.set_text(Property::City, "Zug");
    p.set_text(Property::EmployeeId, n.to_string());
    p.set_list(Property::BusinessPhones, vec![format!("+41 41 {n:07}")]);
    let boss = (!n.is_multiple_of(10)).then(|| anchor("u", n / 10 * 10 % people));
    let user = ScimUser::from_properties(&anchor("u", n), &p, boss);
    BulkOperation::Post(PostOperation::User(Box::new(user)))
}

fn group(n: u64) -> BulkOperation {
    let mut p = Properties::new();
    p.set_text(Property::DisplayName, format!("Group {n}"));
    p.set_flag(Property::SecurityEnabled, true);
    p.set_text(Property::OnPremisesDistinguishedName, format!("cn=g{n},ou=groups,dc=contoso,dc=com"));
    BulkOperation::Post(PostOperation::Group(Box::new(ScimGroup::from_properties(&anchor("g", n), &p))))
}

fn members(people: u64, groups: u64) -> Vec<BulkOperation> {
    let mut operations = Vec::new();
    for g in 0..groups {
        // One group of half of all, the others of about 110.
        let (count, step) = if g == 0 { (people / 2, 2) } else { (people * 1115 / 1_000_000, 7 * g + 1) };
        let all: Vec<SourceAnchor> = (0..count).map(|i| anchor("u", (g + i * step) % people)).collect();
        for part in all.chunks(2_000) {
            let data = ScimPatch::members(part.to_vec(), Vec::new());
            operations.push(BulkOperation::Patch { path: path_of(ObjectKind::Group, &anchor("g", g)), data });
        }
    }
    operations
}

/// One field of `/proc/self/status`, kB.
fn memory(field: &str) -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(field)).unwrap_or_default();
    line.split_whitespace().nth(1).unwrap_or("?").into()
}

/// Seconds of CPU that the process has used.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|f| f.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / 100.0
}

/// Batches that are sent before the first is answered.
const IN_FLIGHT: usize = 14;

async fn finish<E: std::fmt::Debug>(batch: Option<tokio::task::JoinHandle<Result<(), E>>>) {
    if let Some(batch) = batch {
        batch.await.unwrap().unwrap();
    }
}

async fn load(
    store: &(impl TenantStore + Clone),
    what: &str,
    operations: Vec<BulkOperation>,
    batch: usize,
    now: Timestamp,
) -> f64 {
    let count = operations.len();
    let batches: Vec<Vec<BulkOperation>> = operations.chunks(batch).map(<[_]>::to_vec).collect();
    drop(operations);
    let (start, cpu) = (Instant::now(), cpu_seconds());
    // As many batches in flight as the sync client has in a large export.
    let mut waiting = std::collections::VecDeque::new();
    for batch in batches {
        if waiting.len() == IN_FLIGHT {
            finish(waiting.pop_front()).await;
        }
        let store = store.clone();
        let (client, run) = (ClientId(uuid::Uuid::nil()), RunId(uuid::Uuid::nil()));
        waiting.push_back(tokio::spawn(async move {
            store.provision(client.into(), Some(run), batch, now).await.map(drop)
        }));
    }
    while !waiting.is_empty() {
        finish(waiting.pop_front()).await;
    }
    let took = start.elapsed().as_secs_f64();
    let cpu = cpu_seconds() - cpu;
    println!("{what}: {count} operations, {took:.2} s ({cpu:.2} s of CPU), peak {} kB", memory("VmHWM"));
    took
}

async fn ask(store: &impl TenantStore, what: &str, query: ListQuery) {
    let mut times: Vec<Duration> = Vec::new();
    let (mut items, mut count) = (0, None);
    for _ in 0..50 {
        let start = Instant::now();
        let page = store.list(query.clone()).await.unwrap();
        times.push(start.elapsed());
        (items, count) = (page.items.len(), page.count);
    }
    times.sort();
    println!("{what}: p50 {:.2?}, p99 {:.2?} ({items} items, count {count:?})", times[25], times[49]);
}

async fn questions(store: &impl TenantStore) {
    let users = ListQuery { kind: Some(ObjectKind::User), top: 100, count: true, ..Default::default() };
    let by = |property, descending| Some(SortKey { field: Field::Property(property), descending });
    let text = |property, how, value: &str| {
        let value = Literal::Text(value.into());
        Some(Filter::Compare { field: Field::Property(property), how, value })
    };
    let sort = by(Property::DisplayName, false);
    ask(store, "page by name", ListQuery { sort, ..users.clone() }).await;
    let name = by(Property::UserPrincipalName, true);
    ask(store, "page by user name", ListQuery { sort: name, ..users.clone() }).await;
    ask(store, "page by mail", ListQuery { sort: by(Property::Mail, false), ..users.clone() }).await;
    for term in ["m", "mül", "user00123", "ann lee", "ann 99"] {
        let query = ListQuery { search: Some(term.into()), sort, ..users.clone() };
        ask(store, &format!("search {term}"), query).await;
    }
    let filter = text(Property::UserPrincipalName, Comparison::Eq, "user0000077@contoso.com");
    ask(store, "user name eq", ListQuery { filter, ..users.clone() }).await;
    let filter = text(Property::DisplayName, Comparison::StartsWith, "łucja k");
    ask(store, "displayName startsWith", ListQuery { filter, sort, ..users.clone() }).await;
    let filter = text(Property::Department, Comparison::Eq, "Department 7");
    ask(store, "department eq", ListQuery { filter, ..users.clone() }).await;
    let filter = Some(Filter::HasErrors { category: None });
    ask(store, "with errors", ListQuery { filter, ..users.clone() }).await;
    let start = Instant::now();
    store.counts().await.unwrap();
    println!("counts: {:.2?}", start.elapsed());
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let people: u64 = arguments.next().map_or(100_000, |n| n.parse().unwrap());
    let batch: usize = arguments.next().map_or(2_000, |n| n.parse().unwrap());
    let place = arguments.next();
    if let Some(url) = place.as_deref().filter(|place| place.starts_with("postgres")) {
        let store = PostgresTenantStore::connect(url, None, &Options::default()).await.unwrap();
        return measure(&store, people, batch).await;
    }
    let folder = place.map_or_else(std::env::temp_dir, Into::into).join("lockstep-provision-speed");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    let store = SqliteTenantStore::open(&folder.join("tenant.db")).unwrap();
    measure(&store, people, batch).await;
    for file in std::fs::read_dir(&folder).unwrap().flatten() {
        println!("{}: {} kB", file.file_name().to_string_lossy(), file.metadata().unwrap().len() / 1024);
    }
    drop(store);
    let _ = std::fs::remove_dir_all(&folder);
}

async fn measure(store: &(impl TenantStore + Clone), people: u64, batch: usize) {
    let now = Timestamp::from_second(1_790_000_000).unwrap();
    let setup = TenantSetup {
        display_name: "Contoso".into(),
        initial_domain: "contoso.onlockstep.example".into(),
        domains: vec![("contoso.com".into(), true)],
    };
    store.set_up(setup, now).await.unwrap();
    let groups = (people / 100).max(1);
    println!("before: {} kB", memory("VmHWM"));
    let part = 100_000;
    let mut all = 0.0;
    for from in (0..people).step_by(part) {
        let users: Vec<_> = (from..people.min(from + part as u64)).map(|n| user(n, people)).collect();
        all += load(store, &format!("users from {from}"), users, batch, now).await;
    }
    all += load(store, "groups", (0..groups).map(group).collect(), batch, now).await;
    all += load(store, "memberships", members(people, groups), 20, now).await;
    println!("all: {all:.2} s");
    println!("{:?}", store.counts().await.unwrap());
    let users: Vec<_> = (0..people.min(20_000)).map(|n| user(n, people)).collect();
    load(store, "the same users again", users, batch, now).await;
    questions(store).await;
    let start = Instant::now();
    let mut after = None;
    let mut items = 0;
    loop {
        let page = store.inventory(after, 5_000).await.unwrap();
        items += page.items.len();
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    println!("inventory of {items}: {:.2?}; peak {} kB", start.elapsed(), memory("VmHWM"));
}
