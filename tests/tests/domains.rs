//! A domain is proven to the real program by a real DNS server.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use lockstep_tests::{Dns, Lockstep, Setup};
use serde_json::{Value, json};

#[test]
fn a_domain_is_proven_by_dns() {
    let mut dns = Dns::start(&["--txt-record=contoso.test,v=spf1 -all".into()]).unwrap();
    let server = Lockstep::start(Setup {
        more: format!("[server.dns]\nresolvers = [\"{}\"]\ntimeout = \"1s\"\n", dns.address()),
        ..Setup::without_directory()
    })
    .unwrap();
    for name in ["contoso.test", "fabrikam.test"] {
        let added = server.ask("POST", "/v1.0/domains", Some(&json!({"id": name}))).unwrap();
        assert_eq!(added.status, 201, "{}", added.text());
    }
    let verify = |name: &str| server.ask("POST", &format!("/v1.0/domains/{name}/verify"), None).unwrap();
    let record = |name: &str, at: usize, field: &str| -> String {
        let records = server.get(&format!("/v1.0/domains/{name}/verificationDnsRecords")).unwrap();
        records["value"][at][field].as_str().unwrap().to_owned()
    };
    // The name is there with another text; the other name is not there at all. The answer says who said so.
    let other = verify("contoso.test");
    assert_eq!(other.status, 400, "{}", other.text());
    let said = other.text();
    assert!(said.contains("v=spf1 -all") && said.contains(&dns.address().to_string()), "{said}");
    let none = verify("fabrikam.test");
    assert!(none.status == 400 && none.text().contains("NXDOMAIN"), "{}", none.text());

    // One is proven by TXT, the other by MX.
    let text = record("contoso.test", 0, "text");
    let host = record("fabrikam.test", 1, "mailExchange");
    dns.publish(&[
        "--txt-record=contoso.test,v=spf1 -all".into(),
        format!("--txt-record=contoso.test,{text}"),
        format!("--mx-host=fabrikam.test,{host},32767"),
    ])
    .unwrap();
    for name in ["contoso.test", "fabrikam.test"] {
        let verified = verify(name);
        assert_eq!(verified.status, 200, "{}", verified.text());
        assert_eq!(verified.json().unwrap()["isVerified"], Value::Bool(true));
    }
    let below = server.ask("POST", "/v1.0/domains", Some(&json!({"id": "eu.contoso.test"}))).unwrap();
    assert_eq!(below.json().unwrap()["isVerified"], Value::Bool(true), "below what is verified");

    // Nobody answers: that is no proof that the record is not there.
    server.ask("POST", "/v1.0/domains", Some(&json!({"id": "later.test"}))).unwrap();
    dns.stop();
    let silent = verify("later.test");
    assert_eq!(silent.status, 503, "{}", silent.text());
    assert!(
        silent.text().contains("no answer") && silent.text().contains("[server.dns]"),
        "{}",
        silent.text()
    );
}
