//! What became of objects: each change once, with what was before, under the run that made it.

use super::*;
use lockstep_model::{PropertyValue, RunId};
use lockstep_tenant::{HistoryOutcome, HistoryQuery, HistoryRow};

fn run(n: u128) -> RunId {
    RunId(uuid::Uuid::from_u128(n))
}

fn client() -> ClientId {
    ClientId(uuid::Uuid::from_u128(7))
}

async fn sent(store: &impl TenantStore, of: u128, second: i64, operations: Vec<BulkOperation>) {
    store.provision(client().into(), Some(run(of)), operations, at(second)).await.unwrap();
}

fn of(object: &str) -> HistoryQuery {
    HistoryQuery { object: Some(object.into()), top: 100, ..Default::default() }
}

/// Every page.
async fn ask(store: &impl TenantStore, mut query: HistoryQuery) -> Vec<HistoryRow> {
    let mut rows: Vec<HistoryRow> = Vec::new();
    loop {
        let page = store.history(query.clone()).await.unwrap().expect("the object is known");
        assert!(page.items.len() <= query.top);
        rows.extend(page.items);
        match page.next {
            Some(next) => query.after = Some(next),
            None => break,
        }
    }
    assert!(rows.is_sorted_by(|a, b| a.id > b.id), "newest first, none twice");
    rows
}

/// Rows as `outcome property before -> after (rule)`.
fn tell(rows: &[HistoryRow]) -> Vec<String> {
    let value = |value: &Option<PropertyValue>| match value {
        None | Some(PropertyValue::Kept) => "-".to_owned(),
        Some(PropertyValue::Text(text)) => text.clone(),
        Some(PropertyValue::Flag(flag)) => flag.to_string(),
        Some(PropertyValue::List(list)) => list.join("+"),
    };
    rows.iter()
        .map(|row| {
            let mut text = row.outcome.as_str().to_owned();
            for change in &row.changes {
                let rule = change.rule.as_deref().map(|rule| format!(" ({rule})")).unwrap_or_default();
                let (before, after) = (value(&change.before), value(&change.after));
                text.push_str(&format!(" {} {before} -> {after}{rule}", change.property));
            }
            for code in &row.errors {
                text.push_str(&format!(" !{code}"));
            }
            text
        })
        .collect()
}

fn with_flows(user: &Sent, flows: &[(&str, &str)]) -> BulkOperation {
    let mut operation = user.post();
    if let BulkOperation::Post(PostOperation::User(user)) = &mut operation {
        user.flows = flows.iter().map(|(name, rule)| ((*name).to_owned(), (*rule).to_owned())).collect();
    }
    operation
}

/// Made, changed, its manager changed, deleted, restored: one row each; what changes nothing leaves none.
pub(crate) async fn every_change_of_an_object(store: impl TenantStore) {
    let ann = Sent::user("ann").text(Property::City, "Zug");
    sent(&store, 1, 1, vec![Sent::user("bob").post(), ann.post()]).await;
    let moved = ann.clone().text(Property::City, "Bern").text(Property::Department, "Sales").manager("bob");
    let flows = [("city", "city <- l"), ("manager", "manager <- manager"), ("mail", "mail <- mail")];
    sent(&store, 2, 2, vec![with_flows(&moved, &flows)]).await;
    sent(&store, 3, 3, vec![moved.post(), with_flows(&moved, &flows)]).await;
    sent(&store, 4, 4, vec![moved.delete()]).await;
    sent(&store, 5, 5, vec![moved.delete(), moved.post()]).await;
    let rows = ask(&store, of("ann")).await;
    assert_eq!(
        tell(&rows),
        [
            "restored",
            "deleted",
            "updated city Zug -> Bern (city <- l) department - -> Sales manager - -> bob (manager <- manager)",
            "created",
        ]
    );
    let seen: Vec<_> = rows.iter().map(|row| (row.run, row.client, row.at)).collect();
    let by = |n: u128| (Some(run(n)), Some(client()), at(i64::try_from(n).unwrap()));
    assert_eq!(seen, [by(5), by(4), by(2), by(1)]);
    let id = get(&store, "ann").await.unwrap().id;
    assert!(rows.iter().all(|row| row.object.id == Some(id) && row.object.name == "ann of Contoso"));
    // By any of its names.
    for name in [id.to_string(), "ANN@contoso.com".into(), "ann".into()] {
        assert_eq!(ask(&store, of(&name)).await, rows, "{name}");
    }
    sent(&store, 6, 6, vec![moved.delete()]).await;
    assert_eq!(ask(&store, of("ann@contoso.com")).await.len(), 5, "a deleted one is found by its address");
    assert!(store.history(of("nobody")).await.unwrap().is_none());
    assert_eq!(ask(&store, HistoryQuery { top: 2, ..of("ann") }).await.len(), 5, "page by page");
}

/// A refusal is kept once, though it is sent again and again; it is found once the object is there.
pub(crate) async fn what_was_refused(store: impl TenantStore) {
    cloud(&store, &Sent::group("team").mail("team@contoso.com"), at(0)).await;
    let user = Sent::user("team");
    for second in 1..4 {
        sent(&store, 1, second, vec![user.post()]).await;
    }
    let rows = ask(&store, of("team")).await;
    assert_eq!(tell(&rows), ["refused !ObjectTypeMismatch"]);
    assert_eq!((rows[0].object.id, rows[0].at), (None, at(1)));
    let other = user.mail("other@contoso.com").upn("other@contoso.com");
    sent(&store, 2, 5, vec![other.post()]).await;
    assert_eq!(tell(&ask(&store, of("team")).await), ["created", "refused !ObjectTypeMismatch"]);
    let id = get(&store, "team").await.unwrap().id;
    assert_eq!(ask(&store, of(&id.to_string())).await.len(), 2, "by id too");
    // An error that only degrades is told with the change; the value that becomes free is a change by itself.
    let twin = Sent::user("twin").mail("other@contoso.com");
    sent(&store, 3, 6, vec![twin.post()]).await;
    assert_eq!(tell(&ask(&store, of("twin")).await), ["created !PropertyConflict"]);
    sent(&store, 4, 7, vec![other.delete()]).await;
    let rows = ask(&store, of("twin")).await;
    assert!(tell(&rows)[0].starts_with("recalculated mail"), "{:?}", tell(&rows));
    assert_eq!((rows[0].run, rows[0].changes.len()), (Some(run(4)), 2));
}

/// Members are counted, and the first of them named.
pub(crate) async fn memberships(store: impl TenantStore) {
    sent(&store, 1, 1, vec![Sent::user("ann").post(), Sent::group("g").post()]).await;
    let many: Vec<String> = (0..150).map(|n| format!("m{n:03}")).collect();
    let all: Vec<&str> = many.iter().map(String::as_str).chain(["ann"]).collect();
    sent(&store, 2, 2, vec![members("g", &["ann"], &[]), members("g", &all, &[])]).await;
    sent(&store, 3, 3, vec![members("g", &["ann"], &["ann", "m001"])]).await;
    let rows = ask(&store, of("g")).await;
    let counts: Vec<_> = rows.iter().map(|row| (row.members_added, row.members_removed)).collect();
    assert_eq!(counts, [(0, 2), (150, 0), (1, 0), (0, 0)]);
    assert_eq!((rows[1].added.len(), rows[1].added[0].name.as_deref()), (100, None));
    let ann = get(&store, "ann").await.unwrap().id;
    assert_eq!((rows[2].added[0].id, rows[2].added[0].name.as_deref()), (Some(ann), Some("ann of Contoso")));
    assert_eq!(
        rows[0].removed.iter().map(|m| m.anchor.as_ref().unwrap().as_str()).collect::<Vec<_>>(),
        ["ann", "m001"]
    );
    let query = HistoryQuery { property: Some("members".into()), search: Some("M001".into()), ..of("g") };
    assert_eq!(ask(&store, query).await.len(), 2);
}

/// By property, rule, outcome and text, alone and together.
pub(crate) async fn found_by_what_it_says(store: impl TenantStore) {
    let people: Vec<Sent> = (0..20).map(|n| Sent::user(&format!("u{n:02}"))).collect();
    sent(&store, 1, 1, people.iter().map(Sent::post).collect()).await;
    let moved: Vec<BulkOperation> = people
        .iter()
        .take(5)
        .map(|user| with_flows(&user.clone().text(Property::City, "Łódź"), &[("city", "city <- Trim([l])")]))
        .collect();
    sent(&store, 2, 2, moved).await;
    let all = HistoryQuery { top: 7, ..Default::default() };
    let count = |query: HistoryQuery| async { ask(&store, query).await.len() };
    assert_eq!(count(all.clone()).await, 25);
    let by = |property: &str| HistoryQuery { property: Some(property.into()), ..all.clone() };
    assert_eq!((count(by("CITY")).await, count(by("mail")).await), (5, 0));
    assert_eq!(count(HistoryQuery { rule: Some("trim(".into()), ..all.clone() }).await, 5);
    assert_eq!(count(HistoryQuery { rule: Some("left(".into()), ..all.clone() }).await, 0);
    let outcome = |outcome| HistoryQuery { outcome: Some(outcome), ..all.clone() };
    assert_eq!(count(outcome(HistoryOutcome::Created)).await, 20);
    assert_eq!(count(outcome(HistoryOutcome::Deleted)).await, 0);
    let text = |text: &str| HistoryQuery { search: Some(text.into()), ..all.clone() };
    assert_eq!(
        (count(text("łÓD")).await, count(text("u03 of")).await, count(text("nothing")).await),
        (5, 2, 0)
    );
    assert_eq!(count(HistoryQuery { search: Some("u03".into()), ..by("city") }).await, 1);
    let bad = HistoryQuery { after: Some("x".into()), ..all };
    assert!(matches!(store.history(bad).await, Err(lockstep_tenant::StoreError::BadPageToken)));
}

/// A run's rows, and those of a time, edges included.
pub(crate) async fn by_run_and_time(store: impl TenantStore) {
    for n in 1..=6 {
        let user = Sent::user(&format!("u{n}"));
        sent(&store, u128::from(n > 3), n, vec![user.post(), Sent::group(&format!("g{n}")).post()]).await;
    }
    let of_run = |n: u128| HistoryQuery { run: Some(run(n)), top: 4, ..Default::default() };
    assert_eq!((ask(&store, of_run(0)).await.len(), ask(&store, of_run(1)).await.len()), (6, 6));
    assert!(ask(&store, of_run(9)).await.is_empty());
    let one = HistoryQuery { object: Some("u4".into()), ..of_run(1) };
    assert_eq!(ask(&store, one).await.len(), 1);
    let between = |from: i64, to: i64| HistoryQuery {
        from: Some(at(from)),
        to: Some(at(to)),
        top: 3,
        ..Default::default()
    };
    assert_eq!(ask(&store, between(2, 4)).await.len(), 6);
    assert!(ask(&store, between(7, 9)).await.is_empty());
    assert_eq!(ask(&store, HistoryQuery { run: Some(run(0)), ..between(2, 4) }).await.len(), 4);
    // A clock that was set back loses nothing.
    sent(&store, 2, 3, vec![Sent::user("late").post()]).await;
    let found = ask(&store, between(3, 3)).await;
    assert_eq!(found.len(), 3);
    assert!(found.iter().all(|row| row.at == at(3)));
}

/// Old rows go, then the oldest of those that take too much room; an object that is left keeps its newest.
pub(crate) async fn kept_by_age_and_size(store: impl TenantStore) {
    for n in 0..40_i64 {
        let ann = Sent::user("ann").text(Property::StreetAddress, &format!("Way {n} {}", "x".repeat(500)));
        sent(&store, 1, n, vec![ann.post()]).await;
    }
    assert_eq!(store.purge_history(at(10), u64::MAX).await.unwrap(), 10);
    assert_eq!(store.purge_history(at(10), u64::MAX).await.unwrap(), 0);
    let rows = ask(&store, of("ann")).await;
    assert_eq!((rows.len(), rows[29].at), (30, at(10)));
    let removed = store.purge_history(at(0), 12_000).await.unwrap();
    let rows = ask(&store, of("ann")).await;
    assert_eq!(rows.len() as u64, 30 - removed);
    assert!((5..=11).contains(&rows.len()), "{}", rows.len());
    assert_eq!(rows[0].at, at(39));
    assert_eq!(store.purge_history(at(100), 0).await.unwrap(), rows.len() as u64);
    assert!(ask(&store, of("ann")).await.is_empty());
    sent(&store, 1, 50, vec![Sent::user("ann").post()]).await;
    assert_eq!(ask(&store, of("ann")).await.len(), 1, "and it goes on");
}

/// An object that was purged has its history until that goes by its own age, and no other object gets it.
pub(crate) async fn outlives_its_object(store: impl TenantStore) {
    let ann = Sent::user("ann");
    sent(&store, 1, 1, vec![ann.post()]).await;
    let id = get(&store, "ann").await.unwrap().id;
    sent(&store, 2, 2, vec![ann.delete()]).await;
    assert_eq!(store.purge(at(3), at(3)).await.unwrap(), 1);
    sent(&store, 3, 4, vec![Sent::user("bob").post(), ann.post()]).await;
    assert_eq!(tell(&ask(&store, of("bob")).await), ["created"]);
    let old = ask(&store, of(&id.to_string())).await;
    assert_eq!(tell(&old), ["purged", "deleted", "created"]);
    assert_eq!((old[0].object.id, old[0].object.name.as_str()), (Some(id), "ann of Contoso"));
    assert_eq!(
        tell(&ask(&store, of("ann")).await),
        ["created", "purged", "deleted", "created"],
        "by anchor: both"
    );
    assert_eq!(store.purge_history(at(4), u64::MAX).await.unwrap(), 3);
    assert!(store.history(of(&id.to_string())).await.unwrap().is_none());
}
