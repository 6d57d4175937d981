//! Finds in a history what must not be: updates that are lost, effects that came twice, answers that contradict each other.

use std::collections::{BTreeMap, BTreeSet};

use super::record::{Finale, History, Operation, Told, WRITER, What};

/// What must not be. Each names the operation, key or thing that it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It was acknowledged, and its effect is not there, or something else stands where it should.
    LostUpdate(String),
    /// It happened more than once.
    DoubleEffect(String),
    /// It was refused or never asked for, and it happened.
    GhostEffect(String),
    /// One key, and different answers.
    TwoAnswers(String),
    /// It began after another had ended, and stands before it.
    OutOfOrder(String, String),
    /// It was done while the package was deleted.
    DoneWhileDeleted(String),
}

/// All faults of a history; none for one that a single writer could have had, one operation after the other.
pub(super) fn faults(history: &History) -> Vec<Fault> {
    let History { operations, finale } = history;
    let mut faults = Vec::new();
    tags(operations, finale, &mut faults);
    versions(operations, finale, &mut faults);
    keys(operations, finale, &mut faults);
    datasets(operations, finale, &mut faults);
    revisions(operations, finale, &mut faults);
    audited(finale, &mut faults);
    deleted(operations, &mut faults);
    faults
}

/// Each version of the tags is that before it with one operation's change, and each acknowledged operation is one version.
fn tags(operations: &[Operation], finale: &Finale, faults: &mut Vec<Fault>) {
    let writers: BTreeMap<&str, &Operation> = operations
        .iter()
        .filter(|operation| matches!(operation.what, What::Merge(_) | What::Replace { .. }))
        .map(|operation| (operation.id.as_str(), operation))
        .collect();
    let mut written: BTreeMap<&str, u64> = BTreeMap::new();
    for (version, tags) in finale.tags.range(2..) {
        let writer = tags.get(WRITER).map_or("", String::as_str);
        let Some(operation) = writers.get(writer).filter(|operation| operation.is_possible()) else {
            faults.push(Fault::GhostEffect(format!("version {version} of the tags by {writer:?}")));
            continue;
        };
        if written.insert(writer, *version).is_some() {
            faults.push(Fault::DoubleEffect(writer.to_owned()));
        }
        let before = finale.tags.get(&(version - 1)).cloned().unwrap_or_default();
        let (expected, follows) = match &operation.what {
            What::Merge(changes) => (before.into_iter().chain(changes.clone()).collect(), true),
            What::Replace { base, tags } => (tags.clone(), base + 1 == *version),
            _ => (before, true),
        };
        if *tags != expected || !follows {
            faults.push(Fault::LostUpdate(format!("version {version} of the tags is not that before it, changed by {writer}")));
        }
    }
    for (id, operation) in &writers {
        if operation.is_done() && written.get(id).copied() != operation.version() {
            faults.push(Fault::LostUpdate((*id).to_owned()));
        }
    }
    in_order(writers.into_values(), faults);
}

/// Each acknowledged change of the descriptive part raised the version by one, each from its own.
fn versions(operations: &[Operation], finale: &Finale, faults: &mut Vec<Fault>) {
    let changes: Vec<&Operation> = operations
        .iter()
        .filter(|operation| matches!(operation.what, What::Describe { .. } | What::Delete { .. } | What::Restore))
        .collect();
    let mut bases: BTreeMap<u64, &str> = BTreeMap::new();
    for operation in changes.iter().filter(|operation| operation.is_done()) {
        let (What::Describe { base } | What::Delete { base }) = operation.what else { continue };
        if let Some(other) = bases.insert(base, &operation.id) {
            faults.push(Fault::LostUpdate(format!("{other}, on which {} was not built", operation.id)));
        }
        if operation.version().is_some_and(|version| version != base + 1) {
            faults.push(Fault::LostUpdate(operation.id.clone()));
        }
    }
    counted("versions", finale.version.saturating_sub(1), &changes, faults);
    in_order(changes.into_iter(), faults);
}

/// Whatever has a key is there once, and everybody who used the key was told of that one.
fn keys(operations: &[Operation], finale: &Finale, faults: &mut Vec<Fault>) {
    let mut answers: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let (mut names, mut checkouts): (BTreeMap<&str, bool>, BTreeMap<&str, bool>) = (BTreeMap::new(), BTreeMap::new());
    for operation in operations {
        let (key, things, name) = match &operation.what {
            What::Create { key, name } | What::Register { key, name } => (key, &mut names, name),
            What::CheckOut { key } => (key, &mut checkouts, key),
            _ => continue,
        };
        if let Told::Made(id) = &operation.told {
            answers.entry(key).or_default().insert(id);
        }
        *things.entry(name).or_default() |= operation.is_done() && !is_dropped(operation, operations);
        if let (What::CheckOut { .. }, Told::Made(id)) = (&operation.what, &operation.told)
            && !finale.exports.contains(id)
        {
            faults.push(Fault::LostUpdate(operation.id.clone()));
        }
    }
    for (key, _) in answers.iter().filter(|(_, ids)| ids.len() > 1) {
        faults.push(Fault::TwoAnswers((*key).to_owned()));
    }
    for (name, done) in names {
        match finale.made.get(name).map_or(0, BTreeSet::len) {
            0 if done => faults.push(Fault::LostUpdate(name.to_owned())),
            0 | 1 => {}
            _ => faults.push(Fault::DoubleEffect(name.to_owned())),
        }
    }
    let asked: BTreeSet<&str> = operations
        .iter()
        .filter(|operation| operation.is_possible())
        .filter_map(|operation| if let What::CheckOut { key } = &operation.what { Some(key.as_str()) } else { None })
        .collect();
    if finale.exports.len() > asked.len() {
        faults.push(Fault::DoubleEffect(format!("{} exports of {} checkouts", finale.exports.len(), asked.len())));
    }
}

/// Whether a deletion may have taken back what was registered.
fn is_dropped(registration: &Operation, operations: &[Operation]) -> bool {
    let mut deletions = operations.iter().filter(|operation| matches!(operation.what, What::Delete { .. }) && operation.is_possible());
    matches!(registration.what, What::Register { .. }) && deletions.any(|deletion| deletion.end > registration.start)
}

/// A dataset is removed once, and stays away; one that is complete and was not removed is there.
fn datasets(operations: &[Operation], finale: &Finale, faults: &mut Vec<Fault>) {
    let mut completed = BTreeSet::new();
    let (mut removed, mut perhaps): (BTreeMap<&str, u32>, BTreeSet<&str>) = (BTreeMap::new(), BTreeSet::new());
    for operation in operations {
        match &operation.what {
            What::Complete { dataset } if operation.is_done() => drop(completed.insert(dataset.as_str())),
            What::Remove { dataset } if operation.is_done() => *removed.entry(dataset).or_default() += 1,
            What::Remove { dataset } if operation.is_possible() => drop(perhaps.insert(dataset.as_str())),
            _ => {}
        }
    }
    for (dataset, times) in &removed {
        if *times > 1 {
            faults.push(Fault::DoubleEffect(format!("{dataset} was removed {times} times")));
        }
        if finale.current.contains(*dataset) {
            faults.push(Fault::LostUpdate(format!("{dataset} was removed, and is there")));
        }
    }
    for dataset in completed {
        if !finale.current.contains(dataset) && !removed.contains_key(dataset) && !perhaps.contains(dataset) {
            faults.push(Fault::LostUpdate(format!("{dataset} was completed, and is not there")));
        }
    }
}

/// Each version of the tags, each completed and each removed dataset is one revision.
fn revisions(operations: &[Operation], finale: &Finale, faults: &mut Vec<Fault>) {
    let tags = finale.tags.len().saturating_sub(1) as u64;
    // Completing again what is complete is acknowledged, and changes nothing: datasets count, not requests.
    let mut once: BTreeMap<(&str, bool), &Operation> = BTreeMap::new();
    for operation in operations {
        let key = match &operation.what {
            What::Complete { dataset } => (dataset.as_str(), true),
            What::Remove { dataset } => (dataset.as_str(), false),
            _ => continue,
        };
        let known = once.entry(key).or_insert(operation);
        if operation.is_done() || (operation.is_possible() && !known.is_done()) {
            *known = operation;
        }
    }
    // A dataset that was never completed is no revision when it is taken back.
    let is_certain = |((dataset, _), operation): &(&(&str, bool), &&Operation)| {
        operation.is_done() && once.get(&(*dataset, true)).is_some_and(|completion| completion.is_done())
    };
    let least = once.iter().filter(is_certain).count() as u64;
    let most = once.values().filter(|operation| operation.is_possible()).count() as u64;
    between("revisions", finale.revision.saturating_sub(1).saturating_sub(tags), least, most, faults);
}

/// The package's own history tells each change once.
fn audited(finale: &Finale, faults: &mut Vec<Fault>) {
    let told = |actions: &[&str]| actions.iter().filter_map(|action| finale.audited.get(*action)).sum::<u64>();
    let sums = [
        ("tags", told(&["metadata.write"]), finale.tags.len().saturating_sub(1) as u64),
        ("versions", told(&["package.update", "package.delete", "package.restore"]), finale.version.saturating_sub(1)),
    ];
    for (what, told, made) in sums {
        match told.cmp(&made) {
            std::cmp::Ordering::Less => faults.push(Fault::LostUpdate(format!("the history tells {told} of {made} {what}"))),
            std::cmp::Ordering::Greater => faults.push(Fault::DoubleEffect(format!("the history tells {told} of {made} {what}"))),
            std::cmp::Ordering::Equal => {}
        }
    }
}

/// Nothing is done between a deletion that was acknowledged and the first restoration that may have begun after it.
fn deleted(operations: &[Operation], faults: &mut Vec<Fault>) {
    let done = |what: fn(&What) -> bool| operations.iter().filter(move |operation| operation.is_done() && what(&operation.what));
    for deletion in done(|what| matches!(what, What::Delete { .. })) {
        let restorations = operations.iter().filter(|operation| matches!(operation.what, What::Restore) && operation.is_possible());
        let until = restorations.filter(|restoration| restoration.end > deletion.end).map(|restoration| restoration.start).min();
        let changes = |what: &What| {
            matches!(what, What::Merge(_) | What::Replace { .. } | What::Describe { .. } | What::Complete { .. } | What::Remove { .. })
        };
        let inside = |operation: &&Operation| operation.start > deletion.end && until.is_none_or(|until| operation.end < until);
        faults.extend(done(changes).filter(inside).map(|operation| Fault::DoneWhileDeleted(operation.id.clone())));
    }
}

/// At least as many as were acknowledged, at most as many as may have happened.
fn counted(what: &str, found: u64, changes: &[&Operation], faults: &mut Vec<Fault>) {
    let count = |test: fn(&Operation) -> bool| changes.iter().filter(|operation| test(operation)).count() as u64;
    between(what, found, count(Operation::is_done), count(Operation::is_possible), faults);
}

fn between(what: &str, found: u64, least: u64, most: u64, faults: &mut Vec<Fault>) {
    if found < least {
        faults.push(Fault::LostUpdate(format!("{found} {what}, {least} acknowledged")));
    }
    if found > most {
        faults.push(Fault::DoubleEffect(format!("{found} {what}, {most} asked for")));
    }
}

/// What began after another had ended has a later version.
fn in_order<'a>(operations: impl Iterator<Item = &'a Operation>, faults: &mut Vec<Fault>) {
    let mut versions: Vec<(u64, &Operation)> =
        operations.filter_map(|operation| operation.version().map(|version| (version, operation))).collect();
    versions.sort_by_key(|(version, _)| *version);
    // Of all that have a later version, the one that ended first.
    let mut first: Option<&Operation> = None;
    for (_, operation) in versions.into_iter().rev() {
        if let Some(later) = first
            && later.end < operation.start
        {
            faults.push(Fault::OutOfOrder(operation.id.clone(), later.id.clone()));
        }
        if first.is_none_or(|first| operation.end < first.end) {
            first = Some(operation);
        }
    }
}
