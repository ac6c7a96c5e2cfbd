//! A server over a store in a folder of its own.

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Request, StatusCode, header};
use http_body_util::BodyExt;
use lockstep_api::{AnswerLimits, ApiSettings, ApiState, Doctor, auth};
use lockstep_model::clock::ManualClock;
use lockstep_model::provisioning::{
    BULK_REQUEST, BulkOperation, BulkRequest, CheckResult, ClientReport, ClientState, DoctorCheck,
    PendingCounts, PostOperation,
};
use lockstep_model::scim::{ScimGroup, ScimPatch, ScimUser, path_of};
use lockstep_model::{ObjectKind, Properties, Property, SourceAnchor, Timestamp};
use lockstep_storage::SqliteTenantStore;
use lockstep_tenant::domains::{Dns, DnsAnswer, DnsFindings};
use lockstep_tenant::{LocalUser, Role, TenantSetup, TenantStore, TokenRecord};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tower::ServiceExt as _;

pub(crate) const NOON: &str = "2026-11-22T12:00:00Z";
pub(crate) const PASSWORD: &str = "correct horse battery";

pub(crate) struct Server {
    pub(crate) router: Router,
    pub(crate) store: Arc<SqliteTenantStore>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) admin: String,
    pub(crate) reader: String,
    pub(crate) client: String,
    /// What DNS answers from now on.
    pub(crate) dns: Arc<Published>,
    _folder: tempfile::TempDir,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The code of a Graph error; the whole form is checked.
    pub(crate) fn code(&self) -> String {
        let body = self.json();
        let inner = &body["error"]["innerError"];
        assert_eq!(inner["request-id"].as_str().unwrap(), self.headers["request-id"], "{body}");
        assert!(body["error"]["message"].as_str().is_some_and(|m| !m.is_empty()), "{body}");
        assert!(inner["date"].is_string() && inner["client-request-id"].is_string(), "{body}");
        body["error"]["code"].as_str().unwrap().to_owned()
    }

    pub(crate) fn names(&self) -> Vec<String> {
        let value = &self.json()["value"];
        let list = value.as_array().unwrap_or_else(|| panic!("no list: {}", self.text()));
        list.iter().map(|item| item["displayName"].as_str().unwrap_or("?").to_owned()).collect()
    }
}

/// What DNS answers to every question.
#[derive(Debug)]
pub(crate) struct Published(pub(crate) Mutex<DnsFindings>);

#[async_trait::async_trait]
impl Dns for Published {
    async fn ask(&self, _: &str) -> DnsFindings {
        self.0.lock().unwrap().clone()
    }
}

pub(crate) struct TestDoctor;

#[async_trait::async_trait]
impl Doctor for TestDoctor {
    async fn check(&self) -> Vec<DoctorCheck> {
        vec![DoctorCheck {
            name: "server.disk".into(),
            title: "Space on the disk".into(),
            result: CheckResult::Pass,
            detail: "much".into(),
            remedy: None,
            millis: 0,
        }]
    }
}

impl Server {
    pub(crate) async fn new() -> Self {
        Self::with(ApiSettings::default()).await
    }

    pub(crate) async fn with(settings: ApiSettings) -> Self {
        Self::with_limits(settings, AnswerLimits::default()).await
    }

    pub(crate) async fn with_limits(settings: ApiSettings, limits: AnswerLimits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(SqliteTenantStore::open(&folder.path().join("tenant.db")).unwrap());
        let now: Timestamp = NOON.parse().unwrap();
        let clock = Arc::new(ManualClock::at(now));
        let setup = TenantSetup {
            display_name: "Contoso".into(),
            initial_domain: "contoso.onlockstep.example".into(),
            domains: vec![("contoso.com".into(), true), ("fabrikam.com".into(), false)],
        };
        store.set_up(setup, now).await.unwrap();
        let mut tokens = Vec::new();
        for (name, role) in [("root", Role::Admin), ("eyes", Role::Reader), ("Sync_test", Role::SyncClient)] {
            let secret = auth::new_secret("lkt").unwrap();
            let record =
                TokenRecord { name: name.into(), role, client: None, created_at: now, expires_at: None };
            store.put_token(secret.hash, record, now).await.unwrap();
            tokens.push(secret.text.expose_secret().to_owned());
        }
        let password_hash = auth::hash_password(&PASSWORD.to_owned().into()).unwrap();
        store.put_user(LocalUser { name: "ann".into(), password_hash, role: Role::Admin }).await.unwrap();
        let dns = Arc::new(Published(Mutex::new(DnsFindings {
            resolver: "192.0.2.53:53".into(),
            txt: DnsAnswer::NoName,
            mx: DnsAnswer::NoName,
        })));
        let state = ApiState::new(store.clone(), clock.clone(), Arc::new(TestDoctor), settings)
            .with_dns(dns.clone())
            .with_limits(limits);
        let [admin, reader, client] = tokens.try_into().unwrap();
        Self {
            router: lockstep_api::router(state),
            store,
            clock,
            admin,
            reader,
            client,
            dns,
            _folder: folder,
        }
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        Answer { status: head.status, headers: head.headers, body }
    }

    pub(crate) async fn call(&self, method: &str, path: &str, token: &str, body: Option<Value>) -> Answer {
        let mut request =
            Request::builder().method(method).uri(path).header(header::HOST, "tenant.example:8443");
        if !token.is_empty() {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let body = body.map_or(Body::empty(), |body| Body::from(body.to_string()));
        self.send(request.body(body).unwrap()).await
    }

    /// A GET by an administrator. Spaces may stand in the address.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call("GET", &path.replace(' ', "%20").replace('"', "%22"), &self.admin, None).await
    }

    pub(crate) async fn bulk(&self, operations: Vec<BulkOperation>) -> Answer {
        let batch = BulkRequest { schemas: vec![BULK_REQUEST.into()], run: None, operations };
        let body = Some(serde_json::to_value(batch).unwrap());
        self.call("POST", "/provisioning/v1/bulk", &self.client, body).await
    }

    pub(crate) async fn report(&self, change: impl FnOnce(&mut ClientReport)) -> Answer {
        let mut report = report();
        change(&mut report);
        let body = Some(serde_json::to_value(report).unwrap());
        self.call("POST", "/provisioning/v1/report", &self.client, body).await
    }

    /// Ann leads Bob and Carl; Bob has two addresses; Dora is switched off and in the Sales group with Ann; Bob's
    /// other address is Ann's already.
    pub(crate) async fn organization(&self) {
        let mut bob = person("bob", "Bob Berg", "Sales");
        bob.set_list(
            Property::ProxyAddresses,
            vec![
                "SMTP:bob@contoso.com".into(),
                "smtp:ann@contoso.com".into(),
                "smtp:bobby@contoso.com".into(),
            ],
        );
        let mut dora = person("dora", "Dora d'Arc", "IT");
        dora.set_flag(Property::AccountEnabled, false);
        let operations = vec![
            user("ann", person("ann", "Ann Archer", "Board"), None),
            user("bob", bob, Some("ann")),
            user("carl", person("carl", "Carl Ångström", "Sales"), Some("ann")),
            user("dora", dora, Some("bob")),
            group("sales", "Sales"),
            group("all", "All Staff"),
            members("sales", &["ann", "dora"]),
            members("all", &["sales", "bob"]),
        ];
        let answer = self.bulk(operations).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        for result in answer.json()["Operations"].as_array().unwrap() {
            assert_ne!(result["outcome"], "refused", "{result}");
        }
        let answer = self.report(|_| {}).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }

    pub(crate) async fn id_of(&self, name: &str) -> String {
        for kind in ["users", "groups"] {
            let answer = self
                .get(&format!("/v1.0/{kind}?$filter=displayName eq '{}'", name.replace('\'', "''")))
                .await;
            if let Some(id) = answer.json()["value"][0]["id"].as_str() {
                return id.to_owned();
            }
        }
        panic!("{name} is not there");
    }
}

pub(crate) fn anchor(text: &str) -> SourceAnchor {
    SourceAnchor::new(text).unwrap()
}

pub(crate) fn person(login: &str, name: &str, department: &str) -> Properties {
    let mut properties = Properties::new();
    properties.set_text(Property::DisplayName, name);
    properties.set_text(Property::UserPrincipalName, format!("{login}@contoso.com"));
    properties.set_text(Property::Mail, format!("{login}@contoso.com"));
    properties.set_text(Property::MailNickname, login);
    properties.set_text(Property::Department, department);
    properties.set_list(Property::ProxyAddresses, vec![format!("SMTP:{login}@contoso.com")]);
    properties
        .set_text(Property::OnPremisesDistinguishedName, format!("uid={login},ou=people,dc=contoso,dc=com"));
    properties.set_flag(Property::AccountEnabled, true);
    properties
}

pub(crate) fn user(anchor_text: &str, properties: Properties, manager: Option<&str>) -> BulkOperation {
    let user = ScimUser::from_properties(&anchor(anchor_text), &properties, manager.map(anchor));
    BulkOperation::Post(PostOperation::User(Box::new(user)))
}

pub(crate) fn group(anchor_text: &str, name: &str) -> BulkOperation {
    let mut properties = Properties::new();
    properties.set_text(Property::DisplayName, name);
    properties.set_text(Property::MailNickname, anchor_text);
    properties.set_flag(Property::SecurityEnabled, true);
    properties.set_flag(Property::MailEnabled, false);
    let group = ScimGroup::from_properties(&anchor(anchor_text), &properties);
    BulkOperation::Post(PostOperation::Group(Box::new(group)))
}

pub(crate) fn members(group: &str, add: &[&str]) -> BulkOperation {
    let data = ScimPatch::members(add.iter().map(|a| anchor(a)).collect(), vec![]);
    BulkOperation::Patch { path: path_of(ObjectKind::Group, &anchor(group)), data }
}

pub(crate) fn delete(kind: ObjectKind, anchor_text: &str) -> BulkOperation {
    BulkOperation::Delete { path: path_of(kind, &anchor(anchor_text)) }
}

pub(crate) fn report() -> ClientReport {
    ClientReport {
        version: "0.0.9".into(),
        machine: "dc1".into(),
        source: "ldap://dc1 (dc=contoso,dc=com)".into(),
        state: ClientState::Live,
        detail: None,
        last_import: Some(NOON.parse().unwrap()),
        last_export: Some(NOON.parse().unwrap()),
        next_cycle: None,
        cycle_seconds: 1800,
        connector_space_objects: 6,
        pending: PendingCounts::default(),
        held_plan: None,
        standby: false,
        lease: None,
        configuration: Default::default(),
        timetable: Default::default(),
    }
}

pub(crate) fn status_of(order: &str) -> Value {
    json!({"order": order})
}
