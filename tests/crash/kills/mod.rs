//! The server is killed at moments that nobody chose, while people write; whoever asked it something knows what was
//! acknowledged.

mod author;
mod crew;
mod held;
mod importer;
mod large;
mod shopper;

use anyhow::Context as _;

use crate::dice::Dice;
use crew::Crew;

/// So many kills, and at most so many large files meanwhile.
async fn survives(kills: u32, large_files: u32) -> anyhow::Result<()> {
    let seed = Dice::seed()?;
    let mut crew = Crew::aboard(Dice::seeded(seed), large_files).await?;
    for number in 1..=kills {
        crew.live().await.with_context(|| format!("life {number} of seed {seed}"))?;
    }
    crew.end(kills).await.with_context(|| format!("the end of seed {seed}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_is_there_after_twenty_kills_and_nothing_is_half_done() {
    survives(20, 3).await.unwrap_or_else(|error| panic!("{error:?}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_kills_lose_nothing_either() {
    if test_servers::only_long("killing the server 500 times") {
        return;
    }
    survives(500, 12).await.unwrap_or_else(|error| panic!("{error:?}"));
}
