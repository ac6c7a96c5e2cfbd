use super::*;
use proptest::prelude::*;
use rasn_ldap::{LdapMessage, PartialAttribute, ProtocolOp};

fn encode(id: u32, op: ProtocolOp) -> Vec<u8> {
    rasn::ber::encode(&LdapMessage::new(id, op)).unwrap()
}

#[test]
fn reads_entries_the_oracle_wrote() {
    let values = |values: &[&str]| values.iter().map(|v| v.as_bytes().to_vec().into()).collect::<Vec<_>>();
    let attributes = vec![
        PartialAttribute::new("objectClass".into(), values(&["top", "person"]).into()),
        PartialAttribute::new("CN".into(), values(&["Ann Müller"]).into()),
        PartialAttribute::new("empty".into(), values(&[]).into()),
    ];
    let entry = rasn_ldap::SearchResultEntry::new("cn=Ann,dc=x".into(), attributes);
    let message = Message::decode(&encode(7, ProtocolOp::SearchResEntry(entry))).unwrap();
    assert_eq!(message.id, 7);
    let Response::Entry(entry) = message.response else { panic!() };
    assert_eq!(entry.dn, "cn=Ann,dc=x");
    assert_eq!(entry.attributes.text("cn"), Some("Ann Müller"));
    assert_eq!(entry.attributes.values("objectclass").len(), 2);
    assert!(entry.attributes.has("empty"));
}

#[test]
fn reads_results_the_oracle_wrote() {
    let mut result =
        rasn_ldap::LdapResult::new(rasn_ldap::ResultCode::Referral, "dc=x".into(), "gone".into());
    result.referral = Some(vec!["ldap://b/".into()]);
    let done = encode(9, ProtocolOp::SearchResDone(rasn_ldap::SearchResultDone(result)));
    let Response::Done(result) = Message::decode(&done).unwrap().response else { panic!() };
    assert_eq!(result.code, ResultCode::REFERRAL);
    assert_eq!((result.matched_dn.as_str(), result.diagnostic.as_str()), ("dc=x", "gone"));
    assert_eq!(result.referral, ["ldap://b/"]);
    assert_eq!(result.to_string(), "referral (10) \"gone\", found only 'dc=x', refers to ldap://b/");
}

#[test]
fn reads_4096_which_the_oracle_cannot() {
    let done = [0x30, 13, 2, 1, 5, 0x65, 8, 10, 2, 0x10, 0, 4, 0, 4, 0];
    let Response::Done(result) = Message::decode(&done).unwrap().response else { panic!() };
    assert_eq!(result.code, ResultCode::SYNC_REFRESH_REQUIRED);
}

#[test]
fn says_what_is_wrong() {
    let check =
        |octets: &[u8], expect: DecodeError| assert_eq!(Message::decode(octets), Err(expect), "{octets:x?}");
    check(&[], DecodeError::Truncated { what: "an LDAP message" });
    check(&[0x31, 0], DecodeError::Tag { what: "an LDAP message", expected: 0x30, found: 0x31 });
    check(&[0x30, 0], DecodeError::Truncated { what: "the message id" });
    check(&[0x30, 3, 2, 1, 0xff], DecodeError::Range { what: "the message id" });
    check(&[0x30, 5, 2, 1, 1, 0x63, 0], DecodeError::Operation { found: 0x63 });
    check(&[0x30, 7, 2, 1, 1, 0x64, 2, 4, 0], DecodeError::Truncated { what: "the attribute list" });
    check(&[0x30, 9, 2, 1, 1, 0x64, 4, 4, 2, 0xff, 0xfe], DecodeError::Utf8 { what: "the entry's DN" });
    check(&[0x30, 0x80, 2, 1, 1, 0, 0], DecodeError::IndefiniteLength { what: "an LDAP message" });
    check(&[0x30, 0, 9], DecodeError::Trailing { what: "an LDAP message" });
}

#[test]
fn depth_costs_nothing() {
    // 100,000 sequences inside one another: refused at the second, without recursion.
    let mut deep = Vec::new();
    for level in (0_u32..100_000).rev() {
        deep.extend_from_slice(&[0x30, 0x84]);
        deep.extend_from_slice(&(level * 6).to_be_bytes());
    }
    assert_eq!(
        Message::decode(&deep),
        Err(DecodeError::Tag { what: "the message id", expected: 2, found: 0x30 })
    );
    // The same in the place of each part of an entry.
    let wrap = |tag: u8, content: &[u8]| {
        let mut out = vec![tag, 0x84];
        out.extend_from_slice(&u32::try_from(content.len()).unwrap().to_be_bytes());
        out.extend_from_slice(content);
        out
    };
    for before in [&[][..], &[4, 0], &[4, 0, 0x30, 0]] {
        let entry = wrap(0x64, &[before, &deep].concat());
        let message = wrap(0x30, &[&[2, 1, 1][..], &entry].concat());
        assert!(Message::decode(&message).is_err());
    }
    let controls = wrap(0xa0, &deep);
    let message = wrap(0x30, &[&[2, 1, 1, 0x65, 7, 10, 1, 0, 4, 0, 4, 0][..], &controls].concat());
    assert!(Message::decode(&message).is_err());
}

#[test]
fn many_small_parts_are_bounded() {
    let wrap = |tag: u8, content: &[u8]| {
        let mut out = vec![tag, 0x84];
        out.extend_from_slice(&u32::try_from(content.len()).unwrap().to_be_bytes());
        out.extend_from_slice(content);
        out
    };
    let message = |list: &[u8]| {
        wrap(0x30, &[&[2, 1, 1][..], &wrap(0x64, &[&[4, 0][..], &wrap(0x30, list)].concat())].concat())
    };
    let values = wrap(0x31, &[4, 0].repeat(MAX_VALUES + 1));
    let attribute = wrap(0x30, &[&[4, 1, b'a'][..], &values].concat());
    assert_eq!(Message::decode(&message(&attribute)), Err(DecodeError::TooMany { limit: MAX_VALUES }));
    let attributes = [0x30, 5, 4, 1, b'a', 0x31, 0].repeat(MAX_ATTRIBUTES + 1);
    assert_eq!(Message::decode(&message(&attributes)), Err(DecodeError::TooMany { limit: MAX_ATTRIBUTES }));
}

proptest! {
    #[test]
    fn no_octets_are_a_surprise(octets in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Message::decode(&octets);
        let _ = crate::ber::frame(&octets, 1_000);
    }

    #[test]
    fn damaged_entries_are_no_surprise(at in 0_usize..60, to in any::<u8>(), cut in 0_usize..60) {
        let attributes = vec![PartialAttribute::new("cn".into(), vec![b"Ann".to_vec().into()].into())];
        let entry = rasn_ldap::SearchResultEntry::new("cn=Ann,dc=example,dc=com".into(), attributes);
        let mut octets = encode(7, ProtocolOp::SearchResEntry(entry));
        let cut = cut % octets.len();
        prop_assert!(Message::decode(&octets[..cut]).is_err());
        if let Some(octet) = octets.get_mut(at) {
            *octet = to;
        }
        let _ = Message::decode(&octets);
    }
}
