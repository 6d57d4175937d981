//! The one thread that writes. Writes that wait while it commits share the next commit: one fsync for all of them.

use std::{
    path::Path,
    sync::Arc,
    thread::{self, JoinHandle},
};

use domain::{
    PortError, PortErrorKind, PortResult,
    change::Change,
    ports::{
        Write,
        tables::{decide, index_places, slot},
    },
};
use rusqlite::{Connection, Savepoint, Transaction, TransactionBehavior, params};
use tokio::sync::{mpsc, oneshot, watch};

use super::{
    IsTold, feed, reader,
    schema::{FILE, index_number, table_number},
};
use crate::sqlite::{Failure, kind_of};

/// How many requests may wait; more callers wait for a place.
const QUEUE: usize = 256;

/// How many requests share a commit at most.
const GROUP: usize = 128;

/// What the thread is asked to do.
pub(super) enum Task {
    /// Writes, all or none.
    Apply(Vec<Write>),
    /// Make a consumer known, and answer its position.
    Subscribe(String),
    /// Move a consumer's position.
    Acknowledge(String, i64),
}

struct Request {
    operation: &'static str,
    task: Task,
    reply: oneshot::Sender<PortResult<i64>>,
}

/// The thread and the way to it.
#[derive(Debug)]
pub(super) struct Writer {
    queue: Option<mpsc::Sender<Request>>,
    newest: watch::Receiver<i64>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Opens the file and starts the thread. Of the changes the feed keeps those that are to be told.
    pub(super) fn start(path: &Path, is_told: IsTold) -> PortResult<Self> {
        const OPERATION: &str = "tables.open";
        let connection = FILE.open(path)?;
        let newest = feed::newest(&connection).map_err(|failure| failure.at(OPERATION))?;
        let (queue, requests) = mpsc::channel(QUEUE);
        let (announce, newest) = watch::channel(newest);
        let thread = thread::Builder::new().name("tables-writer".to_owned()).spawn(move || run(connection, requests, &announce, is_told));
        let thread = thread.map_err(|error| PortError::new(PortErrorKind::Unavailable, OPERATION).because(error))?;
        Ok(Self { queue: Some(queue), newest, thread: Some(thread) })
    }

    pub(super) fn newest_change(&self) -> watch::Receiver<i64> {
        self.newest.clone()
    }

    pub(super) async fn apply(&self, operation: &'static str, writes: Vec<Write>) -> PortResult<()> {
        self.ask(operation, Task::Apply(writes)).await.map(drop)
    }

    /// Waits for a place in the queue and then for the commit.
    pub(super) async fn ask(&self, operation: &'static str, task: Task) -> PortResult<i64> {
        let stopped = || PortError::new(PortErrorKind::Unavailable, operation).with("because", "the writer has stopped");
        let (reply, answer) = oneshot::channel();
        let queue = self.queue.as_ref().ok_or_else(stopped)?;
        queue.send(Request { operation, task, reply }).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(Err(_)) = self.thread.take().map(JoinHandle::join) {
            tracing::error!("the thread that writes tables has panicked");
        }
    }
}

fn run(mut connection: Connection, mut requests: mpsc::Receiver<Request>, announce: &watch::Sender<i64>, is_told: IsTold) {
    let mut group = Vec::with_capacity(GROUP);
    while requests.blocking_recv_many(&mut group, GROUP) > 0 {
        let waiting = std::mem::take(&mut group);
        let (tasks, replies): (Vec<_>, Vec<_>) =
            waiting.into_iter().map(|request| ((request.operation, request.task), (request.operation, request.reply))).unzip();
        match commit(&mut connection, &tasks, is_told) {
            Ok((answers, newest)) => {
                announce.send_if_modified(|known| std::mem::replace(known, newest) != newest);
                for ((_, reply), answer) in replies.into_iter().zip(answers) {
                    // A caller that no longer waits has no use for the answer; its write stands.
                    let _ = reply.send(answer);
                }
            }
            Err(error) => refuse(replies, &error),
        }
    }
}

/// Tells everybody in a group that its commit failed.
fn refuse(replies: Vec<(&'static str, oneshot::Sender<PortResult<i64>>)>, error: &Failure) {
    tracing::error!(error = %error, "tables were not written");
    let kind = match error {
        Failure::Sqlite(error) => kind_of(error),
        _ => PortErrorKind::Unexpected,
    };
    let text: Arc<str> = error.to_string().into();
    for (operation, reply) in replies {
        let _ = reply.send(Err(PortError::new(kind, operation).because(&*text)));
    }
}

/// Does all tasks in one transaction, each in a savepoint of its own: one that is refused undoes only itself.
/// Nobody is told before the commit, because a refusal may rest on a write of the same group.
fn commit(connection: &mut Connection, tasks: &[(&'static str, Task)], is_told: IsTold) -> Result<(Vec<PortResult<i64>>, i64), Failure> {
    let mut transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut answers = Vec::with_capacity(tasks.len());
    for (operation, task) in tasks {
        match attempt(&mut transaction, operation, task, is_told) {
            // A row that can't be read is the trouble of whoever asked for it, not of the whole group.
            Err(failure @ (Failure::Port(_) | Failure::Kind(_) | Failure::Broken(_))) => answers.push(Err(failure.at(operation))),
            Err(failure) => return Err(failure),
            Ok(answer) => answers.push(Ok(answer)),
        }
    }
    let newest = feed::newest(&transaction)?;
    transaction.commit()?;
    Ok((answers, newest))
}

fn attempt(transaction: &mut Transaction<'_>, operation: &'static str, task: &Task, is_told: IsTold) -> Result<i64, Failure> {
    let savepoint = transaction.savepoint()?;
    let answer = match task {
        Task::Apply(writes) => {
            let changes = decide_over(&savepoint, operation, writes)?;
            changes.iter().try_for_each(|change| store(&savepoint, change, is_told))?;
            0
        }
        Task::Subscribe(consumer) => feed::subscribe(&savepoint, consumer)?,
        Task::Acknowledge(consumer, upto) => feed::acknowledge(&savepoint, consumer, *upto)?,
    };
    savepoint.commit()?;
    Ok(answer)
}

/// Decides over the stored rows. A failure to read one is kept apart from what the port answers.
fn decide_over(savepoint: &Savepoint<'_>, operation: &'static str, writes: &[Write]) -> Result<Vec<Change>, Failure> {
    let mut failure = None;
    let decided = decide(operation, writes, |table, key| {
        reader::get(savepoint, table, key).map_err(|error| {
            failure = Some(error);
            PortError::new(PortErrorKind::Unexpected, operation)
        })
    });
    match failure {
        Some(failure) => Err(failure),
        None => Ok(decided?),
    }
}

/// Stores a change: the row, its places in the indexes, and its entry in the feed if it is to be told.
fn store(savepoint: &Savepoint<'_>, change: &Change, is_told: IsTold) -> Result<(), Failure> {
    const PUT: &str = "
        INSERT INTO item (tbl, slot, partition, sort, body) VALUES (?1, ?2, ?3, ?4, ?5)
        ON CONFLICT (tbl, slot, partition, sort) DO UPDATE SET body = excluded.body RETURNING id";
    const REMOVE: &str = "DELETE FROM item WHERE tbl = ?1 AND slot = ?2 AND partition = ?3 AND sort = ?4";
    let (table, slot) = (table_number(change.table), slot(&change.key.partition));
    let (partition, sort) = (change.key.partition.as_bytes(), change.key.sort.as_bytes());
    let new = change.new.as_ref().map(serde_json::to_string).transpose()?;
    let id = match &new {
        Some(body) => savepoint.prepare_cached(PUT)?.query_row(params![table, slot, partition, sort, body], |row| row.get(0))?,
        None => {
            savepoint.prepare_cached(REMOVE)?.execute(params![table, slot, partition, sort])?;
            0
        }
    };
    move_places(savepoint, change, id)?;
    if !is_told(change) {
        return Ok(());
    }
    let old = change.old.as_ref().map(serde_json::to_string).transpose()?;
    feed::append(savepoint, change, old.as_deref(), new.as_deref())
}

/// Moves the row in the indexes of which the change touches the place.
fn move_places(savepoint: &Savepoint<'_>, change: &Change, id: i64) -> Result<(), Failure> {
    const ENTER: &str = "INSERT INTO place (tbl, idx, partition, sort, row_partition, row_sort, item) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    const LEAVE: &str = "
        DELETE FROM place WHERE tbl = ?1 AND idx = ?2 AND partition = ?3 AND sort = ?4 AND row_partition = ?5 AND row_sort = ?6";
    let places = |item: &Option<_>| item.as_ref().map(|item| index_places(change.table, item)).unwrap_or_default();
    let (before, after) = (places(&change.old), places(&change.new));
    let table = table_number(change.table);
    let (partition, sort) = (change.key.partition.as_bytes(), change.key.sort.as_bytes());
    for place in before.iter().filter(|place| !after.contains(place)) {
        let at = params![table, index_number(place.index), place.partition.as_bytes(), place.sort.as_bytes(), partition, sort];
        savepoint.prepare_cached(LEAVE)?.execute(at)?;
    }
    for place in after.iter().filter(|place| !before.contains(place)) {
        let at = params![table, index_number(place.index), place.partition.as_bytes(), place.sort.as_bytes(), partition, sort, id];
        savepoint.prepare_cached(ENTER)?.execute(at)?;
    }
    Ok(())
}
