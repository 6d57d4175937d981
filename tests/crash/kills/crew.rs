//! Everybody who writes, and the server's lives.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use datalake_tests_machine::{Lake, Person};
use futures::future::try_join_all;

use super::{author::Author, importer::Importer, large::LargeFiles, shopper::Shopper};
use crate::{asking::Life, dice::Dice, elsewhere};

/// Objects that can be imported.
const ELSEWHERE: u32 = 60;
/// An access token lives for a quarter of an hour.
const SIGN_IN_AGAIN: Duration = Duration::from_secs(8 * 60);

/// The lake and who writes to it.
pub(super) struct Crew {
    lake: Lake,
    dice: Dice,
    people: Vec<Person>,
    signed_in: Instant,
    authors: Vec<Author>,
    importer: Importer,
    shopper: Shopper,
    large: LargeFiles,
}

impl Crew {
    /// A new lake with all of them.
    pub(super) async fn aboard(mut dice: Dice, large_files: u32) -> anyhow::Result<Self> {
        let mut lake = Lake::start_logging("warn").await?;
        let bob = lake.invite_member("bob@example.org").await?;
        elsewhere::furnish(&mut lake, ELSEWHERE).await?;
        let ann = lake.ann().clone();
        let id = async |person| lake.get(person, "/profile").await?.expect(200)?.text("/user_id");
        let (ann_id, bob_id) = (id(&ann).await?, id(&bob).await?);
        let mut authors = Vec::new();
        for name in ["ada", "ben", "cyd"] {
            authors.push(Author::new(name, &ann, &ann_id, &bob_id, Dice::seeded(dice.below(u64::MAX))));
        }
        let importer = Importer::new(&ann, ELSEWHERE);
        let shopper = Shopper::new(&lake, &ann, &bob).await?;
        let large = LargeFiles::new(&lake, &ann, large_files).await?;
        Ok(Self { lake, dice, people: vec![ann, bob], signed_in: Instant::now(), authors, importer, shopper, large })
    }

    /// One life: everybody works until the server is killed; then it comes back, and is asked about everything.
    pub(super) async fn live(&mut self) -> anyhow::Result<()> {
        let life = Life::of(5 + self.dice.below(90), Duration::from_millis(self.dice.below(25)));
        let work = async {
            let authors = try_join_all(self.authors.iter_mut().map(|author| author.work(&self.lake, &life)));
            tokio::try_join!(
                async { authors.await.context("an author") },
                async { self.importer.work(&self.lake, &life).await.context("imports") },
                async { self.shopper.work(&self.lake, &life).await.context("exports") },
                async { self.large.work(&self.lake, &life).await.context("large files") },
            )
        };
        let (worked, killed) = tokio::join!(work, life.end(&self.lake));
        worked?;
        killed?;
        // It is dead already; now it is gone.
        self.lake.kill_9().await?;
        // A file whose row was not written yet is swept by the start that follows.
        self.healthy("after the kill", &["file_without_object"])?;
        self.lake.serve().await?;
        self.sign_in_again().await?;
        self.settle().await
    }

    /// An orderly end, after which everything is looked at once more.
    pub(super) async fn end(mut self, kills: u32) -> anyhow::Result<()> {
        self.lake.restart().await?;
        for author in &mut self.authors {
            author.look_at_everything(&self.lake).await?;
        }
        self.importer.settle(&self.lake).await?;
        self.lake.stop().await?;
        self.healthy("at the end", &[])?;
        let letters = self.lake.administer(&["jobs", "--dead"])?;
        ensure!(letters.trim() == "0 dead letters", "work was given up: {letters}");
        self.was_there_work(kills)
    }

    /// Kills that hit nothing prove nothing.
    fn was_there_work(&self, kills: u32) -> anyhow::Result<()> {
        let kills = u64::from(kills);
        let steps: u64 = self.authors.iter().map(|author| author.steps).sum();
        let hit: u64 = self.authors.iter().map(|author| author.hit).sum();
        ensure!(steps >= 5 * kills && hit >= kills, "{steps} steps, of which {hit} were not answered");
        let (imports, exports) = (u64::from(self.importer.number), self.shopper.exports.len() as u64);
        ensure!(imports * 8 >= kills && exports >= kills, "{imports} imports, {exports} exports");
        ensure!(self.large.sent > 0, "no large file came to its end");
        Ok(())
    }

    async fn settle(&mut self) -> anyhow::Result<()> {
        let authors = try_join_all(self.authors.iter_mut().map(|author| author.settle(&self.lake)));
        tokio::try_join!(
            async { authors.await.context("an author") },
            async { self.importer.settle(&self.lake).await.context("imports") },
            async { self.shopper.settle(&self.lake).await.context("exports") },
            async { self.large.settle(&self.lake).await.context("large files") },
        )?;
        Ok(())
    }

    fn healthy(&self, when: &str, but: &[&str]) -> anyhow::Result<()> {
        let mut findings = self.lake.findings()?;
        findings.retain(|found| !but.iter().any(|damage| found["damage"] == *damage));
        ensure!(findings.is_empty(), "the check {when} found {findings:?}");
        Ok(())
    }

    async fn sign_in_again(&mut self) -> anyhow::Result<()> {
        if self.signed_in.elapsed() < SIGN_IN_AGAIN {
            return Ok(());
        }
        for person in &mut self.people {
            person.signed_in = self.lake.sign_in(&person.email, None).await?;
        }
        self.signed_in = Instant::now();
        let [ann, bob] = self.people.as_slice() else { return Ok(()) };
        self.authors.iter_mut().for_each(|author| author.person = ann.clone());
        self.importer.person = ann.clone();
        self.large.person = ann.clone();
        self.shopper.person = bob.clone();
        Ok(())
    }
}
