//! Users and groups of the cloud itself, made and changed as Graph's clients do it.

use crate::common::{Answer, Server, delete};
use lockstep_model::ObjectKind;
use serde_json::{Value, json};

impl Server {
    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.call("POST", path, &self.admin, Some(body)).await
    }

    async fn patch(&self, path: &str, body: Value) -> Answer {
        self.call("PATCH", path, &self.admin, Some(body)).await
    }

    async fn remove(&self, path: &str) -> Answer {
        self.call("DELETE", path, &self.admin, None).await
    }

    pub(crate) async fn make_user(&self, login: &str) -> String {
        let answer = self.post("/v1.0/users", new_user(login)).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()["id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn make_group(&self, name: &str) -> String {
        let group =
            json!({"displayName": name, "mailEnabled": false, "mailNickname": name, "securityEnabled": true});
        let answer = self.post("/v1.0/groups", group).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()["id"].as_str().unwrap().to_owned()
    }
}

pub(crate) fn new_user(login: &str) -> Value {
    json!({
        "@odata.type": "#microsoft.graph.user",
        "accountEnabled": true,
        "displayName": format!("{login} of the cloud"),
        "mailNickname": login,
        "userPrincipalName": format!("{login}@contoso.com"),
        "passwordProfile": {"forceChangePasswordNextSignIn": true, "password": "xWwvJ]6NMw+bWH-d"},
    })
}

pub(crate) fn link(id: &str) -> Value {
    json!({"@odata.id": format!("https://graph.microsoft.com/v1.0/directoryObjects/{id}")})
}

/// A body that is expected of an error, and where it points.
fn refused(answer: &Answer) -> (u16, String, String) {
    let code = answer.code();
    (answer.status.as_u16(), code, answer.json()["error"]["target"].as_str().unwrap_or("-").to_owned())
}

#[tokio::test]
async fn a_user_from_the_first_to_the_last() {
    let server = Server::new().await;
    let answer = server.post("/v1.0/users", new_user("kim")).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let user = answer.json();
    let id = user["id"].as_str().unwrap().to_owned();
    let path = format!("/v1.0/users/{id}");
    assert_eq!(answer.headers["location"], format!("http://tenant.example:8443{path}"));
    assert_eq!(user["@odata.context"], "http://tenant.example:8443/v1.0/$metadata#users/$entity");
    assert_eq!(
        (&user["userPrincipalName"], &user["businessPhones"]),
        (&json!("kim@contoso.com"), &json!([]))
    );
    assert!(!answer.text().contains("bWH-d"), "passwords are not told");

    let changes = json!({"JobTitle": "Cook", "mail": "kim@contoso.com", "usageLocation": "CH", "businessPhones": ["+41 1"],
        "otherMails": ["kim@example.net"], "employeeHireDate": "2026-01-31T00:00:00Z"});
    assert_eq!(server.patch(&path, changes).await.status, 204);
    let select = "$select=jobTitle,mail,proxyAddresses,usageLocation,otherMails,businessPhones,onPremisesSyncEnabled,employeeHireDate,userType";
    let user = server.get(&format!("{path}?{select}")).await.json();
    assert_eq!((&user["jobTitle"], &user["usageLocation"]), (&json!("Cook"), &json!("CH")));
    assert_eq!(
        (&user["proxyAddresses"], &user["otherMails"]),
        (&json!(["SMTP:kim@contoso.com"]), &json!(["kim@example.net"]))
    );
    assert_eq!((&user["onPremisesSyncEnabled"], &user["userType"]), (&Value::Null, &json!("Member")));
    assert_eq!(user["employeeHireDate"], "2026-01-31T00:00:00Z");
    assert_eq!(server.patch(&path, json!({"jobTitle": null, "usageLocation": null})).await.status, 204);
    let user = server.get(&format!("{path}?$select=jobTitle,usageLocation")).await.json();
    assert_eq!((&user["jobTitle"], &user["usageLocation"]), (&Value::Null, &Value::Null));

    assert_eq!(server.remove("/v1.0/users/kim@contoso.com").await.status, 204);
    assert_eq!(server.get(&path).await.status, 404);
    let deleted = server.get("/v1.0/directory/deletedItems/microsoft.graph.user").await;
    assert_eq!(deleted.names(), ["kim of the cloud"]);
    let item = format!("/v1.0/directory/deletedItems/{id}");
    // Somebody has the name by now.
    server.make_user("kim").await;
    let answer = server.post(&format!("{item}/restore"), json!({})).await;
    assert_eq!(
        refused(&answer),
        (400, "Request_MultipleObjectsWithSameKeyValue".into(), "userPrincipalName".into())
    );
    let body = json!({"autoReconcileProxyConflict": true, "newUserPrincipalName": "kim2@contoso.com"});
    let answer = server.post(&format!("{item}/restore"), body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["userPrincipalName"], "kim2@contoso.com");
    assert_eq!(answer.json()["@odata.type"], "#microsoft.graph.user");
    assert_eq!(server.remove(&item).await.status, 404, "a living one is not purged");
    assert_eq!(server.remove(&format!("/v1.0/directoryObjects/{id}")).await.status, 204);
    assert_eq!(server.remove(&item).await.status, 204);
    assert_eq!(server.get(&item).await.status, 404);
    // Who did it is in the history.
    let history = server.get(&format!("/api/v1/history?object={id}")).await.json();
    let rows = history["value"].as_array().unwrap();
    let told: Vec<&str> = rows.iter().map(|row| row["outcome"].as_str().unwrap()).collect();
    assert_eq!(told, ["purged", "deleted", "restored", "deleted", "updated", "updated", "created"]);
    assert!(rows.iter().all(|row| row["actor"] == "root"), "{history}");
}

#[tokio::test]
async fn groups_members_and_managers() {
    let server = Server::new().await;
    server.organization().await;
    let (ann, sales) = (server.id_of("Ann Archer").await, server.id_of("Sales").await);
    let (kim, dan) = (server.make_user("kim").await, server.make_user("dan").await);
    let bind = format!("https://graph.microsoft.com/v1.0/users/{ann}");
    let group = json!({"displayName": "Cooks", "mailEnabled": false, "mailNickname": "cooks", "securityEnabled": true,
        "description": "in the kitchen", "members@odata.bind": [bind]});
    let answer = server.post("/v1.0/groups", group).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let body = answer.json();
    assert_eq!((&body["description"], &body["groupTypes"]), (&json!("in the kitchen"), &json!([])));
    let cooks = body["id"].as_str().unwrap().to_owned();
    let members = format!("/v1.0/groups/{cooks}/members");
    let add = format!("{members}/$ref");
    assert_eq!(server.post(&add, link(&kim)).await.status, 204);
    let again = server.post(&add, link(&kim)).await;
    assert_eq!(refused(&again), (400, "Request_BadRequest".into(), "members".into()));
    assert!(again.text().contains("One or more added object references already exist"));
    // By sign-in name, and a group in a group.
    let by_name = json!({"@odata.id": "http://tenant.example:8443/v1.0/users/dan@contoso.com"});
    assert_eq!(server.post(&add, by_name).await.status, 204);
    assert_eq!(server.post(&add, link(&sales)).await.status, 204);
    let mut names = server.get(&members).await.names();
    names.sort();
    assert_eq!(names, ["Ann Archer", "Sales", "dan of the cloud", "kim of the cloud"]);
    let transitive =
        server.get(&format!("/v1.0/groups/{cooks}/transitiveMembers/microsoft.graph.user?$count=true")).await;
    assert_eq!(transitive.json()["@odata.count"], 4, "Dora is in Sales: {}", transitive.text());
    let mut around = server.get("/v1.0/users/dora@contoso.com/transitiveMemberOf").await.names();
    around.sort();
    assert_eq!(around, ["All Staff", "Cooks", "Sales"]);
    assert_eq!(server.remove(&format!("{members}/{dan}/$ref")).await.status, 204);
    assert_eq!(server.remove(&format!("{members}/{dan}/$ref")).await.status, 404);
    let (own, nobody) = (server.post(&add, link(&cooks)).await, "00000000-0000-7000-8000-000000000000");
    assert_eq!(refused(&own), (400, "Request_BadRequest".into(), "members".into()));
    assert_eq!(server.post(&add, link(nobody)).await.status, 404);
    assert_eq!(server.post(&add, json!({"@odata.id": "no address"})).await.status, 400);
    let answer = server.patch(&format!("/v1.0/groups/{cooks}"), json!({"members@odata.bind": [bind]})).await;
    assert_eq!(answer.status, 400, "Ann is a member already");

    let manager = format!("/v1.0/users/{dan}/manager");
    assert_eq!(
        server.call("PUT", &format!("{manager}/$ref"), &server.admin, Some(link(&kim))).await.status,
        204
    );
    assert_eq!(server.get(&manager).await.json()["id"], json!(kim));
    assert_eq!(server.get(&format!("/v1.0/users/{kim}/directReports")).await.names(), ["dan of the cloud"]);
    let shown = server
        .get(&format!("/v1.0/users/{dan}?$select=id&$expand=manager($select=displayName)"))
        .await
        .json();
    assert_eq!(shown["manager"]["displayName"], "kim of the cloud");
    assert!(shown["manager"].get("mail").is_none());
    let list = server.get("/v1.0/users?$expand=manager&$filter=department eq 'Sales'").await.json();
    assert!(
        list["value"].as_array().unwrap().iter().all(|user| user["manager"]["displayName"] == "Ann Archer"),
        "{list}"
    );
    let with_members = server.get(&format!("/v1.0/groups/{sales}?$expand=members($select=id)")).await.json();
    assert_eq!(with_members["members"].as_array().unwrap().len(), 2);
    assert_eq!(server.remove(&format!("{manager}/$ref")).await.status, 204);
    assert_eq!(server.remove(&format!("{manager}/$ref")).await.status, 404);

    // The three that are asked for, each once, without the one that is not there.
    let ids = json!({"ids": [ann, kim, sales, nobody, ann], "types": ["user", "group"]});
    let found = server.call("POST", "/v1.0/directoryObjects/getByIds", &server.reader, Some(ids)).await;
    assert_eq!(found.names(), ["Ann Archer", "kim of the cloud", "Sales"]);
    let users = json!({"ids": [ann, sales], "types": ["user"]});
    assert_eq!(server.post("/v1.0/directoryObjects/getByIds", users).await.names(), ["Ann Archer"]);
    assert_eq!(
        server.get(&format!("/v1.0/directoryObjects/{sales}")).await.json()["@odata.type"],
        "#microsoft.graph.group"
    );
}

#[tokio::test]
async fn groups_have_owners() {
    let server = Server::new().await;
    server.organization().await;
    let (ann, sales) = (server.id_of("Ann Archer").await, server.id_of("Sales").await);
    let (kim, dan) = (server.make_user("kim").await, server.make_user("dan").await);
    let bind = format!("https://graph.microsoft.com/v1.0/users/{kim}");
    let group = json!({"displayName": "Cooks", "mailEnabled": false, "mailNickname": "cooks", "securityEnabled": true,
        "owners@odata.bind": [bind]});
    let answer = server.post("/v1.0/groups", group).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let cooks = answer.json()["id"].as_str().unwrap().to_owned();
    let owners = format!("/v1.0/groups/{cooks}/owners");
    let add = format!("{owners}/$ref");
    assert_eq!(server.get(&owners).await.names(), ["kim of the cloud"]);
    assert_eq!(server.get(&format!("/v1.0/groups/{cooks}/members")).await.names(), Vec::<String>::new());
    assert_eq!(server.post(&add, link(&ann)).await.status, 204);
    let again = server.post(&add, link(&ann)).await;
    assert_eq!(refused(&again), (400, "Request_BadRequest".into(), "owners".into()));
    assert!(again.text().contains("following modified properties: 'owners'"), "{}", again.text());
    assert_eq!(server.post(&add, link(&sales)).await.status, 400, "a group owns nothing");
    assert_eq!(server.post(&add, link("00000000-0000-7000-8000-000000000000")).await.status, 404);
    // A synced group has owners of the cloud; what its directory masters stays refused.
    assert_eq!(server.post(&format!("/v1.0/groups/{sales}/owners/$ref"), link(&ann)).await.status, 204);
    assert_eq!(server.post(&format!("/v1.0/groups/{sales}/members/$ref"), link(&dan)).await.status, 400);

    let counted = server.get(&format!("{owners}/microsoft.graph.user?$count=true&$select=id")).await.json();
    assert_eq!((&counted["@odata.count"], counted["value"].as_array().unwrap().len()), (&json!(2), 2));
    let owned = format!("/v1.0/users/{ann}/ownedObjects");
    let mut names = server.get(&owned).await.names();
    names.sort();
    assert_eq!(names, ["Cooks", "Sales"]);
    assert_eq!(server.get(&format!("{owned}/microsoft.graph.group/$count")).await.text(), "2");
    let shown = server.get(&format!("/v1.0/groups/{cooks}?$expand=owners($select=displayName)")).await.json();
    let names: Vec<&Value> = shown["owners"].as_array().unwrap().iter().map(|o| &o["displayName"]).collect();
    assert_eq!(names, ["Ann Archer", "kim of the cloud"]);
    let shown = server.get(&format!("/v1.0/users/{kim}?$expand=ownedObjects")).await.json();
    assert_eq!(shown["ownedObjects"][0]["displayName"], "Cooks");

    assert_eq!(server.remove(&format!("{owners}/{kim}/$ref")).await.status, 204);
    assert_eq!(server.remove(&format!("{owners}/{kim}/$ref")).await.status, 404);
    assert_eq!(server.get(&owners).await.names(), ["Ann Archer"]);
    let by_reader = server.call("POST", &add, &server.reader, Some(link(&kim))).await;
    assert_eq!(by_reader.status, 403);
}

#[tokio::test]
async fn what_is_refused_says_why() {
    let server = Server::new().await;
    server.organization().await;
    let ann = server.id_of("Ann Archer").await;
    let kim = server.make_user("kim").await;
    let with = |change: &dyn Fn(&mut Value)| {
        let mut user = new_user("new");
        change(&mut user);
        user
    };
    let (bad, same) = ("Request_BadRequest", "Request_MultipleObjectsWithSameKeyValue");
    for (body, code, target) in [
        (with(&|user| user["userPrincipalName"] = json!("ANN@contoso.com")), same, "userPrincipalName"),
        (with(&|user| user["userPrincipalName"] = json!("new@fabrikam.com")), bad, "userPrincipalName"),
        (with(&|user| user["userPrincipalName"] = json!("no name")), bad, "userPrincipalName"),
        (with(&|user| user["mail"] = json!("bob@contoso.com")), same, "proxyAddresses"),
        (with(&|user| user["displayName"] = Value::Null), bad, "displayName"),
        (with(&|user| user["accountEnabled"] = json!("yes")), bad, "accountEnabled"),
        (with(&|user| user["givenName"] = json!("x".repeat(65))), bad, "givenName"),
        (with(&|user| user["createdDateTime"] = json!("2026-01-01T00:00:00Z")), bad, "createdDateTime"),
        (with(&|user| user["proxyAddresses"] = json!(["SMTP:a@contoso.com"])), bad, "proxyAddresses"),
        (with(&|user| user["onPremisesSamAccountName"] = json!("x")), bad, "onPremisesSamAccountName"),
        (with(&|user| user["usageLocation"] = json!(7)), bad, "usageLocation"),
        (with(&|user| user["favouriteColour"] = json!("red")), bad, "-"),
    ] {
        let answer = server.post("/v1.0/users", body).await;
        assert_eq!(refused(&answer), (400, code.into(), target.into()), "{}", answer.text());
    }
    let answer =
        server.post("/v1.0/users", with(&|user| user["userPrincipalName"] = json!("ann@contoso.com"))).await;
    let error = &answer.json()["error"];
    assert_eq!(
        error["message"],
        "Another object with the same value for property userPrincipalName already exists."
    );
    assert_eq!(error["details"][0]["code"], "ObjectConflict");
    // What a directory masters.
    for (method, path, body) in [
        ("PATCH", format!("users/{ann}"), Some(json!({"department": "Kitchen"}))),
        ("DELETE", format!("users/{ann}"), None),
        ("PUT", format!("users/{ann}/manager/$ref"), Some(link(&kim))),
        ("POST", format!("groups/{}/members/$ref", server.id_of("Sales").await), Some(link(&kim))),
    ] {
        let answer = server.call(method, &format!("/v1.0/{path}"), &server.admin, body).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (400, bad), "{method} {path}");
        assert!(answer.text().contains("Unable to update the specified properties for on-premises mastered"));
    }
    assert_eq!(server.patch(&format!("/v1.0/users/{ann}"), json!({"usageLocation": "CH"})).await.status, 204);
    // Groups that the cloud cannot have.
    let group = |types: Value, mail: bool| json!({"displayName": "g", "mailEnabled": mail, "mailNickname": "g", "securityEnabled": true, "groupTypes": types});
    assert_eq!(server.post("/v1.0/groups", group(json!([]), true)).await.status, 400);
    assert_eq!(server.post("/v1.0/groups", group(json!(["DynamicMembership"]), false)).await.status, 501);
    let unified = server.post("/v1.0/groups", group(json!(["Unified"]), true)).await.json();
    assert_eq!((&unified["mail"], &unified["groupTypes"]), (&json!("g@contoso.com"), &json!(["Unified"])));
    // A reader changes nothing, nor does a sync client.
    for token in [&server.reader, &server.client] {
        let answer = server.call("POST", "/v1.0/users", token, Some(new_user("x"))).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (403, "Authorization_RequestDenied"));
    }
    let retry = format!("/v1.0/users/{kim}/retryServiceProvisioning");
    assert_eq!(server.post(&retry, json!({})).await.status, 204);
    // Deleted by its directory, restored here: the cloud's own.
    server.bulk(vec![delete(ObjectKind::User, "dora")]).await;
    let deleted = server.get("/v1.0/directory/deletedItems/microsoft.graph.user").await.json();
    let dora = deleted["value"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(
        server
            .call("POST", &format!("/v1.0/directory/deletedItems/{dora}/restore"), &server.admin, None)
            .await
            .status,
        200
    );
    assert_eq!(server.patch(&format!("/v1.0/users/{dora}"), json!({"city": "Zug"})).await.status, 204);
}
