//! What DNS answered about a domain, and what that proves.

use super::records::{proof_host, proof_text};
use async_trait::async_trait;

/// Records of an answer that are told to people.
const SHOWN: usize = 10;
/// Characters of a record that are told to people.
const SHOWN_CHARACTERS: usize = 120;

/// Asks DNS. Given by the program; there is none of the system's in here.
#[async_trait]
pub trait Dns: Send + Sync + 'static {
    /// Asks for the TXT and the MX records of a name. Never fails: what went wrong is in the answer.
    async fn ask(&self, domain: &str) -> DnsFindings;
}

/// The answer to one question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DnsAnswer<T> {
    /// Records, as they came.
    Records(Vec<T>),
    /// The name has no record of this type.
    NoRecords,
    /// There is no such name (NXDOMAIN).
    NoName,
    /// There was no usable answer: why.
    Failed(String),
}

/// What DNS said of a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnsFindings {
    /// Who was asked: `192.0.2.53:53`, for people.
    pub resolver: String,
    /// Texts of the TXT records, the strings of one record joined.
    pub txt: DnsAnswer<String>,
    /// Preference and host of the MX records.
    pub mx: DnsAnswer<(u16, String)>,
}

/// What the findings prove.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The domain is the organization's own.
    Proven,
    /// DNS answered, and the record is not there. The text says what was answered, and what to do.
    NotThere(String),
    /// DNS did not answer usably. The text says what happened, and what to do.
    NoAnswer(String),
}

/// Looks for the proof of `domain` with this number in what DNS said.
pub fn judge(domain: &str, number: u32, found: &DnsFindings) -> Verdict {
    let (text, host) = (proof_text(number), proof_host(number));
    let host_is = |name: &str| name.trim_end_matches('.').eq_ignore_ascii_case(&host);
    if let DnsAnswer::Records(records) = &found.txt
        && records.iter().any(|record| record.trim().eq_ignore_ascii_case(&text))
    {
        return Verdict::Proven;
    }
    if let DnsAnswer::Records(records) = &found.mx
        && records.iter().any(|(_, name)| host_is(name))
    {
        return Verdict::Proven;
    }
    let txt = said(&found.txt, |record| quoted(record));
    let mx = said(&found.mx, |(preference, name)| format!("{preference} {}", cut(name)));
    let resolver = &found.resolver;
    let answered = format!("The resolver {resolver} answered for {domain}: TXT {txt}; MX {mx}");
    if matches!(found.txt, DnsAnswer::Failed(_)) || matches!(found.mx, DnsAnswer::Failed(_)) {
        return Verdict::NoAnswer(format!(
            "Domain '{domain}' is not verified, for DNS gave no usable answer. {answered}. Check that the server \
             reaches this resolver ([server.dns] resolvers in its configuration) and that the name servers of \
             {domain} answer, then verify again."
        ));
    }
    Verdict::NotThere(format!(
        "Domain '{domain}' is not verified, for the record that proves it is not in DNS. {answered}. Add TXT \"{text}\" \
         or MX 32767 {host} for {domain} where its DNS is hosted, wait until that is published (an answer that is \
         there already may be kept for its TTL, often an hour), then verify again."
    ))
}

fn said<T>(answer: &DnsAnswer<T>, show: impl Fn(&T) -> String) -> String {
    match answer {
        DnsAnswer::Records(records) => {
            let mut text = records.iter().take(SHOWN).map(show).collect::<Vec<_>>().join(", ");
            if records.len() > SHOWN {
                text.push_str(&format!(" and {} more", records.len() - SHOWN));
            }
            text
        }
        DnsAnswer::NoRecords => "no records".into(),
        DnsAnswer::NoName => "there is no such name (NXDOMAIN)".into(),
        DnsAnswer::Failed(why) => format!("no answer ({})", cut(why)),
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", cut(text))
}

fn cut(text: &str) -> String {
    let clean = |c: char| if c.is_control() { '?' } else { c };
    let mut shown: String = text.chars().take(SHOWN_CHARACTERS).map(clean).collect();
    if text.chars().count() > SHOWN_CHARACTERS {
        shown.push('…');
    }
    shown
}
