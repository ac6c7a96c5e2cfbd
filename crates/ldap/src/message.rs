//! What a server sends: LDAPMessage (RFC 4511 section 4), decoded by hand in one pass.
//!
//! `rasn-ldap` is the oracle of the tests, not the codec: its closed list of result codes cannot hold 4096
//! (RFC 4533 e-syncRefreshRequired), and it decodes a search entry seven times slower.

use crate::ber::{DecodeError, Reader, tag};
use crate::error::{ResultCode, ServerResult};
use crate::sync::{self, SyncDone, SyncStateValue};
use lockstep_model::{AttributeName, Attributes};

/// Attribute values, URLs or UUIDs that one message may have.
pub const MAX_VALUES: usize = 1_000_000;
/// Attributes that one entry may have.
pub const MAX_ATTRIBUTES: usize = 10_000;

/// Operation tags of responses (RFC 4511 section 4.2 and following).
pub(crate) mod op {
    pub(crate) const BIND_RESPONSE: u8 = 0x61;
    pub(crate) const SEARCH_ENTRY: u8 = 0x64;
    pub(crate) const SEARCH_DONE: u8 = 0x65;
    pub(crate) const SEARCH_REFERENCE: u8 = 0x73;
    pub(crate) const EXTENDED_RESPONSE: u8 = 0x78;
    pub(crate) const INTERMEDIATE: u8 = 0x79;
}

/// The control of simple paged results (RFC 2696).
pub(crate) const PAGED_RESULTS: &str = "1.2.840.113556.1.4.319";

/// One message from the server.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// The request it answers; 0 for an unsolicited notification.
    pub id: u32,
    /// The response.
    pub response: Response,
    /// The controls this client knows; others are passed over, as RFC 4511 section 4.1.11 allows.
    pub controls: ResponseControls,
}

/// A response.
#[derive(Clone, Debug, PartialEq)]
pub enum Response {
    /// SearchResultEntry.
    Entry(SearchEntry),
    /// SearchResultReference: URLs of servers that hold the rest.
    Reference(Vec<String>),
    /// SearchResultDone.
    Done(ServerResult),
    /// BindResponse, without SASL credentials: the mechanisms in use have none.
    Bind(ServerResult),
    /// ExtendedResponse.
    Extended {
        /// Its result.
        result: ServerResult,
        /// Its OID, where given.
        name: Option<String>,
    },
    /// IntermediateResponse.
    Intermediate {
        /// Its OID, where given.
        name: Option<String>,
        /// Its value, where given.
        value: Option<Vec<u8>>,
    },
}

/// An entry as a search returns it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchEntry {
    /// Its distinguished name as the server wrote it.
    pub dn: String,
    /// The attributes that were asked for and may be read.
    pub attributes: Attributes,
}

/// Controls of a response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResponseControls {
    /// Paged results: the cookie of the next page, empty after the last.
    pub page: Option<Vec<u8>>,
    /// Sync State (RFC 4533 section 2.3).
    pub sync_state: Option<SyncStateValue>,
    /// Sync Done (RFC 4533 section 2.4).
    pub sync_done: Option<SyncDone>,
}

impl Message {
    /// Decodes one whole message.
    ///
    /// # Errors
    /// [`DecodeError`], naming the element that is not as RFC 4511 has it.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        let mut outer = Reader::new(octets);
        let mut message = outer.sequence("an LDAP message")?;
        outer.finish("an LDAP message")?;
        let id = message.integer(tag::INTEGER, "the message id")?;
        let id = u32::try_from(id).ok().filter(|id| *id <= i32::MAX as u32);
        let id = id.ok_or(DecodeError::Range { what: "the message id" })?;
        let (operation, content) = message.any("the operation")?;
        let response = response(operation, Reader::new(content))?;
        let controls = match message.optional(0xa0, "the controls")? {
            Some(content) => controls(Reader::new(content))?,
            None => ResponseControls::default(),
        };
        message.finish("the controls")?;
        Ok(Self { id, response, controls })
    }
}

fn response(operation: u8, mut content: Reader<'_>) -> Result<Response, DecodeError> {
    Ok(match operation {
        op::SEARCH_ENTRY => Response::Entry(entry(content)?),
        op::SEARCH_DONE => Response::Done(result(&mut content)?),
        op::BIND_RESPONSE => Response::Bind(result(&mut content)?),
        op::SEARCH_REFERENCE => Response::Reference(urls(content)?),
        op::EXTENDED_RESPONSE => {
            let result = result(&mut content)?;
            let name = content.optional(0x8a, "the response name")?.map(lossy);
            Response::Extended { result, name }
        }
        op::INTERMEDIATE => {
            let name = content.optional(0x80, "the response name")?.map(lossy);
            let value = content.optional(0x81, "the response value")?.map(<[u8]>::to_vec);
            Response::Intermediate { name, value }
        }
        found => return Err(DecodeError::Operation { found }),
    })
}

fn entry(mut content: Reader<'_>) -> Result<SearchEntry, DecodeError> {
    let dn = content.text("the entry's DN")?.to_owned();
    let mut list = content.sequence("the attribute list")?;
    content.finish("the attribute list")?;
    let mut attributes = Attributes::new();
    let (mut count, mut named) = (0, 0);
    while !list.is_empty() {
        named += 1;
        if named > MAX_ATTRIBUTES {
            return Err(DecodeError::TooMany { limit: MAX_ATTRIBUTES });
        }
        let mut attribute = list.sequence("an attribute")?;
        let name = AttributeName::new(attribute.text("an attribute type")?);
        let mut set = Reader::new(attribute.expect(tag::SET, "the values of an attribute")?);
        attribute.finish("the values of an attribute")?;
        let mut values = Vec::new();
        while !set.is_empty() {
            count += 1;
            if count > MAX_VALUES {
                return Err(DecodeError::TooMany { limit: MAX_VALUES });
            }
            values.push(set.octets("an attribute value")?.to_vec());
        }
        attributes.add(name, values);
    }
    Ok(SearchEntry { dn, attributes })
}

/// LDAPResult (RFC 4511 section 4.1.9).
fn result(content: &mut Reader<'_>) -> Result<ServerResult, DecodeError> {
    let code = content.integer(tag::ENUMERATED, "the result code")?;
    let code = u32::try_from(code).map_err(|_| DecodeError::Range { what: "the result code" })?;
    let matched_dn = lossy(content.octets("the matched DN")?);
    let diagnostic = lossy(content.octets("the diagnostic message")?);
    let referral = match content.optional(0xa3, "the referral")? {
        Some(list) => urls(Reader::new(list))?,
        None => Vec::new(),
    };
    Ok(ServerResult { code: ResultCode(code), matched_dn, diagnostic, referral })
}

fn urls(mut content: Reader<'_>) -> Result<Vec<String>, DecodeError> {
    let mut urls = Vec::new();
    while !content.is_empty() {
        urls.push(lossy(content.octets("a URL")?));
        if urls.len() > 1_000 {
            return Err(DecodeError::TooMany { limit: 1_000 });
        }
    }
    Ok(urls)
}

fn controls(mut content: Reader<'_>) -> Result<ResponseControls, DecodeError> {
    let mut found = ResponseControls::default();
    while !content.is_empty() {
        let mut control = content.sequence("a control")?;
        let oid = control.octets("a control's OID")?;
        control.optional(tag::BOOLEAN, "a control's criticality")?;
        let value = control.optional(tag::OCTET_STRING, "a control's value")?;
        match (oid, value) {
            (oid, Some(value)) if oid == sync::STATE_CONTROL.as_bytes() => {
                found.sync_state = Some(SyncStateValue::decode(value)?);
            }
            (oid, Some(value)) if oid == sync::DONE_CONTROL.as_bytes() => {
                found.sync_done = Some(SyncDone::decode(value)?);
            }
            (oid, Some(value)) if oid == PAGED_RESULTS.as_bytes() => {
                let mut page = Reader::new(value).sequence("the paged results control")?;
                page.integer(tag::INTEGER, "the page's size")?;
                found.page = Some(page.octets("the page's cookie")?.to_vec());
            }
            _ => {}
        }
    }
    Ok(found)
}

/// Text that is only shown to people: what is not UTF-8 in it is replaced.
fn lossy(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

#[cfg(test)]
mod tests;
