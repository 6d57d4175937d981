//! A location to import from: a bucket of the server's own store. There is no way to register one over HTTP yet, so this is
//! done while the server does not run.

use std::sync::Arc;

use app::store::Store;
use bytes::Bytes;
use datalake_tests_machine::Lake;
use domain::{
    LocationId,
    access::Action,
    audit::{Actor, Origin},
    change::Stamp,
    id::{ChangeId, UserId},
    location::Location,
    ports::{Clock as _, Ids as _},
    principal::Role,
};
use embedded::{
    objects::{ObjectStore, PutConditions},
    tables::SqliteTables,
};
use futures::stream;
use runtime::system::{SystemClock, SystemIds};

/// The bucket.
pub(crate) const BUCKET: &str = "elsewhere";

/// Fills the bucket with so many objects, and registers it.
pub(crate) async fn furnish(lake: &mut Lake, objects: u32) -> anyhow::Result<()> {
    lake.stop().await?;
    let ids = Arc::new(SystemIds::default());
    let store = ObjectStore::open(&lake.data_folder().join("objects"), Arc::new(SystemClock), ids.clone())?;
    store.ensure_bucket(BUCKET).await?;
    for number in 0..objects {
        let content = stream::iter([Ok(Bytes::from(format!("{number}\n")))]);
        store.put(BUCKET, &key(number), "text/csv", PutConditions::default(), content).await?;
    }
    drop(store);
    let tables = Store::new(Arc::new(SqliteTables::open(lake.data_folder().join("tables.sqlite3"))?));
    let now = SystemClock.now();
    let operator: UserId = "operator".parse()?;
    let location = Location {
        id: LocationId::new(ids.new_id()),
        bucket: BUCKET.to_owned(),
        prefix: String::new(),
        description: String::new(),
        created_by: operator.clone(),
        created_at: now,
    };
    let stamp = Stamp {
        id: ChangeId::new(ids.new_id()),
        actor: Actor { user_id: Some(operator), role: Some(Role::Admin), access_key_id: None },
        action: Action::LocationManage,
        origin: Origin::default(),
        time: now,
        fields: Vec::new(),
    };
    tables.put_location(&location, &stamp).await?;
    drop(tables);
    lake.serve().await
}

/// The key of an object there.
pub(crate) fn key(number: u32) -> String {
    format!("in/{number:04}.csv")
}
