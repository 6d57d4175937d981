//! Tables and objects that count what is asked of them, and at one of these steps let something happen to whoever asks.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use domain::{
    PortResult,
    ports::{
        ByteRange, ByteStream, Clock as _, Item, Key, Listing, ObjectAddress, ObjectBody, ObjectInfo, ObjectVersion, Objects, Page,
        PutOptions, Query, Scan, SignedRequest, Table, Tables, Write,
    },
};
use testkit::{FixedClock, MemoryObjects, MemoryTables};
use tokio::sync::Notify;

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// So much time passes: the store is slow.
    Time(Duration),
    /// Whoever asked is ended, before the step has its effect.
    End,
}

/// Both ports, one behind the other.
pub(crate) struct Steps {
    tables: Arc<MemoryTables>,
    objects: Arc<MemoryObjects>,
    clock: Arc<FixedClock>,
    count: AtomicUsize,
    at: Mutex<Option<(usize, Event)>>,
    ended: Notify,
}

impl Steps {
    pub(crate) fn new(tables: Arc<MemoryTables>, objects: Arc<MemoryObjects>, clock: Arc<FixedClock>) -> Arc<Self> {
        Arc::new(Self { tables, objects, clock, count: AtomicUsize::new(0), at: Mutex::new(None), ended: Notify::new() })
    }

    /// Lets `event` happen at step `number` from now on, counted from 1.
    pub(crate) fn plan(&self, number: usize, event: Event) {
        self.count.store(0, Ordering::SeqCst);
        *self.at.lock().expect("not poisoned") = Some((number, event));
    }

    /// How many steps were taken since the last plan.
    pub(crate) fn taken(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }

    /// Runs `work` until it is done (`Some`) or ended.
    pub(crate) async fn run<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.ended.notified() => None,
            done = work => Some(done),
        }
    }

    async fn step(&self) {
        let number = self.count.fetch_add(1, Ordering::SeqCst) + 1;
        let event = self.at.lock().expect("not poisoned").take_if(|(at, _)| *at == number).map(|(_, event)| event);
        match event {
            None => {}
            Some(Event::Time(time)) => self.clock.set(self.clock.now().plus(time)),
            Some(Event::End) => {
                self.ended.notify_one();
                std::future::pending::<()>().await;
            }
        }
    }
}

#[async_trait]
impl Tables for Steps {
    async fn get_many(&self, table: Table, keys: &[Key], consistent: bool) -> PortResult<Vec<Option<Item>>> {
        self.step().await;
        self.tables.get_many(table, keys, consistent).await
    }

    async fn query(&self, query: Query) -> PortResult<Page> {
        self.step().await;
        self.tables.query(query).await
    }

    async fn scan(&self, scan: Scan) -> PortResult<Page> {
        self.step().await;
        self.tables.scan(scan).await
    }

    async fn write(&self, write: Write) -> PortResult<()> {
        self.step().await;
        self.tables.write(write).await
    }

    async fn write_many(&self, writes: Vec<Write>) -> PortResult<()> {
        self.step().await;
        self.tables.write_many(writes).await
    }

    async fn transact(&self, writes: Vec<Write>) -> PortResult<()> {
        self.step().await;
        self.tables.transact(writes).await
    }
}

/// Signing needs no store and is no step.
#[async_trait]
impl Objects for Steps {
    async fn sign_put(&self, address: &ObjectAddress, options: &PutOptions, expires_in: Duration) -> PortResult<SignedRequest> {
        self.objects.sign_put(address, options, expires_in).await
    }

    async fn sign_get(&self, object: &ObjectVersion, file_name: &str, expires_in: Duration) -> PortResult<SignedRequest> {
        self.objects.sign_get(object, file_name, expires_in).await
    }

    async fn put(&self, address: &ObjectAddress, options: &PutOptions, content: ByteStream) -> PortResult<ObjectInfo> {
        self.step().await;
        self.objects.put(address, options, content).await
    }

    async fn get(&self, object: &ObjectVersion, range: Option<ByteRange>) -> PortResult<ObjectBody> {
        self.step().await;
        self.objects.get(object, range).await
    }

    async fn head(&self, object: &ObjectVersion) -> PortResult<ObjectInfo> {
        self.step().await;
        self.objects.head(object).await
    }

    async fn list(&self, bucket: &str, prefix: &str, after: Option<String>) -> PortResult<Listing> {
        self.step().await;
        self.objects.list(bucket, prefix, after).await
    }

    async fn delete_many(&self, objects: &[ObjectVersion]) -> PortResult<Vec<ObjectVersion>> {
        self.step().await;
        self.objects.delete_many(objects).await
    }
}
