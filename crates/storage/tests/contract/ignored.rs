//! Errors that a person does not want to see until what they are about changes.

use super::*;
use lockstep_model::ObjectRef;
use lockstep_model::provisioning::ClientErrors;
use lockstep_tenant::provision::error;
use lockstep_tenant::{HistoryOutcome, HistoryQuery, HistoryRow, Shown};

async fn shown(store: &impl TenantStore, shown: Shown) -> Vec<ErrorRow> {
    let page = store.errors(ErrorQuery { shown, top: 100, ..Default::default() }).await.unwrap();
    assert_eq!(page.count, Some(page.items.len() as u64));
    page.items
}

async fn ignore_all(store: &impl TenantStore, second: i64) {
    for row in shown(store, Shown::Open).await {
        let row = store.ignore_error(row.id, true, "maria".into(), at(second)).await.unwrap().unwrap();
        let ignored = row.ignored.unwrap();
        assert_eq!((ignored.by.as_str(), ignored.at), ("maria", at(second)));
    }
    assert_eq!(shown(store, Shown::Open).await, []);
}

/// What the history says of errors of an object: the outcome, who, which.
async fn said(store: &impl TenantStore, object: &str) -> Vec<String> {
    let query = HistoryQuery { object: Some(object.into()), top: 100, ..Default::default() };
    let rows = store.history(query).await.unwrap().unwrap().items;
    let of_errors =
        |row: &&HistoryRow| matches!(row.outcome, HistoryOutcome::ErrorIgnored | HistoryOutcome::ErrorShown);
    let tell = |row: &HistoryRow| {
        assert_eq!(row.changes[0].property, "ignored");
        format!("{} {} {}", row.outcome.as_str(), row.actor.as_deref().unwrap_or("-"), row.errors[0])
    };
    rows.iter().filter(of_errors).map(tell).collect()
}

/// It leaves the list and the counts, is found by those who look for it, and can be shown again.
pub(crate) async fn out_of_sight_and_back(store: impl TenantStore) {
    let twin = Sent::user("twin").mail("ann@contoso.com").upn("ann@contoso.com");
    send(&store, &[Sent::user("ann").post(), twin.post(), Sent::user("bad").mail("bad mail").post()], at(0))
        .await;
    let open = shown(&store, Shown::Open).await;
    assert_eq!(open.len(), 3);
    let one = open.iter().find(|row| row.error.property.as_deref() == Some("mail")).unwrap().id;
    store.ignore_error(one, true, "maria".into(), at(1)).await.unwrap().unwrap();
    let counts = store.counts().await.unwrap();
    assert_eq!((counts.users_with_errors, counts.ignored_errors), (1, 1));
    check_invariants(&store).await;
    ignore_all(&store, 2).await;
    let counts = store.counts().await.unwrap();
    assert_eq!((counts.users_with_errors, counts.users_blocked, counts.ignored_errors), (0, 0, 3));
    assert!(counts.errors.is_empty(), "{counts:?}");
    check_invariants(&store).await;
    assert_eq!(shown(&store, Shown::Ignored).await.len(), 3);
    assert_eq!(shown(&store, Shown::All).await.len(), 3);
    let of_ann =
        ErrorQuery { shown: Shown::Ignored, search: Some("TWIN".into()), top: 9, ..Default::default() };
    assert_eq!(store.errors(of_ann).await.unwrap().count, Some(2));
    // Twice is once; one that is not there is none.
    store.ignore_error(one, true, "otto".into(), at(3)).await.unwrap().unwrap();
    assert_eq!(said(&store, "bad").await, ["errorIgnored maria DataValidationFailed"]);
    assert_eq!(store.ignore_error(987_654, true, "maria".into(), at(3)).await.unwrap(), None);
    // Sent again as it was, and swept: nothing changed.
    send(&store, &[twin.post(), Sent::user("bad").mail("bad mail").post()], at(4)).await;
    store.sweep_quarantine(at(5)).await.unwrap();
    assert_eq!(shown(&store, Shown::Open).await, []);
    let row = store.ignore_error(one, false, "otto".into(), at(6)).await.unwrap().unwrap();
    assert_eq!((row.ignored, row.attempts), (None, 2));
    assert_eq!(
        said(&store, "bad").await,
        ["errorShown otto DataValidationFailed", "errorIgnored maria DataValidationFailed"]
    );
    check_invariants(&store).await;
    // What is deleted takes its errors along, ignored or not.
    send(&store, &[twin.delete(), Sent::user("bad").delete()], at(7)).await;
    assert_eq!(shown(&store, Shown::All).await, []);
    assert_eq!(store.counts().await.unwrap().ignored_errors, 0);
    check_invariants(&store).await;
}

/// Any value that the source sends anew, another value in conflict, and a conflict that comes back.
pub(crate) async fn until_the_source_changes(store: impl TenantStore) {
    let twin = Sent::user("twin").mail("ann@contoso.com");
    send(&store, &[Sent::user("ann").post(), twin.post()], at(0)).await;
    ignore_all(&store, 1).await;
    let moved = twin.clone().text(Property::Department, "Sales");
    send(&store, &[moved.post()], at(2)).await;
    assert_eq!(shown(&store, Shown::Open).await.len(), 1);
    assert_eq!(
        said(&store, "twin").await,
        ["errorShown - PropertyConflict", "errorIgnored maria PropertyConflict"]
    );
    check_invariants(&store).await;
    ignore_all(&store, 3).await;
    send(&store, &[moved.clone().address("smtp:ann@contoso.com").post()], at(4)).await;
    assert_eq!(shown(&store, Shown::Open).await.len(), 1, "the list of addresses is another");
    ignore_all(&store, 5).await;
    // It is over, and then there again.
    send(&store, &[moved.clone().mail("free@contoso.com").post(), moved.post()], at(6)).await;
    assert_eq!(shown(&store, Shown::Open).await.len(), 1);
    check_invariants(&store).await;
    // What the sync of a refused object left behind is known by what was sent.
    let team = Sent::group("team").text(Property::Mail, "eva@contoso.com");
    cloud(&store, &team, at(7)).await;
    send(&store, &[Sent::user("eva").post()], at(8)).await;
    ignore_all(&store, 9).await;
    send(&store, &[Sent::user("eva").post()], at(10)).await;
    assert_eq!(shown(&store, Shown::Open).await, []);
    send(&store, &[Sent::user("eva").text(Property::City, "Zug").post()], at(11)).await;
    assert_eq!(shown(&store, Shown::Open).await.len(), 1);
    assert_eq!(
        said(&store, "eva").await,
        ["errorShown - ObjectTypeMismatch", "errorIgnored maria ObjectTypeMismatch"]
    );
    check_invariants(&store).await;
}

/// The same value, held by somebody else.
pub(crate) async fn until_the_other_object_is_another(store: impl TenantStore) {
    let team = cloud(&store, &Sent::group("team").text(Property::Mail, "eva@contoso.com"), at(0)).await;
    send(&store, &[Sent::user("eva").post()], at(1)).await;
    ignore_all(&store, 2).await;
    let delete = DirectoryOperation::Delete { id: team.id, expected: None };
    store.write_directory(DirectoryWrite::by("admin", delete), at(3)).await.unwrap();
    cloud(&store, &Sent::group("crew").text(Property::Mail, "eva@contoso.com"), at(4)).await;
    assert_eq!(shown(&store, Shown::Open).await, [], "nobody looked yet");
    send(&store, &[Sent::user("eva").post()], at(5)).await;
    let open = shown(&store, Shown::Open).await;
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].error.other.as_ref().unwrap().name, "crew of Contoso");
    check_invariants(&store).await;
    // The other one goes for good before it is sent again.
    ignore_all(&store, 6).await;
    let crew = open[0].error.other.as_ref().unwrap().id.unwrap();
    for operation in
        [DirectoryOperation::Delete { id: crew, expected: None }, DirectoryOperation::Purge { id: crew }]
    {
        store.write_directory(DirectoryWrite::by("admin", operation), at(7)).await.unwrap();
    }
    assert_eq!(shown(&store, Shown::Open).await.len(), 1);
}

/// What a sync client finds in an entry that it does not send: its words tell whether it is the same.
pub(crate) async fn what_clients_find(store: impl TenantStore) {
    let found = |message: &str| {
        let object = ObjectRef {
            kind: Some(ObjectKind::User),
            anchor: Some(anchor("ghost")),
            name: "ghost".into(),
            ..Default::default()
        };
        let mut one = error(ErrorCode::MappingFailed, object, Some("uid"), None, None, None);
        one.message = message.into();
        ClientErrors { objects: vec![anchor("ghost")], errors: vec![one] }
    };
    store.put_client_errors(nobody(), found("no uid"), at(0)).await.unwrap();
    assert_eq!(store.counts().await.unwrap().users_blocked, 1);
    ignore_all(&store, 1).await;
    store.put_client_errors(nobody(), found("no uid"), at(2)).await.unwrap();
    assert_eq!(shown(&store, Shown::Open).await, []);
    assert_eq!(store.counts().await.unwrap().users_blocked, 0);
    store.put_client_errors(nobody(), found("two of them"), at(3)).await.unwrap();
    assert_eq!(shown(&store, Shown::Open).await.len(), 1);
    assert_eq!(
        said(&store, "ghost").await,
        ["errorShown - MappingFailed", "errorIgnored maria MappingFailed"]
    );
    check_invariants(&store).await;
}
