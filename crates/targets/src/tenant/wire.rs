//! Requests and answers: addresses, bodies with size limits, and what a status means.

use super::TenantTarget;
use crate::TargetError;
use lockstep_model::SourceAnchor;
use lockstep_model::provisioning::{EPOCH_HEADER, FENCED};
use reqwest::{Method, Response, StatusCode, Url, header};
use secrecy::ExposeSecret;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::error::Error;
use std::time::Duration;

/// Bytes one answer may have: a page of 50,000 anchors of 255 bytes fits, a page of the inventory too.
const MAX_ANSWER_BYTES: usize = 64 * 1024 * 1024;
/// Bytes of an error answer that are read.
const MAX_ERROR_BYTES: usize = 64 * 1024;
/// Longest pause that a server may ask for.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(3600);

/// Reads the address of a server. Plain HTTP is for loopback alone.
pub(super) fn base_url(text: &str) -> Result<Url, TargetError> {
    let refuse = |what: String, remedy| Err(TargetError::Settings { what, remedy });
    let Ok(mut url) = Url::parse(text) else {
        return refuse(
            format!("`{text}` is no address"),
            "set `url` to the server's, for example https://directory.contoso.com",
        );
    };
    if !url.username().is_empty() || url.password().is_some() {
        return refuse(
            "the address has a user name or password in it".into(),
            "put the token into `token_file` instead",
        );
    }
    let Some(host) = url.host_str().map(|host| host.trim_matches(['[', ']']).to_ascii_lowercase()) else {
        return refuse(format!("`{text}` names no host"), "set `url` to https://<host>[:<port>]");
    };
    let loopback = match host.parse::<std::net::IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    };
    match url.scheme() {
        "https" => {}
        "http" if loopback => {}
        "http" => {
            return refuse(
                format!("`{text}` would carry the token unprotected"),
                "use https, or http with a loopback address",
            );
        }
        other => {
            return refuse(
                format!("`{text}`: the scheme {other} is not known"),
                "set `url` to https://<host>[:<port>]",
            );
        }
    }
    url.set_query(None);
    url.set_fragment(None);
    Ok(url)
}

pub(super) fn protocol(endpoint: &str, action: &'static str, what: String) -> TargetError {
    TargetError::Protocol { endpoint: endpoint.to_owned(), action, what }
}

/// What an error of the connection means.
pub(super) fn transport(endpoint: &str, action: &'static str, error: reqwest::Error) -> TargetError {
    let endpoint = endpoint.to_owned();
    let error = error.without_url();
    if error.is_timeout() && !error.is_connect() {
        TargetError::TimedOut { endpoint, action }
    } else if is_certificate_error(&error) {
        TargetError::Untrusted { endpoint, source: error.into() }
    } else if error.is_connect() {
        TargetError::Unreachable { endpoint, source: error.into() }
    } else if error.is_builder() {
        protocol(&endpoint, action, error.to_string())
    } else {
        TargetError::Broken { endpoint, action, source: error.into() }
    }
}

/// Whether a certificate was refused: rustls' error lies below one or more I/O errors.
fn is_certificate_error(error: &(dyn Error + 'static)) -> bool {
    let mut at: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = at {
        if matches!(error.downcast_ref::<rustls::Error>(), Some(rustls::Error::InvalidCertificate(_))) {
            return true;
        }
        at = match error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    false
}

impl TenantTarget {
    /// An address below the server's.
    pub(super) fn root_url(&self, segments: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }

    /// An address of the provisioning API; each segment is percent-encoded.
    pub(super) fn url(&self, segments: &[&str]) -> Url {
        let whole: Vec<&str> = ["provisioning", "v1"].iter().chain(segments).copied().collect();
        self.root_url(&whole)
    }

    /// The address of a page.
    pub(super) fn page_url(&self, segments: &[&str], after: Option<&SourceAnchor>, top: &str) -> Url {
        let mut url = self.url(segments);
        let mut query = url.query_pairs_mut();
        query.append_pair("top", top);
        if let Some(after) = after {
            query.append_pair("after", after.as_str());
        }
        drop(query);
        url
    }

    pub(super) fn protocol(&self, action: &'static str, what: String) -> TargetError {
        protocol(&self.endpoint, action, what)
    }

    pub(super) fn encode(&self, action: &'static str, body: &impl Serialize) -> Result<Vec<u8>, TargetError> {
        serde_json::to_vec(body)
            .map_err(|e| self.protocol(action, format!("it cannot be written as JSON ({e})")))
    }

    /// Sends a request and answers the response, if its status is a good one.
    pub(super) async fn request(
        &self,
        method: Method,
        url: Url,
        body: Option<Vec<u8>>,
        action: &'static str,
    ) -> Result<Response, TargetError> {
        let mut request = self.http.request(method, url).bearer_auth(self.token.expose_secret());
        if let Some(epoch) = self.epoch {
            request = request.header(EPOCH_HEADER, epoch);
        }
        if let Some(body) = body {
            request = request.header(header::CONTENT_TYPE, "application/json").body(body);
        }
        let response = request.send().await.map_err(|e| transport(&self.endpoint, action, e))?;
        let status = response.status();
        if status.is_success() { Ok(response) } else { Err(self.refusal(status, response, action).await) }
    }

    /// Sends a request and reads its answer.
    pub(super) async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        url: Url,
        body: Option<Vec<u8>>,
        action: &'static str,
    ) -> Result<T, TargetError> {
        let response = self.request(method, url, body, action).await?;
        let bytes = self.read(response, MAX_ANSWER_BYTES, action).await?;
        serde_json::from_slice(&bytes).map_err(|e| self.protocol(action, e.to_string()))
    }

    /// Sends a request whose answer has no body.
    pub(super) async fn call_empty(
        &self,
        method: Method,
        url: Url,
        body: Vec<u8>,
        action: &'static str,
    ) -> Result<(), TargetError> {
        let response = self.request(method, url, Some(body), action).await?;
        self.read(response, MAX_ERROR_BYTES, action).await.map(|_| ())
    }

    async fn read(
        &self,
        mut response: Response,
        limit: usize,
        action: &'static str,
    ) -> Result<Vec<u8>, TargetError> {
        let expected = response.content_length().and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
        let mut bytes = Vec::with_capacity(expected.min(limit));
        while let Some(chunk) = response.chunk().await.map_err(|e| transport(&self.endpoint, action, e))? {
            if bytes.len() + chunk.len() > limit {
                return Err(self.protocol(action, format!("an answer of more than {limit} bytes")));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }

    /// What a status other than success means.
    async fn refusal(&self, status: StatusCode, response: Response, action: &'static str) -> TargetError {
        let endpoint = self.endpoint.clone();
        let retry_after = response
            .headers()
            .get(header::RETRY_AFTER)
            .and_then(|v| v.to_str().ok()?.trim().parse().ok())
            .map_or(Duration::from_secs(5), Duration::from_secs)
            .min(MAX_RETRY_AFTER);
        let body = self.read(response, MAX_ERROR_BYTES, action).await.unwrap_or_default();
        let (code, message) = read_error(&body);
        match status {
            StatusCode::UNAUTHORIZED => TargetError::Unauthorized { endpoint },
            StatusCode::FORBIDDEN if code == "DirectorySyncDisabled" => {
                TargetError::SyncDisabled { endpoint }
            }
            StatusCode::CONFLICT if code == FENCED => {
                let message = message.trim_end_matches('.').to_owned();
                TargetError::Fenced { endpoint, action, message }
            }
            StatusCode::FORBIDDEN => TargetError::Forbidden { endpoint, action },
            StatusCode::TOO_MANY_REQUESTS => TargetError::Throttled { endpoint, retry_after },
            StatusCode::REQUEST_TIMEOUT => TargetError::TimedOut { endpoint, action },
            _ if status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED => {
                TargetError::Unavailable { endpoint, status: status.as_u16(), message }
            }
            _ => TargetError::Refused { endpoint, action, status: status.as_u16(), message },
        }
    }
}

/// Code and message of a Graph error body; of anything else, a word on it.
fn read_error(body: &[u8]) -> (String, String) {
    #[derive(serde::Deserialize)]
    struct Body {
        error: Inner,
    }
    #[derive(serde::Deserialize)]
    struct Inner {
        code: String,
        message: String,
    }
    match serde_json::from_slice::<Body>(body) {
        Ok(Body { error }) => (error.code, error.message.chars().take(500).collect()),
        Err(_) if body.is_empty() => (String::new(), "no text".into()),
        Err(_) => (String::new(), format!("{} bytes that are no JSON error", body.len())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TenantTargetSettings;

    #[test]
    fn a_token_travels_protected_or_not_at_all() {
        let check = |url: &str, ok: bool| assert_eq!(base_url(url).is_ok(), ok, "{url}");
        check("https://directory.contoso.com", true);
        check("http://127.0.0.1:8080", true);
        check("http://[::1]:8080/base/", true);
        check("http://localhost:1", true);
        check("http://directory.contoso.com", false);
        check("http://10.0.0.1", false);
        check("http://127.0.0.1.contoso.com", false);
        check("ldap://127.0.0.1", false);
        check("https://ann:secret@contoso.com", false);
        check("nonsense", false);
        check("", false);
    }

    #[test]
    fn anchors_stay_one_segment() {
        let target = TenantTarget::new(TenantTargetSettings {
            url: "http://127.0.0.1:1/base/?x=y".into(),
            token: "t".to_owned().into(),
            ca_file: None,
        })
        .unwrap();
        let after = SourceAnchor::new("a+b&c=d/é").unwrap();
        let url = target.page_url(&["groups", "x/y?z#%1", "members"], Some(&after), "9");
        assert_eq!(
            url.as_str(),
            "http://127.0.0.1:1/base/provisioning/v1/groups/x%2Fy%3Fz%23%251/members?top=9&after=a%2Bb%26c%3Dd%2F%C3%A9"
        );
    }

    #[test]
    fn error_bodies_of_any_kind() {
        let graph = br#"{"error":{"code":"X","message":"words","innerError":{}}}"#;
        assert_eq!(read_error(graph), ("X".into(), "words".into()));
        assert_eq!(read_error(b"").1, "no text");
        assert_eq!(read_error(b"<html>").1, "6 bytes that are no JSON error");
    }
}
