//! What our own code costs: reading a package as the function does it, over asking DynamoDB for one item.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use app::{Core, core::Caller, packages::Packages};
use aws::{account::Account, dynamodb::DynamoTables};
use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_sdk_dynamodb::{
    Client,
    types::{AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType},
};
use domain::{audit::Origin, ports::Table};
use figures::median;
use runtime::system::{SystemClock, SystemIds};
use testkit::{
    MemoryCipher, MemoryJobs, MemoryObjects,
    builders::{member, package_id},
};

use crate::account::{PREFIX, USER, fill};

/// Reads of each kind in a run.
const READS: usize = 500;
/// Reads of each kind before the first run.
const WARM: usize = 1_000;

/// The medians of one run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Overhead {
    /// One `GetItem`.
    pub(crate) raw: Duration,
    /// One package.
    pub(crate) whole: Duration,
}

impl Overhead {
    /// How much longer a package takes.
    pub(crate) fn ratio(&self) -> f64 {
        self.whole.as_secs_f64() / self.raw.as_secs_f64()
    }
}

/// The run whose ratio is the median, against DynamoDB Local.
pub(crate) async fn measure(runs: usize) -> Result<Overhead> {
    let server = tokio::task::spawn_blocking(test_servers::dynamodb_local).await?;
    let credentials = Credentials::from_keys("test", "test", None);
    let config = aws_config::defaults(BehaviorVersion::latest()).region(Region::new("us-east-1")).credentials_provider(credentials);
    let account = Account::of(&config.endpoint_url(server.url()).load().await);
    let client = DynamoTables::client(&account);
    let tables = account.tables(PREFIX);
    let names = aws::TableNames::with_prefix(PREFIX);
    for table in Table::ALL {
        create(&client, table, names.of(table)).await?;
    }
    fill(tables.as_ref()).await?;
    let core = Core::new(
        tables,
        Arc::new(MemoryJobs::default()),
        Arc::new(MemoryCipher::default()),
        Arc::new(SystemClock),
        Arc::new(SystemIds::default()),
    );
    let reader = Reader { client, table: names.of(Table::Packages).to_owned(), packages: Packages::new(core, objects(), "bench") };
    reader.run(WARM).await?;
    let mut all = Vec::with_capacity(runs);
    for _ in 0..runs {
        all.push(reader.run(READS).await?);
    }
    let middle = median(all.iter().map(Overhead::ratio).collect());
    all.into_iter().find(|run| run.ratio().total_cmp(&middle).is_eq()).context("the median is one of them")
}

fn objects() -> Arc<MemoryObjects> {
    Arc::new(MemoryObjects::default())
}

struct Reader {
    client: Client,
    table: String,
    packages: Packages,
}

impl Reader {
    /// Reads in turns, so that whatever else the machine does meets both.
    async fn run(&self, reads: usize) -> Result<Overhead> {
        let caller = Caller { principal: member(USER), origin: Origin { request_id: "bench".to_owned(), source_ip: None } };
        let (mut raw, mut whole) = (Vec::with_capacity(reads), Vec::with_capacity(reads));
        for _ in 0..reads {
            let begin = Instant::now();
            self.item().await?;
            raw.push(begin.elapsed());
            let begin = Instant::now();
            self.packages.read(&caller, package_id(1)).await?;
            whole.push(begin.elapsed());
        }
        Ok(Overhead { raw: median(raw), whole: median(whole) })
    }

    async fn item(&self) -> Result<()> {
        let schema = Table::Packages.schema();
        let text = |value: &str| AttributeValue::S(value.to_owned());
        let request = self.client.get_item().table_name(&self.table).consistent_read(true);
        let request = request.key(schema.partition, text(&package_id(1).to_string())).key(schema.sort, text("package"));
        ensure!(request.send().await?.item.is_some(), "the package's row is not there");
        Ok(())
    }
}

/// A table without its indexes: nobody here asks one.
async fn create(client: &Client, table: Table, name: &str) -> Result<()> {
    let schema = table.schema();
    let keys = [(schema.partition, KeyType::Hash), (schema.sort, KeyType::Range)];
    let mut request = client.create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
    for (attribute, kind) in keys {
        let definition = AttributeDefinition::builder().attribute_name(attribute).attribute_type(ScalarAttributeType::S);
        let key = KeySchemaElement::builder().attribute_name(attribute).key_type(kind);
        request = request.attribute_definitions(definition.build()?).key_schema(key.build()?);
    }
    match request.send().await.map_err(aws_sdk_dynamodb::Error::from) {
        // An attempt that took too long was made again.
        Ok(_) | Err(aws_sdk_dynamodb::Error::ResourceInUseException(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
