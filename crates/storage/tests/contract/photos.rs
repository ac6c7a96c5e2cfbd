//! Photos: kept apart, and gone with their object.

use super::*;
use lockstep_tenant::photo::Photo;
use lockstep_tenant::{HistoryOutcome, HistoryQuery};

/// A JPEG of this size, as small as one can be.
fn photo(width: u8, etag: &str) -> Photo {
    let file = vec![
        0xff, 0xd8, 0xff, 0xc0, 0, 11, 8, 0, 9, 0, width, 1, 1, 0x11, 0, 0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0,
        0x2a, 0xff, 0xd9,
    ];
    Photo::of(file, etag.into()).unwrap()
}

pub(crate) async fn given_changed_and_taken_away(store: impl TenantStore) {
    send(&store, &[Sent::user("ann").post()], at(0)).await;
    let team = cloud(&store, &Sent::group("team"), at(1)).await.id;
    let ann = get(&store, "ann").await.unwrap().id;
    let set = async |id, photo: Option<Photo>, second| {
        store.set_photo(id, photo, "maria".into(), at(second)).await.unwrap()
    };
    assert!(!set(ann, None, 2).await, "there is none to take away");
    for (id, width) in [(ann, 7), (team, 8)] {
        assert!(set(id, Some(photo(width, "one")), 2).await);
        assert_eq!(store.photo(id).await.unwrap(), Some(photo(width, "one")));
        assert_eq!(store.photo_info(id).await.unwrap(), Some(photo(width, "one").info));
    }
    let version = async || store.object(ann).await.unwrap().unwrap().version;
    let before = version().await;
    assert!(set(ann, Some(photo(7, "one")), 3).await);
    assert_eq!(version().await, before, "the same again is no change");
    assert!(set(ann, Some(photo(7, "two")), 4).await);
    assert_eq!(version().await, before + 1);
    let query = HistoryQuery { object: Some("ann".into()), top: 9, ..Default::default() };
    let row = store.history(query).await.unwrap().unwrap().items.remove(0);
    assert_eq!((row.outcome, row.actor.as_deref()), (HistoryOutcome::Updated, Some("maria")));
    assert_eq!(row.changes[0].property, "photo");
    // What the directory sends of the object is another matter.
    send(&store, &[Sent::user("ann").text(Property::City, "Zug").post()], at(5)).await;
    assert_eq!(store.photo(ann).await.unwrap(), Some(photo(7, "two")));
    assert!(set(ann, None, 6).await);
    assert_eq!((store.photo(ann).await.unwrap(), store.photo_info(ann).await.unwrap()), (None, None));
    // Restored with its object, gone for good with it.
    let write = async |operation, second| {
        store.write_directory(DirectoryWrite::by("admin", operation), at(second)).await.unwrap()
    };
    write(DirectoryOperation::Delete { id: team, expected: None }, 7).await;
    assert!(!set(team, Some(photo(9, "x")), 8).await, "it is deleted");
    let restore =
        DirectoryOperation::Restore { id: team, sign_in_name: None, drop_conflicting_addresses: false };
    write(restore, 9).await;
    assert_eq!(store.photo(team).await.unwrap(), Some(photo(8, "one")));
    write(DirectoryOperation::Delete { id: team, expected: None }, 10).await;
    write(DirectoryOperation::Purge { id: team }, 11).await;
    assert_eq!(store.photo(team).await.unwrap(), None);
    check_invariants(&store).await;
}
