//! An account with what a deployment has, reached directly or through a proxy.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use aws::{
    TableNames,
    account::Account,
    cognito::{ADMINISTRATORS, CognitoDirectory},
    dynamodb::DynamoTables,
    logs::CloudWatchAuditLog,
    opensearch::OpenSearchIndex,
    s3::S3Objects,
    sqs::SqsJobs,
};
use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_sdk_cognitoidentityprovider::types::{
    AttributeDataType, SchemaAttributeType, StringAttributeConstraintsType, UsernameAttributeType,
};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType, ScalarAttributeType,
    StreamSpecification, StreamViewType,
};
use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};
use aws_sdk_sqs::types::QueueAttributeName;
use datalake_tests_faults::Proxy;
use domain::{
    job::JobKind,
    ports::{Schema, Table},
};
use testkit::FixedClock;

/// The account at `url`, as its root.
pub(crate) async fn account(url: &str) -> Account {
    let credentials = Credentials::from_keys("test", "test", None);
    let config = aws_config::defaults(BehaviorVersion::latest()).region(Region::new("us-east-1")).credentials_provider(credentials);
    Account::of(&config.endpoint_url(url).load().await)
}

/// What Terraform makes, under names of its own for each test.
pub(crate) struct Deployment {
    /// Through it go the calls that the test is about.
    pub(crate) proxy: Proxy,
    /// The account behind the proxy.
    pub(crate) faulty: Account,
    /// The account itself: what the test prepares, and looks at afterwards.
    pub(crate) direct: Account,
    pub(crate) prefix: String,
    pub(crate) names: TableNames,
    pub(crate) queues: BTreeMap<JobKind, String>,
    pub(crate) group: String,
    pub(crate) key_arn: String,
    pub(crate) bucket: String,
    pub(crate) pool: String,
    /// The search cluster, if the test has one.
    pub(crate) search: Option<String>,
    pub(crate) clock: Arc<FixedClock>,
}

impl Deployment {
    pub(crate) async fn new() -> Self {
        Box::pin(Self::over(None)).await
    }

    /// One with a search cluster, reached through the same proxy.
    pub(crate) async fn with_search() -> Self {
        // It takes its time to start, and other tests of this thread are measured meanwhile.
        let [version, ..] = test_servers::OPENSEARCH_VERSIONS;
        let started = tokio::task::spawn_blocking(|| test_servers::opensearch(version).url());
        let search = started.await.expect("it starts");
        Box::pin(Self::over(Some(search))).await
    }

    async fn over(search: Option<String>) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let prefix = format!("faults-{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let url = test_servers::ministack().url();
        let proxy = Proxy::before_account(&url, search.as_deref()).await;
        let (faulty, direct) = (account(&proxy.url()).await, account(&url).await);
        let names = TableNames::with_prefix(&prefix);
        make_tables(&direct, &names).await;
        let queues = make_queues(&direct, &prefix).await;
        let group = format!("{prefix}/audit-log");
        let logs = aws_sdk_cloudwatchlogs::Client::new(direct.config());
        logs.create_log_group().log_group_name(&group).send().await.expect("a log group");
        let kms = aws_sdk_kms::Client::new(direct.config());
        let key = kms.create_key().send().await.expect("a key").key_metadata.expect("its description");
        let key_arn = key.arn.expect("its name");
        let bucket = make_bucket(&direct, &prefix).await;
        let pool = make_pool(&direct).await;
        Self { proxy, faulty, direct, prefix, names, queues, group, key_arn, bucket, pool, search, clock: Arc::default() }
    }

    /// The same deployment behind a proxy of its own.
    pub(crate) async fn beside(&self) -> Self {
        let proxy = Proxy::before_account(&test_servers::ministack().url(), self.search.as_deref()).await;
        Self {
            faulty: account(&proxy.url()).await,
            proxy,
            direct: self.direct.clone(),
            prefix: self.prefix.clone(),
            names: self.names.clone(),
            queues: self.queues.clone(),
            group: self.group.clone(),
            key_arn: self.key_arn.clone(),
            bucket: self.bucket.clone(),
            pool: self.pool.clone(),
            search: self.search.clone(),
            clock: self.clock.clone(),
        }
    }

    fn tables_of(&self, account: &Account) -> Arc<DynamoTables> {
        Arc::new(DynamoTables::new(DynamoTables::client(account), self.names.clone()))
    }

    /// Behind the proxy.
    pub(crate) fn tables(&self) -> Arc<DynamoTables> {
        self.tables_of(&self.faulty)
    }

    /// As they are.
    pub(crate) fn real_tables(&self) -> Arc<DynamoTables> {
        self.tables_of(&self.direct)
    }

    /// Behind the proxy.
    pub(crate) fn jobs(&self) -> Arc<SqsJobs> {
        self.faulty.jobs(self.queues.clone())
    }

    /// Behind the proxy.
    pub(crate) fn audit_log(&self) -> Arc<CloudWatchAuditLog> {
        self.faulty.audit_log(&self.group, self.clock.clone())
    }

    /// As it is.
    pub(crate) fn real_audit_log(&self) -> Arc<CloudWatchAuditLog> {
        self.direct.audit_log(&self.group, self.clock.clone())
    }

    /// Behind the proxy.
    pub(crate) fn index(&self) -> Arc<OpenSearchIndex> {
        self.faulty.index(&self.proxy.url(), &self.prefix).expect("an address")
    }

    /// As it is.
    pub(crate) fn real_index(&self) -> Arc<OpenSearchIndex> {
        self.direct.index(self.search.as_deref().expect("a deployment with a search cluster"), &self.prefix).expect("an address")
    }

    /// Behind the proxy.
    pub(crate) fn directory(&self) -> Arc<CognitoDirectory> {
        self.faulty.directory(&self.pool, "cognito", None).expect("a kind of directory")
    }

    /// As it is.
    pub(crate) fn real_directory(&self) -> Arc<CognitoDirectory> {
        self.direct.directory(&self.pool, "cognito", None).expect("a kind of directory")
    }

    /// Behind the proxy.
    pub(crate) fn objects(&self) -> Arc<S3Objects> {
        self.faulty.objects_unsigned(self.clock.clone())
    }

    /// As they are.
    pub(crate) fn real_objects(&self) -> Arc<S3Objects> {
        self.direct.objects_unsigned(self.clock.clone())
    }

    /// Bodies of the messages that a queue has, in order, with their groups; they are gone then.
    pub(crate) async fn messages(&self, kind: JobKind) -> Vec<(String, Option<String>)> {
        let (client, url) = (aws_sdk_sqs::Client::new(self.direct.config()), &self.queues[&kind]);
        let mut all = Vec::new();
        loop {
            let request = client.receive_message().queue_url(url).max_number_of_messages(10);
            let request = request.message_system_attribute_names(aws_sdk_sqs::types::MessageSystemAttributeName::All);
            let messages = request.send().await.expect("messages").messages.unwrap_or_default();
            if messages.is_empty() {
                return all;
            }
            for message in messages {
                let receipt = message.receipt_handle().expect("a receipt");
                client.delete_message().queue_url(url).receipt_handle(receipt).send().await.expect("deleted");
                let group = message
                    .attributes
                    .and_then(|mut attributes| attributes.remove(&aws_sdk_sqs::types::MessageSystemAttributeName::MessageGroupId));
                all.push((message.body.expect("a body"), group));
            }
        }
    }
}

/// Keeps versions, as the data bucket does.
pub(crate) async fn make_bucket(account: &Account, prefix: &str) -> String {
    let bucket = format!("{prefix}-data");
    let config = aws_sdk_s3::config::Builder::from(account.config()).force_path_style(true).build();
    let client = aws_sdk_s3::Client::from_conf(config);
    client.create_bucket().bucket(&bucket).send().await.expect("a bucket");
    let versions = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
    client.put_bucket_versioning().bucket(&bucket).versioning_configuration(versions).send().await.expect("versions");
    bucket
}

async fn make_pool(account: &Account) -> String {
    let client = CognitoDirectory::client(account);
    let length = StringAttributeConstraintsType::builder().min_length("0").max_length("2048").build();
    let secret = SchemaAttributeType::builder().name("secret_access_key").attribute_data_type(AttributeDataType::String).mutable(true);
    let request = client.create_user_pool().pool_name("people").schema(secret.string_attribute_constraints(length).build());
    let pool = request.username_attributes(UsernameAttributeType::Email).send().await.expect("a pool").user_pool.expect("told");
    let id = pool.id.expect("an id");
    client.create_group().user_pool_id(&id).group_name(ADMINISTRATORS).send().await.expect("a group");
    id
}

async fn make_queues(account: &Account, prefix: &str) -> BTreeMap<JobKind, String> {
    let client = aws_sdk_sqs::Client::new(account.config());
    let mut queues = BTreeMap::new();
    for kind in JobKind::ALL {
        let name = format!("{prefix}-{}", kind.name());
        let request = client.create_queue();
        let request = match kind {
            JobKind::Audit => request.queue_name(format!("{name}.fifo")).attributes(QueueAttributeName::FifoQueue, "true"),
            _ => request.queue_name(name),
        };
        queues.insert(kind, request.send().await.expect("a queue").queue_url.expect("its address"));
    }
    queues
}

async fn make_tables(account: &Account, names: &TableNames) {
    let client = DynamoTables::client(account);
    let stream = StreamSpecification::builder().stream_enabled(true).stream_view_type(StreamViewType::NewAndOldImages);
    let stream = stream.build().expect("a stream");
    for table in Table::ALL {
        let schemas = || std::iter::once(table.schema()).chain(table.indexes().iter().map(|(_, schema)| *schema));
        let mut attributes: Vec<&str> = schemas().flat_map(|schema| [schema.partition, schema.sort]).collect();
        attributes.sort_unstable();
        attributes.dedup();
        let text = |name: &str| {
            let attribute = AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S);
            attribute.build().expect("an attribute")
        };
        let all = Projection::builder().projection_type(ProjectionType::All).build();
        let index = |(index, schema): &(domain::ports::Index, Schema)| {
            let index = GlobalSecondaryIndex::builder().index_name(index.name()).set_key_schema(Some(keys(*schema)));
            index.projection(all.clone()).build().expect("an index")
        };
        let indexes: Vec<GlobalSecondaryIndex> = table.indexes().iter().map(index).collect();
        let request = client
            .create_table()
            .table_name(names.of(table))
            .billing_mode(BillingMode::PayPerRequest)
            .set_attribute_definitions(Some(attributes.into_iter().map(text).collect()))
            .set_key_schema(Some(keys(table.schema())))
            .set_global_secondary_indexes((!indexes.is_empty()).then_some(indexes))
            .stream_specification(stream.clone());
        request.send().await.expect("a table");
    }
}

fn keys(schema: Schema) -> Vec<KeySchemaElement> {
    let element = |name: &str, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build().expect("a key");
    vec![element(schema.partition, KeyType::Hash), element(schema.sort, KeyType::Range)]
}
