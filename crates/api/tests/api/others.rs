//! Contacts and devices in Graph.

use crate::common::{Server, anchor, delete, members, person};
use lockstep_model::provisioning::{BulkOperation, PostOperation};
use lockstep_model::scim::{ScimGroup, ScimUser};
use lockstep_model::{ObjectKind, Properties, Property};
use serde_json::{Value, json};

fn contact(login: &str, name: &str) -> BulkOperation {
    let mut properties = person(login, name, "Partners");
    for property in [Property::UserPrincipalName, Property::AccountEnabled] {
        properties.0.remove(&property);
    }
    properties.set_list(Property::BusinessPhones, vec!["+41 44 1".into()]);
    properties.set_text(Property::MobilePhone, "+41 79 1");
    properties.set_text(Property::City, "Zug");
    let contact = ScimUser::from_properties(&anchor(login), &properties, Some(anchor("ann")));
    BulkOperation::Post(PostOperation::Contact(Box::new(contact)))
}

fn device(name: &str) -> BulkOperation {
    let mut properties = Properties::new();
    properties.set_text(Property::DisplayName, name);
    properties.set_text(Property::DeviceId, "8d4c1f4e-0000-4000-8000-000000000001");
    properties.set_text(Property::OperatingSystem, "Windows");
    properties.set_text(Property::TrustType, "ServerAd");
    properties.set_flag(Property::AccountEnabled, true);
    BulkOperation::Post(PostOperation::Device(Box::new(ScimGroup::from_properties(
        &anchor(name),
        &properties,
    ))))
}

async fn server() -> Server {
    let server = Server::new().await;
    server.organization().await;
    let sent = vec![
        contact("pia", "Pia Partner"),
        contact("ann2", "Ann Twin"),
        device("laptop"),
        members("all", &["pia", "laptop"]),
    ];
    let answer = server.bulk(sent).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    server
}

async fn id_of(server: &Server, set: &str, name: &str) -> String {
    let list = server.get(&format!("/v1.0/{set}?$filter=displayName eq '{name}'")).await;
    list.json()["value"][0]["id"].as_str().unwrap_or_else(|| panic!("{name}: {}", list.text())).to_owned()
}

#[tokio::test]
async fn contacts_are_shown_as_graph_shows_them() {
    let server = server().await;
    let pia = id_of(&server, "contacts", "Pia Partner").await;
    let body = server.get(&format!("/v1.0/contacts/{pia}")).await.json();
    assert_eq!(body["@odata.context"], "http://tenant.example:8443/v1.0/$metadata#contacts/$entity");
    assert_eq!((&body["mail"], &body["onPremisesSyncEnabled"]), (&json!("pia@contoso.com"), &json!(true)));
    assert_eq!(
        body["phones"],
        json!([{"type": "business", "number": "+41 44 1"}, {"type": "mobile", "number": "+41 79 1"}])
    );
    assert_eq!(
        (&body["addresses"][0]["city"], &body["addresses"][0]["street"]),
        (&json!("Zug"), &Value::Null)
    );
    assert_eq!(body["serviceProvisioningErrors"], json!([]));
    assert!(body.get("userPrincipalName").is_none() && body.get("onPremisesImmutableId").is_none());
    assert_eq!(
        server.get(&format!("/v1.0/contacts/{pia}/manager")).await.json()["displayName"],
        "Ann Archer"
    );
    assert_eq!(server.get(&format!("/v1.0/contacts/{pia}/memberOf")).await.names(), ["All Staff"]);
    let all = id_of(&server, "groups", "All Staff").await;
    let cast = server.get(&format!("/v1.0/groups/{all}/members/microsoft.graph.orgContact")).await;
    assert_eq!(cast.names(), ["Pia Partner"]);
    let mixed = server.get(&format!("/v1.0/groups/{all}/members?$select=id")).await.json();
    let types: Vec<&str> =
        mixed["value"].as_array().unwrap().iter().map(|item| item["@odata.type"].as_str().unwrap()).collect();
    assert!(
        types.contains(&"#microsoft.graph.orgContact") && types.contains(&"#microsoft.graph.device"),
        "{types:?}"
    );
    // The question that admin tools ask of all three kinds.
    let twin = server.bulk(vec![contact("ann", "Ann Contact")]).await.json();
    assert_eq!(twin["Operations"][0]["errors"][0]["code"], "ObjectTypeMismatch", "the anchor is a user's");
    let mut clash = person("kim", "Kim Clash", "Partners");
    clash.set_list(
        Property::ProxyAddresses,
        vec!["SMTP:kim@contoso.com".into(), "smtp:bob@contoso.com".into()],
    );
    clash.0.remove(&Property::UserPrincipalName);
    let clash = PostOperation::Contact(Box::new(ScimUser::from_properties(&anchor("kim"), &clash, None)));
    server.bulk(vec![BulkOperation::Post(clash)]).await;
    let select = "$select=Id,UserPrincipalName,DisplayName,Mail,ProxyAddresses,onPremisesProvisioningErrors,onPremisesSyncEnabled";
    let asked = format!(
        "/v1.0/contacts?$filter=onPremisesProvisioningErrors/any(o:o/category ne null)&{select}&$top=999"
    );
    let answer = server.get(&asked).await.json();
    assert_eq!(answer["value"].as_array().unwrap().len(), 1, "{answer}");
    assert_eq!(
        answer["value"][0]["onPremisesProvisioningErrors"][0]["propertyCausingError"],
        "ProxyAddresses"
    );
    assert_eq!(server.get("/v1.0/contacts/$count").await.text(), "3");
    assert_eq!(
        server.post(&format!("/v1.0/contacts/{pia}/retryServiceProvisioning"), json!({})).await.status,
        204
    );
    assert_eq!(
        server.post("/v1.0/contacts", json!({"displayName": "x"})).await.status,
        501,
        "as in Graph, they come by sync"
    );
    assert_eq!(server.get(&format!("/v1.0/users/{pia}")).await.status, 404);
    let delta = server.get("/v1.0/contacts/delta").await.json();
    let link =
        delta["@odata.deltaLink"].as_str().unwrap().strip_prefix("http://tenant.example:8443").unwrap();
    assert_eq!(delta["value"].as_array().unwrap().len(), 3);
    server.bulk(vec![delete(ObjectKind::Contact, "pia")]).await;
    let changed = server.get(link).await.json();
    assert_eq!(changed["value"], json!([{"id": pia, "@removed": {"reason": "changed"}}]));
}

#[tokio::test]
async fn devices_come_from_both_sides() {
    let server = server().await;
    let laptop = id_of(&server, "devices", "laptop").await;
    let body = server.get(&format!("/v1.0/devices/{laptop}")).await.json();
    assert_eq!((&body["operatingSystem"], &body["trustType"]), (&json!("Windows"), &json!("ServerAd")));
    assert_eq!((&body["physicalIds"], &body["isManaged"]), (&json!([]), &Value::Null));
    let by_id = server
        .get("/v1.0/devices?$filter=deviceId eq '8D4C1F4E-0000-4000-8000-000000000001'&$count=true")
        .await;
    assert_eq!(by_id.json()["@odata.count"], 1);
    assert_eq!(server.get(&format!("/v1.0/devices/{laptop}/memberOf")).await.names(), ["All Staff"]);
    let path = format!("/v1.0/devices/{laptop}");
    let refused = server.call("PATCH", &path, &server.admin, Some(json!({"accountEnabled": false})));
    assert_eq!(refused.await.status, 400, "its directory masters it");
    let phone = json!({"accountEnabled": true, "alternativeSecurityIds": [{"type": 2, "key": "Y3YxN2E1MWFlYw=="}],
        "deviceId": "4c299165-6e8f-4b45-a5ba-c5d250a707ff", "displayName": "phone", "operatingSystem": "linux", "operatingSystemVersion": "1"});
    let made = server.post("/v1.0/devices", phone.clone()).await;
    assert_eq!(made.status, 201, "{}", made.text());
    assert_eq!(made.json()["alternativeSecurityIds"][0]["type"], 2);
    let path = format!("/v1.0/devices/{}", made.json()["id"].as_str().unwrap());
    let managed = json!({"isManaged": true, "operatingSystemVersion": "2"});
    assert_eq!(server.call("PATCH", &path, &server.admin, Some(managed)).await.status, 204);
    let body = server.get(&path).await.json();
    assert_eq!((&body["isManaged"], &body["operatingSystemVersion"]), (&json!(true), &json!("2")));
    let wrong = server.call("PATCH", &path, &server.admin, Some(json!({"mail": "a@contoso.com"}))).await;
    assert_eq!((wrong.status.as_u16(), wrong.code().as_str()), (400, "Request_BadRequest"));
    let mut less = phone;
    less["deviceId"] = Value::Null;
    assert_eq!(server.post("/v1.0/devices", less).await.status, 400);
    assert_eq!(server.call("DELETE", &path, &server.admin, None).await.status, 204);
    assert_eq!(server.get("/v1.0/directory/deletedItems/microsoft.graph.device").await.names(), ["phone"]);
    assert_eq!(server.get("/v1.0/devices/$count").await.text(), "1");
}
