//! Tables for the tests.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use aws_sdk_dynamodb::{
    Client,
    types::{
        AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType, ScalarAttributeType,
        StreamSpecification, StreamViewType,
    },
};
use datalake_aws::{TableNames, dynamodb::DynamoTables};
use domain::ports::{Schema, Table};

use crate::account::account;

/// Tables of their own for each check, in the one server.
pub(crate) async fn tables(url: &str) -> (Arc<DynamoTables>, TableNames) {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let names = TableNames::with_prefix(&format!("check-{}", NEXT.fetch_add(1, Ordering::Relaxed)));
    let client = client(url).await;
    create_tables(&client, &names).await;
    (Arc::new(DynamoTables::new(client, names.clone())), names)
}

pub(crate) async fn client(url: &str) -> Client {
    DynamoTables::client(&account(url).await)
}

fn keys(schema: Schema) -> Vec<KeySchemaElement> {
    let element = |name: &str, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build().expect("a key");
    vec![element(schema.partition, KeyType::Hash), element(schema.sort, KeyType::Range)]
}

/// What Terraform does in a deployment.
async fn create_tables(client: &Client, names: &TableNames) {
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
