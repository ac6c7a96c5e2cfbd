//! The harness itself: what a drill rests on is looked at before the drill.

use anyhow::{Context, Result, ensure};
use lockstep_tests::organization::{Organization, Size};
use lockstep_tests::{Slapd, SlapdOptions, ldif};

const SUFFIX: &str = "dc=contoso,dc=com";

#[test]
fn the_directory_takes_every_operation_of_the_organization() -> Result<()> {
    for seed in [1, 2] {
        let mut organization = Organization::new(SUFFIX, seed, Size { people: 150, groups: 20 });
        let ldif = Some(organization.ldif());
        let slapd = Slapd::start(&SlapdOptions { suffix: SUFFIX.into(), ldif, ..SlapdOptions::default() })?;
        for at in 0..400 {
            let step = organization.step();
            slapd
                .ldapmodify(&step.records)
                .with_context(|| format!("{seed}, {at}: {}\n{}", step.name, step.records))?;
        }
        let entries = ldif::read(&slapd.ldapsearch(&["-b", SUFFIX, "(objectClass=*)", "*", "+"])?)?;
        ensure!(entries.len() > 100, "{} entries are left", entries.len());
    }
    Ok(())
}

#[test]
fn one_seed_makes_one_course_of_events() {
    let course = |seed| {
        let mut organization = Organization::new(SUFFIX, seed, Size { people: 30, groups: 5 });
        let mut text = organization.ldif();
        (0..50).for_each(|_| text.push_str(&organization.step().records));
        text
    };
    assert_eq!(course(5), course(5));
    assert_ne!(course(5), course(6));
}
