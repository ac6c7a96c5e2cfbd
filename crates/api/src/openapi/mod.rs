//! The description of Lockstep's own endpoints for programs: OpenAPI 3.1, at `/api/v1/openapi.json` and in the book.
//! Graph, SCIM and the sync clients' endpoints are described by their own specifications.
//!
//! **Invariant:** every route of `router.rs` below `/api/v1`, and those beside it, is here; tests hold it against the
//! router's source, the committed file and real answers.

mod schemas;

use crate::body;
use crate::error::ApiError;
use axum::response::Response;
use serde_json::{Map, Value, json};

/// `GET /api/v1/openapi.json`
pub(crate) async fn show() -> Result<Response, ApiError> {
    body::json(&document())
}

/// The document.
pub fn document() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for operation in OPERATIONS {
        let entry = paths.entry(operation.path).or_insert_with(|| json!({}));
        if let Value::Object(entry) = entry {
            entry.insert(operation.method.to_owned(), operation.shown());
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Lockstep",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Lockstep's own endpoints. Times are RFC 3339 in UTC. Microsoft Graph is at /v1.0 and /beta, SCIM 2.0 at /scim/v2.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [
            {"url": "/", "description": "The server's first tenant."},
            {
                "url": "/tenants/{tenant}",
                "description": "A tenant by its id, or by a domain that is verified there.",
                "variables": {"tenant": {"default": "contoso.com", "description": "The id, or the domain, in lower case."}},
            },
        ],
        "security": [{"bearer": []}, {"session": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "A token made by `lockstep token create`."},
                "session": {"type": "apiKey", "in": "cookie", "name": "lockstep_session", "description": "The cookie of a browser; below /tenants it is lockstep_tenant_session. What changes something also carries X-Lockstep-Request: 1."},
            },
            "schemas": schemas::all(),
            "responses": {
                "Error": {
                    "description": "Why not, with the next step.",
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
                },
            },
        },
    })
}

/// What is answered.
enum Answer {
    /// JSON of a schema.
    Json(&'static str),
    /// A file or a stream of a media type.
    Other(&'static str),
    /// Nothing.
    Empty,
}

/// One endpoint.
struct Operation {
    method: &'static str,
    path: &'static str,
    about: &'static str,
    /// Names of parameters, of [`PARAMETERS`].
    parameters: &'static [&'static str],
    body: Option<&'static str>,
    answer: Answer,
    /// Statuses of refusals beside 400 (a wrong parameter) and those of signing in.
    errors: &'static [&'static str],
    open: bool,
}

const fn get(path: &'static str, about: &'static str, answer: Answer) -> Operation {
    Operation { method: "get", path, about, parameters: &[], body: None, answer, errors: &[], open: false }
}

const fn post(path: &'static str, about: &'static str, body: &'static str, answer: Answer) -> Operation {
    Operation { method: "post", body: Some(body), ..get(path, about, answer) }
}

const HISTORY: &[&str] =
    &["object", "run", "from", "to", "outcome", "property", "rule", "search", "top", "after"];
const HISTORY_FILE: &[&str] =
    &["format", "object", "run", "from", "to", "outcome", "property", "rule", "search"];
const OF_RUN: &[&str] = &["id", "object", "outcome", "property", "rule", "search", "top", "after"];
const OF_RUN_FILE: &[&str] = &["id", "format", "object", "outcome", "property", "rule", "search"];
const ERRORS: &[&str] = &["category", "kind", "object", "shown", "q", "top", "after"];
const FILE: &str = "text/csv";

const OPERATIONS: &[Operation] = &[
    Operation {
        errors: &["401", "429"],
        open: true,
        ..post(
            "/api/v1/session",
            "Sign in with name and password; the answer sets the cookie.",
            "SignIn",
            Answer::Empty,
        )
    },
    Operation {
        errors: &["401", "429"],
        open: true,
        ..post("/api/v1/session/link", "Sign in with a one-time link's token.", "Link", Answer::Empty)
    },
    Operation {
        open: true,
        ..get("/api/v1/session/place", "Where one signs in: the organization's name.", Answer::Json("Place"))
    },
    get("/api/v1/session", "Who is signed in.", Answer::Json("Session")),
    Operation { method: "delete", ..get("/api/v1/session", "Sign out.", Answer::Empty) },
    get("/api/v1/status", "What the status page shows.", Answer::Json("Status")),
    Operation {
        parameters: ERRORS,
        ..get("/api/v1/errors", "Errors of objects, newest first.", Answer::Json("ErrorList"))
    },
    Operation {
        parameters: &["errorFormat", "category", "kind", "object", "shown", "q"],
        ..get("/api/v1/errors/export", "All errors as a file.", Answer::Other(FILE))
    },
    Operation {
        body: None,
        ..post("/api/v1/errors/recheck", "Look at every quarantined value now.", "", Answer::Json("Released"))
    },
    Operation {
        method: "put",
        parameters: &["errorId"],
        errors: &["404"],
        ..get(
            "/api/v1/errors/{id}/ignored",
            "Ignore an error until what it is about changes.",
            Answer::Json("ErrorRow"),
        )
    },
    Operation {
        method: "delete",
        parameters: &["errorId"],
        errors: &["404"],
        ..get("/api/v1/errors/{id}/ignored", "Show an ignored error again.", Answer::Json("ErrorRow"))
    },
    Operation {
        parameters: &["errorId"],
        errors: &["404"],
        ..get(
            "/api/v1/errors/{id}/fixes",
            "What can be done about an error, and all that each would change.",
            Answer::Json("Fixes"),
        )
    },
    Operation {
        parameters: &["errorId"],
        errors: &["404", "409", "412"],
        ..post(
            "/api/v1/errors/{id}/fix",
            "Do what was previewed; refused where anything changed since.",
            "FixRequest",
            Answer::Json("FixApplied"),
        )
    },
    Operation {
        parameters: HISTORY,
        errors: &["404"],
        ..get("/api/v1/history", "What became of objects, newest first.", Answer::Json("HistoryList"))
    },
    Operation {
        parameters: HISTORY_FILE,
        errors: &["404"],
        ..get("/api/v1/history/export", "All that matches as a file.", Answer::Other(FILE))
    },
    Operation {
        parameters: &["top", "after"],
        ..get("/api/v1/runs", "Runs of sync clients, newest first.", Answer::Json("RunList"))
    },
    Operation {
        parameters: &["format"],
        ..get("/api/v1/runs/export", "All runs as a file.", Answer::Other(FILE))
    },
    Operation {
        parameters: &["id"],
        errors: &["404"],
        ..get("/api/v1/runs/{id}", "One run.", Answer::Json("Run"))
    },
    Operation {
        parameters: OF_RUN,
        errors: &["404"],
        ..get("/api/v1/runs/{id}/objects", "What a run did to objects.", Answer::Json("HistoryList"))
    },
    Operation {
        parameters: OF_RUN_FILE,
        errors: &["404"],
        ..get("/api/v1/runs/{id}/export", "What a run did, as a file.", Answer::Other(FILE))
    },
    Operation {
        parameters: &["hours", "parts"],
        ..get("/api/v1/activity", "What runs did, by parts of a time.", Answer::Json("Activity"))
    },
    Operation {
        parameters: &["top"],
        ..get("/api/v1/leases", "Who wrote when: leases, newest first.", Answer::Json("LeaseList"))
    },
    Operation {
        parameters: &["client"],
        errors: &["404", "503", "504"],
        ..post(
            "/api/v1/orders",
            "Pass an order to a sync client, and wait up to 60 s for its answer.",
            "Order",
            Answer::Json("OrderAnswer"),
        )
    },
    Operation {
        errors: &["409"],
        ..post(
            "/api/v1/enrollments",
            "Make a code with which one new sync client gets its token, once and within an hour.",
            "EnrollmentRequest",
            Answer::Json("Enrollment"),
        )
    },
    get("/api/v1/people", "Who may sign in. For administrators.", Answer::Json("PersonList")),
    Operation {
        errors: &["409"],
        ..post(
            "/api/v1/people",
            "Let a person sign in, with a password or by a link that works once.",
            "NewPerson",
            Answer::Json("PersonMade"),
        )
    },
    Operation {
        method: "patch",
        parameters: &["personName"],
        errors: &["404", "409"],
        ..post(
            "/api/v1/people/{name}",
            "Change a person's role or password; their sessions end.",
            "ChangedPerson",
            Answer::Empty,
        )
    },
    Operation {
        method: "delete",
        parameters: &["personName"],
        errors: &["404", "409"],
        ..get("/api/v1/people/{name}", "Let a person sign in no more.", Answer::Empty)
    },
    Operation {
        body: None,
        parameters: &["personName"],
        errors: &["404"],
        ..post(
            "/api/v1/people/{name}/link",
            "Make a link that signs a person in once, within a day.",
            "",
            Answer::Json("SignInLink"),
        )
    },
    get(
        "/api/v1/tokens",
        "The tokens of programs, without their secrets. For administrators.",
        Answer::Json("TokenList"),
    ),
    Operation {
        errors: &["409"],
        ..post(
            "/api/v1/tokens",
            "Make a token; it is in this answer only.",
            "NewToken",
            Answer::Json("Token"),
        )
    },
    Operation {
        method: "delete",
        parameters: &["tokenName"],
        errors: &["404", "409"],
        ..get("/api/v1/tokens/{name}", "End a token.", Answer::Empty)
    },
    Operation {
        parameters: &["top", "after"],
        ..get(
            "/api/v1/accesslog",
            "Who changed who has access and what is set, newest first. For administrators.",
            Answer::Json("AccessLog"),
        )
    },
    get("/api/v1/settings", "What is set, and in which file.", Answer::Json("Settings")),
    get(
        "/api/v1/doctor",
        "The checks of the server and of the connected sync client.",
        Answer::Json("DoctorAnswer"),
    ),
    get("/api/v1/events", "Live changes, as Server-Sent Events.", Answer::Other("text/event-stream")),
    Operation { open: true, ..get("/api/v1/openapi.json", "This document.", Answer::Json("Document")) },
    get("/metrics", "Metrics, as Prometheus reads them.", Answer::Other("text/plain")),
    Operation { open: true, ..get("/healthz", "Whether the process lives.", Answer::Json("Health")) },
    Operation {
        open: true,
        errors: &["503"],
        ..get("/readyz", "Whether the store answers.", Answer::Json("Ready"))
    },
    Operation {
        open: true,
        errors: &["404"],
        ..get("/downloads/lockstep", "The server's own program.", Answer::Other("application/octet-stream"))
    },
    Operation {
        open: true,
        errors: &["404"],
        ..get("/downloads/lockstep.sha256", "Its SHA-256.", Answer::Other("text/plain"))
    },
];

impl Operation {
    fn shown(&self) -> Value {
        let mut shown = Map::new();
        shown.insert("operationId".into(), self.id().into());
        shown.insert("summary".into(), self.about.into());
        if self.open {
            shown.insert("security".into(), json!([]));
        }
        if !self.parameters.is_empty() {
            let list: Vec<Value> = self.parameters.iter().filter_map(|name| parameter(name)).collect();
            shown.insert("parameters".into(), list.into());
        }
        if let Some(body) = self.body.filter(|body| !body.is_empty()) {
            let schema = json!({"$ref": format!("#/components/schemas/{body}")});
            shown.insert(
                "requestBody".into(),
                json!({"required": true, "content": {"application/json": {"schema": schema}}}),
            );
        }
        let mut responses = Map::new();
        let (status, good) = match self.answer {
            Answer::Json(schema) => {
                let schema = json!({"$ref": format!("#/components/schemas/{schema}")});
                ("200", json!({"description": "Done.", "content": {"application/json": {"schema": schema}}}))
            }
            Answer::Other(media) => {
                ("200", json!({"description": "Done.", "content": {media: {"schema": {"type": "string"}}}}))
            }
            Answer::Empty => ("204", json!({"description": "Done."})),
        };
        responses.insert(status.into(), good);
        let error = || json!({"$ref": "#/components/responses/Error"});
        let mut add = |status: &str| {
            responses.insert(status.to_owned(), error());
        };
        if !self.open {
            add("401");
            add("403");
        }
        if !self.parameters.is_empty() || self.body.is_some() {
            add("400");
        }
        if self.body.is_some() {
            add("403");
            add("413");
        }
        self.errors.iter().for_each(|status| add(status));
        shown.insert("responses".into(), responses.into());
        Value::Object(shown)
    }

    /// `getRunObjects`: what generated clients call it.
    fn id(&self) -> String {
        let words = self.path.trim_start_matches("/api/v1").split(['/', '.', '{', '}']);
        let mut id = self.method.to_owned();
        for word in words.filter(|word| !word.is_empty()) {
            let mut letters = word.chars();
            id.extend(letters.next().map(|first| first.to_ascii_uppercase()));
            id.extend(letters);
        }
        id
    }
}

fn parameter(name: &str) -> Option<Value> {
    let text = || json!({"type": "string", "maxLength": 512});
    let (shown, about, schema) = match name {
        "id" => ("id", "A run's id.", json!({"type": "string", "format": "uuid"})),
        "errorId" => ("id", "An error's id.", json!({"type": "integer", "minimum": 1})),
        "shown" => (
            "shown",
            "Errors that nobody ignores (where absent), those that are ignored, or both.",
            json!({"type": "string", "enum": ["open", "ignored", "all"]}),
        ),
        "personName" => ("name", "The name that a person signs in with.", text()),
        "tokenName" => ("name", "The token's name.", text()),
        "client" => ("client", "Which of several sync clients.", json!({"type": "string", "format": "uuid"})),
        "run" => ("run", "A run's id.", json!({"type": "string", "format": "uuid"})),
        "from" => ("from", "The first moment.", json!({"type": "string", "format": "date-time"})),
        "to" => ("to", "The last moment.", json!({"type": "string", "format": "date-time"})),
        "outcome" => ("outcome", "What became of the object.", schemas::outcomes()),
        "category" => ("category", "The category of the errors.", schemas::categories()),
        "kind" => ("kind", "The kind of object.", schemas::kinds()),
        "top" => ("top", "Rows of a page.", json!({"type": "integer", "minimum": 1, "maximum": 500})),
        "hours" => (
            "hours",
            "How far back; 24 where it is not said.",
            json!({"type": "integer", "minimum": 1, "maximum": 8784}),
        ),
        "parts" => (
            "parts",
            "In how many parts of one length; 24 where it is not said.",
            json!({"type": "integer", "minimum": 1, "maximum": 200}),
        ),
        "after" => ("after", "`next` of the page before.", text()),
        "object" => ("object", "An id; in the history also an anchor, a sign-in name or an address.", text()),
        "property" => ("property", "Graph's name of a property.", text()),
        "rule" => ("rule", "A part of a flow's text.", text()),
        "search" => ("search", "A part of a name, value, anchor or error code.", text()),
        "q" => ("q", "A part of a name, value or message.", text()),
        "format" => ("format", "The form of the file.", json!({"type": "string", "enum": ["csv", "jsonl"]})),
        "errorFormat" => {
            ("format", "The form of the file.", json!({"type": "string", "enum": ["csv", "json"]}))
        }
        _ => return None,
    };
    let in_path = matches!(shown, "id" | "name");
    let required = in_path || shown == "format";
    Some(json!({
        "name": shown,
        "in": if in_path { "path" } else { "query" },
        "required": required,
        "description": about,
        "schema": schema,
    }))
}
