//! Domains as Graph's clients manage them.

use crate::common::{Answer, Server, person, user};
use http::StatusCode;
use lockstep_model::Property;
use lockstep_tenant::domains::DnsAnswer;
use serde_json::{Value, json};
use std::time::Duration;

impl Server {
    async fn domain(&self, method: &str, path: &str, body: Value) -> Answer {
        let body = (!body.is_null()).then_some(body);
        self.call(method, &format!("/v1.0/domains{path}"), &self.admin, body).await
    }

    fn publish(&self, texts: &[&str]) {
        let texts = texts.iter().map(|text| (*text).to_owned()).collect();
        let mut found = self.dns.0.lock().unwrap();
        found.txt = DnsAnswer::Records(texts);
        found.mx = DnsAnswer::NoRecords;
    }

    /// Waits until nothing is being done to any domain.
    async fn settled(&self) {
        for _ in 0..2_000 {
            let list = self.domain("GET", "", Value::Null).await.json();
            if list["value"].as_array().unwrap().iter().all(|domain| domain["state"].is_null()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("a domain is worked on for ever");
    }

    async fn proof(&self, name: &str) -> String {
        let records =
            self.domain("GET", &format!("/{name}/verificationDnsRecords"), Value::Null).await.json();
        records["value"][0]["text"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn a_domain_is_added_proven_and_people_get_their_names() {
    let server = Server::new().await;
    let mut eve = person("eve", "Eve", "Sales");
    eve.set_text(Property::UserPrincipalName, "eve@newname.example");
    server.bulk(vec![user("eve", eve, None)]).await;
    let upn = async || {
        let answer = server.get("/v1.0/users?$filter=displayName eq 'Eve'").await.json();
        answer["value"][0]["userPrincipalName"].as_str().unwrap().to_owned()
    };
    assert_eq!(upn().await, "eve@contoso.onlockstep.example");

    let added = server.domain("POST", "", json!({"id": "NewName.example"})).await;
    assert_eq!(added.status, StatusCode::CREATED, "{}", added.text());
    assert_eq!(added.headers["location"], "http://tenant.example:8443/v1.0/domains/newname.example");
    assert_eq!(added.json()["isVerified"], false);
    let again = server.domain("POST", "", json!({"id": "newname.example"})).await;
    assert_eq!(
        (again.status.as_u16(), again.code().as_str()),
        (400, "Request_MultipleObjectsWithSameKeyValue")
    );

    let records = server.domain("GET", "/NEWNAME.example/verificationDnsRecords", Value::Null).await.json();
    let text = records["value"][0]["text"].as_str().unwrap();
    assert!(text.starts_with("MS=ms") && text.len() == 13, "{records}");
    assert_eq!(records["value"][0]["@odata.type"], "#microsoft.graph.domainDnsTxtRecord");
    assert_eq!(records["value"][1]["@odata.type"], "#microsoft.graph.domainDnsMxRecord");
    assert_eq!(records["value"][1]["preference"], 32_767);
    assert!(records["value"][1]["mailExchange"].as_str().unwrap().ends_with(".msv1.invalid"));

    let missing = server.domain("POST", "/newname.example/verify", Value::Null).await;
    assert_eq!(
        (missing.status.as_u16(), missing.code().as_str()),
        (400, "DomainVerificationMissingDnsRecord")
    );
    assert!(
        missing.text().contains("192.0.2.53:53") && missing.text().contains("NXDOMAIN"),
        "{}",
        missing.text()
    );
    server.publish(&["v=spf1 -all", "MS=ms00000000"]);
    let other = server.domain("POST", "/newname.example/verify", json!({"forceTakeover": false})).await;
    assert!(other.text().contains("MS=ms00000000") && other.text().contains(text), "{}", other.text());
    server.dns.0.lock().unwrap().txt = DnsAnswer::Failed("Server Failure".into());
    let failed = server.domain("POST", "/newname.example/verify", Value::Null).await;
    assert_eq!(failed.status, StatusCode::SERVICE_UNAVAILABLE, "{}", failed.text());

    server.publish(&[text]);
    let verified = server.domain("POST", "/newname.example/verify", Value::Null).await;
    assert_eq!(verified.status, StatusCode::OK, "{}", verified.text());
    assert_eq!(verified.json()["isVerified"], true);
    assert_eq!(verified.json()["availabilityStatus"], "AvailableImmediately");
    server.settled().await;
    assert_eq!(upn().await, "eve@newname.example");
    let history = server.get("/api/v1/history?outcome=recalculated").await.json();
    assert_eq!(history["value"][0]["changes"][1]["after"], "eve@newname.example", "{history}");
}

#[tokio::test]
async fn the_default_services_and_federation() {
    let server = Server::new().await;
    server.domain("POST", "", json!({"id": "corp.example"})).await;
    let early = server.domain("PATCH", "/corp.example", json!({"isDefault": true})).await;
    assert!(early.status == 400 && early.text().contains("verificationDnsRecords"), "{}", early.text());
    server.publish(&[&server.proof("corp.example").await]);
    server.domain("POST", "/corp.example/verify", Value::Null).await;
    let services =
        server.domain("GET", "/corp.example/serviceConfigurationRecords", Value::Null).await.json();
    assert_eq!(services["value"], json!([]));
    let body = json!({"isDefault": true, "supportedServices": ["email"], "passwordValidityPeriodInDays": 90});
    let set = server.domain("PATCH", "/corp.example", body).await;
    assert_eq!(set.status, StatusCode::NO_CONTENT, "{}", set.text());
    let shown = server.domain("GET", "/corp.example", Value::Null).await.json();
    assert_eq!((&shown["isDefault"], &shown["supportedServices"]), (&json!(true), &json!(["Email"])));
    let services =
        server.domain("GET", "/corp.example/serviceConfigurationRecords", Value::Null).await.json();
    assert_eq!(services["value"][0]["mailExchange"], "corp-example.mail.protection.outlook.com");
    assert_eq!(services["value"][2]["@odata.type"], "#microsoft.graph.domainDnsCnameRecord");

    let federation = "/corp.example/federationConfiguration";
    let made = json!({"@odata.type": "#microsoft.graph.internalDomainFederation", "displayName": "AD FS",
        "issuerUri": "urn:adfs", "passiveSignInUri": "https://sts.corp.example/adfs/ls",
        "preferredAuthenticationProtocol": "wsFed", "isSignedAuthenticationRequestRequired": false});
    let refused = server.domain("POST", federation, made.clone()).await;
    assert!(refused.status == 400 && refused.text().contains("default domain"), "{}", refused.text());
    server.domain("PATCH", "/contoso.com", json!({"isDefault": true})).await;
    let created = server.domain("POST", federation, made).await;
    assert_eq!(created.status, StatusCode::CREATED, "{}", created.text());
    let id = created.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(
        server.domain("GET", "/corp.example", Value::Null).await.json()["authenticationType"],
        "Federated"
    );
    let organization = server.get("/v1.0/organization").await.json();
    let kinds = organization["value"][0]["verifiedDomains"].as_array().unwrap();
    assert!(kinds.iter().any(|d| d["name"] == "corp.example" && d["type"] == "Federated"), "{organization}");
    let one = format!("{federation}/{id}");
    let bad = server.domain("PATCH", &one, json!({"preferredAuthenticationProtocol": "oidc"})).await;
    assert!(bad.status == 400 && bad.text().contains("wsFed, saml"), "{}", bad.text());
    server.domain("PATCH", &one, json!({"signOutUri": "https://sts.corp.example/out"})).await;
    let list = server.domain("GET", federation, Value::Null).await.json();
    assert_eq!(list["value"][0]["signOutUri"], "https://sts.corp.example/out");
    assert_eq!(server.domain("DELETE", &one, Value::Null).await.status, StatusCode::NO_CONTENT);
    assert_eq!(server.domain("GET", federation, Value::Null).await.json()["value"], json!([]));
}

#[tokio::test]
async fn a_domain_in_use_goes_by_force_only() {
    let server = Server::new().await;
    for (name, what) in [
        ("contoso.onlockstep.example", "initial domain"),
        ("contoso.com", "configuration"),
        ("nowhere.example", "does not exist"),
    ] {
        let refused = server.domain("DELETE", &format!("/{name}"), Value::Null).await;
        assert!(refused.status.is_client_error() && refused.text().contains(what), "{}", refused.text());
    }
    server.domain("POST", "", json!({"id": "old.example"})).await;
    server.publish(&[&server.proof("old.example").await]);
    server.domain("POST", "/old.example/verify", Value::Null).await;
    server.settled().await;
    let mut eve = person("eve", "Eve", "Sales");
    eve.set_text(Property::UserPrincipalName, "eve@old.example");
    server.bulk(vec![user("eve", eve, None)]).await;
    let refused = server.domain("DELETE", "/old.example", Value::Null).await;
    assert!(
        refused.status == 400 && refused.text().contains("user 'Eve' (eve@old.example)"),
        "{}",
        refused.text()
    );
    let users = server.domain("GET", "/old.example/domainNameReferences", Value::Null).await.json();
    assert_eq!(users["value"][0]["@odata.type"], "#microsoft.graph.user");
    let forced =
        server.domain("POST", "/old.example/forceDelete", json!({"disableUserAccounts": false})).await;
    assert_eq!(forced.status, StatusCode::NO_CONTENT, "{}", forced.text());
    server.settled().await;
    assert_eq!(server.domain("GET", "/old.example", Value::Null).await.status, StatusCode::NOT_FOUND);
    let names = server.get("/v1.0/users?$filter=displayName eq 'Eve'").await.json();
    assert_eq!(names["value"][0]["userPrincipalName"], "eve@contoso.onlockstep.example");
}

#[tokio::test]
async fn subdomains_and_what_is_no_domain() {
    let server = Server::new().await;
    let added = server.domain("POST", "", json!({"id": "eu.contoso.com"})).await.json();
    assert_eq!((&added["isVerified"], &added["isRoot"]), (&json!(true), &json!(false)), "{added}");
    let root = server.domain("GET", "/eu.contoso.com/rootDomain", Value::Null).await.json();
    assert_eq!(root["id"], "contoso.com");
    let promoted = server.domain("POST", "/eu.contoso.com/promote", Value::Null).await.json();
    assert_eq!(promoted["value"], true);
    assert_eq!(server.domain("GET", "/eu.contoso.com", Value::Null).await.json()["isRoot"], true);
    for body in [
        json!({"id": "no domain"}),
        json!({"id": 7}),
        json!({}),
        json!({"id": "a.example", "state": {}}),
        json!({"id": "a".repeat(300)}),
        json!({"id": "a.example", "authenticationType": "Federated"}),
    ] {
        let refused = server.domain("POST", "", body.clone()).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{body}: {}", refused.text());
    }
    for body in [
        json!({"isDefault": "yes"}),
        json!({"isVerified": true}),
        json!({"supportedServices": [1]}),
        json!({"passwordValidityPeriodInDays": -1}),
        json!({"authenticationType": "None"}),
    ] {
        let refused = server.domain("PATCH", "/contoso.com", body.clone()).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{body}: {}", refused.text());
    }
    let reader = server.call("POST", "/v1.0/domains", &server.reader, Some(json!({"id": "a.example"}))).await;
    assert_eq!(reader.status, StatusCode::FORBIDDEN);
}
