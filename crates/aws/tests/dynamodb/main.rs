//! The contracts of `Tables` and of its change feed, held by the tables in DynamoDB: the referee is Amazon's own DynamoDB
//! Local.

#![cfg(all(feature = "dynamodb", feature = "events", feature = "oidc"))]

#[path = "../support/mod.rs"]
mod account;
mod feed;
mod support;

/// The suites over one server.
macro_rules! server {
    ($server:ident, $name:literal) => {
        testkit::tables_suite!(crate::$server::tables, unless = crate::$server::left_out);
        testkit::change_feed_suite!(crate::$server::feed, unless = crate::$server::left_out);

        pub(crate) fn left_out() -> bool {
            test_servers::left_out($name)
        }

        async fn tables() -> (std::sync::Arc<dyn domain::ports::Tables>, ()) {
            let (tables, _) = crate::support::tables(&test_servers::$server().url()).await;
            (tables, ())
        }

        async fn feed() -> crate::feed::StreamFixture {
            crate::feed::StreamFixture::at(&test_servers::$server().url()).await
        }
    };
}

mod dynamodb_local {
    server!(dynamodb_local, "DynamoDB Local");
}

/// In none of these checks does ministack differ from DynamoDB Local.
mod ministack {
    server!(ministack, "ministack");
}

mod errors {
    use datalake_aws::{TableNames, dynamodb::DynamoTables};
    use domain::{
        PortErrorKind,
        ports::{Key, Table, Tables},
    };

    use crate::{dynamodb_local::left_out, support::client};

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
