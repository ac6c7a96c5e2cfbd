//! The rules told piece by piece, whatever they are: what the portal and other programs show of them.

use crate::flows;
use crate::sync_rules::{OPENLDAP, Problems};
use crate::{Mapping, MappingSettings, Rules, RulesDocument};
use lockstep_model::ObjectKind;
use lockstep_model::rules::{FlowHow, FlowView, RuleDirection, RuleProblem, RuleView, RulesView};

impl Rules {
    /// What they are, piece by piece.
    pub fn view(&self) -> RulesView {
        let mut view = RulesView { file: self.describe().to_owned(), ..RulesView::default() };
        match self.document() {
            RulesDocument::BuiltIn(settings) => {
                view.built_in = true;
                OPENLDAP.clone_into(&mut view.text);
                view.text_is_same = *settings == MappingSettings::default();
                view.rules = built_in(settings);
            }
            RulesDocument::Set { text, .. } => {
                view.text.clone_from(text);
                view.text_is_same = true;
            }
        }
        if let Some(set) = self.set() {
            view.name = Some(set.name().to_owned());
            view.description = set.description().map(str::to_owned);
            view.sources = set.sources().to_vec();
            view.rules = set.views();
            view.findings = set.findings();
        }
        view
    }

    /// What a document would be, or why it is no rule set.
    pub fn view_of(document: RulesDocument) -> RulesView {
        let (file, text, sources) = match &document {
            RulesDocument::BuiltIn(_) => (String::new(), String::new(), Vec::new()),
            RulesDocument::Set { file, text, sources } => (file.clone(), text.clone(), sources.clone()),
        };
        match Self::new(document) {
            Ok(rules) => rules.view(),
            Err(Problems(problems)) => RulesView {
                file,
                text,
                text_is_same: true,
                sources,
                problems: problems.into_iter().map(RuleProblem::from).collect(),
                ..RulesView::default()
            },
        }
    }
}

/// The built-in mapping as two rules, one for users and one for groups.
fn built_in(settings: &MappingSettings) -> Vec<RuleView> {
    let mapping = Mapping::new(settings);
    let rule = |(at, (kind, classes)): (usize, (ObjectKind, &Vec<String>))| {
        let mut flows: Vec<FlowView> = flows::of(kind)
            .iter()
            .map(|(property, take)| {
                let described = mapping.flow_of(kind, *property);
                let from = described.split_once("<- ").map_or(described, |(_, from)| from);
                flow(property.as_str(), from, take.names(settings))
            })
            .collect();
        flows.push(match kind {
            ObjectKind::Group => flow(
                "members",
                "member, uniqueMember, memberUid (all values)",
                ["member", "memberUid", "uniqueMember"].map(str::to_owned).to_vec(),
            ),
            _ => flow("manager", "manager", vec!["manager".to_owned()]),
        });
        RuleView {
            name: kind.as_str().to_owned(),
            description: None,
            direction: RuleDirection::Straight,
            precedence: u32::try_from(at).unwrap_or(u32::MAX),
            disabled: false,
            link: "Provision".to_owned(),
            from: Vec::new(),
            source_types: classes.clone(),
            metaverse_type: None,
            target: Some(kind),
            scope: Vec::new(),
            joins: Vec::new(),
            flows,
            line: 0,
        }
    };
    let kinds = [(ObjectKind::User, &settings.user_classes), (ObjectKind::Group, &settings.group_classes)];
    kinds.into_iter().enumerate().map(rule).collect()
}

fn flow(to: &str, from: &str, mut reads: Vec<String>) -> FlowView {
    reads.sort_unstable();
    FlowView {
        to: to.to_owned(),
        how: FlowHow::Mapping,
        from: from.to_owned(),
        reads,
        merge: "update".to_owned(),
        execute_once: false,
        line: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Circumstances;
    use jiff::Timestamp;
    use lockstep_model::rules::{ExpressionResult, ExpressionSide};
    use lockstep_model::{AttributeName, Attributes, Entry, SourceAnchor};

    fn set(text: &str) -> RulesDocument {
        RulesDocument::Set { file: "draft".into(), text: text.into(), sources: Vec::new() }
    }

    fn ann() -> Entry {
        let mut attributes = Attributes::default();
        for (name, value) in
            [("objectClass", "inetOrgPerson"), ("cn", "Ann Lee"), ("mail", "ann@contoso.com"), ("uid", "ann")]
        {
            attributes.add(AttributeName::new(name), [value.as_bytes().to_vec()]);
        }
        Entry { anchor: SourceAnchor::new("a1").unwrap(), dn: "uid=ann,dc=contoso,dc=com".into(), attributes }
    }

    fn circumstances() -> Circumstances<'static> {
        Circumstances { others: &[], source: 0, member_of: &[], is_new: true, now: Timestamp::UNIX_EPOCH }
    }

    #[test]
    fn the_built_in_mapping_says_where_mail_comes_from() {
        let view = Rules::built_in(MappingSettings::default()).view();
        assert!(view.built_in && view.text_is_same && view.problems.is_empty());
        let user = view.rules.iter().find(|rule| rule.target == Some(ObjectKind::User)).unwrap();
        let mail = user.flows.iter().find(|flow| flow.to == "mail").unwrap();
        assert_eq!((mail.from.as_str(), mail.reads.as_slice()), ("mail", &["mail".to_owned()][..]));
        let name = user.flows.iter().find(|flow| flow.to == "displayName").unwrap();
        assert_eq!(name.reads, ["cn", "displayName", "uid"]);
        assert!(user.flows.iter().any(|flow| flow.to == "manager"));
        // What a draft begins with is a rule set, and says the same.
        let draft = Rules::view_of(set(&view.text));
        assert_eq!((draft.problems.len(), draft.findings.len()), (0, 0));
        assert!(draft.rules.iter().any(|rule| rule.direction == RuleDirection::Outbound));
        let other = MappingSettings { user_name_attribute: "uid".into(), ..MappingSettings::default() };
        assert!(!Rules::built_in(other).view().text_is_same);
    }

    #[test]
    fn a_rule_set_in_pieces() {
        let view = Rules::view_of(set(OPENLDAP));
        let outbound = view.rules.iter().find(|rule| rule.target == Some(ObjectKind::User)).unwrap();
        let name = outbound.flows.iter().find(|flow| flow.to == "displayName").unwrap();
        assert_eq!(outbound.metaverse_type.as_deref(), Some("person"));
        for read in &name.reads {
            let gives = |rule: &RuleView| {
                rule.direction == RuleDirection::Inbound && rule.flows.iter().any(|flow| flow.to == *read)
            };
            assert!(view.rules.iter().any(gives), "nobody writes {read}");
        }
        assert!(view.rules.iter().all(|rule| rule.line > 0 && !rule.link.is_empty()));
    }

    #[test]
    fn what_is_no_rule_set_says_where() {
        let text = OPENLDAP.replacen("metaverse_type = \"person\"", "metaverse_type = \"persn\"", 1);
        let view = Rules::view_of(set(&text));
        assert!(view.rules.is_empty());
        let problem = view.problems.first().unwrap();
        let line = text.lines().position(|line| line.contains("persn")).unwrap() + 1;
        assert_eq!(problem.line as usize, line, "{problem:?}");
        assert!(problem.column > 1 && !problem.remedy.is_empty());
    }

    #[test]
    fn expressions_on_an_entry() {
        let rules = Rules::new(set(OPENLDAP)).unwrap();
        let ann = ann();
        let of = |side, text: &str| rules.try_expression(text, side, &ann, circumstances());
        let tried = of(ExpressionSide::Source, "UCase(FirstText([cn])) & \"!\"");
        let ExpressionResult::Value { of: kind, many, values, cut } = tried.result else {
            panic!("{tried:?}")
        };
        assert_eq!(
            (kind.as_str(), many, cut, values),
            ("text", false, false, vec!["\"ANN LEE!\"".to_owned()])
        );
        assert_eq!(tried.gives.as_deref(), Some("text"));
        assert_eq!(tried.reads.first().map(|read| read.value.as_str()), Some("{\"Ann Lee\"}"));
        assert!(matches!(
            of(ExpressionSide::Source, "[title]").result,
            ExpressionResult::Nothing { literal } if literal == "NULL"
        ));
        assert!(matches!(
            of(ExpressionSide::Source, "UCase([cnn])").result,
            ExpressionResult::Mistake { line: 1, column, suggestion: Some(_), .. } if column > 5
        ));
        assert!(matches!(
            of(ExpressionSide::Source, "Error(\"no\")").result,
            ExpressionResult::Failed { line: 1, message, .. } if message.contains("no")
        ));
        let mail = of(ExpressionSide::Metaverse, "[mail]");
        assert!(matches!(mail.result, ExpressionResult::Value { .. }), "{mail:?}");
        let outside = Entry { attributes: Attributes::default(), ..ann.clone() };
        let none = rules.try_expression("[mail]", ExpressionSide::Metaverse, &outside, circumstances());
        assert!(matches!(none.result, ExpressionResult::NoMetaverse { .. }), "{none:?}");
        // Of the built-in mapping, by the names of the rule set that comes with it.
        let built_in = Rules::built_in(MappingSettings::default());
        let tried = built_in.try_expression("[uid]", ExpressionSide::Source, &ann, circumstances());
        assert!(matches!(tried.result, ExpressionResult::Value { .. }), "{tried:?}");
        // Passwords are read by nobody.
        assert!(built_in.expression_reads("[userPassword]", ExpressionSide::Source).is_err());
    }
}
