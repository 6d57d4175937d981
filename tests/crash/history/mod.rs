//! What 200 clients did with one package, each request with its begin, its end and its answer; and what the server tells
//! when all is done. Both are held against each other.

mod checker;
mod checker_tests;
mod clients;
mod finale;
mod record;
mod roles;

use anyhow::ensure;

use checker::faults;
use record::History;

async fn two_hundred_clients(rounds: u32) -> anyhow::Result<()> {
    let history: History = clients::play(rounds).await?;
    let faults = faults(&history);
    ensure!(faults.is_empty(), "{faults:#?}");
    // A history in which nothing was asked has no faults either.
    let done = history.operations.iter().filter(|operation| operation.is_done()).count();
    ensure!(done >= 300 * rounds as usize, "only {done} of {} operations were done", history.operations.len());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_clients_of_one_package_lose_no_update_and_do_nothing_twice() {
    two_hundred_clients(1).await.unwrap_or_else(|error| panic!("{error:?}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_clients_do_so_for_long() {
    if test_servers::only_long("200 clients for many rounds") {
        return;
    }
    two_hundred_clients(12).await.unwrap_or_else(|error| panic!("{error:?}"));
}
