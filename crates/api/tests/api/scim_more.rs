//! SCIM where the tenant holds more than an answer shows: links that go by themselves, members without end, addresses
//! that are no mail.

use crate::common::{Server, person, user};
use crate::scim::{ENTERPRISE, Scim, USER, assert_error};
use lockstep_api::{AnswerLimits, ApiSettings};
use lockstep_model::Property;
use lockstep_tenant::TenantStore as _;
use serde_json::{Value, json};

/// Who is linked goes by itself: a version says nothing of it.
#[tokio::test]
async fn versions_do_not_hide_who_is_gone() {
    let scim = Scim::new().await;
    let boss = scim.make("Users", json!({"userName": "boss@contoso.com"})).await["id"].clone();
    let ann = json!({"userName": "ann@contoso.com", ENTERPRISE: {"manager": {"value": boss}}});
    let ann = scim.make("Users", ann).await;
    let cooks = json!({"displayName": "Cooks", "members": [{"value": boss}]});
    let cooks = scim.make("Groups", cooks).await;
    let users = format!("/Users/{}", ann["id"].as_str().unwrap());
    let groups = format!("/Groups/{}", cooks["id"].as_str().unwrap());
    let again = async |path: &str, known: &Value| {
        let version = known["meta"]["version"].as_str().unwrap();
        scim.with("GET", path, Value::Null, &[("if-none-match", version)]).await
    };
    assert_eq!(
        scim.call("DELETE", &format!("/Users/{}", boss.as_str().unwrap()), Value::Null).await.status,
        204
    );
    for shown in [
        "",
        &format!("?attributes={ENTERPRISE}:manager"),
        &format!("?attributes={ENTERPRISE}"),
        "?excludedAttributes=title",
    ] {
        let answer = again(&format!("{users}{shown}"), &ann).await;
        assert_eq!(answer.status, 200, "{shown}");
        assert!(answer.json()[ENTERPRISE]["manager"].is_null(), "{}", answer.text());
    }
    assert_eq!(again(&format!("{users}?excludedAttributes={ENTERPRISE}"), &ann).await.status, 304);
    assert_eq!(again(&format!("{users}?attributes=groups"), &ann).await.status, 200);
    let answer = again(&groups, &cooks).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["members"]), (200, &Value::Null));
    assert_eq!(again(&format!("{groups}?excludedAttributes=members"), &cooks).await.status, 304);
}

#[tokio::test]
async fn lists_have_room_for_so_many_members() {
    let limits = AnswerLimits { links: 3, ..AnswerLimits::default() };
    let scim = Scim::on(Server::with_limits(ApiSettings::default(), limits).await).await;
    let mut users = Vec::new();
    for n in 0..5 {
        users.push(scim.make("Users", json!({"userName": format!("u{n}@contoso.com")})).await["id"].clone());
    }
    let mut ids = Vec::new();
    for (n, members) in [2, 2, 5, 0, 1].into_iter().enumerate() {
        let members: Vec<Value> = users[..members].iter().map(|id| json!({"value": id})).collect();
        let group = json!({"displayName": format!("g{n}"), "members": members});
        let answer = scim.call("POST", "/Groups?excludedAttributes=members", group).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        ids.push(answer.json()["id"].as_str().unwrap().to_owned());
    }
    /// The pages that a client sees who goes on where an answer ended: names, and how many are linked.
    async fn pages(scim: &Scim, path: &str, links: &str, by_cursor: bool) -> Vec<Vec<(String, usize)>> {
        let (mut pages, mut seen, mut next) = (Vec::new(), 0, String::new());
        for _ in 0..20 {
            let place = if by_cursor { format!("cursor={next}") } else { format!("startIndex={}", seen + 1) };
            let list = scim.get(&format!("{path}&count=4&{place}")).await;
            let resources = list["Resources"].as_array().unwrap();
            assert_eq!(list["itemsPerPage"], resources.len());
            seen += resources.len();
            let name = |one: &Value| {
                let name = one["displayName"].as_str().or(one["userName"].as_str()).unwrap();
                name.split('@').next().unwrap().to_owned()
            };
            let count = |one: &Value| one[links].as_array().map_or(0, Vec::len);
            pages.push(resources.iter().map(|one| (name(one), count(one))).collect());
            let over = if by_cursor { list["nextCursor"].is_null() } else { list["totalResults"] == seen };
            if over {
                return pages;
            }
            next = list["nextCursor"].as_str().unwrap_or_default().to_owned();
        }
        panic!("pages without an end: {pages:?}");
    }
    let page = |all: &[(&str, usize)]| -> Vec<(String, usize)> {
        all.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
    };
    // The third has more than any answer has room for.
    let groups = [page(&[("g0", 2)]), page(&[("g1", 2)]), page(&[("g2", 0), ("g3", 0), ("g4", 1)])];
    let people = [page(&[("u0", 0), ("u1", 3)]), page(&[("u2", 1), ("u3", 1), ("u4", 1)])];
    for by_cursor in [false, true] {
        for path in ["/Groups?", "/Groups?filter=meta.created pr"] {
            assert_eq!(pages(&scim, path, "members", by_cursor).await, groups, "{path} {by_cursor}");
        }
        let path = "/Users?attributes=userName,groups";
        assert_eq!(pages(&scim, path, "groups", by_cursor).await, people, "{by_cursor}");
    }
    assert_eq!(scim.names("/Groups?excludedAttributes=members").await.len(), 5);
    let one = scim.call("GET", &format!("/Groups/{}", ids[2]), Value::Null).await;
    assert_error(&one, 400, Some("tooMany"));
    assert_eq!(scim.get(&format!("/Groups/{}", ids[0])).await["members"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn addresses_that_are_no_mail_stay() {
    let scim = Scim::new().await;
    let all = ["SMTP:ann@contoso.com", "SIP:ann@contoso.com", "smtp:a@contoso.com", "X500:/o=Old/cn=ann"];
    let mut ann = person("ann", "Ann", "Sales");
    ann.set_list(Property::ProxyAddresses, all.map(str::to_owned).to_vec());
    scim.server.bulk(vec![user("ann", ann, None)]).await;
    let shown = scim.get(r#"/Users?filter=userName eq "ann@contoso.com""#).await["Resources"][0].clone();
    let id = shown["id"].as_str().unwrap().to_owned();
    let path = format!("/Users/{id}");
    let addresses = async || {
        let stored = scim.server.store.object(id.parse().unwrap()).await.unwrap().unwrap();
        let mut list = stored.properties.list(Property::ProxyAddresses).to_vec();
        list.sort();
        list
    };
    let sorted = |list: &[&str]| {
        let mut list: Vec<String> = list.iter().map(|&address| address.to_owned()).collect();
        list.sort();
        list
    };
    let set = async |attribute: &str, value: Value| {
        let answer = scim.patch(&path, json!([{"op": "add", "path": attribute, "value": value}])).await;
        assert_eq!(answer.status, 200, "{attribute}: {}", answer.text());
        answer.json()
    };
    // While the directory has the say: what is the cloud's own can be written, and nothing else is.
    assert_eq!(set("externalId", json!("HR-1")).await["externalId"], "HR-1");
    set("nickName", json!("Annie")).await;
    assert_eq!(addresses().await, sorted(&all));
    let organization = scim.server.get("/v1.0/organization").await.json()["value"][0]["id"].clone();
    let organization = format!("/v1.0/organization/{}", organization.as_str().unwrap());
    let off = Some(json!({"onPremisesSyncEnabled": false}));
    assert!(scim.server.call("PATCH", &organization, &scim.server.admin, off).await.status.is_success());
    // And when the tenant has it.
    set("title", json!("Boss")).await;
    assert_eq!(addresses().await, sorted(&all), "a title is no address");
    let home = json!([{"value": "ann@contoso.com", "type": "work", "primary": true},
        {"value": "ann@home.example", "type": "home"}]);
    let answer = scim.patch(&path, json!([{"op": "replace", "path": "emails", "value": home}])).await;
    assert_eq!(answer.json()["emails"], home, "what was sent is what is shown");
    let left = ["SMTP:ann@contoso.com", "SIP:ann@contoso.com", "X500:/o=Old/cn=ann"];
    assert_eq!(addresses().await, sorted(&left), "of the mail addresses one went");
    set("nickName", json!("Nan")).await;
    assert_eq!(scim.get(&path).await["emails"], home);
    assert_eq!(addresses().await, sorted(&left));
    let put = json!({"schemas": [USER], "userName": "ann@contoso.com", "displayName": "Ann"});
    assert_eq!(scim.call("PUT", &path, put).await.status, 200);
    assert_eq!(addresses().await, sorted(&left[1..]), "without mail, reached by telephone");
}
