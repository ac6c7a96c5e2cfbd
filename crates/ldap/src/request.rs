//! What the client sends (RFC 4511 section 4), encoded.

use crate::ber::{Writer, tag};
use crate::filter::Filter;
use crate::message::PAGED_RESULTS;
use crate::sync::{REQUEST_CONTROL, SyncRequest};

/// Which entries under the base a search looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The base itself.
    Base,
    /// Those right below the base.
    OneLevel,
    /// The base and all below.
    Subtree,
}

/// A search. Aliases are never dereferenced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchRequest {
    /// The DN of the search base; empty for the rootDSE (with [`Scope::Base`]).
    pub base: String,
    /// Which entries.
    pub scope: Scope,
    /// Which of those.
    pub filter: Filter,
    /// Attributes to return. Empty means all user attributes, as `*`; `1.1` means none; `+` operational ones.
    pub attributes: Vec<String>,
    /// Most entries to return; 0 for no limit of the client's own.
    pub size_limit: u32,
    /// Most seconds to take; 0 for no limit of the client's own.
    pub time_limit_seconds: u32,
    /// Entries a page (RFC 2696), with pages asked for one after another; none for one single answer.
    pub page_size: Option<u32>,
}

impl SearchRequest {
    /// A search below `base`, unpaged and without limits.
    pub fn subtree(base: impl Into<String>, filter: Filter, attributes: &[&str]) -> Self {
        Self {
            base: base.into(),
            scope: Scope::Subtree,
            filter,
            attributes: attributes.iter().map(|a| (*a).to_owned()).collect(),
            size_limit: 0,
            time_limit_seconds: 0,
            page_size: None,
        }
    }

    /// A read of one entry.
    pub fn entry(dn: impl Into<String>, attributes: &[&str]) -> Self {
        Self { scope: Scope::Base, ..Self::subtree(dn, Filter::any_entry(), attributes) }
    }
}

/// A control of a request.
pub(crate) struct Control {
    oid: &'static str,
    critical: bool,
    value: Vec<u8>,
}

impl Control {
    /// Content synchronization. Critical: a server without it must refuse, not answer with a plain search.
    pub(crate) fn sync(request: &SyncRequest) -> Self {
        Self { oid: REQUEST_CONTROL, critical: true, value: request.encode() }
    }

    /// The next page. Critical: a server without paging must refuse, not end at its size limit.
    pub(crate) fn page(size: u32, cookie: &[u8]) -> Self {
        let mut writer = Writer::new();
        writer.constructed(tag::SEQUENCE, |w| {
            w.integer(tag::INTEGER, i64::from(size));
            w.octets(cookie);
        });
        Self { oid: PAGED_RESULTS, critical: true, value: writer.into_bytes() }
    }
}

pub(crate) fn search(id: u32, search: &SearchRequest, controls: &[Control]) -> Vec<u8> {
    message(id, controls, |w| {
        w.constructed(0x63, |w| {
            w.octets(search.base.as_bytes());
            let scope = match search.scope {
                Scope::Base => 0,
                Scope::OneLevel => 1,
                Scope::Subtree => 2,
            };
            w.integer(tag::ENUMERATED, scope);
            w.integer(tag::ENUMERATED, 0); // neverDerefAliases
            w.integer(tag::INTEGER, i64::from(search.size_limit));
            w.integer(tag::INTEGER, i64::from(search.time_limit_seconds));
            w.boolean(false); // typesOnly
            search.filter.encode(w);
            w.constructed(tag::SEQUENCE, |w| search.attributes.iter().for_each(|a| w.octets(a.as_bytes())));
        });
    })
}

pub(crate) fn simple_bind(id: u32, dn: &str, password: &str) -> Vec<u8> {
    bind(id, dn, |w| w.primitive(0x80, password.as_bytes()))
}

/// SASL EXTERNAL (RFC 4422 appendix A). An absent authorization identity means the one that TLS proves.
pub(crate) fn external_bind(id: u32, authorization_id: Option<&str>) -> Vec<u8> {
    bind(id, "", |w| {
        w.constructed(0xa3, |w| {
            w.octets(b"EXTERNAL");
            w.octets(authorization_id.unwrap_or_default().as_bytes());
        });
    })
}

fn bind(id: u32, dn: &str, authentication: impl FnOnce(&mut Writer)) -> Vec<u8> {
    message(id, &[], |w| {
        w.constructed(0x60, |w| {
            w.integer(tag::INTEGER, 3);
            w.octets(dn.as_bytes());
            authentication(w);
        });
    })
}

pub(crate) fn start_tls(id: u32) -> Vec<u8> {
    message(id, &[], |w| w.constructed(0x77, |w| w.primitive(0x80, START_TLS.as_bytes())))
}

/// The extended operation StartTLS (RFC 4511 section 4.14).
pub(crate) const START_TLS: &str = "1.3.6.1.4.1.1466.20037";

pub(crate) fn abandon(id: u32, abandoned: u32) -> Vec<u8> {
    message(id, &[], |w| w.integer(0x50, i64::from(abandoned)))
}

pub(crate) fn unbind(id: u32) -> Vec<u8> {
    message(id, &[], |w| w.primitive(0x42, &[]))
}

fn message(id: u32, controls: &[Control], operation: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.constructed(tag::SEQUENCE, |w| {
        w.integer(tag::INTEGER, i64::from(id));
        operation(w);
        if !controls.is_empty() {
            w.constructed(0xa0, |w| {
                for control in controls {
                    w.constructed(tag::SEQUENCE, |w| {
                        w.octets(control.oid.as_bytes());
                        if control.critical {
                            w.boolean(true);
                        }
                        w.octets(&control.value);
                    });
                }
            });
        }
    });
    writer.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::SyncMode;
    use rasn_ldap::{LdapMessage, ProtocolOp};

    /// What the oracle reads; it must write as many octets (the order within sets is its own).
    fn oracle(bytes: &[u8]) -> LdapMessage {
        let message: LdapMessage = rasn::ber::decode(bytes).unwrap();
        assert_eq!(rasn::ber::encode(&message).unwrap().len(), bytes.len(), "{message:?}");
        message
    }

    #[test]
    fn requests_are_what_the_oracle_reads() {
        let request =
            SearchRequest::subtree("dc=x", Filter::parse("(&(a=b)(!(c=*)))").unwrap(), &["cn", "+"]);
        let sync = SyncRequest { mode: SyncMode::RefreshAndPersist, cookie: Some(b"rid=000".to_vec()) };
        let message = oracle(&search(70_000, &request, &[Control::sync(&sync), Control::page(500, b"")]));
        assert_eq!(message.message_id, 70_000);
        let ProtocolOp::SearchRequest(found) = &message.protocol_op else { panic!("{message:?}") };
        assert_eq!(found.base_object.0, "dc=x");
        assert_eq!(found.attributes.len(), 2);
        let controls = message.controls.unwrap();
        assert!(controls.iter().all(|c| c.criticality));

        let message = oracle(&simple_bind(1, "cn=a", "secret"));
        assert!(
            matches!(message.protocol_op, ProtocolOp::BindRequest(b) if b.version == 3 && b.name.0 == "cn=a")
        );
        assert!(matches!(oracle(&external_bind(2, None)).protocol_op, ProtocolOp::BindRequest(_)));
        assert!(matches!(oracle(&start_tls(3)).protocol_op, ProtocolOp::ExtendedReq(_)));
        assert!(matches!(oracle(&abandon(4, 300)).protocol_op, ProtocolOp::AbandonRequest(r) if r.0 == 300));
        assert!(matches!(oracle(&unbind(5)).protocol_op, ProtocolOp::UnbindRequest(_)));
    }
}
