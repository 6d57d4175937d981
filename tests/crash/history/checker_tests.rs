//! The checker itself: it has nothing against a good history, and finds what is wrong in a bad one.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    checker::{Fault, faults},
    record::{Finale, History, Operation, Tags, Told, WRITER, What},
};

fn tags(pairs: &[(&str, &str)]) -> Tags {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn operation(id: &str, what: What, times: (u128, u128), told: Told) -> Operation {
    Operation { id: id.to_owned(), what, start: times.0, end: times.1, told }
}

fn done(version: u64) -> Told {
    Told::Done(Some(version))
}

fn merge(id: &str, tag: &str) -> What {
    What::Merge(tags(&[(WRITER, id), (tag, id)]))
}

/// Two writers of tags, one of them with a base; a description; a dataset; a checkout that was repeated.
fn good() -> History {
    let replaced = tags(&[(WRITER, "two"), ("one", "one"), ("two", "two")]);
    let created = |id: &str, times| {
        let what = What::Register { key: "upload".to_owned(), name: "a.csv".to_owned() };
        operation(id, what, times, Told::Made("ds_1".to_owned()))
    };
    let checkout = |id: &str, times, told| operation(id, What::CheckOut { key: "checkout".to_owned() }, times, told);
    let dataset = || "ds_1".to_owned();
    let operations = vec![
        operation("one", merge("one", "one"), (1, 2), done(2)),
        operation("two", What::Replace { base: 2, tags: replaced.clone() }, (3, 4), done(3)),
        operation("late", What::Replace { base: 2, tags: tags(&[(WRITER, "late")]) }, (3, 5), Told::Refused(412)),
        operation("text", What::Describe { base: 1 }, (3, 6), done(2)),
        created("register", (1, 9)),
        created("register again", (2, 9)),
        operation("complete", What::Complete { dataset: dataset() }, (10, 12), Told::Done(None)),
        operation("complete again", What::Complete { dataset: dataset() }, (10, 13), Told::Done(None)),
        operation("remove", What::Remove { dataset: dataset() }, (14, 15), Told::Done(None)),
        operation("remove again", What::Remove { dataset: dataset() }, (14, 16), Told::Refused(404)),
        checkout("checkout", (1, u128::MAX), Told::Unknown),
        checkout("checkout again", (5, 6), Told::Made("exp_1".to_owned())),
        operation("delete", What::Delete { base: 2 }, (20, 21), Told::Done(None)),
        operation("restore", What::Restore, (25, 26), done(4)),
    ];
    let first = tags(&[]);
    let second = tags(&[(WRITER, "one"), ("one", "one")]);
    let finale = Finale {
        tags: BTreeMap::from([(1, first), (2, second), (3, replaced)]),
        version: 4,
        revision: 5,
        made: BTreeMap::from([("a.csv".to_owned(), BTreeSet::from(["ds_1".to_owned()]))]),
        current: BTreeSet::new(),
        exports: BTreeSet::from(["exp_1".to_owned()]),
        audited: [("metadata.write", 2), ("package.update", 1), ("package.delete", 1), ("package.restore", 1)]
            .map(|(action, count)| (action.to_owned(), count))
            .into(),
    };
    History { operations, finale }
}

/// The faults after something was changed in the good history.
fn found(change: impl FnOnce(&mut History)) -> Vec<Fault> {
    let mut history = good();
    change(&mut history);
    faults(&history)
}

fn lost(name: &str) -> Fault {
    Fault::LostUpdate(name.to_owned())
}

fn double(name: &str) -> Fault {
    Fault::DoubleEffect(name.to_owned())
}

#[test]
fn a_good_history_has_no_faults() {
    assert_eq!(found(|_| {}), []);
}

#[test]
fn a_lost_update_of_tags_is_found() {
    // "two" was acknowledged on the version that "one" wrote, and what "one" wrote is gone.
    let lost_in_between = found(|history| {
        history.finale.tags.get_mut(&3).expect("there").remove("one");
    });
    assert_eq!(lost_in_between, [lost("version 3 of the tags is not that before it, changed by two")]);

    // Both were acknowledged as the same version; only one is there.
    let both = found(|history| {
        history.operations[2].told = done(3);
    });
    assert_eq!(both, [lost("late")]);

    let gone = found(|history| {
        history.finale.tags.remove(&3);
        history.finale.revision = 4;
        history.finale.audited.insert("metadata.write".to_owned(), 1);
    });
    assert_eq!(gone, [lost("two")]);
}

#[test]
fn a_lost_update_of_the_description_is_found() {
    let other = operation("other", What::Describe { base: 1 }, (3, 7), done(2));
    let two_from_one_base = found(|history| history.operations.push(other));
    assert_eq!(two_from_one_base, [lost("text, on which other was not built"), lost("3 versions, 4 acknowledged")]);
}

#[test]
fn a_double_effect_under_one_key_is_found() {
    let two_datasets = found(|history| {
        history.finale.made.get_mut("a.csv").expect("there").insert("ds_2".to_owned());
    });
    assert_eq!(two_datasets, [double("a.csv")]);

    let two_exports = found(|history| {
        history.finale.exports.insert("exp_2".to_owned());
    });
    assert_eq!(two_exports, [double("2 exports of 1 checkouts")]);

    let two_answers = found(|history| {
        history.operations[5].told = Told::Made("ds_2".to_owned());
    });
    assert_eq!(two_answers, [Fault::TwoAnswers("upload".to_owned())]);
}

#[test]
fn a_double_effect_of_a_change_is_found() {
    let written_twice = found(|history| {
        let third = history.finale.tags[&3].clone();
        history.finale.tags.insert(4, third);
        history.finale.revision = 6;
        history.finale.audited.insert("metadata.write".to_owned(), 3);
    });
    let replaced_again = lost("version 4 of the tags is not that before it, changed by two");
    assert_eq!(written_twice, [double("two"), replaced_again, lost("two")]);

    let removed_twice = found(|history| history.operations[9].told = Told::Done(None));
    assert_eq!(removed_twice, [double("ds_1 was removed 2 times")]);

    let told_twice = found(|history| {
        history.finale.audited.insert("package.update".to_owned(), 2);
    });
    assert_eq!(told_twice, [double("the history tells 4 of 3 versions")]);

    let counted_twice = found(|history| history.finale.revision = 6);
    assert_eq!(counted_twice, [double("3 revisions, 2 asked for")]);
}

#[test]
fn effects_of_what_was_refused_or_never_asked_for_are_found() {
    let refused = found(|history| {
        history.operations[1].told = Told::Refused(412);
    });
    assert_eq!(refused, [Fault::GhostEffect("version 3 of the tags by \"two\"".to_owned())]);
}

#[test]
fn what_is_acknowledged_and_not_there_is_found() {
    // The deletion came later, and may have dropped it.
    let dropped = found(|history| history.finale.made.clear());
    assert_eq!(dropped, []);
    let never_made = found(|history| {
        history.operations.retain(|operation| !matches!(operation.what, What::Delete { .. } | What::Restore));
        history.finale.made.clear();
        history.finale.version = 2;
        history.finale.audited = [("metadata.write", 2), ("package.update", 1)].map(|(action, count)| (action.to_owned(), count)).into();
    });
    assert_eq!(never_made, [lost("a.csv")]);
    let no_export = found(|history| history.finale.exports.clear());
    assert_eq!(no_export, [lost("checkout again")]);
    let came_back = found(|history| {
        history.finale.current.insert("ds_1".to_owned());
    });
    assert_eq!(came_back, [lost("ds_1 was removed, and is there")]);
    let untold = found(|history| {
        history.finale.audited.remove("metadata.write");
    });
    assert_eq!(untold, [lost("the history tells 0 of 2 tags")]);
}

#[test]
fn taking_back_what_was_never_completed_is_no_revision() {
    let completions = |history: &mut History, told: Told| {
        let of_completions = history.operations.iter_mut().filter(|operation| matches!(operation.what, What::Complete { .. }));
        of_completions.for_each(|operation| operation.told = told.clone());
    };
    let refused = |revision| {
        found(move |history| {
            completions(history, Told::Refused(503));
            history.finale.revision = revision;
        })
    };
    assert_eq!([refused(3), refused(4)], [vec![], vec![]]);
    assert_eq!(refused(5), [double("2 revisions, 1 asked for")]);
    assert_eq!(found(|history| history.finale.revision = 4), [lost("1 revisions, 2 acknowledged")]);
}

#[test]
fn an_order_that_time_denies_is_found() {
    let late = found(|history| {
        (history.operations[0].start, history.operations[0].end) = (30, 31);
    });
    assert_eq!(late, [Fault::OutOfOrder("one".to_owned(), "two".to_owned())]);
}

#[test]
fn what_was_done_while_the_package_was_deleted_is_found() {
    let meanwhile = found(|history| {
        (history.operations[8].start, history.operations[8].end) = (22, 24);
    });
    assert_eq!(meanwhile, [Fault::DoneWhileDeleted("remove".to_owned())]);
}
