//! Rules about tags: who may change them, what they may say, and that they hold at once.

use datalake_app::{ErrorKind, governance::Governance, packages::CreatePackage, workers::changes::jobs_of};
use domain::{
    access::Action,
    governance::{Limits, RULES_LIMIT, TagRule, TagType},
    job::Job,
};
use testkit::builders::{PrincipalExt as _, admin, member, only_packages};

use crate::support::{Lake, caller};

fn rule(id: &str, tag: &str) -> TagRule {
    TagRule {
        id: id.to_owned(),
        tag: tag.to_owned(),
        required: true,
        tag_type: TagType::Text,
        limits: Limits::default(),
        description: String::new(),
    }
}

#[tokio::test]
async fn a_rule_holds_at_once_and_its_change_is_told() {
    let (lake, ann, root) = (Lake::new(), caller(member("ann")), caller(admin("root")));
    let rules = Governance::new(lake.core.clone());
    lake.package(&ann, "Before the rule").await;
    lake.tables.take_changes();
    rules.save(&root, rule("source", " source ")).await.expect("a rule");
    let told: Vec<Job> = lake.tables.take_changes().iter().flat_map(|change| jobs_of(change).expect("it can be told")).collect();
    let [Job::Audit { record }] = told.as_slice() else { panic!("one record: {told:?}") };
    assert_eq!((record.action, record.resource.as_str()), (Action::GovernanceManage, "rule/source"));
    let entered = CreatePackage { name: "Flights".to_owned(), ..CreatePackage::default() };
    let refused = lake.packages.create(&ann, &entered, None).await.expect_err("the tag is missing");
    assert_eq!((refused.kind(), refused.fields()[0].pointer.as_str()), (ErrorKind::RuleBroken, "/metadata/source"));
    let optional = TagRule { required: false, ..rule("source", "source") };
    rules.save(&root, optional.clone()).await.expect("in place of the first");
    assert_eq!(rules.rules(&ann).await.expect("everybody reads them"), [optional]);
    lake.packages.create(&ann, &entered, None).await.expect("the tag may be missing");
}

#[tokio::test]
async fn only_an_admin_changes_rules() {
    let lake = Lake::new();
    let rules = Governance::new(lake.core.clone());
    for who in [member("ann"), admin("root").with_key(only_packages(&[1]))] {
        let refused = rules.save(&caller(who), rule("a", "a")).await.expect_err("not allowed");
        assert_eq!(refused.kind(), ErrorKind::Forbidden);
    }
    assert_eq!(rules.rules(&caller(member("ann"))).await.expect("none"), []);
}

#[tokio::test]
async fn a_tag_has_one_rule_and_there_are_not_too_many() {
    let (lake, root) = (Lake::new(), caller(admin("root")));
    let rules = Governance::new(lake.core.clone());
    for number in 0..RULES_LIMIT {
        rules.save(&root, rule(&format!("{number}"), &format!("tag {number}"))).await.expect("a rule");
    }
    let refused = rules.save(&root, rule("another", "tag 7")).await.expect_err("there is one");
    assert_eq!(refused.code(), "tag_governed");
    assert_eq!(rules.save(&root, rule("another", "new")).await.expect_err("too many").code(), "too_many_rules");
    rules.save(&root, rule("7", "new")).await.expect("a rule may change its tag");
    assert_eq!(rules.save(&root, rule("a/b", "x")).await.expect_err("no id").kind(), ErrorKind::RuleBroken);
}
