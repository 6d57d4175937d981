//! The contract of `Tables`, held by the tables in DynamoDB: the referee is Amazon's own DynamoDB Local.

#![cfg(feature = "dynamodb")]

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use aws_config::BehaviorVersion;
use aws_credential_types::Credentials;
use aws_sdk_dynamodb::{
    Client,
    config::Region,
    types::{
        AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType, ScalarAttributeType,
    },
};
use datalake_aws::{
    account::Account,
    dynamodb::{DynamoTables, TableNames},
};
use domain::{
    PortErrorKind,
    ports::{Key, Schema, Table, Tables},
};

testkit::tables_suite!(crate::tables, unless = crate::left_out);

fn left_out() -> bool {
    test_servers::left_out("DynamoDB Local")
}

/// Tables of their own for each check, in the one server.
async fn tables() -> (Arc<dyn Tables>, ()) {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let names = TableNames::with_prefix(&format!("check-{}", NEXT.fetch_add(1, Ordering::Relaxed)));
    let client = client(&test_servers::dynamodb_local().url()).await;
    create_tables(&client, &names).await;
    (Arc::new(DynamoTables::new(client, names)), ())
}

async fn client(url: &str) -> Client {
    let credentials = Credentials::from_keys("test", "test", None);
    let config = aws_config::defaults(BehaviorVersion::latest()).region(Region::new("eu-west-1")).credentials_provider(credentials);
    DynamoTables::client(&Account::of(&config.endpoint_url(url).load().await))
}

fn keys(schema: Schema) -> Vec<KeySchemaElement> {
    let element = |name: &str, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build().expect("a key");
    vec![element(schema.partition, KeyType::Hash), element(schema.sort, KeyType::Range)]
}

/// What Terraform does in a deployment.
async fn create_tables(client: &Client, names: &TableNames) {
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
            .set_global_secondary_indexes((!indexes.is_empty()).then_some(indexes));
        request.send().await.expect("DynamoDB Local makes a table");
    }
}

mod errors {
    use super::*;

    #[tokio::test]
    async fn a_server_that_is_not_there_is_unavailable() {
        let port = test_servers::free_port().expect("a port");
        let tables = DynamoTables::new(client(&format!("http://127.0.0.1:{port}")).await, TableNames::default());
        let error = tables.get_many(Table::Cart, &[Key::new("u", "s")], true).await.expect_err("nobody is there");
        assert!(error.is(PortErrorKind::Unavailable), "{error}");
    }

    #[tokio::test]
    async fn a_table_that_is_not_there_is_a_defect_of_the_deployment() {
        if left_out() {
            return;
        }
        let client = client(&test_servers::dynamodb_local().url()).await;
        let tables = DynamoTables::new(client, TableNames::with_prefix("never-made"));
        let error = tables.get_many(Table::Cart, &[Key::new("u", "s")], true).await.expect_err("there is no table");
        assert!(error.is(PortErrorKind::Unexpected), "{error}");
        assert!(error.context().contains(&("code", "ResourceNotFoundException".to_owned())), "{error}");
    }

    #[test]
    fn the_default_names_are_those_of_the_predecessor() {
        let names = TableNames::default().named(Table::Cart, "carts");
        assert_eq!(names.of(Table::Packages), "data-lake-packages");
        assert_eq!(names.of(Table::Cart), "carts");
    }
}
