//! Sorted lists over SCIM (RFC 7644 section 3.4.2.3).

use crate::scim::{ENTERPRISE, Scim, USER, assert_error};
use serde_json::{Value, json};

const SEARCH: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

/// Four people and two groups; Dora has no title.
async fn scim() -> Scim {
    let scim = Scim::new().await;
    for (name, family, title, department, active) in [
        ("carl@contoso.com", "Ærø", Some("b"), "Sales", true),
        ("ANN@contoso.com", "Berg", Some("C"), "it", false),
        ("dora@contoso.com", "arc", None, "IT", true),
        ("bob@contoso.com", "Çelik", Some("a"), "Board", true),
    ] {
        let mut user = json!({"schemas": [USER, ENTERPRISE], "userName": name, "active": active,
            "name": {"familyName": family, "givenName": "X"}, ENTERPRISE: {"department": department}});
        if let Some(title) = title {
            user["title"] = title.into();
        }
        scim.make("Users", user).await;
    }
    for name in ["west", "East"] {
        let group = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": name});
        scim.make("Groups", group).await;
    }
    scim
}

/// What a list shows, in its order: the first letter of each name, in lower case.
fn letters(list: &Value) -> String {
    let name = |one: &Value| one["userName"].as_str().or(one["displayName"].as_str()).unwrap().to_lowercase();
    list["Resources"].as_array().unwrap().iter().map(|one| name(one).chars().next().unwrap()).collect()
}

#[tokio::test]
async fn lists_are_sorted_by_any_attribute() {
    let scim = scim().await;
    for (asked, expect) in [
        ("sortBy=userName", "abcd"),
        ("sortBy=userName&sortOrder=descending", "dcba"),
        ("sortBy=title", "bcad"),
        ("sortBy=title&sortOrder=ascending", "bcad"),
        ("sortBy=title&sortOrder=Descending", "dacb"),
        // arc, berg, ærø (U+00E6), çelik (U+00E7).
        ("sortBy=name.familyName", "dacb"),
        ("sortBy=active", "acdb"),
        ("sortBy=meta.created&sortOrder=descending", "bdac"),
        ("sortBy=id", "cadb"),
        ("sortBy=emails.value", "cadb"),
        ("SORTBY=urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", "badc"),
        ("sortBy=urn:ietf:params:scim:schemas:core:2.0:User:title", "bcad"),
        ("sortOrder=descending", "cadb"),
    ] {
        let list = scim.get(&format!("/Users?{asked}")).await;
        assert_eq!(letters(&list), expect, "{asked}");
        assert_eq!(list["totalResults"], 4, "{asked}");
    }
}

#[tokio::test]
async fn a_sorted_list_is_paged_and_filtered() {
    let scim = scim().await;
    let list = scim.get("/Users?sortBy=title&startIndex=2&count=2").await;
    assert_eq!(
        (letters(&list).as_str(), &list["totalResults"], &list["itemsPerPage"]),
        ("ca", &json!(4), &json!(2))
    );
    let list = scim.get("/Users?sortBy=userName&count=0").await;
    assert_eq!((letters(&list).as_str(), &list["totalResults"]), ("", &json!(4)));
    let list = scim.get("/Users?sortBy=userName&startIndex=9").await;
    assert_eq!((letters(&list).as_str(), &list["totalResults"]), ("", &json!(4)));
    let list = scim.get("/Users?filter=active eq true&sortBy=userName&sortOrder=descending").await;
    assert_eq!(letters(&list), "dcb");
    let list = scim.get("/Users?filter=title pr&sortBy=userName&attributes=userName").await;
    assert_eq!(letters(&list), "abc");
    assert_eq!(list["Resources"][0].as_object().unwrap().len(), 3, "only what was asked for: {list}");
    // In the order of the store, by cursor too.
    let list = scim.get("/Groups?sortBy=displayName&cursor&count=1").await;
    assert_eq!(letters(&list), "e");
    let next = list["nextCursor"].as_str().unwrap().replace('=', "%3D").replace('+', "%2B");
    let list = scim.get(&format!("/Groups?sortBy=displayName&cursor={next}&count=1")).await;
    assert_eq!(letters(&list), "w");
    let list = scim.get("/Users?sortBy=userName&sortOrder=descending&cursor&count=3").await;
    assert_eq!(letters(&list), "dcb");
    let next = list["nextCursor"].as_str().unwrap().replace('=', "%3D").replace('+', "%2B");
    let list = scim.get(&format!("/Users?sortBy=userName&sortOrder=descending&cursor={next}&count=3")).await;
    assert_eq!(letters(&list), "a");
}

#[tokio::test]
async fn searches_are_sorted_too_over_both_kinds() {
    let scim = scim().await;
    let search = |path: &'static str, body: Value| {
        let scim = &scim;
        async move {
            let answer = scim.call("POST", path, body).await;
            assert_eq!(answer.status, 200, "{}", answer.text());
            letters(&answer.json())
        }
    };
    let body = json!({"schemas": [SEARCH], "sortBy": "userName", "sortOrder": "descending"});
    assert_eq!(search("/Users/.search", body.clone()).await, "dcba");
    // Groups have no name to sign in with: downwards they come first.
    assert_eq!(search("/.search", body).await, "wedcba");
    let body = json!({"schemas": [SEARCH], "sortBy": "userName"});
    assert_eq!(search("/.search", body).await, "abcdwe");
}

#[tokio::test]
async fn what_cannot_be_sorted_is_refused() {
    let scim = scim().await;
    for (asked, kind) in [
        ("sortBy=name", "invalidPath"),
        ("sortBy=shoeSize", "invalidPath"),
        ("sortBy=userName&sortOrder=upwards", "invalidValue"),
        ("sortBy=title&cursor", "invalidValue"),
    ] {
        let answer = scim.call("GET", &format!("/Users?{asked}"), Value::Null).await;
        assert_error(&answer, 400, Some(kind));
    }
    let body = json!({"schemas": [SEARCH], "sortBy": 7});
    assert_error(&scim.call("POST", "/Users/.search", body).await, 400, Some("invalidValue"));
    assert_eq!(scim.get("/ServiceProviderConfig").await["sort"], json!({"supported": true}));
}
